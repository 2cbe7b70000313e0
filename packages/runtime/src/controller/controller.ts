import type { KubeObject, Resource } from "@homeostat/api";
import type { Logger } from "../log.ts";
import type { Cluster } from "../multicluster/cluster.ts";
import type { QueueReport } from "../profiling/debug-handler.ts";
import { Priority } from "../workqueue/priority.ts";
import { exponentialBackoff } from "../workqueue/rate-limiter.ts";
import { type AddOptions, Workqueue } from "../workqueue/workqueue.ts";
import { checkDefinition } from "./check-definition.ts";
import { ClusterScope, selectionOf, sourceName } from "./cluster-scope.ts";
import { within } from "./deadline.ts";
import type { ControllerDefinition, WatchDefinition } from "./definition.ts";
import type { ControllerDependencies, ControllerWatch } from "./dependencies.ts";
import { requestKey } from "./event-handler.ts";
import { ReconcileRunner } from "./reconcile-runner.ts";
import type { Request } from "./reconciler.ts";
import type { Source, SourceContext } from "./source.ts";
import { SourceRunner } from "./source-runner.ts";

export type { ControllerDependencies, ControllerWatch } from "./dependencies.ts";

// biome-ignore lint/suspicious/noExplicitAny: each watch has its own object type, and no variance fits
type AnyWatch = WatchDefinition<any>;

/**
 * Runs one controller definition: watches and sources feed the queue, workers take keys from it. Workers start when all
 * of them have told everything there was, so that no reconcile sees half a world.
 *
 * `warmup` does the first half, `start` both; `stop` ends it for good.
 */
export class Controller<T extends KubeObject = KubeObject> {
  readonly definition: ControllerDefinition<T>;
  readonly #dependencies: ControllerDependencies;
  readonly #queue: Workqueue<Request>;
  readonly #runner: ReconcileRunner<T>;
  readonly #log: Logger;
  /** Aborted when stopping begins: nothing is waited for any more. */
  readonly #ending = new AbortController();
  readonly #own: Cluster;
  /** By name; `undefined` is the manager's own cluster. */
  readonly #scopes = new Map<string | undefined, ClusterScope>();
  readonly #watches: Set<AnyWatch>;
  readonly #sources = new Map<Source, SourceRunner>();
  readonly #active = Promise.withResolvers<void>();
  #workers: Promise<void>[] = [];
  #cancelResync: (() => void) | undefined;
  #leaveShard: (() => void)[] = [];
  #began: Promise<void> | undefined;
  #started = false;

