import {
  ApiError,
  controllerOf,
  formatLabelSelector,
  isNotFound,
  type LabelSelector,
  type OwnerReference,
  Pod,
  PodDisruptionBudget,
  parseApiVersion,
  ReplicaSet,
  type Resource,
  type Stored,
  setCondition,
  type Transport,
} from "@homeostat/api";
import type { Cache, Client, ControllerDefinition } from "@homeostat/runtime";
import { clusterController } from "./cluster-controller.ts";
import { discover } from "./discovery.ts";
import { type DisruptionNumbers, disruptionNumbers, evictionMs, needsScale } from "./disruption-plan.ts";
import { SelectorIndex } from "./selector-index.ts";

/** Keeps the status of PodDisruptionBudgets, by which evictions are allowed. Source: disruption controller. */
export function disruption(options: { readonly transport: Transport }): ControllerDefinition<PodDisruptionBudget> {
  const selectors = new SelectorIndex<PodDisruptionBudget>((budget) => budget.object().spec?.selector);
  return clusterController(PodDisruptionBudget, "disruption")
    .watches(PodDisruptionBudget, { handler: selectors.handler })
    .watches(Pod, ({ metadata }) => selectors.selecting(metadata))
    .reconcile(async ({ object: budget, client, cache, clock, events, signal }) => {
      const { namespace, deletionTimestamp } = budget.metadata;
      if (deletionTimestamp !== undefined) return {};
      const pods = budget.spec?.selector ? selectedPods(namespace!, budget.spec.selector, cache) : [];
      const now = clock.now();
      if (pods.length === 0) events.normal("NoPods", "No matching pods found");
      try {
        const scale = needsScale(budget) ? await wantedReplicas(client, pods, options.transport, signal) : undefined;
        if (scale !== undefined && pods.some((pod) => !controllerOf(pod)))
          events.warning("UnmanagedPods", unmanaged(formatLabelSelector(budget.spec?.selector ?? {})));
        const numbers = disruptionNumbers({ budget, pods, scale, now });
        const enough = numbers.disruptionsAllowed > 0;
        await writeStatus(client, budget, numbers, now, {
          reason: enough ? "SufficientPods" : "InsufficientPods",
          message: "",
        });
        const ends = Object.values(numbers.disruptedPods).map((time) => Date.parse(time) + evictionMs - now);
        return ends.length > 0 ? { requeueAfterMs: Math.max(1, Math.min(...ends)) } : {};
      } catch (error) {
        // Safe side: while the numbers are not known nothing may be disrupted.
        const message = error instanceof Error ? error.message : String(error);
        if (error instanceof ApiError && error.reason === "Conflict") throw error;
        events.warning(
          "CalculateExpectedPodCountFailed",
          `Failed to calculate the number of expected pods: ${message}`,
        );
        const { expectedPods = 0, desiredHealthy = 0, currentHealthy = 0 } = budget.status ?? {};
        const numbers = { expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed: 0, disruptedPods: {} };
        await writeStatus(client, budget, numbers, now, { reason: "SyncFailed", message });
        throw error;
      }
    });
}

const unmanaged = (selector: string): string =>
  `Pods selected by this PodDisruptionBudget (selector: ${selector}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;

async function writeStatus(
  client: Client,
  budget: Stored<PodDisruptionBudget>,
  numbers: DisruptionNumbers,
  now: number,
  { reason, message }: { readonly reason: string; readonly message: string },
): Promise<void> {
  const { generation } = budget.metadata;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const status = numbers.disruptionsAllowed > 0 ? "True" : "False";
  const change = { type: "DisruptionAllowed", status, reason, message, ...observed } as const;
  const conditions = setCondition(budget.status?.conditions, change, now);
  const { disruptedPods, ...counts } = numbers;
  const evicting = Object.keys(disruptedPods).length > 0 ? { disruptedPods } : {};
  const wanted = { ...observed, ...counts, ...evicting, conditions };
  if (statusText(wanted) === statusText(budget.status ?? {})) return;
  await client.status.update(PodDisruptionBudget, { ...budget, status: wanted });
}

function statusText(status: NonNullable<PodDisruptionBudget["status"]>): string {
  const { observedGeneration, expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed } = status;
  const pods = Object.entries(status.disruptedPods ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([
    observedGeneration,
    expectedPods,
    desiredHealthy,
    currentHealthy,
    disruptionsAllowed,
    pods,
    status.conditions,
  ]);
}

/**
 * Replicas wanted by the controllers of the pods, each asked once through its scale; the Deployment is asked, not its
 * ReplicaSet. Pods that nobody controls count for nothing. @throws Error naming a controller that has no scale
 */
async function wantedReplicas(
  client: Client,
  pods: readonly Stored<Pod>[],
  transport: Transport,
  signal: AbortSignal,
): Promise<number> {
  const controllers = new Map<string, { readonly reference: OwnerReference; readonly namespace: string }>();
  for (const pod of pods) {
    const reference = controllerOf(pod);
    const { namespace } = pod.metadata;
    if (!reference) continue;
    const top = await topController(client, reference, namespace!);
    controllers.set(top.uid, { reference: top, namespace: namespace! });
  }
  if (controllers.size === 0) return 0;
  const { resources } = await discover(transport, signal);
  let sum = 0;
  for (const { reference, namespace } of controllers.values()) {
    const resource = resources.find((candidate) => isKindOf(candidate, reference));
    if (!resource?.subresources?.includes("scale"))
      throw new Error(`${reference.kind} ${namespace}/${reference.name} has no scale: use a number for minAvailable`);
    const scale = await client.scale.get(resource, { namespace, name: reference.name });
    sum += scale.spec?.replicas ?? 0;
  }
  return sum;
}

async function topController(client: Client, reference: OwnerReference, namespace: string): Promise<OwnerReference> {
  if (!isKindOf(ReplicaSet, reference)) return reference;
  try {
    return controllerOf(await client.get(ReplicaSet, { namespace, name: reference.name })) ?? reference;
  } catch (error) {
    if (isNotFound(error)) return reference;
    throw error;
  }
}

function isKindOf(resource: Resource, { apiVersion, kind }: OwnerReference): boolean {
  return resource.kind === kind && resource.group === parseApiVersion(apiVersion).group;
}

function selectedPods(namespace: string, selector: LabelSelector, cache: Cache): Stored<Pod>[] {
  const labelSelector = formatLabelSelector(selector);
  return cache.store(Pod)?.list({ namespace, labelSelector }) ?? [];
}
