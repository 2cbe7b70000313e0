import { type ChannelSource, type ControllerDefinition, channelSource, type Request } from "@homeostat/runtime";
import type { WorkloadName } from "../kinds.ts";
import { SecretProviderClass, SecretProviderClassPodStatus } from "./mount-book.ts";
import { perNamespace, watch } from "./watches.ts";
import type { Shared } from "./workload-controller.ts";

/** Ways to wake the controllers of workloads, by kind. */
export type Wakers = ReadonlyMap<WorkloadName, ChannelSource<Request>>;

export function wakers(kinds: readonly { readonly kind: WorkloadName }[]): Wakers {
  return new Map(
    kinds.map(({ kind }) => [
      kind,
      channelSource({ name: "SecretProviderClasses", overflow: "coalesce", capacity: 100_000 }),
    ]),
  );
}

/**
 * Learns of rotated CSI secrets and wakes the workloads that mount them. A controller of its own, as the driver's kinds
 * may not be there: who waits for them then is this one only. It reconciles nothing itself.
 */
export function csiController(
  { world, options, observer }: Shared,
  wake: Wakers,
): ControllerDefinition<SecretProviderClassPodStatus> {
  const mounts = watch(SecretProviderClassPodStatus, (event) => {
    const mounted = world.mounts.take(event);
    if (!mounted) return;
    if (event.type !== "added" || !event.initial) observer.changed("SecretProviderClass", event.type);
    for (const { kind, namespace, name } of world.usersOf(mounted)) void wake.get(kind)?.send({ namespace, name });
  });
  const classes = watch(SecretProviderClass, (event) => void world.takeResource("SecretProviderClass", event), {
    metadataOnly: true,
  });
  return {
    name: "reloader-csi",
    for: SecretProviderClassPodStatus,
    watches: perNamespace([mounts, classes], options),
    reconcile: async () => ({}),
    options: { concurrency: 1 },
  };
}
