import { type Clock, groupResource, type KubeObject } from "@homeostat/api";
import type { Cache, CacheWatch } from "../cache/cache.ts";
import type { StoreEvent } from "../cache/store.ts";
import type { Client } from "../client/client.ts";
import type { Recorder } from "../events/recorder.ts";
import { causeOf } from "../ledger/event-cause.ts";
import type { ReconcileLedger } from "../ledger/ledger.ts";
import type { Logger } from "../log.ts";
import { LoopGuard } from "../loop-guard/loop-guard.ts";
import type { ControllerMetrics } from "../metrics/controller-metrics.ts";
import type { QueueReport } from "../profiling/debug-handler.ts";
import { Priority } from "../workqueue/entry.ts";
import { Workqueue } from "../workqueue/workqueue.ts";
import type { ControllerDefinition, WatchDefinition } from "./definition.ts";
import { requestKey, requestOf } from "./event-handler.ts";
import { ReconcileRunner } from "./reconcile-runner.ts";
import type { Request } from "./reconciler.ts";

/** What a manager gives to all its controllers. */
export interface ControllerDependencies {
  readonly client: Client;
  readonly cache: Cache;
  readonly recorder: Recorder;
  readonly ledger: ReconcileLedger;
  readonly metrics: ControllerMetrics;
  readonly log: Logger;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Watched where a watch names no namespace. Default: all. */
  readonly namespace?: string;
}

/**
 * Runs one controller definition: watches feed the queue, workers take keys from it. Workers start when every watch
 * has been told its whole initial list, so that no reconcile sees half a world.
 */
export class Controller<T extends KubeObject = KubeObject> {
  readonly definition: ControllerDefinition<T>;
  readonly #dependencies: ControllerDependencies;
  readonly #queue: Workqueue<Request>;
  readonly #guard: LoopGuard | undefined;
  readonly #runner: ReconcileRunner<T>;
  readonly #log: Logger;
  readonly #abort = new AbortController();
  readonly #pendingSyncs = new Set<string>();
  // biome-ignore lint/suspicious/noExplicitAny: each watch has its own object type, and no variance fits
  #watches: CacheWatch<any>[] = [];
  #cancelResync: (() => void) | undefined;
  #started = false;

