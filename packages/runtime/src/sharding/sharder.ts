import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { type Clock, formatMicroTime, Lease, sleep } from "@homeostat/api";
import type { Cache } from "../cache/cache.ts";
import type { Client } from "../client/client.ts";
import { thisHost } from "../client/connect.ts";
import type { Request } from "../controller/reconciler.ts";
import { podNamespace } from "../leader-election/election-options.ts";
import type { Leadership } from "../leader-election/leadership.ts";
import type { Logger } from "../log.ts";
import type { Runnable } from "../manager/manager.ts";
import { Claim } from "./claim.ts";
import { Membership, SHARD_GROUP_LABEL, SHARD_VIEW_ANNOTATION } from "./membership.ts";
import { createRing } from "./ring.ts";
import type { Shard } from "./shard.ts";

/** Which replicas share the work, and how they know of each other. */
export interface SharderOptions {
  /** Names the group of replicas that share the work. A label value. */
  readonly group: string;
  /** Namespace of the Leases, one for each replica. Default: the pod's own; an error outside a cluster. */
  readonly namespace?: string;
  /** Unique among the replicas; names its Lease, so a DNS subdomain. Default `<hostname>-<random>`. */
  readonly identity?: string;
  /** Reads and writes Leases; must not be fenced. */
  readonly client: Client;
  readonly cache: Cache;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long a silent replica is believed to be alive, in milliseconds. Default 15000. */
  readonly leaseDurationMs?: number;
  /** How long after its last renewal a replica takes itself for alive, in milliseconds. Default 10000. */
  readonly renewDeadlineMs?: number;
  /** Time between renewals in milliseconds. Default 2000. */
  readonly retryPeriodMs?: number;
  /** What keys are told apart by. Default: the whole key; `({ namespace }) => namespace` keeps a namespace together. */
  readonly shardBy?: (request: Request) => string | undefined;
}

/** A {@link Shard} that follows which replicas there are; a runnable of the manager. */
export interface Sharder extends Shard, Runnable {
  /** Identities this replica shares the work with, itself among them. */
  readonly members: readonly string[];
  /** Whether all of them work by the same view. */
  readonly settled: boolean;
  /** For a write fence: proven while our own Lease is. */
  readonly leadership: Leadership;
}

/**
 * Spreads keys over replicas, each of which has a Lease. Safe like leader election: a replica that cannot renew owns
 * nothing from `renewDeadlineMs` after its last renewal on, and others take over after `leaseDurationMs`. See
 * {@link Claim} for how keys move without being worked on twice.
 *
 * @throws Error when the times cannot be safe
 */
export function createSharder(options: SharderOptions): Sharder {
  return new LeaseSharder(options);
}

class LeaseSharder implements Sharder {
  readonly name: string;
  readonly group = "caches" as const;
  readonly leadership: Leadership;
  readonly #options: Required<Omit<SharderOptions, "shardBy">> & Pick<SharderOptions, "shardBy">;
  readonly #claim: Claim;
  readonly #membership: Membership;
  readonly #listeners = new Set<() => void>();
  readonly #releases = new Set<() => Promise<void>>();
  #renewedAt = Number.NEGATIVE_INFINITY;
  #published: string | undefined;
  #written: string | undefined;
  #wake: (() => void) | undefined;
  #stopped = false;

  constructor(options: SharderOptions) {
    const { leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryPeriodMs = 2_000 } = options;
    if (leaseDurationMs <= renewDeadlineMs || renewDeadlineMs <= retryPeriodMs * 1.2)
      throw new Error(
        `sharder "${options.group}": leaseDurationMs (${leaseDurationMs}) must be more than renewDeadlineMs (${renewDeadlineMs}), and that more than 1.2 times retryPeriodMs (${retryPeriodMs})`,
      );
    const namespace = options.namespace || podNamespace(thisHost(), `namespace of sharder "${options.group}"`);
    const identity = options.identity || newIdentity();
    this.#options = { ...options, namespace, identity, leaseDurationMs, renewDeadlineMs, retryPeriodMs };
    this.name = `sharder ${options.group}`;
    this.#claim = new Claim(identity);
    const { cache, clock, group } = options;
    this.#membership = new Membership({ cache, clock, namespace, group, identity, onChange: () => this.#look() });
    const proven = (): boolean => this.#isProven();
    const until = (): number => this.#renewedAt + renewDeadlineMs;
    this.leadership = {
      elected: Promise.resolve(),
      isProven: proven,
      holder: undefined,
      get provenUntil() {
        return proven() ? until() : undefined;
      },
    };
  }

