import { Deployment, HorizontalPodAutoscaler, type KubeObject, StatefulSet } from "@homeostat/api";
import type { CachedObject, EventHandler, ReconcileContext } from "@homeostat/runtime";
import { componentName } from "../names.ts";

const workloads = { Deployment, StatefulSet } as const;
type Target = { readonly kind: string; readonly name: string };

/**
 * Replicas of the workloads of an instance that a HorizontalPodAutoscaler scales, by name: what they are now is what
 * they should be. Those of others are passed over unread, as a namespace may hold a thousand.
 */
export async function scaledWorkloads({
  client,
  cache,
  object,
}: Pick<ReconcileContext<KubeObject>, "client" | "cache" | "object">): Promise<ReadonlyMap<string, number>> {
  const { namespace = "" } = object.metadata;
  const ours = componentName(object.metadata.name);
  const replicas = new Map<string, number>();
  for (const autoscaler of cache.store(HorizontalPodAutoscaler)?.entries({ namespace }) ?? []) {
    const { kind, name } = targetOf(autoscaler);
    if (!name.startsWith(ours) || !isWorkload(kind)) continue;
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
