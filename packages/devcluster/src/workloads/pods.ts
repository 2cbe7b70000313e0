import {
  ApiError,
  findCondition,
  isBeingDeleted,
  isConditionTrue,
  type KubeObject,
  ownerReference,
  type Pod,
  type PodTemplateSpec,
  type Resource,
  type Stored,
} from "@homeostat/api";

/** The pod has ended and will not start again. */
export function isTerminated(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

/** The pod runs, or is going to, and nobody asked for its deletion. */
export function isActive(pod: Pod): boolean {
  return !isTerminated(pod) && !isBeingDeleted(pod);
}

export function isReady(pod: Pod): boolean {
  return isConditionTrue(pod.status?.conditions, "Ready");
}

/** When the pod will have been ready for `minReadySeconds`, in milliseconds; undefined while it is not ready. */
export function availableAt(pod: Pod, minReadySeconds: number): number | undefined {
  if (!isReady(pod)) return undefined;
  if (minReadySeconds === 0) return Number.NEGATIVE_INFINITY;
  const since = findCondition(pod.status?.conditions, "Ready")?.lastTransitionTime;
  return since ? Date.parse(since) + minReadySeconds * 1000 : Number.POSITIVE_INFINITY;
}

/** @param now milliseconds since the epoch */
export function isAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  const at = availableAt(pod, minReadySeconds);
  return at !== undefined && at <= now;
}

/** Milliseconds until the next of the ready pods becomes available; undefined where none is on its way. */
export function nextAvailableMs(pods: readonly Pod[], minReadySeconds: number, now: number): number | undefined {
  const waits = pods
    .map((pod) => (availableAt(pod, minReadySeconds) ?? Number.POSITIVE_INFINITY) - now)
    .filter((wait) => wait > 0 && wait < Number.POSITIVE_INFINITY);
  return waits.length > 0 ? Math.min(...waits) : undefined;
}

export interface PodOptions {
  readonly name?: string;
  readonly generateName?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  /** Over the template's. */
  readonly spec?: Partial<NonNullable<Pod["spec"]>>;
}

/** The pod a template describes, controlled by `owner`. */
export function podFromTemplate(
  template: PodTemplateSpec,
  owner: Stored<KubeObject>,
  resource: Resource,
  options: PodOptions,
): Pod {
  const { namespace } = owner.metadata;
  const finalizers = [...(template.metadata?.finalizers ?? []), ...(options.finalizers ?? [])];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...(options.name === undefined ? {} : { name: options.name }),
      ...(options.generateName === undefined ? {} : { generateName: options.generateName }),
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...template.metadata?.labels, ...options.labels },
      annotations: { ...template.metadata?.annotations, ...options.annotations },
      ...(finalizers.length > 0 ? { finalizers } : {}),
      ownerReferences: [ownerReference(owner, { controller: true, resource })],
    },
    spec: { ...(template.spec ?? { containers: [] }), ...options.spec },
  };
}

/** Whether nothing can be created any more because the namespace goes: not worth an event or another try. */
export function isNamespaceTerminating(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    (error.status.details?.causes?.some(({ reason }) => reason === "NamespaceTerminating") ?? false)
  );
}

/** What went wrong in the server's own words. */
export function errorText(error: unknown): string {
  if (error instanceof ApiError) return error.status.message ?? error.message;
  return error instanceof Error ? error.message : String(error);
}