  get members(): readonly string[] {
    return this.#claim.view?.members ?? [];
  }

  get settled(): boolean {
    return this.#claim.settled;
  }

  owns(key: string, request: Request): boolean {
    return this.#isProven() && this.#claim.owns(this.#options.shardBy?.(request) ?? key);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onRelease(listener: () => Promise<void>): () => void {
    this.#releases.add(listener);
    return () => this.#releases.delete(listener);
  }

  async ready(signal: AbortSignal): Promise<void> {
    await this.#membership.synced(signal);
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#membership.start();
    try {
      await this.#membership.synced(signal);
      this.#look();
      while (!signal.aborted) {
        const renewed = await this.#renew(signal);
        if (!renewed || this.#published === this.#written) await this.#pause(signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#stopped = true;
      this.#membership.stop();
      await this.#leave();
    }
  }

  #isProven(): boolean {
    return !this.#stopped && this.#options.clock.monotonic() < this.#renewedAt + this.#options.renewDeadlineMs;
  }

  /** Compares who is there with what we claim. */
  #look(): void {
    if (this.#stopped) return;
    const alive = this.#membership.alive();
    const view = createRing([...alive.keys(), this.#options.identity]);
    if (this.#claim.propose(view)) {
      this.#options.log.info({ members: view.members, shardGroup: this.#options.group }, "Replicas have changed");
      void this.#publish(view.id);
    }
    if (this.#claim.look(alive)) this.#tell();
  }

  /** Keys may have come. */
  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Tells the others that we keep to a view, once nothing is being worked on that is not ours in it. */
  async #publish(id: string): Promise<void> {
    await Promise.all([...this.#releases].map((release) => release()));
    if (this.#claim.view?.id !== id) return;
    this.#published = id;
    this.#wake?.();
  }

  /** @returns whether the server has it */
  async #renew(signal: AbortSignal): Promise<boolean> {
    const { client, clock, log, group, namespace, identity, leaseDurationMs } = this.#options;
    const view = this.#published;
    const renewTime = formatMicroTime(clock.now());
    const lease = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: {
        name: identity,
        namespace,
        labels: { [SHARD_GROUP_LABEL]: group },
        ...(view === undefined ? {} : { annotations: { [SHARD_VIEW_ANNOTATION]: view } }),
      },
      spec: { holderIdentity: identity, leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000), renewTime },
    } satisfies Lease;
    const sentAt = clock.monotonic();
    const late = new AbortController();
    const timeoutMs = this.#options.renewDeadlineMs / 2;
    const cancel = clock.setTimer(() => late.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const either = AbortSignal.any([signal, late.signal]);
    try {
      await client.apply(Lease, lease, { fieldManager: "homeostat-sharder", force: true, signal: either });
    } catch (error) {
      if (signal.aborted) throw error;
      log.warn({ err: error, shardGroup: group }, "Lease of this replica could not be renewed");
      return false;
    } finally {
      cancel();
    }
    // Between two renewals so far apart others may have gone on without us.
    if (clock.monotonic() >= this.#renewedAt + leaseDurationMs) this.#startOver();
    const wasProven = this.#isProven();
    this.#renewedAt = sentAt;
    this.#written = view;
    // Requests that came while the lease was not proven were dropped, though the keys may never have moved.
    if (!wasProven && this.#isProven()) this.#tell();
    return true;
  }

  #startOver(): void {
    this.#claim.forfeit();
    this.#published = undefined;
    this.#look();
  }

  /** Until the next renewal, or until there is something to publish. */
  async #pause(signal: AbortSignal): Promise<void> {
    const early = new AbortController();
    this.#wake = () => early.abort();
    const either = AbortSignal.any([signal, early.signal]);
    await sleep(this.#options.clock, this.#options.retryPeriodMs, either).catch(() => {});
    this.#wake = undefined;
  }

  async #leave(): Promise<void> {
    const { client, namespace, identity, log } = this.#options;
    try {
      await client.delete(Lease, { namespace, name: identity });
    } catch (error) {
      log.debug({ err: error }, "Lease of this replica was not deleted");
    }
  }
}

/** A name that a Lease may have, and no other replica has. */
function newIdentity(): string {
  const host = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, "-")
    .replace(/^-+|-+$/g, "");
  return `${host || "replica"}-${randomUUID().slice(0, 8)}`;
}
