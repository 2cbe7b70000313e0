import type { ConditionChange, Stored } from "@homeostat/api";
import type { FailureReport, Observed } from "@homeostat/runtime";
import type { TempoMonolithic } from "../api/tempo-monolithic.ts";
import type { TempoStack } from "../api/tempo-stack.ts";
import { operatorVersion, tempoVersion } from "../version.ts";
import {
  exclusiveConditions,
  failedComponents,
  independentConditions,
  pendingComponents,
  ready,
  type Verdict,
  verdictOfError,
} from "./conditions.ts";
import { type PodStatus, type PodsByStatus, podsByStatus } from "./pods-by-status.ts";

/** Pods of one instance: component → pod → how it is. */
export type InstancePods = ReadonlyMap<string, ReadonlyMap<string, PodStatus>>;

const noPods: ReadonlyMap<string, PodStatus> = new Map();

/** Component → name in `status.components`. */
const stackComponents = {
  compactor: "compactor",
  distributor: "distributor",
  ingester: "ingester",
  querier: "querier",
  "query-frontend": "queryFrontend",
  gateway: "gateway",
  "metrics-generator": "metricsGenerator",
} as const;

/** Status of a stack, without conditions. */
export function stackStatus(observed: Observed, pods: InstancePods, wantsGenerator: boolean) {
  return { ...versions, components: podsOfStack(pods, wantsGenerator), componentImages: imagesOf(observed) };
}

function podsOfStack(pods: InstancePods, wantsGenerator: boolean): Record<string, PodsByStatus> {
  const components = Object.entries(stackComponents)
    .filter(([component]) => component !== "metrics-generator" || wantsGenerator)
    .map(([component, field]) => [field, podsByStatus(pods.get(component) ?? noPods)]);
  return Object.fromEntries(components);
}

/** Status of a TempoMonolithic, without conditions. Pods that are missing yet are told by the name of their owner. */
export function monolithicStatus(observed: Observed, pods: InstancePods) {
  const tempo: Record<string, readonly string[]> = { ...podsByStatus(pods.get("tempo") ?? noPods) };
  const missing = unreadyWorkloads(observed);
  if (missing.length > 0) tempo["Pending"] = [...(tempo["Pending"] ?? []), ...missing].toSorted();
  return { ...versions, components: { tempo }, componentImages: imagesOf(observed) };
}

const versions = { operatorVersion, tempoVersion };

export function stackConditions(
  stack: Stored<TempoStack>,
  observed: Observed,
  pods: InstancePods,
): readonly ConditionChange[] {
  return exclusiveConditions(verdictOf(observed, pods, ["Failed", "Unknown"]), stack.status?.conditions);
}

export function monolithicConditions(observed: Observed, pods: InstancePods): readonly ConditionChange[] {
  const statuses = statusesOf(pods);
  return independentConditions([
    ...(statuses.has("Failed") ? [failedComponents] : []),
    ...(isPending(observed, statuses) ? [pendingComponents] : []),
  ]);
}

/** What a stack says of a reconcile that failed. How its pods are goes on being told. */
export function stackFailure(
  { spec, status }: Stored<TempoStack>,
  error: unknown,
  pods: InstancePods = new Map(),
): FailureReport {
  const wantsGenerator = spec?.template?.metricsGenerator?.enabled === true;
  return {
    status: { components: podsOfStack(pods, wantsGenerator) },
    conditions: exclusiveConditions(verdictOfError(error), status?.conditions),
  };
}

/** The same, where `Pending` is a condition by itself. Whether a workload lacks pods is as it was last seen. */
export function monolithicFailure(
  { status }: Stored<TempoMonolithic>,
  error: unknown,
  pods: InstancePods = new Map(),
): FailureReport {
  const wasPending = status?.conditions?.some(
    (condition) => condition.type === "Pending" && condition.status === "True",
  );
  return {
    status: { components: { tempo: podsByStatus(pods.get("tempo") ?? noPods) } },
    conditions: independentConditions([verdictOfError(error), ...(wasPending ? [pendingComponents] : [])]),
  };
}

/** Pods first, since they say what is wrong; then the workloads, since pods may be missing altogether. */
function verdictOf(observed: Observed, pods: InstancePods, failed: readonly PodStatus[]): Verdict {
  const statuses = statusesOf(pods);
  if (failed.some((status) => statuses.has(status))) return failedComponents;
  return isPending(observed, statuses) ? pendingComponents : ready;
}

const statusesOf = (pods: InstancePods): ReadonlySet<PodStatus> =>
  new Set([...pods.values()].flatMap((each) => [...each.values()]));

const isPending = (observed: Observed, statuses: ReadonlySet<PodStatus>): boolean =>
  statuses.has("Pending") || statuses.has("Running") || unreadyWorkloads(observed).length > 0;

const isWorkload = (kind: string | undefined): boolean => kind === "Deployment" || kind === "StatefulSet";

/** Names of workloads that are not there or not ready. */
function unreadyWorkloads({ children, waiting }: Observed): string[] {
  const unready = children.filter(({ ready: isReady, object }) => !isReady && isWorkload(object.kind));
  const missing = waiting.map(({ name }) => name.split("/")).filter(([kind]) => isWorkload(kind));
  return [...unready.map(({ object }) => object.metadata.name), ...missing.map(([, name = ""]) => name)];
}

type WithTemplate = Stored & {
  readonly spec?: {
    readonly template?: { readonly spec?: { readonly containers?: readonly { name: string; image?: string }[] } };
  };
};

/** Image of each component's first container, and of each other container by its own name. */
function imagesOf({ children }: Observed): Record<string, string> {
  const images: Record<string, string> = {};
  for (const { object } of children) {
    if (!isWorkload(object.kind)) continue;
    const component = object.metadata.labels?.["app.kubernetes.io/component"] ?? object.metadata.name;
    const [first, ...rest] = (object as WithTemplate).spec?.template?.spec?.containers ?? [];
    if (first?.image) images[component] = first.image;
    for (const { name, image } of rest) if (image) images[name] = image;
  }
  return images;
}
