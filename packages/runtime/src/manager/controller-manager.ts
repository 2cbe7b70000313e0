import type { Clock, NamespacedName, Resource } from "@homeostat/api";
import type { Registry } from "prom-client";
import type { Cache } from "../cache/cache.ts";
import type { NamespaceSelection } from "../cache/namespaces.ts";
import type { Client } from "../client/client.ts";
import type { ControllerDependencies } from "../controller/controller.ts";
import type { ControllerDefinition, ControllerOptions } from "../controller/definition.ts";
import type { Request } from "../controller/reconciler.ts";
import type { Recorder } from "../events/recorder.ts";
import { alwaysLeading, type Leadership, LeadershipLostError } from "../leader-election/leadership.ts";
import { ReconcileLedger } from "../ledger/ledger.ts";
import type { Logger } from "../log.ts";
import { ControllerMetrics } from "../metrics/controller-metrics.ts";
import type { MetricsServerOptions } from "../metrics/metrics-endpoint.ts";
import { ProcessMetrics } from "../metrics/process-metrics.ts";
import type { Clusters } from "../multicluster/cluster.ts";
import type { Shard } from "../sharding/shard.ts";
import type { LazyTracing } from "../tracing/lazy-tracing.ts";
import { EngagedClusters } from "./engaged-clusters.ts";
import { Grace } from "./grace.ts";
import { RunnableGroups, untilAborted } from "./groups.ts";
import { HealthChecks } from "./health.ts";
import { type ControllerGroup, ManagedControllers } from "./managed-controllers.ts";
import type { HealthCheck, LedgerEntry, Manager, Runnable } from "./manager.ts";
import { checkPermissions } from "./permission-check.ts";
import { ManagerServers } from "./servers.ts";
import { shutDown } from "./shutdown.ts";
import { ShutdownTimeoutError } from "./shutdown-timeout.ts";
import { WatchProblems } from "./watch-problems.ts";

/** What `createManager` puts together; by hand for a client or cache of one's own. */
export interface ManagerParts {
  /** Fenced, where not every replica may write. */
  readonly client: Client;
  readonly cache: Cache;
  /** Fenced, where not every replica may write. */
  readonly recorder: Recorder;
  /** What every replica may write with. Default: `client` and `recorder`. */
  readonly unfenced?: { readonly client: Client; readonly recorder: Recorder };
  /** Default: nobody is elected. */
  readonly leadership?: Leadership;
  readonly registry: Registry;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  readonly namespace?: string;
  readonly namespaces?: NamespaceSelection;
  readonly shard?: Shard;
  readonly controller?: ControllerOptions;
  readonly skipNameValidation?: boolean;
  /** Default true. */
  readonly checkPermissions?: boolean;
  readonly metricsAddress?: string | false;
  readonly healthAddress?: string | false;
  readonly profilingAddress?: string | false;
  readonly profilingRemote?: boolean;
  readonly metricsServer?: MetricsServerOptions;
  /** Loaded when the manager starts, before anything else runs. */
  readonly tracing?: Pick<LazyTracing, "load" | "instrument">;
  /** Default 30000; 0: nothing is waited for; negative: for ever. */
  readonly gracefulShutdownMs?: number;
  readonly onReconciled?: (entry: LedgerEntry) => void;
  /** Whether a kind (`deployments.apps`) is being watched successfully: its earlier failures are over then. */
  readonly isWatched?: (kind: string) => boolean;
  /** Ends what the parts hold, after everything else has stopped. */
  readonly close?: () => Promise<void> | void;
}

/** The manager, made of parts; see {@link Manager}. */
export class ControllerManager implements Manager {
  readonly client: Client;
  readonly unfencedClient: Client;
  readonly cache: Cache;
  readonly recorder: Recorder;
  readonly ledger: ReconcileLedger;
  readonly metrics: { text(): Promise<string> };
  readonly registry: Registry;
  readonly log: Logger;
  readonly clock: Clock;
  readonly ended: Promise<void>;
  readonly #parts: ManagerParts;
  readonly #leadership: Leadership;
  readonly #processMetrics: ProcessMetrics;
  readonly #healthy: HealthChecks;
  readonly #ready: HealthChecks;
  readonly #names = new Set<string>();
  readonly #clusters = new EngagedClusters();
  readonly #controllers: ManagedControllers;
  readonly #groups: RunnableGroups;
  readonly #problems: WatchProblems;
  readonly #servers: ManagerServers;
  /** Aborted when it stops: no stage of starting waits any longer. */
  readonly #starting = new AbortController();
  #started = false;
  #stopping: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #endWith!: { resolve: () => void; reject: (error: unknown) => void };