  constructor(definition: ControllerDefinition<T>, dependencies: ControllerDependencies) {
    const { name, options } = definition;
    const { clock, metrics } = dependencies;
    this.definition = definition;
    this.#dependencies = dependencies;
    this.#log = dependencies.log.child({
      controller: name,
      controllerGroup: definition.for.group,
      controllerKind: definition.for.kind,
    });
    this.#queue = new Workqueue<Request>({ clock, keyOf: requestKey, observer: metrics.queueObserver(name) });
    this.#guard =
      options.loopGuard === false
        ? undefined
        : new LoopGuard({
            clock,
            fieldManager: name,
            ownResource: groupResource(definition.for),
            ...(options.loopGuard ? { thresholds: options.loopGuard } : {}),
          });
    this.#runner = new ReconcileRunner({
      definition,
      dependencies: { ...dependencies, log: this.#log },
      queue: this.#queue,
      guard: this.#guard,
      stopping: this.#abort.signal,
      store: (resource) => this.#watches.find((watch) => groupResource(watch.store.resource) === resource)?.store,
    });
    metrics.add(name, this.#concurrency, {
      queue: this.#queue,
      slowed: () => this.#guard?.slowed ?? 0,
      paused: () => this.#runner.paused,
    });
  }

  get #concurrency(): number {
    return this.definition.options.concurrency ?? 1;
  }

  /** Kinds whose initial list has not arrived; while there are any, nothing is reconciled. */
  get pendingSyncs(): readonly string[] {
    return [...this.#pendingSyncs];
  }

  /**
   * Starts the watches, waits until they are in sync, and starts the workers.
   * @throws when started twice, and the signal's reason when `stop` comes first
   */
  async start(): Promise<void> {
    const { name } = this.definition;
    if (this.#started)
      throw new Error(
        `controller "${name}" is started already: a stopped one cannot start again either, make a new one`,
      );
    this.#started = true;
    await Promise.all(this.definition.watches.map((watch) => this.#watch(watch)));
    if (this.#abort.signal.aborted) return;
    const workers = this.#concurrency;
    this.#log.info({ "worker count": workers }, "Starting workers");
    for (let worker = 0; worker < workers; worker++) void this.#work();
    this.#scheduleResync();
  }

  /** Asks for a reconcile as a person would: for commands and tests. */
  trigger(request: Request, reason: string): void {
    this.#queue.add(request, { priority: Priority.urgent, cause: { type: "manual", reason } });
  }

  /** Whether nothing is queued or running; delayed keys do not count. */
  get idle(): boolean {
    return this.#queue.length === 0 && this.#queue.processing === 0;
  }

  /** What is queued and running, for people who wonder. */
  queueReport(): QueueReport {
    const ready = Object.entries(Priority).map(([name, level]) => [name, this.#queue.depth(level)] as const);
    return {
      controller: this.definition.name,
      ready: Object.fromEntries(ready),
      waiting: this.#queue.waiting,
      processing: this.#queue.processingKeys(),
    };
  }

  /**
   * Takes no new work, lets running reconciles finish for `graceMs`, then aborts their signals and waits for a second
   * such time at most.
   * @returns keys that were still running in the end
   */
  async stop(graceMs: number): Promise<readonly string[]> {
    this.#cancelResync?.();
    const dropped = this.#queue.shutDown();
    if (dropped > 0) this.#log.debug({ dropped }, "Dropped queued requests");
    const finished = await this.#within(this.#queue.drained(), graceMs);
    this.#abort.abort(new Error(`controller "${this.definition.name}" is stopping`));
    if (!finished) await this.#within(this.#queue.drained(), Math.min(graceMs, 5_000));
    // Only now: running reconciles read from the stores.
    for (const watch of this.#watches) watch.stop();
    return this.#queue.processingKeys();
  }

  async #watch<W extends KubeObject>(watch: WatchDefinition<W>): Promise<void> {
    const { cache, namespace: everywhere } = this.#dependencies;
    const { resource, labelSelector, fieldSelector, metadataOnly } = watch;
    const namespace = resource.scope === "Namespaced" ? (watch.namespace ?? everywhere) : undefined;
    const kind = groupResource(resource);
    this.#pendingSyncs.add(kind);
    this.#log.debug({ source: `kind source: ${resource.kind}` }, "Starting EventSource");
    const handle = cache.watch(resource, {
      handler: (event) => this.#onEvent(watch, event),
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      ...(metadataOnly === undefined ? {} : { metadataOnly }),
    });
    this.#watches.push(handle);
    try {
      await handle.synced(this.#abort.signal);
      this.#pendingSyncs.delete(kind);
    } catch (error) {
      // Stopping while caches sync is no failure.
      if (!this.#abort.signal.aborted) throw error;
    }
  }

  #onEvent<W extends KubeObject>(watch: WatchDefinition<W>, event: StoreEvent<W>): void {
    try {
      if (!watch.predicates.every((predicate) => predicate(event))) return;
      const backlog = (event.type === "added" && event.initial) || (event.type === "updated" && event.resync);
      const priority = backlog ? Priority.low : Priority.normal;
      const cause = causeOf(watch.resource, event);
      watch.handler(event, (request) => this.#queue.add(request, { priority, cause }), this.#dependencies.cache);
    } catch (error) {
      // One bad object must not end the watch for all others.
      const { namespace, name } = event.object.metadata;
      this.#log.error({ err: error, source: watch.resource.kind, namespace, name }, "Event handler failed");
    }
  }

  async #work(): Promise<void> {
    for (let taken = await this.#queue.get(); taken; taken = await this.#queue.get()) {
      try {
        await this.#runner.run(taken);
      } catch (error) {
        // The reconciler's failures are the runner's business; this is one of ours, and must not cost a worker.
        this.#log.error({ err: error, key: taken.key }, "Worker failed");
        this.#queue.done(taken.key);
      }
    }
  }

  #scheduleResync(): void {
    const { resyncMs } = this.definition.options;
    if (resyncMs === undefined) return;
    this.#cancelResync = this.#dependencies.clock.setTimer(
      () => {
        const own = this.#watches.find((watch) => watch.store.resource === this.definition.for);
        for (const { metadata } of own?.store.entries() ?? []) {
          this.#queue.add(requestOf(metadata), { priority: Priority.low, cause: { type: "resync" } });
        }
        this.#scheduleResync();
      },
      resyncMs,
      { keepAlive: false },
    );
  }

  /** @returns whether the promise resolved in time */
  async #within(promise: Promise<void>, ms: number): Promise<boolean> {
    let cancel = (): void => {};
    const late = new Promise<boolean>(
      (resolve) => (cancel = this.#dependencies.clock.setTimer(() => resolve(false), ms)),
    );
    const inTime = await Promise.race([promise.then(() => true), late]);
    cancel();
    return inTime;
  }
}
