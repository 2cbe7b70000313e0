import type { JsonObject } from "@homeostat/api";
import type { AdmissionAttributes, AdmissionPlugin } from "../../admission/admission.ts";
import { podSecurity } from "../../admission/pod-security/pod-security.ts";
import { admitIngressClass, admitStorageClass, protectStorage } from "./default-classes.ts";
import { admitLimits, checkClaim, checkLimits } from "./limit-ranger.ts";
import type { Lookup } from "./lookup.ts";
import { admitPriority, admitRuntimeClass, admitTolerations, checkDefaultPriorityClass } from "./pods.ts";
import { resourceQuota } from "./resource-quota.ts";
import { admitServiceAccount } from "./service-account.ts";

export interface BuiltinAdmissionOptions {
  readonly lookup: Lookup;
  /** Five random characters. */
  readonly suffix: () => string;
  /**
   * Whether pods need a service account, and get its token. Default false, as in test environments: it takes a
   * controller that makes the accounts.
   */
  readonly serviceAccounts?: boolean;
  /** Called, up to ten times, while a pod's account is missing. Default: no second chance. */
  readonly waitForAccount?: () => Promise<void>;
  /** Whether claims and volumes in use cannot be deleted. Default false: it takes a controller that lets them go. */
  readonly storageProtection?: boolean;
  /** Resolves when a write that was let through is done, one way or the other; see `ResourceQuotaOptions`. */
  readonly written?: (attributes: AdmissionAttributes) => Promise<void>;
  /** Webhooks and policies: after all that is built in, but for the quota. Default: none. */
  readonly dynamic?: readonly AdmissionPlugin[];
}

/** What an ordinary cluster does to objects on their way in, in upstream's order. */
export function builtinAdmissionPlugins(options: BuiltinAdmissionOptions): AdmissionPlugin[] {
  const { lookup, suffix, waitForAccount } = options;
  const account = { lookup, suffix, ...(waitForAccount ? { wait: waitForAccount } : {}) };
  const plugins: AdmissionPlugin[] = [
    {
      name: "LimitRanger",
      mutate: onCreate(onPods((pod, { namespace }) => admitLimits(pod, namespace ?? "", lookup))),
      async validate(attributes) {
        await onCreate(onPods((pod, { namespace }) => checkLimits(pod, namespace ?? "", lookup)))(attributes);
        await onClaims((claim, { namespace }) => checkClaim(claim, namespace ?? "", lookup))(attributes);
      },
    },
    podSecurity({
      namespace: (name) => lookup.get("", "namespaces", name),
      pods: (namespace) => lookup.list("", "pods", namespace),
    }),
    {
      name: "Priority",
      mutate: onPods((pod, { old }) => admitPriority(pod, old, lookup)),
      validate: on("scheduling.k8s.io", "PriorityClass", (object) => checkDefaultPriorityClass(object, lookup)),
    },
    { name: "DefaultTolerationSeconds", mutate: onPods((pod) => admitTolerations(pod)) },
    {
      name: "DefaultStorageClass",
      mutate: onCreate(on("", "PersistentVolumeClaim", (claim) => admitStorageClass(claim, lookup))),
    },
    {
      name: "DefaultIngressClass",
      mutate: onCreate(on("networking.k8s.io", "Ingress", (ingress) => admitIngressClass(ingress, lookup))),
    },
    { name: "RuntimeClass", mutate: onCreate(onPods((pod) => admitRuntimeClass(pod, lookup))) },
  ];
  if (options.serviceAccounts) {
    const mutate = onCreate(onPods((pod, { namespace }) => admitServiceAccount(pod, namespace ?? "", account)));
    plugins.unshift({ name: "ServiceAccount", mutate });
  }
  if (options.storageProtection) {
    const mutate = onCreate(({ served, object }) => {
      if (object && served.resource.group === "") protectStorage(served.resource.kind, object);
    });
    plugins.push({ name: "StorageObjectInUseProtection", mutate });
  }
  plugins.push(...(options.dynamic ?? []));
  // Last of all: what is counted must be what is stored.
  plugins.push(resourceQuota({ lookup, ...(options.written ? { written: options.written } : {}) }));
  return plugins;
}

type Step = (attributes: AdmissionAttributes) => void | Promise<void>;

/** Runs a step for one kind, on writes of the object itself. */
function on(
  group: string,
  kind: string,
  step: (object: JsonObject, attributes: AdmissionAttributes) => void | Promise<void>,
): Step {
  return (attributes) => {
    const { served, subresource, object } = attributes;
    if (object === undefined || subresource !== undefined) return undefined;
    return served.resource.group === group && served.resource.kind === kind ? step(object, attributes) : undefined;
  };
}

function onClaims(step: (claim: JsonObject, attributes: AdmissionAttributes) => void | Promise<void>): Step {
  return on("", "PersistentVolumeClaim", step);
}

function onPods(step: (pod: JsonObject, attributes: AdmissionAttributes) => void | Promise<void>): Step {
  return on("", "Pod", step);
}

function onCreate(step: Step): Step {
  return (attributes) => (attributes.operation === "CREATE" ? step(attributes) : undefined);
}