  constructor(parts: ManagerParts) {
    const { client, cache, recorder, registry, log } = parts;
    this.client = client;
    this.unfencedClient = parts.unfenced?.client ?? client;
    this.cache = cache;
    this.recorder = recorder;
    this.registry = registry;
    this.#parts = parts;
    this.log = log;
    this.clock = parts.clock;
    this.#leadership = parts.leadership ?? alwaysLeading;
    this.ledger = new ReconcileLedger((error) => log.error({ err: error }, "Listener of the ledger failed"));
    this.metrics = { text: () => registry.metrics() };
    this.#processMetrics = new ProcessMetrics(registry);
    const fail = (error: unknown): void => this.#fail(error);
    this.#groups = new RunnableGroups({ log, fail });
    this.#controllers = new ManagedControllers({
      dependencies: this.#dependencies(parts, fail),
      defaults: parts.controller ?? {},
      clusters: this.#clusters,
      log,
      fail,
    });
    this.#problems = new WatchProblems({ log, namespaces: watchedNamespaces(parts), isWatched: parts.isWatched });
    this.#healthy = new HealthChecks("healthz", log);
    if (parts.leadership?.checkHealth) this.#healthy.add("leader-election", () => this.#leadership.checkHealth?.());
    this.#ready = new HealthChecks("readyz", log);
    this.#ready.add("informer-sync", () => this.#checkSync());
    this.#servers = this.#makeServers(parts);
    if (parts.onReconciled) this.ledger.subscribe(parts.onReconciled);
    this.ended = new Promise<void>((resolve, reject) => {
      this.#endWith = { resolve, reject };
    });
    // Whoever does not look at `ended` is told by `stop`.
    this.ended.catch(() => {});
  }

  get metricsAddress(): string | undefined {
    return this.#servers.metricsAddress;
  }

  get healthAddress(): string | undefined {
    return this.#servers.healthAddress;
  }

  get profilingAddress(): string | undefined {
    return this.#servers.profilingAddress;
  }

  get elected(): Promise<void> {
    return this.#leadership.elected;
  }

  get isLeader(): boolean {
    return this.#leadership.isProven();
  }

  get clusters(): Clusters {
    return this.#clusters;
  }

  // biome-ignore lint/suspicious/noExplicitAny: a definition's object type is its own business, and no variance fits
  add(runnable: ControllerDefinition<any> | Runnable): void {
    const { name } = runnable;
    if (this.#stopping) throw new Error(`cannot add "${name}": the manager is stopping`);
    const isController = "reconcile" in runnable;
    if (this.#names.has(name) && !(isController && this.#parts.skipNameValidation)) {
      throw new Error(
        `cannot add "${name}": the manager has one of that name; names are labels of metrics, so give it another`,
      );
    }
    if (isController) this.#controllers.add(runnable);
    else this.#groups.add(runnable, this.#starting.signal);
    this.#names.add(name);
  }

  addHealthCheck(name: string, check: HealthCheck): void {
    this.#healthy.add(name, check);
  }

  addReadyCheck(name: string, check: HealthCheck): void {
    this.#ready.add(name, check);
  }

  trigger(controller: string, request: Request, reason: string): void {
    this.#controllers.trigger(controller, request, reason);
  }

  /** Annotations of an object of a watched kind (`deployments.apps`), as the cache has them. */
  annotationsOf(kind: string, key: NamespacedName): Readonly<Record<string, string>> | undefined {
    return this.#controllers.annotationsOf(kind, key);
  }

  /** To be told of each failed list or watch: names what is missing in the log (once) and in `/readyz` (while it is). */
  watchFailed(resource: Resource, error: unknown): void {
    if (!this.#stopping) this.#problems.failed(resource, error);
  }

  async start(): Promise<void> {
    if (this.#started) throw new Error("the manager was started already: make a new one");
    this.#started = true;
    try {
      await this.#startAll();
    } catch (error) {
      this.#fail(error);
    }
    if (this.#failure) await this.ended;
  }

  stop(): Promise<void> {
    if (!this.#stopping) {
      this.#stopping = this.#stopAll();
      // A signal handler has nobody to tell; `ended` says it, too.
      this.#stopping.catch(() => {});
    }
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /**
   * Probes and webhooks come before caches: a kubelet asks a pod that still fills its cache, and listing a kind may
   * call our own conversion webhook.
   */
  async #startAll(): Promise<void> {
    const { signal } = this.#starting;
    await this.#parts.tracing?.load();
    await this.#servers.start();
    // Whoever stops does not know of servers that were about to listen.
    if (signal.aborted) return this.#servers.stop();
    this.#processMetrics.start();
    for (const group of ["servers", "webhooks", "caches"] as const) {
      await this.#groups.start(group, signal);
      if (signal.aborted) return;
    }
    this.#checkPermissions(signal);
    const others = this.#controllers.start("others");
    await this.#groups.start("others", signal);
    if (signal.aborted) return;
    if (this.#parts.leadership) this.#standBy();
    else await untilAborted(this.#lead(), signal);
    await untilAborted(others, signal);
  }

  /** Beside the start, which does not wait for it. */
  #checkPermissions(signal: AbortSignal): void {
    const { registry, log, checkPermissions: isWanted = true } = this.#parts;
    const controllers = this.#controllers.definitions.filter(({ options }) => options.clusters !== "engaged");
    if (!isWanted || controllers.length === 0) return;
    const namespaces = watchedNamespaces(this.#parts);
    void checkPermissions({ client: this.unfencedClient, controllers, namespaces, registry, log, signal });
  }

  #standBy(): void {
    this.#groups.warmUp();
    this.#controllers.warmUp();
    void this.#leadership.lost?.then((error) => this.#fail(error));
    this.#leadership.start?.();
    void this.#leadership.elected.then(() => this.#lead()).catch((error: unknown) => this.#fail(error));
  }

  async #lead(): Promise<void> {
    // Elected while it stops: too late.
    const { signal } = this.#starting;
    if (signal.aborted) return;
    await Promise.all([this.#groups.start("leader", signal), this.#controllers.start("leader")]);
  }

  /** The first failure ends the manager; later ones are only logged. */
  #fail(error: unknown): void {
    if (this.#failure) {
      this.log.error({ err: error }, "Another failure while stopping");
      return;
    }
    this.#failure = { error };
    this.log.error({ err: error }, "Manager stops because of a failure");
    this.stop().catch(() => {});
  }

  async #stopAll(): Promise<void> {
    this.#starting.abort(new Error("the manager is stopping"));
    const { clock, unfenced, close, gracefulShutdownMs = 30_000 } = this.#parts;
    // Another leads, or soon will: there is no time to finish anything.
    const lost = this.#failure?.error instanceof LeadershipLostError;
    const grace = new Grace(clock, lost ? 0 : gracefulShutdownMs);
    const late = await shutDown(
      {
        groups: this.#groups,
        controllers: this.#controllers,
        clusters: this.#clusters,
        cache: this.cache,
        servers: this.#servers,
        leadership: this.#leadership,
        recorder: this.recorder,
        unfencedRecorder: unfenced?.recorder,
        close: () => close?.(),
        log: this.log,
      },
      grace,
    );
    this.#processMetrics.stop();
    const tooLate = grace.ms === 0 || late.length === 0 ? undefined : new ShutdownTimeoutError(grace.ms, late);
    this.#end(tooLate);
    if (tooLate) throw tooLate;
  }

  #end(tooLate: Error | undefined): void {
    if (this.#failure && tooLate) {
      const { error } = this.#failure;
      const message = `${error instanceof Error ? error.message : String(error)}; and ${tooLate.message}`;
      this.#endWith.reject(new AggregateError([error, tooLate], message));
    } else if (this.#failure ?? tooLate) {
      this.#endWith.reject(this.#failure ? this.#failure.error : tooLate);
    } else {
      this.#endWith.resolve();
    }
  }

  #checkSync(): void {
    const problems = [...this.#problems.current(), ...this.#controllers.pending()];
    if (!this.#started) problems.unshift("the manager has not been started");
    if (problems.length > 0) throw new Error(problems.join("; "));
  }

  #dependencies(
    parts: ManagerParts,
    onPanic: (error: unknown) => void,
  ): Record<ControllerGroup, ControllerDependencies> {
    const { client, cache, recorder, unfenced, registry, log, clock, random, namespace, shard, tracing } = parts;
    const leader: ControllerDependencies = {
      client,
      cache,
      recorder,
      ledger: this.ledger,
      metrics: new ControllerMetrics(registry),
      log,
      clock,
      random,
      leadership: this.#leadership,
      onPanic,
      ...(namespace === undefined ? {} : { namespace }),
      ...(shard === undefined ? {} : { shard }),
      ...(tracing === undefined ? {} : { instrument: tracing.instrument }),
    };
    return { leader, others: { ...leader, ...unfenced } };
  }

  #makeServers(parts: ManagerParts): ManagerServers {
    const { registry, clock, random, log, metricsAddress, healthAddress, profilingAddress, metricsServer } = parts;
    const { profilingRemote = false, gracefulShutdownMs: stopMs } = parts;
    return new ManagerServers({
      registry,
      healthy: this.#healthy,
      ready: this.#ready,
      ...(metricsAddress === undefined ? {} : { metricsAddress }),
      ...(healthAddress === undefined ? {} : { healthAddress }),
      ...(profilingAddress === undefined ? {} : { profilingAddress }),
      ...(metricsServer === undefined ? {} : { metrics: metricsServer }),
      ...(stopMs === undefined || stopMs < 0 ? {} : { stopMs }),
      review: { client: this.unfencedClient, clock, random, log },
      debug: {
        clock,
        ledger: this.ledger,
        queues: () => this.#controllers.queueReports(),
        allowRemote: profilingRemote,
      },
    });
  }
}

/** @returns undefined where it is all, or is not known beforehand */
function watchedNamespaces({ namespace, namespaces }: ManagerParts): readonly string[] | undefined {
  if (namespace !== undefined) return [namespace];
  if (namespaces === undefined || "matching" in namespaces) return undefined;
  const names = Array.isArray(namespaces) ? namespaces : Object.keys(namespaces);
  // The empty name stands for all that are not listed.
  return names.includes("") ? undefined : names;
}
