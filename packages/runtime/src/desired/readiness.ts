import { type ConditionLike, findCondition, type KubeObject, parseApiVersion, type Stored } from "@homeostat/api";

/** Whether an object does what it is there for, and if not, why not, for people. */
export type Readiness =
  | { readonly ready: true }
  /** `failed`: it will not become ready by itself, as far as one can tell. */
  | { readonly ready: false; readonly message: string; readonly failed?: true };

/**
 * Judges an object by its status, with a rule per built-in kind. Other kinds: not while `Stalled` (which counts as
 * failed) or `Reconciling`; then the condition `Ready` (or `Available`) where there is one, judged on the current
 * generation; an object without any is ready once it exists.
 * Rules follow kstatus (sigs.k8s.io/cli-utils), except that a Job must be complete, and that a failure is told apart.
 */
export function readinessOf(object: Stored): Readiness {
  if (object.metadata.deletionTimestamp !== undefined) return not("is being deleted");
  const { group } = parseApiVersion(object.apiVersion);
  const rule = rules[group === "" ? object.kind : `${object.kind}.${group}`];
  const loose = object as Loose;
  if (rule) return outdated(loose) ?? rule(loose);
  return byConditions(loose);
}

interface Loose extends KubeObject {
  // Objects of any kind: fields are looked at one by one, and may be missing.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly spec?: any;
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly status?: any;
}

const yes: Readiness = { ready: true };
const not = (message: string): Readiness => ({ ready: false, message });
const failed = (message: string): Readiness => ({ ready: false, message, failed: true });

const rules: Readonly<Record<string, (object: Loose) => Readiness>> = {
  "Deployment.apps": deployment,
  "StatefulSet.apps": statefulSet,
  "DaemonSet.apps": daemonSet,
  "ReplicaSet.apps": ({ spec, status }) => atLeast(status?.readyReplicas, spec?.replicas ?? 1, "replicas are ready"),
  "Job.batch": job,
  Pod: pod,
  PersistentVolumeClaim: claim,
  Service: service,
  Namespace: ({ status }) => (status?.phase === "Terminating" ? not("is being deleted") : yes),
  "CustomResourceDefinition.apiextensions.k8s.io": definition,
  "HorizontalPodAutoscaler.autoscaling": autoscaler,
  "PodDisruptionBudget.policy": budget,
  "APIService.apiregistration.k8s.io": ({ status }) => conditionTrue(status?.conditions, "Available"),
};

/** The status speaks of an older state of the spec. */
function outdated({ metadata, status }: Loose): Readiness | undefined {
  const observed = status?.observedGeneration;
  if (observed === undefined || metadata?.generation === undefined || observed >= metadata.generation) return undefined;
  return not("its controller has not seen the latest change");
}

function atLeast(have: number | undefined, want: number, what: string): Readiness {
  return (have ?? 0) >= want ? yes : not(`${have ?? 0} of ${want} ${what}`);
}

/** The first rule that is not satisfied. */
const first = (...checks: readonly Readiness[]): Readiness => checks.find((check) => !check.ready) ?? yes;

