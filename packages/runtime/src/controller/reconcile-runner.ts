import { groupResource, isConflict, type KubeObject, type Stored } from "@homeostat/api";
import type { CachedObject, Store } from "../cache/store.ts";
import type { Client } from "../client/client.ts";
import type { ObjectRecorder } from "../events/recorder.ts";
import type { Cause, LedgerEntry } from "../ledger/cause.ts";
import { settledCause } from "../ledger/event-cause.ts";
import type { Logger } from "../log.ts";
import { type Finding, findingMessage } from "../loop-guard/finding.ts";
import type { LoopGuard, ObjectRef, Round } from "../loop-guard/loop-guard.ts";
import { Priority } from "../workqueue/entry.ts";
import { retryAfter } from "../workqueue/rate-limiter.ts";
import type { Taken, Workqueue } from "../workqueue/workqueue.ts";
import type { ControllerDependencies } from "./controller.ts";
import type { ControllerDefinition } from "./definition.ts";
import { addFinalizer, hasFinalizer, removeFinalizer } from "./finalizer.ts";
import { pausedBy } from "./pause.ts";
import { type ReconcileWrite, reconcileClient } from "./reconcile-client.ts";
import { isTerminal, type ReconcileContext, type Reconciler, type Request, type Result } from "./reconciler.ts";

export interface ReconcileRunnerOptions<T extends KubeObject> {
  readonly definition: ControllerDefinition<T>;
  readonly dependencies: ControllerDependencies;
  readonly queue: Workqueue<Request>;
  readonly guard: LoopGuard | undefined;
  /** Aborts running reconciles when stopping cannot wait any longer. */
  readonly stopping: AbortSignal;
  /** The store of a watched kind, by `groupResource`. */
  // biome-ignore lint/suspicious/noExplicitAny: each store has its own object type, and no variance fits
  readonly store: (resource: string) => Store<any> | undefined;
}

/** How one reconcile ended. */
type Outcome =
  /** `gone`: the object is not there any more. */
  | { readonly type: "success" | "skipped"; readonly gone?: true }
  | { readonly type: "requeue_after"; readonly afterMs: number }
  | { readonly type: "error"; readonly error: unknown; readonly panic: boolean };

/** One reconcile while it runs. The AbortController is made when somebody asks for the signal. */
interface Call {
  readonly taken: Taken<Request>;
  readonly reconcileID: string;
  readonly startedAt: number;
  readonly writes: ReconcileWrite[];
  readonly log: Logger;
  signal(): AbortSignal;
  timedOut: boolean;
  end(): void;
}

/**
 * Takes one key through its reconcile and does with it what the outcome asks for:
 *
 * | outcome          | queue                                  | failures  |
 * |------------------|----------------------------------------|-----------|
 * | throws           | again after a jittered, growing delay  | +1        |
 * | `TerminalError`  | nothing                                | unchanged |
 * | `requeueAfterMs` | again after exactly that time          | 0         |
 * | otherwise        | nothing                                | 0         |
 *
 * What is added again keeps its priority, and becomes ready only after `done`.
 */
export class ReconcileRunner<T extends KubeObject> {
  readonly #definition: ControllerDefinition<T>;
  readonly #dependencies: ControllerDependencies;
  readonly #queue: Workqueue<Request>;
  readonly #guard: LoopGuard | undefined;
  readonly #stopping: AbortSignal;
  readonly #storeOf: ReconcileRunnerOptions<T>["store"];
  readonly #paused = new Set<string>();

  constructor(options: ReconcileRunnerOptions<T>) {
    this.#definition = options.definition;
    this.#dependencies = options.dependencies;
    this.#queue = options.queue;
    this.#guard = options.guard;
    this.#stopping = options.stopping;
    this.#storeOf = options.store;
  }

  /** Objects that were found paused and not seen otherwise since. */
  get paused(): number {
    return this.#paused.size;
  }

