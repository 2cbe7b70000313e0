import { admissionValidations } from "./admission.ts";
import { apiServiceValidations } from "./api-services.ts";
import { batchValidations } from "./batch.ts";
import { coreValidations } from "./core.ts";
import type { KindValidation, ValidationByKind } from "./kind-validation.ts";
import { networkingValidations } from "./networking.ts";
import { policyValidations } from "./policies.ts";
import { rbacValidations } from "./rbac.ts";
import { workloadValidations } from "./workloads.ts";

const validations: ValidationByKind = {
  ...coreValidations,
  ...workloadValidations,
  ...batchValidations,
  ...networkingValidations,
  ...rbacValidations,
  ...policyValidations,
  ...admissionValidations,
  ...apiServiceValidations,
};

/**
 * Validation of a built-in kind beyond its metadata and its schema; empty for kinds of which no more is demanded.
 * CustomResourceDefinitions are checked where custom resources are.
 */
export function builtinValidation(group: string, kind: string): KindValidation {
  return validations[`${group}/${kind}`] ?? {};
}
