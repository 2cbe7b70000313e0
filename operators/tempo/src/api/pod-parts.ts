import {
  type Affinity,
  type EnvFromSource,
  type EnvVar,
  type LabelSelector,
  listMap,
  type PodSecurityContext,
  quantity,
  type ResourceRequirements,
  type Toleration,
} from "@homeostat/api";
import { z } from "zod";

/**
 * Parts of a Pod that a custom resource hands on as they are. Each is a function, so that every place in a schema has
 * its own description. Source: core/v1.
 */

/** A schema typed as core/v1 types the value: closer than the CRD can, which takes any string where Go does. */
const typed = <T>(schema: z.ZodType) => schema as unknown as z.ZodType<T, T>;

const resourceList = () => z.record(z.string(), quantity());

/** Requests, limits and claims of one container. */
export const resourceRequirements = () =>
  typed<ResourceRequirements>(
    z.object({
      limits: resourceList().optional().describe("The most a container may use, by resource name."),
      requests: resourceList().optional().describe("What the scheduler sets aside, by resource name."),
      claims: listMap(
        z.object({
          name: z.string().describe("Name of an entry of the pod's resourceClaims."),
          request: z.string().optional().describe("One request of that claim; empty means all."),
        }),
        ["name"],
      )
        .optional()
        .describe("Claims of dynamic resource allocation."),
    }),
  );

/** Where pods may run although a node is tainted. */
export const toleration = () =>
  typed<Toleration>(
    z.object({
      key: z.string().optional().describe("Taint key; empty matches all keys, with operator Exists."),
      operator: z.string().optional().describe("Exists or Equal. Default Equal."),
      value: z.string().optional().describe("Taint value that operator Equal compares with."),
      effect: z.string().optional().describe("NoSchedule, PreferNoSchedule or NoExecute; empty matches all."),
      tolerationSeconds: z.int().optional().describe("How long a NoExecute taint is tolerated, in seconds."),
    }),
  );

const seLinuxOptions = () =>
  z.object({
    level: z.string().optional(),
    role: z.string().optional(),
    type: z.string().optional(),
    user: z.string().optional(),
  });

const windowsOptions = () =>
  z.object({
    gmsaCredentialSpec: z.string().optional(),
    gmsaCredentialSpecName: z.string().optional(),
    hostProcess: z.boolean().optional(),
    runAsUserName: z.string().optional(),
  });

/** A profile of seccomp or AppArmor: which type, and the file for type Localhost. */
const profile = () => z.object({ type: z.string(), localhostProfile: z.string().optional() });

/** Security attributes of a whole pod. */
export const podSecurityContext = () =>
  typed<PodSecurityContext>(
    z.object({
      appArmorProfile: profile().optional(),
      fsGroup: z.int().optional().describe("Group that owns the volumes."),
      fsGroupChangePolicy: z.string().optional().describe("OnRootMismatch or Always."),
      runAsGroup: z.int().optional(),
      runAsNonRoot: z.boolean().optional(),
      runAsUser: z.int().optional(),
      seLinuxChangePolicy: z.string().optional(),
      seLinuxOptions: seLinuxOptions().optional(),
      seccompProfile: profile().optional(),
      supplementalGroups: z.array(z.int()).optional(),
      supplementalGroupsPolicy: z.string().optional(),
      sysctls: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
      windowsOptions: windowsOptions().optional(),
    }),
  );

const keyOf = () => z.object({ name: z.string().default(""), key: z.string(), optional: z.boolean().optional() });

/** One environment variable: a value, or where it comes from. */
export const envVar = () =>
  typed<EnvVar>(
    z.object({
      name: z.string().describe("Name of the variable."),
      value: z.string().optional(),
      valueFrom: z
        .object({
          configMapKeyRef: keyOf().optional(),
          secretKeyRef: keyOf().optional(),
          fieldRef: z.object({ apiVersion: z.string().optional(), fieldPath: z.string() }).optional(),
          resourceFieldRef: z
            .object({ containerName: z.string().optional(), divisor: quantity().optional(), resource: z.string() })
            .optional(),
          fileKeyRef: z
            .object({ volumeName: z.string(), path: z.string(), key: z.string(), optional: z.boolean().optional() })
            .optional(),
        })
        .optional(),
    }),
  );

const envSource = () => z.object({ name: z.string().default(""), optional: z.boolean().optional() });

/** All keys of a ConfigMap or Secret as environment variables. */
export const envFromSource = () =>
  typed<EnvFromSource>(
    z.object({
      prefix: z.string().optional().describe("Put before each key."),
      configMapRef: envSource().optional(),
      secretRef: envSource().optional(),
    }),
  );

const requirement = () => z.object({ key: z.string(), operator: z.string(), values: z.array(z.string()).optional() });

/** Selects objects by their labels; all parts must hold. */
export const labelSelector = () =>
  typed<LabelSelector>(
    z.object({
      matchLabels: z.record(z.string(), z.string()).optional(),
      matchExpressions: z.array(requirement()).optional(),
    }),
  );

const nodeSelectorTerm = () =>
  z.object({
    matchExpressions: z.array(requirement()).optional(),
    matchFields: z.array(requirement()).optional(),
  });

const podAffinityTerm = () =>
  z.object({
    labelSelector: labelSelector().optional(),
    matchLabelKeys: z.array(z.string()).optional(),
    mismatchLabelKeys: z.array(z.string()).optional(),
    namespaceSelector: labelSelector().optional(),
    namespaces: z.array(z.string()).optional(),
    topologyKey: z.string(),
  });

const podAffinity = () =>
  z.object({
    preferredDuringSchedulingIgnoredDuringExecution: z
      .array(z.object({ podAffinityTerm: podAffinityTerm(), weight: z.int32() }))
      .optional(),
    requiredDuringSchedulingIgnoredDuringExecution: z.array(podAffinityTerm()).optional(),
  });

/** Where a pod wants to run, relative to nodes and to other pods. */
export const affinity = () =>
  typed<Affinity>(
    z.object({
      nodeAffinity: z
        .object({
          preferredDuringSchedulingIgnoredDuringExecution: z
            .array(z.object({ preference: nodeSelectorTerm(), weight: z.int32() }))
            .optional(),
          requiredDuringSchedulingIgnoredDuringExecution: z
            .object({ nodeSelectorTerms: z.array(nodeSelectorTerm()) })
            .optional(),
        })
        .optional(),
      podAffinity: podAffinity().optional(),
      podAntiAffinity: podAffinity().optional(),
    }),
  );