function deployment({ spec, status }: Loose): Readiness {
  const progressing = findCondition<ConditionLike & { reason?: string; message?: string }>(
    status?.conditions,
    "Progressing",
  );
  if (progressing?.reason === "ProgressDeadlineExceeded") return failed(progressing.message ?? "does not progress");
  const want = spec?.replicas ?? 1;
  if (status?.observedGeneration === undefined) return not("its controller has not seen it");
  const surplus = (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return first(
    atLeast(status.updatedReplicas, want, "replicas are updated"),
    surplus > 0 ? not(`${surplus} old replicas are still there`) : yes,
    atLeast(status.availableReplicas, want, "replicas are available"),
  );
}

function statefulSet({ spec, status }: Loose): Readiness {
  const want = spec?.replicas ?? 1;
  if (status?.observedGeneration === undefined) return not("its controller has not seen it");
  const ready = atLeast(status.readyReplicas, want, "replicas are ready");
  if (!ready.ready || spec?.updateStrategy?.type === "OnDelete") return ready;
  const partition = spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  if (status.updateRevision === undefined || status.currentRevision === status.updateRevision) return yes;
  return atLeast(status.updatedReplicas, want - partition, "replicas are updated");
}

function daemonSet({ status }: Loose): Readiness {
  if (status?.observedGeneration === undefined) return not("its controller has not seen it");
  const want = status.desiredNumberScheduled ?? 0;
  return first(
    atLeast(status.updatedNumberScheduled, want, "pods are updated"),
    atLeast(status.numberAvailable, want, "pods are available"),
  );
}

function job({ status }: Loose): Readiness {
  const failure = findCondition<ConditionLike & { message?: string }>(status?.conditions, "Failed");
  if (failure?.status === "True") return failed(failure.message || "has failed");
  return conditionTrue(status?.conditions, "Complete", "has not completed");
}

function pod({ status }: Loose): Readiness {
  if (status?.phase === "Succeeded") return yes;
  if (status?.phase === "Failed") return failed(status.message || "has failed");
  return conditionTrue(status?.conditions, "Ready", `is ${status?.phase ?? "not scheduled"}`);
}

function claim({ status }: Loose): Readiness {
  if (status?.phase === "Lost") return failed("has lost its volume");
  return status?.phase === "Bound" ? yes : not(`is ${status?.phase ?? "not bound"}`);
}

function definition({ status }: Loose): Readiness {
  const names = findCondition<ConditionLike & { message?: string }>(status?.conditions, "NamesAccepted");
  if (names?.status === "False") return failed(names.message || "its names are taken");
  return conditionTrue(status?.conditions, "Established");
}

/** Without metrics it still keeps the bounds; only one that cannot scale at all is of no use. */
function autoscaler({ status }: Loose): Readiness {
  const able = findCondition<ConditionLike & { message?: string }>(status?.conditions, "AbleToScale");
  return able?.status === "False" ? not(able.message || "cannot scale its target") : yes;
}

/** One that allows no disruption right now does its work. */
function budget({ status }: Loose): Readiness {
  const allowed = findCondition<ConditionLike & { reason?: string; message?: string }>(
    status?.conditions,
    "DisruptionAllowed",
  );
  return allowed?.reason === "SyncFailed" ? not(allowed.message || "cannot be computed") : yes;
}

function service({ spec, status }: Loose): Readiness {
  if (spec?.type !== "LoadBalancer") return yes;
  return (status?.loadBalancer?.ingress?.length ?? 0) > 0 ? yes : not("has no address of a load balancer yet");
}

function conditionTrue(
  conditions: readonly ConditionLike[] | undefined,
  type: string,
  otherwise = `is not ${type}`,
): Readiness {
  const condition = findCondition<ConditionLike & { message?: string }>(conditions, type);
  return condition?.status === "True" ? yes : not(condition?.message || otherwise);
}

function byConditions(object: Loose): Readiness {
  const stale = outdated(object);
  if (stale) return stale;
  const conditions: readonly (ConditionLike & { observedGeneration?: number })[] | undefined =
    object.status?.conditions;
  if (!Array.isArray(conditions)) return yes;
  const stalled = findCondition<ConditionLike & { message?: string }>(conditions, "Stalled");
  if (stalled?.status === "True") return failed(stalled.message || "is stalled");
  const reconciling = findCondition<ConditionLike & { message?: string }>(conditions, "Reconciling");
  if (reconciling?.status === "True") return not(reconciling.message || "is being reconciled");
  const condition = findCondition(conditions, "Ready") ?? findCondition(conditions, "Available");
  if (!condition) return yes;
  const generation = object.metadata?.generation ?? 0;
  if ((condition.observedGeneration ?? generation) < generation)
    return not("its controller has not seen the latest change");
  return conditionTrue(conditions, condition.type);
}
