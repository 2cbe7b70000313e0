import {
  CronJob,
  DaemonSet,
  Deployment,
  Job,
  type KubeObject,
  type PodTemplateSpec,
  type Resource,
  StatefulSet,
} from "@homeostat/api";
import type { WorkloadFacts } from "./rules/workload-rules.ts";

/** Argo's workload. Only what is read of it is typed. */
export interface Rollout extends KubeObject {
  readonly spec?: {
    readonly template?: PodTemplateSpec;
    readonly restartAt?: string;
    /** Whose template it takes, where it has none of its own. */
    readonly workloadRef?: { readonly kind?: string; readonly name?: string };
  };
}
export const Rollout: Resource<Rollout> = {
  group: "argoproj.io",
  version: "v1alpha1",
  kind: "Rollout",
  plural: "rollouts",
  singular: "rollout",
  listKind: "RolloutList",
  scope: "Namespaced",
};

/** OpenShift's workload. Only what is read of it is typed. */
export interface DeploymentConfig extends KubeObject {
  readonly spec?: {
    readonly template?: PodTemplateSpec;
    readonly selector?: Readonly<Record<string, string>>;
    /** What makes it roll; without `ConfigChange` a changed template does not. Absent: that alone. */
    readonly triggers?: readonly { readonly type?: string }[] | null;
  };
}
export const DeploymentConfig: Resource<DeploymentConfig> = {
  group: "apps.openshift.io",
  version: "v1",
  kind: "DeploymentConfig",
  plural: "deploymentconfigs",
  singular: "deploymentconfig",
  listKind: "DeploymentConfigList",
  scope: "Namespaced",
};

export type WorkloadObject = Deployment | StatefulSet | DaemonSet | CronJob | Job | Rollout | DeploymentConfig;

/**
 * How a kind of workload is reloaded.
 *
 * - `template`: its pod template is patched, and its own controller rolls it;
 * - `run`: a Job is made from its template (CronJob), which itself stays as it is;
 * - `again`: it is deleted and made again (Job), as its template cannot be changed.
 */
export type ReloadAction = "template" | "run" | "again";

export interface WorkloadKind {
  readonly kind: WorkloadName;
  // biome-ignore lint/suspicious/noExplicitAny: the kinds stand in one table, and no variance fits
  readonly resource: Resource<any>;
  readonly action: ReloadAction;
}

export const workloadKinds = {
  Deployment: { kind: "Deployment", resource: Deployment, action: "template" },
  StatefulSet: { kind: "StatefulSet", resource: StatefulSet, action: "template" },
  DaemonSet: { kind: "DaemonSet", resource: DaemonSet, action: "template" },
  CronJob: { kind: "CronJob", resource: CronJob, action: "run" },
  Job: { kind: "Job", resource: Job, action: "again" },
  Rollout: { kind: "Rollout", resource: Rollout, action: "template" },
  DeploymentConfig: { kind: "DeploymentConfig", resource: DeploymentConfig, action: "template" },
} as const satisfies Readonly<Record<string, Omit<WorkloadKind, "kind"> & { readonly kind: string }>>;
export type WorkloadName = keyof typeof workloadKinds;

/** Of the controller that reloads a kind. */
export const controllerName = (kind: string): string => `reloader-${kind.toLowerCase()}`;

/** The pod template of a workload; empty where it has none of its own (a Rollout with `workloadRef`). */
export function podTemplateOf(kind: WorkloadName, object: WorkloadObject): PodTemplateSpec {
  const spec = object.spec as CronJob["spec"] & Deployment["spec"];
  return (kind === "CronJob" ? spec?.jobTemplate?.spec?.template : spec?.template) ?? {};
}

/** A Job that is not going to run any more. */
export function isFinished(kind: WorkloadName, object: WorkloadObject): boolean {
  if (kind !== "Job") return false;
  const { conditions = [] } = (object as Job).status ?? {};
  return conditions.some(({ type, status }) => (type === "Complete" || type === "Failed") && status === "True");
}

export function factsOf(kind: WorkloadName, object: WorkloadObject): WorkloadFacts {
  const template = podTemplateOf(kind, object);
  return {
    kind,
    annotations: object.metadata?.annotations ?? {},
    templateAnnotations: template.metadata?.annotations ?? {},
    podSpec: template.spec ?? { containers: [] },
    finished: isFinished(kind, object),
  };
}