  constructor(definition: ControllerDefinition<T>, dependencies: ControllerDependencies) {
    const { name, for: resource, options, watches, sources = [] } = definition;
    checkDefinition(definition);
    const { clock, metrics, client, cache, recorder, random } = dependencies;
    this.definition = definition;
    this.#dependencies = dependencies;
    this.#log = dependencies.log.child({
      controller: name,
      ...(resource ? { controllerGroup: resource.group, controllerKind: resource.kind } : {}),
    });
    const { retryBaseMs, retryMaxMs } = options;
    const backoff = exponentialBackoff({
      ...(retryBaseMs === undefined ? {} : { baseMs: retryBaseMs }),
      ...(retryMaxMs === undefined ? {} : { maxMs: retryMaxMs }),
    });
    this.#queue = new Workqueue<Request>({
      clock,
      keyOf: requestKey,
      observer: metrics.queueObserver(name),
      rateLimiter: (options.rateLimiter ?? backoff)({ clock, random }),
    });
    this.#runner = new ReconcileRunner({
      definition,
      dependencies,
      queue: this.#queue,
      log: this.#log,
      scopeOf: (request) => this.#scopes.get(request.cluster),
    });
    this.#own = { client, cache, recorder };
    this.#watches = new Set(watches);
    if (options.clusters !== "engaged") this.#addScope(this.#own);
    for (const source of sources) this.#addSource(source);
    const sum = (count: (scope: ClusterScope) => number) => (): number =>
      [...this.#scopes.values()].reduce((total, scope) => total + count(scope), 0);
    metrics.add(name, this.#concurrency, {
      queue: this.#queue,
      slowed: sum((scope) => scope.guard?.slowed ?? 0),
      paused: sum((scope) => scope.paused.size),
      background: () =>
        [...this.#sources.values()].map(({ source, background }) => [source.name, background.length] as const),
    });
  }

  get #concurrency(): number {
    return this.definition.options.concurrency ?? 1;
  }

  /**
   * What keeps the controller from being ready, for people: kinds and sources whose first list has not arrived (until
   * then nothing is reconciled), and sources that have failed.
   */
  get pendingSyncs(): readonly string[] {
    const kinds = [...this.#scopes.values()].flatMap((scope) => scope.pending);
    const sources = [...this.#sources.values()].map(({ problem }) => problem);
    return [...kinds, ...sources].filter((each) => each !== undefined);
  }

  /** Whether nothing is queued or running; delayed keys do not count. */
  get idle(): boolean {
    return this.#queue.length === 0 && this.#queue.processing === 0;
  }

  /**
   * Starts watches and sources and fills the queue; nothing is reconciled before `start`. Resolves when all are in sync.
   * @throws what a watch or source failed with; stopping meanwhile is no failure
   */
  warmup(): Promise<void> {
    this.#began ??= this.#begin();
    return this.#began;
  }

  /**
   * Starts what `warmup` has not started, waits until all is in sync, and starts the workers.
   * @throws when started twice, and as `warmup` does
   */
  async start(): Promise<void> {
    const { name } = this.definition;
    if (this.#started)
      throw new Error(
        `controller "${name}" is started already: a stopped one cannot start again either, make a new one`,
      );
    this.#started = true;
    await this.warmup();
    if (this.#ending.signal.aborted) return;
    const workers = this.#concurrency;
    this.#log.info({ "worker count": workers }, "Starting workers");
    this.#workers = Array.from({ length: workers }, () => this.#work());
    this.#active.resolve();
    this.#scheduleResync();
  }

  /** Watches another kind from now on, in all its clusters; of a controller that is not started: when it is. */
  watch<W extends KubeObject>(watch: WatchDefinition<W>): ControllerWatch {
    this.#checkOpen();
    // A copy: the same definition may be added twice, and each handle stops its own.
    const added: AnyWatch = { ...watch };
    this.#watches.add(added);
    return this.#handle(
      () => Promise.all([...this.#scopes.values()].map((scope) => this.#startWatch(scope, added))),
      () => {
        this.#watches.delete(added);
        for (const scope of this.#scopes.values()) scope.unwatch(added);
      },
    );
  }

  /** Starts another source; of a controller that is not started: when it is. @throws when it has that source already */
  addSource(source: Source): ControllerWatch {
    this.#checkOpen();
    const runner = this.#addSource(source);
    return this.#handle(
      () => runner.start(),
      () => {
        this.#sources.delete(source);
        runner.stop();
      },
    );
  }

  /**
   * Works on another cluster, too: the same watches on its cache. Resolves when they are in sync; until then none of
   * its objects are reconciled. A controller whose `clusters` is `own` does nothing.
   * @throws when the name is taken, and what a watch failed with
   */
  async engage(cluster: Cluster & { readonly name: string }): Promise<void> {
    const { clusters = "own" } = this.definition.options;
    if (clusters === "own" || this.#ending.signal.aborted) return;
    const { name } = cluster;
    if (this.#scopes.has(name))
      throw new Error(`controller "${this.definition.name}": cluster "${name}" is engaged already: disengage it first`);
    const scope = this.#addScope(cluster);
    if (!this.#began) return;
    try {
      await Promise.all([...this.#watches].map((watch) => this.#startWatch(scope, watch)));
      scope.admit();
    } catch (error) {
      await this.disengage(name, 0);
      throw error;
    }
  }

  /**
   * Lets go of an engaged cluster: drops its keys, lets what runs for it finish for `graceMs`, then aborts that and
   * waits for 5 s more at most. Unknown names are no error.
   */
  async disengage(name: string, graceMs = 30_000): Promise<void> {
    const scope = this.#scopes.get(name);
    if (!scope) return;
    const { clock } = this.#dependencies;
    this.#scopes.delete(name);
    this.#queue.drop((request) => request.cluster === name);
    const finished = await within(clock, scope.idle(), graceMs);
    scope.abort(new Error(`cluster "${name}" is disengaged`));
    if (!finished) await within(clock, scope.idle(), Math.min(graceMs, 5_000));
    // Only now: running reconciles read from the stores.
    scope.stop();
    // What ended meanwhile may have asked for another time.
    this.#queue.drop((request) => request.cluster === name);
  }

  /** What is queued and running at this moment: for people. */
  queueReport(): QueueReport {
    const ready = [...this.#queue.depths()].filter(([, depth]) => depth > 0);
    const { name, for: resource } = this.definition;
    return {
      controller: name,
      ...(resource ? { resource: nameOf(resource) } : {}),
      ready: Object.fromEntries(ready),
      waiting: this.#queue.waiting,
      processing: this.#queue.processingKeys(),
    };
  }

  /** Asks for a reconcile as a person would: for commands and tests. */
  trigger(request: Request, reason: string): void {
    this.#enqueue(request, { priority: Priority.urgent, cause: { type: "manual", reason } });
  }

  /**
   * Takes no new work, lets running reconciles and background work finish for `graceMs`, then aborts the signals of
   * reconciles and waits for a second such time, of 5 s at most.
   * @returns keys that were still running in the end; background work as `<source> <key>`
   */
  async stop(graceMs: number): Promise<readonly string[]> {
    const { clock } = this.#dependencies;
    const reason = new Error(`controller "${this.definition.name}" is stopping`);
    this.#ending.abort(reason);
    this.#cancelResync?.();
    for (const leave of this.#leaveShard.splice(0)) leave();
    const dropped = this.#queue.shutDown();
    if (dropped > 0) this.#log.debug({ dropped }, "Dropped queued requests");
    // Workers do not wait for what is abandoned.
    const ended = Promise.all([...this.#workers, ...[...this.#sources.values()].map((source) => source.stopped())]);
    const finished = await within(clock, ended, graceMs);
    for (const scope of this.#scopes.values()) scope.abort(reason);
    if (!finished) await within(clock, ended, Math.min(graceMs, 5_000));
    // Only now: running reconciles read from the stores.
    for (const scope of this.#scopes.values()) scope.stop();
    return [...this.#queue.processingKeys(), ...[...this.#sources.values()].flatMap(({ background }) => background)];
  }

  async #begin(): Promise<void> {
    const scopes = [...this.#scopes.values()];
    this.#joinShard();
    try {
      await Promise.all([
        ...scopes.flatMap((scope) => [...this.#watches].map((watch) => this.#startWatch(scope, watch))),
        ...[...this.#sources.values()].map((source) => source.start()),
      ]);
      for (const scope of scopes) scope.admit();
    } catch (error) {
      // Stopping while caches sync is no failure.
      if (this.#ending.signal.aborted) return;
      await this.stop(0);
      throw error;
    }
  }

  async #startWatch(scope: ClusterScope, watch: AnyWatch): Promise<void> {
    const { syncTimeoutMs } = this.definition.options;
    const synced = scope.watch(watch, this.#ending.signal);
    if (syncTimeoutMs === undefined || (await within(this.#dependencies.clock, synced, syncTimeoutMs))) return synced;
    throw new Error(
      `${sourceName(watch)} was not in sync within ${syncTimeoutMs} ms: is its CustomResourceDefinition installed, and may it be listed and watched?`,
    );
  }

  #checkOpen(): void {
    if (!this.#ending.signal.aborted) return;
    throw new Error(`controller "${this.definition.name}" is stopped: nothing can be added to it`);
  }

  #handle(start: () => Promise<unknown>, stop: () => void): ControllerWatch {
    // Of one that is not begun it is among those that begin together; starting those that wait has told of failures.
    const synced = this.#began ? start() : this.#active.promise;
    const told = synced.then(() => {});
    told.catch((error: unknown) => {
      if (!this.#ending.signal.aborted) this.#log.error({ err: error }, "Added watch failed");
    });
    return { synced: told, stop };
  }

  #addScope(cluster: Cluster): ClusterScope {
    const scope = new ClusterScope({
      cluster,
      definition: this.definition as unknown as ControllerDefinition,
      dependencies: this.#dependencies,
      log: this.#log,
      enqueue: (request, options) => {
        if (this.#scopes.get(cluster.name) === scope) this.#enqueue(request, options);
      },
    });
    this.#scopes.set(cluster.name, scope);
    return scope;
  }

  #addSource(source: Source): SourceRunner {
    const { name, options } = this.definition;
    const { clock, metrics } = this.#dependencies;
    if (this.#sources.has(source)) throw new Error(`controller "${name}" has source "${source.name}" already`);
    metrics.sourceAdded(name, source.name);
    const runner = new SourceRunner({
      source,
      clock,
      log: this.#log,
      ending: this.#ending.signal,
      syncTimeoutMs: options.syncTimeoutMs,
      enqueue: (request, added) => this.#enqueue(request, added),
      context: this.#sourceContext(),
      onFailed: () => metrics.sourceFailed(name, source.name),
    });
    this.#sources.set(source, runner);
    return runner;
  }

  #sourceContext(): Omit<SourceContext, "background"> {
    const { clock, random, namespace, shard } = this.#dependencies;
    const { name, for: resource, watches } = this.definition;
    const { client, cache, recorder } = this.#own;
    return {
      controller: name,
      resource,
      client,
      cache,
      recorder,
      clock,
      random,
      log: this.#log,
      ...(shard ? { shard } : {}),
      active: this.#active.promise,
      objects: () => this.#scopes.get(undefined)?.own?.store.entries() ?? [],
      watch: (handler) => {
        const own = resource && watches.find((watch) => watch.resource === resource);
        return own && cache.watch(own.resource, { ...selectionOf(own, namespace), handler });
      },
    };
  }

  #enqueue(request: Request, options: AddOptions): void {
    if (this.#dependencies.shard?.owns(requestKey(request), request) === false) return;
    this.#queue.add(request, options);
  }

  #joinShard(): void {
    const { shard } = this.#dependencies;
    if (!shard) return;
    this.#leaveShard.push(shard.onChange(() => this.#rebalance()));
    const lost = (request: Request): boolean => !shard.owns(requestKey(request), request);
    const release = async (): Promise<void> => {
      this.#queue.drop(lost);
      await this.#queue.settled(lost);
    };
    if (shard.onRelease) this.#leaveShard.push(shard.onRelease(release));
  }

  /** Keys may have come from another replica. Which of all keys are ours is asked as for every request. */
  #rebalance(): void {
    for (const scope of this.#scopes.values())
      scope.requestAll({ priority: Priority.low, cause: { type: "rebalance" } });
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
        for (const scope of this.#scopes.values())
          scope.requestAll({ priority: Priority.low, cause: { type: "resync" } });
        this.#scheduleResync();
      },
      resyncMs,
      { keepAlive: false },
    );
  }
}

/** What a kind is called, without its schema. */
function nameOf({
  group,
  kind,
  plural,
  singular,
  shortNames = [],
  scope,
}: Resource): NonNullable<QueueReport["resource"]> {
  return { group, kind, plural, singular, shortNames, scope };
}
