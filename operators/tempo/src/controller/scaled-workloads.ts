import { Deployment, HorizontalPodAutoscaler, StatefulSet } from "@homeostat/api";
import type { CachedObject, Client, EventHandler } from "@homeostat/runtime";

const workloads = { Deployment, StatefulSet } as const;
type Target = { readonly kind: string; readonly name: string };

/**
 * Replicas of the workloads in a namespace that a HorizontalPodAutoscaler scales, by name: what they are now is what
 * they should be.
 */
export async function scaledWorkloads(client: Client, namespace: string): Promise<ReadonlyMap<string, number>> {
  const { items } = await client.list(HorizontalPodAutoscaler, { namespace });
  const replicas = new Map<string, number>();
  for (const { spec } of items) {
    const { kind, name } = spec.scaleTargetRef;
    if (!isWorkload(kind)) continue;
    const workload = await client.find(workloads[kind], { namespace, name });
    if (workload?.spec?.replicas !== undefined) replicas.set(name, workload.spec.replicas);
  }
  return replicas;
}

/** Of a watch of HorizontalPodAutoscalers: wakes the stack whose workload is scaled, or is not any more. */
export const wakeScaledStack: EventHandler<HorizontalPodAutoscaler> = ({ object, type, ...event }, enqueue, cache) => {
  const old = "old" in event ? (event.old as CachedObject<HorizontalPodAutoscaler> | undefined) : undefined;
  const [before, after] = [old && targetOf(old), type === "deleted" ? undefined : targetOf(object)];
  // Its status changes all the time, and says nothing of whom it scales.
  if (before && after && before.kind === after.kind && before.name === after.name) return;
  const { namespace = "" } = object.metadata;
  for (const target of [before, after ?? targetOf(object)]) {
    if (!target || !isWorkload(target.kind)) continue;
    const workload = cache.store(workloads[target.kind])?.peek({ namespace, name: target.name });
    const owner = workload?.metadata.ownerReferences.find(
      ({ kind, controller }) => controller && kind === "TempoStack",
    );
    if (owner) enqueue({ namespace, name: owner.name });
  }
};

const isWorkload = (kind: string): kind is keyof typeof workloads => Object.hasOwn(workloads, kind);

const targetOf = (autoscaler: CachedObject<HorizontalPodAutoscaler>): Target =>
  (autoscaler.field?.(["spec", "scaleTargetRef"]) as Target | undefined) ?? autoscaler.object().spec.scaleTargetRef;
