import {
  type Clock,
  groupResource,
  isExpired,
  isForbidden,
  isNotFound,
  isUnauthorized,
  type NamespacedName,
  type Resource,
} from "@homeostat/api";
import type { Registry } from "prom-client";
import type { Cache } from "../cache/cache.ts";
import type { Client } from "../client/client.ts";
import { Controller, type ControllerDependencies } from "../controller/controller.ts";
import type { ControllerDefinition } from "../controller/definition.ts";
import type { Request } from "../controller/reconciler.ts";
import type { Recorder } from "../events/recorder.ts";
import { ReconcileLedger } from "../ledger/ledger.ts";
import type { Logger } from "../log.ts";
import { ControllerMetrics } from "../metrics/controller-metrics.ts";
import type { MetricsServerOptions } from "../metrics/metrics-endpoint.ts";
import { ProcessMetrics } from "../metrics/process-metrics.ts";
import type { LazyTracing } from "../tracing/lazy-tracing.ts";
import { HealthChecks } from "./health.ts";
import type { HealthCheck, LedgerEntry, Manager, Runnable } from "./manager.ts";
import { ManagerServers } from "./servers.ts";

/** What `createManager` puts together; by hand for a client or cache of one's own. */
export interface ManagerParts {
  readonly client: Client;
  readonly cache: Cache;
  readonly recorder: Recorder;
  readonly registry: Registry;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  readonly namespace?: string;
  readonly metricsAddress?: string | false;
  readonly healthAddress?: string | false;
  readonly profilingAddress?: string | false;
  readonly profilingRemote?: boolean;
  readonly metricsServer?: MetricsServerOptions;
  /** Loaded when the manager starts, before anything else runs. */
  readonly tracing?: Pick<LazyTracing, "load" | "instrument">;
  /** Default 30000. */
  readonly gracefulShutdownMs?: number;
  readonly onReconciled?: (entry: LedgerEntry) => void;
  /** Whether a kind (`deployments.apps`) is being watched successfully: its earlier failures are over then. */
  readonly isWatched?: (kind: string) => boolean;
  /** Ends what the parts hold, after everything else has stopped. */
  readonly close?: () => Promise<void> | void;
}

type State = "new" | "starting" | "started" | "stopping" | "stopped";

interface Running {
  readonly name: string;
  readonly done: Promise<void>;
  readonly abort: AbortController;
}

/** The manager, made of parts; see {@link Manager}. */
export class ControllerManager implements Manager {
  readonly client: Client;
  readonly cache: Cache;
  readonly recorder: Recorder;
  readonly ledger: ReconcileLedger;
  readonly metrics: { text(): Promise<string> };
  readonly ended: Promise<void>;
  readonly #parts: ManagerParts;
  readonly #log: Logger;
  readonly #dependencies: ControllerDependencies;
  readonly #processMetrics: ProcessMetrics;
  readonly #healthy: HealthChecks;
  readonly #ready: HealthChecks;
  // biome-ignore lint/suspicious/noExplicitAny: a definition's object type is its own business, and no variance fits
  readonly #controllers = new Map<string, Controller<any>>();
  readonly #runnables = new Map<string, Runnable>();
  readonly #running: Running[] = [];
  readonly #watchProblems = new Map<string, string>();
  readonly #servers: ManagerServers;
  #state: State = "new";
  #stopping: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #endWith!: { resolve: () => void; reject: (error: unknown) => void };

