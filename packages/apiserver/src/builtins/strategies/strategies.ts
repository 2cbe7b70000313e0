import type { JsonObject } from "@homeostat/api";
import { copyJson } from "../../patch/json-value.ts";
import type { Allocator, Strategy } from "../../registry/served-resource.ts";
import { assign, ensure, struct } from "../json-fields.ts";
import { nameRuleOf } from "../validation/names.ts";
import { builtinValidation } from "../validation/validation.ts";
import { apiRules } from "./api-machinery.ts";
import { coreRules } from "./core.ts";
import {
  countsGeneration,
  createsOnUpdate,
  keepsStatusOnCreate,
  needsResourceVersion,
  resetsMetadataOnStatus,
  returnsDeletedObject,
  statusAfterCreate,
} from "./facts.ts";
import { podRules } from "./pod.ts";
import type { KindRules, RulesByKind } from "./rules.ts";
import { serviceRules } from "./service.ts";
import { workloadRules } from "./workloads.ts";

const rulesByKind: RulesByKind = { ...coreRules, ...podRules, ...serviceRules, ...workloadRules, ...apiRules };

export interface BuiltinStrategyOptions {
  /** Hands out addresses and ports; only Services take one. Default: none, so that Services get neither. */
  readonly serviceAllocator?: Allocator;
}

/** The strategy of a built-in kind. Metadata is the same for all kinds, so the registry checks it. */
export function builtinStrategy(group: string, kind: string, options: BuiltinStrategyOptions = {}): Strategy {
  const id = `${group}/${kind}`;
  const rules: KindRules = rulesByKind[id] ?? {};
  const validation = builtinValidation(group, kind);
  const nameRule = nameRuleOf(group, kind);
  const allocator = id === "/Service" ? options.serviceAllocator : undefined;
  return {
    ...rules,
    generation: countsGeneration.has(id),
    status: id in statusAfterCreate,
    unconditionalUpdate: !needsResourceVersion.has(id),
    createOnUpdate: createsOnUpdate.has(id),
    deleteReturnsObject: returnsDeletedObject.has(id),
    nameProblem: (name) => nameRule(name).join(", ") || undefined,
    prepareForCreate(object, context) {
      if (id in statusAfterCreate && !keepsStatusOnCreate.has(id)) assign(object, "status", statusAfterCreate[id]);
      rules.prepareForCreate?.(object, context);
    },
    prepareForUpdate(object, old, context) {
      keepWhatIsNotWritten(id, rules, object, old, context.subresource);
      rules.prepareForUpdate?.(object, old, context);
    },
    validate(object, context) {
      return [
        ...(validation.object?.(object) ?? []),
        ...(validation.create?.(object) ?? []),
        ...(rules.validate?.(object, context) ?? []),
      ];
    },
    validateUpdate(object, old, context) {
      // What is written through a subresource was taken field by field: it cannot break the rest of the object.
      const whole = context.subresource === undefined || context.subresource === "scale";
      return [
        ...(whole ? (validation.object?.(object) ?? []) : []),
        ...(whole ? (validation.update?.(object, old) ?? []) : []),
        ...(rules.validateUpdate?.(object, old, context) ?? []),
      ];
    },
    ...(allocator ? { allocator } : {}),
  };
}

/** Puts the stored state back wherever the endpoint written through does not reach. */
function keepWhatIsNotWritten(
  id: string,
  rules: KindRules,
  object: JsonObject,
  old: JsonObject,
  subresource: string | undefined,
): void {
  if (subresource === undefined || subresource === "scale") {
    if (id in statusAfterCreate) assign(object, "status", old["status"]);
    return;
  }
  const part = rules.parts?.[subresource];
  if (subresource === "status") keepAllButStatus(id, object, old);
  else if (part) replaceContents(object, part(old, copyJson(object)));
}

function keepAllButStatus(id: string, object: JsonObject, old: JsonObject): void {
  for (const key of new Set([...Object.keys(object), ...Object.keys(old)])) {
    if (key === "status" || key === "metadata" || key === "apiVersion" || key === "kind") continue;
    assign(object, key, old[key]);
  }
  keepMetadata(id, ensure(object, "metadata"), struct(old, "metadata") ?? {});
}

/** Labels stay; annotations pass, since controllers keep records there. Pods and nodes let labels pass too. */
function keepMetadata(id: string, metadata: JsonObject, old: JsonObject): void {
  if (id === "/Pod") assign(metadata, "ownerReferences", old["ownerReferences"]);
  if (id === "/Pod" || id === "/Node") return;
  assign(metadata, "labels", old["labels"]);
  if (!resetsMetadataOnStatus.has(id)) return;
  for (const key of ["annotations", "finalizers", "ownerReferences"]) assign(metadata, key, old[key]);
}

function replaceContents(target: JsonObject, contents: JsonObject): void {
  for (const key of Object.keys(target)) if (!(key in contents)) delete target[key];
  Object.assign(target, copyJson(contents));
}
