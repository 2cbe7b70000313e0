import { type Clock, Lease, type Stored } from "@homeostat/api";
import type { Cache, CacheWatch } from "../cache/cache.ts";

/** Label by which the Leases of one group of replicas are found. */
export const SHARD_GROUP_LABEL = "homeostat.dev/shard-group";
/** Annotation in which a replica publishes the view it keeps to. */
export const SHARD_VIEW_ANNOTATION = "homeostat.dev/shard-view";

export interface MembershipOptions {
  readonly cache: Cache;
  readonly clock: Clock;
  readonly namespace: string;
  readonly group: string;
  readonly identity: string;
  /** Called when a Lease has changed: ours does all the time, so that others are seen to expire. */
  readonly onChange: () => void;
}

interface Member {
  record: string;
  /** By our monotonic clock, when its Lease was last seen to change. */
  seenAt: number;
  durationMs: number;
  view: string | undefined;
}

/**
 * The replicas that are alive, by their Leases as a watch tells them. As with leader election, times that are written
 * in a Lease are never compared with our clock: it lives while it goes on changing.
 *
 * A watch may be behind without anybody noticing. Another's Lease is therefore expired only when a renewal of ours has
 * come through the same watch after its time was over. (That spares needless views; what keeps two replicas apart is
 * that a view counts only when our own publication of it has come through the watch, too: see `Claim`.)
 */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #members = new Map<string, Member>();
  /** When our newest renewal came through the watch. */
  #proof = Number.NEGATIVE_INFINITY;
  #watch: CacheWatch<Lease> | undefined;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  start(): void {
    const { cache, namespace, group } = this.#options;
    this.#watch = cache.watch(Lease, {
      namespace,
      labelSelector: `${SHARD_GROUP_LABEL}=${group}`,
      handler: (event) => {
        if (event.type === "deleted") this.#members.delete(event.object.metadata.name);
        else this.#note(event.object.object());
        this.#options.onChange();
      },
    });
  }

  synced(signal: AbortSignal): Promise<void> {
    return this.#watch!.synced(signal);
  }

  stop(): void {
    this.#watch?.stop();
  }

  /** Identities of those alive, and the view each has published. */
  alive(): Map<string, string | undefined> {
    const alive = new Map<string, string | undefined>();
    for (const [name, { seenAt, durationMs, view }] of this.#members) {
      if (this.#proof < seenAt + durationMs) alive.set(name, view);
    }
    return alive;
  }

  #note({ metadata, spec }: Stored<Lease>): void {
    const record = `${metadata.uid} ${spec?.renewTime}`;
    const known = this.#members.get(metadata.name);
    const now = this.#options.clock.monotonic();
    const durationMs = (spec?.leaseDurationSeconds ?? 15) * 1000;
    const view = metadata.annotations?.[SHARD_VIEW_ANNOTATION];
    const seenAt = known && known.record === record ? known.seenAt : now;
    if (metadata.name === this.#options.identity) this.#proof = now;
    this.#members.set(metadata.name, { record, seenAt, durationMs, view });
  }
}