  constructor(parts: ManagerParts) {
    const { client, cache, recorder, registry, log, clock, random, namespace } = parts;
    this.client = client;
    this.cache = cache;
    this.recorder = recorder;
    this.#parts = parts;
    this.#log = log;
    this.ledger = new ReconcileLedger((error) => log.error({ err: error }, "Listener of the ledger failed"));
    this.metrics = { text: () => registry.metrics() };
    const metrics = new ControllerMetrics(registry);
    this.#processMetrics = new ProcessMetrics(registry);
    this.#dependencies = {
      client,
      cache,
      recorder,
      ledger: this.ledger,
      metrics,
      log,
      clock,
      random,
      ...(namespace === undefined ? {} : { namespace }),
      ...(parts.tracing ? { instrument: parts.tracing.instrument } : {}),
    };
    this.#healthy = new HealthChecks("healthz", log);
    this.#ready = new HealthChecks("readyz", log);
    this.#ready.add("informer-sync", () => this.#checkSync());
    this.#servers = new ManagerServers({
      registry,
      healthy: this.#healthy,
      ready: this.#ready,
      ...(parts.metricsAddress === undefined ? {} : { metricsAddress: parts.metricsAddress }),
      ...(parts.healthAddress === undefined ? {} : { healthAddress: parts.healthAddress }),
      ...(parts.profilingAddress === undefined ? {} : { profilingAddress: parts.profilingAddress }),
      ...(parts.metricsServer === undefined ? {} : { metrics: parts.metricsServer }),
      review: { client, clock, random, log },
      debug: {
        clock,
        ledger: this.ledger,
        queues: () => [...this.#controllers.values()].map((controller) => controller.queueReport()),
        allowRemote: parts.profilingRemote ?? false,
      },
    });
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

  // biome-ignore lint/suspicious/noExplicitAny: a definition's object type is its own business, and no variance fits
  add(runnable: ControllerDefinition<any> | Runnable): void {
    const { name } = runnable;
    if (this.#state === "stopping" || this.#state === "stopped")
      throw new Error(`cannot add "${name}": the manager is stopping`);
    if (this.#controllers.has(name) || this.#runnables.has(name)) {
      throw new Error(
        `cannot add "${name}": the manager has one of that name; names are labels of metrics, so give it another`,
      );
    }
    if ("reconcile" in runnable) {
      const controller = new Controller(runnable, this.#dependencies);
      this.#controllers.set(name, controller);
      if (this.#state === "started") void this.#startController(controller);
    } else {
      this.#runnables.set(name, runnable);
      if (this.#state === "started") this.#run(runnable);
    }
  }

  addHealthCheck(name: string, check: HealthCheck): void {
    this.#healthy.add(name, check);
  }

  addReadyCheck(name: string, check: HealthCheck): void {
    this.#ready.add(name, check);
  }

  trigger(controller: string, request: Request, reason: string): void {
    const found = this.#controllers.get(controller);
    if (!found)
      throw new Error(`no controller "${controller}": there are ${[...this.#controllers.keys()].join(", ") || "none"}`);
    found.trigger(request, reason);
  }

  /** Annotations of an object of a watched kind (`deployments.apps`), as the cache has them. */
  annotationsOf(kind: string, key: NamespacedName): Readonly<Record<string, string>> | undefined {
    for (const { definition } of this.#controllers.values()) {
      const watch = definition.watches.find(({ resource }) => groupResource(resource) === kind);
      const where = key.namespace === undefined ? {} : { namespace: key.namespace };
      const object = watch && this.cache.store(watch.resource, where)?.peek(key);
      if (object) return object.metadata.annotations;
    }
    return undefined;
  }

  /** To be told of each failed list or watch: names what is missing in the log (once) and in `/readyz` (while it is). */
  watchFailed(resource: Resource, error: unknown): void {
    // Listing again after a compaction is the ordinary life of a watch.
    if (isExpired(error) || this.#state === "stopping" || this.#state === "stopped") return;
    const kind = groupResource(resource);
    const problem = watchProblem(resource, error, this.#parts.namespace);
    if (this.#watchProblems.get(kind) === problem) return;
    this.#watchProblems.set(kind, problem);
    // Of everything else the reflector has told already.
    if (isForbidden(error) || isNotFound(error) || isUnauthorized(error))
      this.#log.warn({ resource: kind, reason: problem }, "Watch does not work");
  }

  async start(): Promise<void> {
    if (this.#state !== "new") throw new Error("the manager was started already: make a new one");
    this.#state = "starting";
    try {
      await this.#parts.tracing?.load();
      await this.#servers.start();
    } catch (error) {
      this.#fail(error);
      await this.ended;
    }
    if (this.#stopping) {
      // Whoever stops does not know of servers that were about to listen.
      await this.#servers.stop();
      return;
    }
    this.#state = "started";
    this.#processMetrics.start();
    for (const runnable of this.#runnables.values()) this.#run(runnable);
    await Promise.all([...this.#controllers.values()].map((controller) => this.#startController(controller)));
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

  async #startController(controller: Controller): Promise<void> {
    try {
      await controller.start();
    } catch (error) {
      this.#fail(new Error(`start controller "${controller.definition.name}": ${messageOf(error)}`, { cause: error }));
    }
  }

  #run(runnable: Runnable): void {
    const abort = new AbortController();
    const done = (async () => {
      try {
        await runnable.run(abort.signal);
      } catch (error) {
        // Ending because it was told to is no failure.
        if (!abort.signal.aborted) this.#fail(error);
        else if (error !== abort.signal.reason)
          this.#log.warn({ err: error, runnable: runnable.name }, "Runnable failed while stopping");
      }
    })();
    this.#running.push({ name: runnable.name, done, abort });
  }

  /** The first failure ends the manager; later ones are only logged. */
  #fail(error: unknown): void {
    if (this.#failure) {
      this.#log.error({ err: error }, "Another failure while stopping");
      return;
    }
    this.#failure = { error };
    this.#log.error({ err: error }, "Manager stops because of a failure");
    this.stop().catch(() => {});
  }

  async #stopAll(): Promise<void> {
    this.#state = "stopping";
    const graceMs = this.#parts.gracefulShutdownMs ?? 30_000;
    const late = await this.#stopWorkers(graceMs);
    if (!(await this.#stopPart("cache", () => this.cache.stop(), graceMs))) late.push("cache");
    await this.#stopPart("servers", () => this.#servers.stop(), graceMs);
    this.#processMetrics.stop();
    // Last, because stopping tells things, too.
    await this.#stopPart("recorder", () => this.recorder.stop(Math.min(1_000, graceMs)), graceMs);
    await this.#stopPart("connections", async () => this.#parts.close?.(), graceMs);
    this.#state = "stopped";
    const tooLate = late.length === 0 ? undefined : new Error(`not stopped within ${graceMs} ms: ${late.join(", ")}`);
    this.#end(tooLate);
    if (tooLate) throw tooLate;
  }

  /** What fails to stop is told, and keeps nothing else from stopping. @returns whether it stopped in time */
  #stopPart(part: string, stop: () => Promise<void>, graceMs: number): Promise<boolean> {
    const stopped = stop().catch((error: unknown) => this.#log.warn({ err: error, part }, "Stopping failed"));
    return this.#within(stopped, graceMs);
  }

  #end(tooLate: Error | undefined): void {
    if (this.#failure && tooLate) {
      const message = `${messageOf(this.#failure.error)}; and ${tooLate.message}`;
      this.#endWith.reject(new AggregateError([this.#failure.error, tooLate], message));
    } else if (this.#failure ?? tooLate) {
      this.#endWith.reject(this.#failure ? this.#failure.error : tooLate);
    } else {
      this.#endWith.resolve();
    }
  }

  /** @returns names of what did not stop in time */
  async #stopWorkers(graceMs: number): Promise<string[]> {
    for (const { abort } of this.#running) abort.abort(new Error("the manager is stopping"));
    const late: string[] = [];
    const controllers = [...this.#controllers.values()].map(async (controller) => {
      const keys = await controller.stop(graceMs);
      late.push(...keys.map((key) => `${controller.definition.name} ${key}`));
    });
    const runnables = this.#running.map(async ({ name, done }) => {
      if (!(await this.#within(done, graceMs))) late.push(name);
    });
    await Promise.all([...runnables, ...controllers]);
    return late;
  }

  async #within(promise: Promise<void>, ms: number): Promise<boolean> {
    let cancel = (): void => {};
    const late = new Promise<boolean>((resolve) => {
      cancel = this.#parts.clock.setTimer(() => resolve(false), ms);
    });
    const inTime = await Promise.race([promise.then(() => true), late]);
    cancel();
    return inTime;
  }

  #checkSync(): void {
    for (const kind of this.#watchProblems.keys()) if (this.#parts.isWatched?.(kind)) this.#watchProblems.delete(kind);
    const problems = [...this.#watchProblems.values()];
    const pending = [...this.#controllers.values()].flatMap((controller) =>
      controller.pendingSyncs.map((kind) => `controller "${controller.definition.name}" waits for ${kind}`),
    );
    if (this.#state === "new") pending.unshift("the manager has not been started");
    if (problems.length + pending.length > 0) throw new Error([...problems, ...pending].join("; "));
  }
}

/** What keeps a kind from being watched, and the way out. */
function watchProblem(resource: Resource, error: unknown, namespace: string | undefined): string {
  const kind = groupResource(resource);
  if (isForbidden(error)) {
    const rule = `{apiGroups: ["${resource.group}"], resources: ["${resource.plural}"], verbs: ["get", "list", "watch"]}`;
    const where = namespace === undefined ? "a ClusterRole" : `a Role in namespace ${namespace}`;
    return `watching ${kind} is not permitted: add the rule ${rule} to ${where} of this service account`;
  }
  if (isNotFound(error)) {
    return `the server does not serve ${kind} ${resource.version}: install its CustomResourceDefinition ${resource.plural}.${resource.group}`;
  }
  if (isUnauthorized(error)) {
    return `watching ${kind} fails: the server does not know who we are; check the user's token or certificate in the kubeconfig, or the service account's`;
  }
  return `watching ${kind} fails: ${messageOf(error)}`;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