  async run(taken: Taken<Request>): Promise<void> {
    if (this.#held(taken)) return this.#queue.done(taken.key);
    const { clock, metrics } = this.#dependencies;
    const { name } = this.#definition;
    const began = clock.monotonic();
    const call = this.#call(taken);
    const round = this.#guard?.begin(taken.key, taken.causes, (object) => this.#peek(object));
    metrics.started(name);
    let outcome: Outcome;
    try {
      outcome = await this.#reconcile(call);
    } finally {
      call.end();
    }
    const durationMs = clock.monotonic() - began;
    const error = outcome.type === "error" ? outcome.error : undefined;
    const terminal = error !== undefined && isTerminal(error);
    metrics.ended(name, outcome.type === "skipped" ? "success" : outcome.type, durationMs / 1000, {
      terminal,
      panic: outcome.type === "error" && outcome.panic,
      timeout: call.timedOut,
      conflict: isConflict(error),
    });
    this.#requeue(call, outcome);
    this.#record(call, outcome, durationMs, terminal);
    if (round) this.#judge(round, call);
    this.#queue.done(taken.key);
  }

  /** Puts a key back that the loop guard slows; one that is being deleted always goes on. */
  #held(taken: Taken<Request>): boolean {
    const waitMs = this.#guard?.hold(taken.key, taken.causes) ?? 0;
    if (waitMs === 0) return false;
    if (this.#store()?.peek(taken.item)?.metadata.deletionTimestamp !== undefined) return false;
    const causes: Cause[] = [...taken.causes, { type: "slowed", afterMs: waitMs }];
    this.#queue.add(taken.item, { afterMs: waitMs, priority: Priority.low, causes });
    return true;
  }

  #call(taken: Taken<Request>): Call {
    const { clock, random, log } = this.#dependencies;
    const { timeoutMs = 300_000 } = this.#definition.options;
    const reconcileID = newReconcileID(random);
    const { namespace, name } = taken.item;
    let controller: AbortController | undefined;
    const abort = (reason: unknown): void => controller?.abort(reason);
    const onStop = (): void => abort(this.#stopping.reason);
    this.#stopping.addEventListener("abort", onStop);
    const cancelTimer =
      timeoutMs > 0
        ? clock.setTimer(
            () => {
              call.timedOut = true;
              abort(this.#timeout(taken.key, timeoutMs));
            },
            timeoutMs,
            { keepAlive: false },
          )
        : () => {};
    const call: Call = {
      taken,
      reconcileID,
      startedAt: clock.now(),
      writes: [],
      log: log.child({ ...(namespace ? { namespace } : {}), name, reconcileID }),
      timedOut: false,
      signal: () => {
        if (!controller) {
          controller = new AbortController();
          if (this.#stopping.aborted) onStop();
          else if (call.timedOut) abort(this.#timeout(taken.key, timeoutMs));
        }
        return controller.signal;
      },
      end: () => {
        cancelTimer();
        this.#stopping.removeEventListener("abort", onStop);
      },
    };
    return call;
  }

  #timeout(key: string, timeoutMs: number): Error {
    const { name } = this.#definition;
    return new DOMException(
      `reconcile of ${key} by "${name}" took longer than ${timeoutMs} ms; raise timeoutMs or do less at once`,
      "TimeoutError",
    );
  }

  async #reconcile(call: Call): Promise<Outcome> {
    let panic = false;
    try {
      const client = this.#client(call);
      const { item, key } = call.taken;
      const object = await client.find(this.#definition.for, item);
      if (!object) return this.#gone(call);
      const reconciler = await this.#choose(call, client, object);
      if (!reconciler) return { type: "skipped" };
      const { reconcile, object: current, after } = reconciler;
      panic = true;
      const promise = reconcile(this.#context(call, client, current));
      panic = false;
      const result: Result = (await promise) ?? {};
      if (after && result.requeueAfterMs === undefined) await after();
      return result.requeueAfterMs !== undefined && result.requeueAfterMs > 0
        ? { type: "requeue_after", afterMs: result.requeueAfterMs }
        : { type: this.#paused.has(key) ? "skipped" : "success" };
    } catch (error) {
      return { type: "error", error: error ?? new Error("reconcile threw nothing"), panic };
    }
  }

  #gone(call: Call): Outcome {
    this.#guard?.forget(call.taken.key);
    this.#paused.delete(call.taken.key);
    return { type: "skipped", gone: true };
  }

  /** What to call for an object in its state; undefined: nothing. */
  async #choose(call: Call, client: Client, object: Stored<T>): Promise<Chosen<T> | undefined> {
    const { for: resource, name, options, reconcile, cleanup, paused } = this.#definition;
    const finalizer = options.finalizer ?? `${name}.homeostat.dev/cleanup`;
    const { key } = call.taken;
    if (object.metadata.deletionTimestamp !== undefined) {
      this.#paused.delete(key);
      if (!cleanup) return { reconcile, object };
      if (!hasFinalizer(object, finalizer)) return undefined;
      return { reconcile: cleanup, object, after: () => removeFinalizer(client, resource, object, finalizer) };
    }
    const reason = pausedBy(object, resource, options.pausePrefix ?? "homeostat.dev");
    if (reason !== undefined) {
      if (!this.#paused.has(key)) call.log.info({ reason }, "Reconciling is paused");
      this.#paused.add(key);
      return paused && { reconcile: paused, object };
    }
    this.#paused.delete(key);
    if (!cleanup || this.#definition.finalizerOnDemand || hasFinalizer(object, finalizer))
      return { reconcile, object };
    return { reconcile, object: await addFinalizer(client, resource, object, finalizer) };
  }

  #client(call: Call): Client {
    const { client, cache } = this.#dependencies;
    return reconcileClient({
      client,
      cache,
      fieldManager: this.#definition.name,
      signal: call.signal,
      onWrite: (write) => call.writes.push(write),
    });
  }

  #context(call: Call, client: Client, object: Stored<T>): ReconcileContext<T> {
    const { cache, clock, recorder } = this.#dependencies;
    let events: ObjectRecorder | undefined;
    return {
      request: call.taken.item,
      object,
      client,
      cache,
      log: call.log,
      get signal() {
        return call.signal();
      },
      causes: call.taken.causes,
      get events() {
        return (events ??= recorder.for(object));
      },
      clock,
      reconcileID: call.reconcileID,
    };
  }

  #requeue(call: Call, outcome: Outcome): void {
    const { key, item, priority } = call.taken;
    if (outcome.type === "requeue_after") {
      this.#queue.forget(key);
      this.#queue.add(item, {
        afterMs: outcome.afterMs,
        priority,
        cause: { type: "requeue", afterMs: outcome.afterMs },
      });
    } else if (outcome.type === "error") {
      const { retryBaseMs, retryMaxMs } = this.#definition.options;
      const retry = retryAfter(outcome.error, this.#queue.failures(key), {
        random: this.#dependencies.random,
        ...(retryBaseMs === undefined ? {} : { baseMs: retryBaseMs }),
        ...(retryMaxMs === undefined ? {} : { maxMs: retryMaxMs }),
      });
      if (retry.class === "terminal") return;
      const attempt = this.#queue.failed(key) + 1;
      const cause: Cause = { type: "retry", attempt, error: messageOf(outcome.error) };
      this.#queue.add(item, { afterMs: retry.delayMs, priority, cause });
    } else {
      this.#queue.forget(key);
    }
  }

  #record(call: Call, outcome: Outcome, durationMs: number, terminal: boolean): void {
    const { taken, writes, log, reconcileID, startedAt } = call;
    if (outcome.type === "error") {
      const quiet = isConflict(outcome.error) || this.#stopping.aborted;
      // An old view is part of life and passes by itself; whoever is stopped has not failed.
      log[quiet ? "debug" : "error"]({ err: outcome.error, terminal }, "Reconciler error");
    } else {
      log.debug({ durationMs, outcome: outcome.type, writes: writes.length }, "Reconcile done");
    }
    const entry: LedgerEntry = {
      controller: this.#definition.name,
      namespace: taken.item.namespace,
      name: taken.item.name,
      reconcileID,
      startedAt,
      durationMs,
      causes: taken.causes.map(settledCause),
      droppedCauses: taken.droppedCauses,
      outcome: outcome.type === "error" && terminal ? "terminal_error" : outcome.type,
      ...(outcome.type === "error" ? { error: messageOf(outcome.error) } : {}),
      ...(outcome.type === "requeue_after" ? { requeueAfterMs: outcome.afterMs } : {}),
      writes: writes.map(({ verb, resource, subresource, namespace, name, changed }) => ({
        verb,
        resource,
        ...(subresource === undefined ? {} : { subresource }),
        namespace,
        name,
        changed,
      })),
    };
    this.#dependencies.ledger.record(entry);
    // Only now, or this last entry would be kept for ever.
    if (outcome.type === "skipped" && outcome.gone)
      this.#dependencies.ledger.forget(entry.controller, entry.namespace, entry.name);
  }

  #judge(round: Round, call: Call): void {
    const finding = this.#guard!.end(round, call.writes);
    if (finding) this.#tell(finding, call);
  }

  /** Says what the loop guard found: in the log, as a metric, and as an event on the object. */
  #tell(finding: Finding, call: Call): void {
    const { recorder, metrics } = this.#dependencies;
    const message = findingMessage(finding);
    const object = this.#store()?.get(call.taken.item);
    const fields = { finding: finding.type, rounds: finding.rounds, delayMs: finding.delayMs, reason: message };
    if (finding.type === "foreign") {
      call.log.warn(fields, "Reconciled over and over by another writer");
      if (object) recorder.event(object, { type: "Normal", reason: "BusyObject", message, action: "Reconcile" });
      return;
    }
    call.log.warn(fields, "Reconcile loop");
    if (finding.first) metrics.loopFound(this.#definition.name);
    if (object) recorder.event(object, { type: "Warning", reason: "ReconcileLoop", message, action: "Reconcile" });
  }

  #store(): Store<T> | undefined {
    return this.#storeOf(groupResource(this.#definition.for));
  }

  /** The object of a watched kind as the cache has it. */
  #peek({ resource, namespace, name }: ObjectRef): CachedObject | undefined {
    return this.#storeOf(resource)?.peek(namespace ? { namespace, name } : { name });
  }
}

interface Chosen<T extends KubeObject> {
  readonly reconcile: Reconciler<T>;
  readonly object: Stored<T>;
  /** Runs after success, before the outcome counts. */
  readonly after?: () => Promise<void>;
}

/** 16 hexadecimal digits, the length of a span's id. */
function newReconcileID(random: () => number): string {
  const half = (): string =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  return half() + half();
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
