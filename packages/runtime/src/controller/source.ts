import type { Clock, KubeObject, Resource } from "@homeostat/api";
import type { Cache, CacheWatch } from "../cache/cache.ts";
import type { CachedObject, StoreHandler } from "../cache/store.ts";
import type { Client } from "../client/client.ts";
import type { Recorder } from "../events/recorder.ts";
import type { Cause } from "../ledger/cause.ts";
import type { Logger } from "../log.ts";
import type { Shard } from "../sharding/shard.ts";
import type { Request } from "./reconciler.ts";

/**
 * Where requests come from other than from watches: timers, iterables, webhooks, queues of other systems. Sources only
 * say *that* something should be looked at; what is true is read by the reconciler.
 *
 * A controller starts its sources together with its watches: on warm standby, too, before it may reconcile. Requests
 * are merged by key in its queue, so a source that repeats itself costs nothing.
 *
 * Source: controller-runtime `pkg/source`.
 */
export interface Source<R = Request> {
  /** Names the source in logs, errors and causes. */
  readonly name: string;
  /**
   * Called once per started controller. Must come back soon: what lasts is done in the background until `signal` is
   * aborted, which happens when the controller stops. Rejecting fails the controller's start.
   */
  start(sink: SourceSink<R>, signal: AbortSignal, context: SourceContext): void | Promise<void>;
  /** Resolves when everything known at the start has been added. Default: with `start`. No worker runs before. */
  synced?(signal: AbortSignal): Promise<void>;
}

/** Where a source puts what it has to say: the controller's queue. */
export interface SourceSink<R = Request> {
  /** Asks for a reconcile; one of the same key that waits already is merged with it. */
  add(request: R, options?: SourceAddOptions): void;
  /** Tells that the source has failed and goes on: logged, counted, shown by `/readyz` until `add` or `recovered` is called. */
  failed(error: unknown): void;
  /** Tells that it works again, where there is nothing to add. */
  recovered(): void;
}

/** How a request is added to the queue. */
export interface SourceAddOptions {
  /** Default `Priority.normal`. */
  readonly priority?: number;
  /** Milliseconds until it is ready. Default 0. */
  readonly afterMs?: number;
  /** Why, for people. Default: the source by name. */
  readonly cause?: Cause;
}

/** What a controller lends to its sources, for as long as their signal is not aborted. */
export interface SourceContext {
  /** The controller's name, which is also the field manager of what its sources write. */
  readonly controller: string;
  /** The controller's own kind; undefined where requests are not objects. */
  readonly resource: Resource | undefined;
  /** The controller's, under its field manager. */
  readonly client: Client;
  readonly cache: Cache;
  readonly recorder: Recorder;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  /** Which keys are this replica's. Default: all. */
  readonly shard?: Shard;
  /** Resolves when the controller's workers start: on a warm standby, when it leads. */
  readonly active: Promise<void>;
  /** The objects of the controller's own kind (and selection) that the cache knows now. */
  objects(): Iterable<CachedObject>;
  /**
   * Joins the watch of the controller's own kind, with its selection and none of its predicates. The handle is the
   * source's to stop. Undefined where requests are not objects.
   */
  watch<T extends KubeObject>(handler: StoreHandler<T>): CacheWatch<T> | undefined;
  /**
   * Tells of work for an object that goes on by itself until `done` settles, whichever way. The gauge
   * `homeostat_daemons` counts it by source; a controller that stops waits for it within its grace, and names what is
   * left as `<source> <key>`.
   */
  background(key: string, done: Promise<unknown>): void;
}
