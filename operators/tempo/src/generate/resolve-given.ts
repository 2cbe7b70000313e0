import { isGatewayOn } from "../api/monolithic/gateway-on.ts";
import type { TempoMonolithic } from "../api/tempo-monolithic.ts";
import type { TempoStack } from "../api/tempo-stack.ts";
import { defaultMonolithic } from "../defaults/default-monolithic.ts";
import { defaultStack } from "../defaults/default-stack.ts";
import type { Tenants } from "../resources/gateway/rbac-yaml.ts";
import type { InstanceInput, Objects } from "../resources/input.ts";
import { monolithicObjects } from "../resources/monolithic/monolithic.ts";
import { stackObjects } from "../resources/stack/stack.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import type { ObjectStorageParams, StorageParams } from "../storage/params.ts";
import { monolithicStorageRequest, type StorageRequest, stackStorageRequest } from "../storage/resolve.ts";
import { validateMonolithic } from "../validation/validate-monolithic.ts";
import { validateStack } from "../validation/validate-stack.ts";
import type { Verdict } from "../validation/verdict.ts";
import type { Given } from "./read-documents.ts";
import type { StorageOfInput } from "./storage-of-input.ts";

/** A resource with everything filled in and judged, whichever kind it is of. */
export interface Resolved {
  readonly verdict: Verdict;
  /** Warnings of looking its storage up. */
  readonly warnings: readonly string[];
  /** Who the gateway tells apart; undefined where there is no gateway. */
  readonly tenants: Tenants | undefined;
  /** Whether its pods talk to each other over mutual TLS, where the gates say so. */
  readonly isMutual: boolean;
  /** Its objects. Only for what the verdict lets pass. */
  objects(instance: InstanceInput): Objects;
}

type LookUp = (request: StorageRequest) => StorageOfInput;

export function resolveGiven(given: Given, lookUp: LookUp, settings: OperatorSettings): Resolved {
  return "stack" in given
    ? resolveStack(given.stack, lookUp, settings)
    : resolveMonolithic(given.monolithic, lookUp, settings);
}

function resolveStack(stack: TempoStack, lookUp: LookUp, settings: OperatorSettings): Resolved {
  const { spec } = defaultStack(stack, settings);
  const { result: storage, warnings } = lookUp(stackStorageRequest(spec));
  return {
    verdict: validateStack({ stack, settings, facts: { storage } }),
    warnings,
    tenants: spec.template.gateway.enabled ? spec.tenants : undefined,
    isMutual: true,
    objects: (instance) =>
      stackObjects({ ...instance, spec, storage: paramsOf<ObjectStorageParams>(storage), scaled: new Map() }),
  };
}

function resolveMonolithic(monolithic: TempoMonolithic, lookUp: LookUp, settings: OperatorSettings): Resolved {
  const { spec } = defaultMonolithic(monolithic, settings);
  const wanted = monolithicStorageRequest(spec);
  const { result: storage, warnings } = "request" in wanted ? lookUp(wanted.request) : { result: wanted, warnings: [] };
  const isOn = isGatewayOn(spec);
  return {
    verdict: validateMonolithic({ monolithic, settings, facts: { storage } }),
    warnings,
    tenants: isOn && spec.multitenancy ? { ...spec.multitenancy, mode: spec.multitenancy.mode ?? "static" } : undefined,
    isMutual: isOn,
    objects: (instance) => monolithicObjects({ ...instance, spec, storage: paramsOf<StorageParams>(storage) }),
  };
}

/** The verdict has errors where there are findings, so that nobody gets here with them. */
function paramsOf<P extends StorageParams>(
  result: { readonly params: P } | { readonly findings: readonly object[] },
): P {
  if ("params" in result) return result.params;
  throw new Error("objects were asked for of a resource whose storage is not fit");
}
