import { groupResource, isConflict, isNotFound, type KubeObject, type Stored } from "@homeostat/api";
import type { CachedObject } from "../cache/store.ts";
import type { Client } from "../client/client.ts";
import type { ObjectRecorder } from "../events/recorder.ts";
import type { Cause } from "../ledger/cause.ts";
import type { Logger } from "../log.ts";
import type { ObjectRef } from "../loop-guard/loop-guard.ts";
import { tellFinding } from "../loop-guard/tell.ts";
import { Priority } from "../workqueue/priority.ts";
import type { Taken, Workqueue } from "../workqueue/workqueue.ts";
import { Call } from "./call.ts";
import type { ClusterScope } from "./cluster-scope.ts";
import type { ControllerDefinition } from "./definition.ts";
import type { ControllerDependencies } from "./dependencies.ts";
import { objectKey } from "./event-handler.ts";
import type { ReconcileInfo } from "./instrument.ts";
import { choose, findObject } from "./object-work.ts";
import { type Ended, type Failed, ledgerEntry, messageOf, type Outcome } from "./outcome.ts";
import { KeyMovedError, reconcileClient } from "./reconcile-client.ts";
import { findCause, isTerminal, type ReconcileContext, type Request, type Result, RetryError } from "./reconciler.ts";

export interface ReconcileRunnerOptions<T extends KubeObject> {
  readonly definition: ControllerDefinition<T>;
  readonly dependencies: ControllerDependencies;
  readonly queue: Workqueue<Request>;
  /** The controller's. */
  readonly log: Logger;
  /** The cluster a request is about; undefined: none that is engaged. */
  readonly scopeOf: (request: Request) => ClusterScope | undefined;
}

/**
 * Takes one key through its reconcile and does with it what the outcome asks for:
 *
 * | outcome                 | queue                                   | failures  |
 * |-------------------------|-----------------------------------------|-----------|
 * | throws, or overruns     | again when the rate limiter says        | +1        |
 * | `TerminalError`         | nothing                                 | unchanged |
 * | `requeueAfterMs`        | again after exactly that time           | 0         |
 * | the object went away    | nothing; its deletion is another event  | 0         |
 * | otherwise               | nothing                                 | 0         |
 *
 * What is added again keeps its priority unless the outcome names one, and becomes ready only after `done`.
 *
 * A call that goes on long after its deadline is abandoned: it has failed for all who count, and `run` resolves, so
 * that its worker serves other keys. Its own key stays as it is, being worked on, until the call really ends: two
 * reconciles of one object at once would be worse than one that waits.
 */
export class ReconcileRunner<T extends KubeObject> {
  readonly #definition: ControllerDefinition<T>;
  readonly #dependencies: ControllerDependencies;
  readonly #queue: Workqueue<Request>;
  readonly #log: Logger;
  readonly #scopeOf: ReconcileRunnerOptions<T>["scopeOf"];
  #calls = 0;

  constructor(options: ReconcileRunnerOptions<T>) {
    this.#definition = options.definition;
    this.#dependencies = options.dependencies;
    this.#queue = options.queue;
    this.#log = options.log;
    this.#scopeOf = options.scopeOf;
  }

  /** Resolves when the key's worker is free again. */
  async run(taken: Taken<Request>): Promise<void> {
    const scope = this.#scopeOf(taken.item);
    if (!scope || this.#dependencies.shard?.owns(taken.key, taken.item) === false) {
      this.#queue.forget(taken.key);
      return this.#queue.done(taken.key);
    }
    if (this.#held(taken, scope)) return this.#queue.done(taken.key);
    const call = this.#call(taken, scope);
    const round = scope.guard?.begin(objectKey(taken.item), taken.causes, (object) => peek(scope, object));
    this.#dependencies.metrics.started(this.#definition.name);
    scope.began(call);
    let abandoned = false;
    const execute = async (): Promise<void> => {
      const outcome = await this.#attempt(call);
      call.end();
      try {
        if (!abandoned) {
          this.#count(call, outcome);
          scope.ended(call);
        }
        this.#requeue(call, outcome);
        this.#record(call, outcome, abandoned);
        const finding = round && scope.guard!.end(round, call.writes);
        if (finding) this.#tell(finding, call);
      } catch (error) {
        // The reconciler's failures are outcomes; this is one of ours, and must not cost a key or a worker.
        call.log.error({ err: error }, "Outcome of a reconcile could not be handled");
      }
      this.#queue.done(taken.key);
    };
    await new Promise<void>((resolve) => {
      void execute().then(resolve);
      call.onAbandoned(() => {
        abandoned = true;
        this.#abandon(call);
        scope.ended(call);
        resolve();
      });
    });
  }

  /** Puts a key back that the loop guard slows; one that is being deleted always goes on. */
  #held(taken: Taken<Request>, scope: ClusterScope): boolean {
    const waitMs = scope.guard?.hold(objectKey(taken.item), taken.causes) ?? 0;
    if (waitMs === 0) return false;
    if (scope.own?.store.peek(taken.item)?.metadata.deletionTimestamp !== undefined) return false;
    const causes: Cause[] = [...taken.causes, { type: "slowed", afterMs: waitMs }];
    this.#queue.add(taken.item, { afterMs: waitMs, priority: Priority.low, causes });
    return true;
  }

  #call(taken: Taken<Request>, scope: ClusterScope): Call {
    const { clock, random } = this.#dependencies;
    const { name, for: resource, options } = this.#definition;
    const { timeoutMs = 300_000, abandonAfterMs = 30_000 } = options;
    const reconcileID = `${hex(Math.floor(random() * 2 ** 32))}${hex(this.#calls++)}`;
    const { cluster, namespace, name: objectName } = taken.item;
    const named = namespace ? { namespace, name: objectName } : { name: objectName };
    return new Call({
      taken,
      scope,
      reconcileID,
      clock,
      timeoutMs,
      abandonAfterMs,
      log: this.#log.child({
        ...(cluster === undefined ? {} : { cluster }),
        [resource?.kind ?? "object"]: named,
        ...named,
        reconcileID,
      }),
      timeoutError: () =>
        new DOMException(
          `reconcile of ${taken.key} by "${name}" took longer than ${timeoutMs} ms; raise timeoutMs or do less at once`,
          "TimeoutError",
        ),
    });
  }

  async #attempt(call: Call): Promise<Outcome> {
    const { instrument } = this.#dependencies;
    try {
      const run = (): Promise<Ended> => this.#reconcile(call);
      const ended = await (instrument ? instrument.reconcile(this.#info(call), run) : run());
      // Whoever finished too late has worked against an aborted signal: what was done may be half of it.
      if (call.timedOut) call.signal.throwIfAborted();
      return ended;
    } catch (error) {
      if (call.gone !== undefined && findCause(error, (each) => each === call.gone)) return { type: "skipped" };
      if (findCause(error, (each) => each instanceof KeyMovedError)) return { type: "skipped" };
      return { type: "error", error: error ?? new Error("reconcile threw nothing"), panic: call.entering };
    }
  }

  #info(call: Call): ReconcileInfo {
    const { name: controller, for: resource } = this.#definition;
    const { key, item, causes, waitedMs, priority } = call.taken;
    return {
      controller,
      kind: resource && { group: resource.group, kind: resource.kind },
      request: item,
      key,
      reconcileID: call.reconcileID,
      causes,
      waitedMs,
      priority,
    };
  }

  async #reconcile(call: Call): Promise<Ended> {
    const { for: resource, reconcile } = this.#definition;
    const client = this.#client(call);
    // Requests that name no object have nothing that could be read, paused or finalized.
    if (!resource) return this.#enter(call, () => reconcile(this.#context(call, client, undefined)));
    const object = await findObject(call, client, resource);
    if (!object) return this.#gone(call);
    const choice = choose(call, client, this.#definition, resource, object);
    const chosen = choice instanceof Promise ? await choice : choice;
    if (!chosen) return { type: "skipped" };
    const ended = await this.#enter(call, () => chosen.reconcile(this.#context(call, client, chosen.object)));
    if (ended.type === "success") {
      await chosen.after?.();
      if (call.scope.paused.has(objectKey(call.taken.item))) return { type: "skipped" };
    }
    return ended;
  }

  async #enter(call: Call, reconcile: () => Promise<Result | void>): Promise<Ended> {
    call.entering = true;
    const promise = reconcile();
    call.entering = false;
    const { requeueAfterMs = 0, priority } = (await promise) ?? {};
    if (!Number.isFinite(requeueAfterMs) || (priority !== undefined && !Number.isSafeInteger(priority)))
      throw new TypeError(
        `reconcile returned requeueAfterMs ${requeueAfterMs}, priority ${priority}: give a number of milliseconds and an integer`,
      );
    return requeueAfterMs > 0 ? { type: "requeue_after", afterMs: requeueAfterMs, priority } : { type: "success" };
  }

  #gone(call: Call): Ended {
    const key = objectKey(call.taken.item);
    call.scope.guard?.forget(key);
    call.scope.paused.delete(key);
    return { type: "skipped", gone: true };
  }

  #client(call: Call): Client {
    const { name, for: resource, options } = this.#definition;
    const { client, cache } = call.scope.cluster;
    const { shard } = this.#dependencies;
    const { item, key } = call.taken;
    return reconcileClient({
      client,
      cache,
      fieldManager: options.fieldManager ?? name,
      signal: () => call.signal,
      log: call.log,
      onWrite: (write) => call.writes.push(write),
      onRefused: (error, on, name, namespace) => {
        if (!resource || !isNotFound(error) || groupResource(on) !== groupResource(resource)) return;
        // Not a subresource or a namespace that is missing: those answers name something else, or nothing.
        if (error.status.details?.name === item.name && name === item.name && namespace === item.namespace)
          call.gone = error;
      },
      ...(shard && { beforeWrite: () => keepsKey(shard.owns(key, item), key) }),
    });
  }

  #context(call: Call, client: Client, object: Stored<T> | undefined): ReconcileContext<T> {
    const { clock } = this.#dependencies;
    const { cache, recorder } = call.scope.cluster;
    let events: ObjectRecorder | undefined;
    return {
      request: call.taken.item,
      controller: this.#definition.name,
      // Of controllers that reconcile no objects, whose contexts say so in their type.
      object: object as Stored<T>,
      client,
      cache,
      log: call.log,
      get signal() {
        return call.signal;
      },
      causes: call.taken.causes,
      priority: call.taken.priority,
      get events() {
        return (events ??= object && recorder.for(object)) as ObjectRecorder;
      },
      clock,
      reconcileID: call.reconcileID,
    };
  }

  #count(call: Call, outcome: Outcome): void {
    const error = outcome.type === "error" ? outcome.error : undefined;
    this.#dependencies.metrics.ended(
      this.#definition.name,
      outcome.type === "skipped" ? "success" : outcome.type,
      call.durationMs / 1000,
      {
        terminal: isTerminal(error),
        panic: outcome.type === "error" && outcome.panic,
        timeout: call.timedOut,
        conflict: isConflict(error),
      },
    );
  }

  #requeue(call: Call, outcome: Outcome): void {
    const { key, item, priority } = call.taken;
    if (outcome.type === "requeue_after") {
      const { afterMs = 0 } = outcome;
      this.#queue.forget(key);
      this.#queue.add(item, {
        afterMs,
        priority: outcome.priority ?? priority,
        cause: { type: "requeue", afterMs },
      });
    } else if (outcome.type === "error") {
      const { error } = outcome;
      if (outcome.panic && this.#definition.options.recoverPanic === false) {
        this.#escalate(error);
        return;
      }
      if (isTerminal(error)) return;
      const cause: Cause = { type: "retry", attempt: this.#queue.failures(key) + 1, error: messageOf(error) };
      const wanted = findCause(error, (each) => each instanceof RetryError) as RetryError | undefined;
      this.#queue.add(item, { rateLimited: true, error, priority: wanted?.priority ?? priority, cause });
    } else {
      this.#queue.forget(key);
    }
  }

  /** Hands a failure on that the definition does not want to be survived. */
  #escalate(error: unknown): void {
    const { onPanic } = this.#dependencies;
    if (onPanic) onPanic(error);
    else void Promise.reject(error);
  }

  #abandon(call: Call): void {
    const { metrics } = this.#dependencies;
    const { name } = this.#definition;
    metrics.abandoned(name);
    const error = new Error(`abandoned: it ignores its aborted signal; its key stays blocked until it ends`);
    const outcome: Failed = { type: "error", error, panic: false };
    this.#count(call, outcome);
    call.log.error({ durationMs: call.durationMs }, "Reconcile abandoned");
    this.#dependencies.ledger.record(ledgerEntry(this.#definition.name, call, outcome));
  }

  #record(call: Call, outcome: Outcome, abandoned: boolean): void {
    const { log, writes, durationMs } = call;
    if (abandoned) {
      log.info({ durationMs }, "Abandoned reconcile has ended");
    } else if (outcome.type === "error") {
      const quiet = isConflict(outcome.error) || call.scope.aborted !== undefined;
      // An old view is part of life and passes by itself; whoever is stopped has not failed.
      log[quiet ? "debug" : "error"](
        { err: outcome.error, terminal: isTerminal(outcome.error), ...(outcome.panic ? { panic: true } : {}) },
        "Reconciler error",
      );
    } else {
      log.debug({ durationMs, outcome: outcome.type, writes: writes.length }, "Reconcile done");
    }
    const { ledger } = this.#dependencies;
    const entry = ledgerEntry(this.#definition.name, call, outcome);
    ledger.record(entry);
    // Only now, or this last entry would be kept for ever.
    if (outcome.type === "skipped" && outcome.gone)
      ledger.forget(entry.controller, entry.namespace, entry.name, entry.cluster);
  }

  #tell(finding: Parameters<typeof tellFinding>[0], call: Call): void {
    const object = call.scope.own?.store.get(call.taken.item);
    tellFinding(finding, { log: call.log, recorder: call.scope.cluster.recorder, object });
    if (finding.type !== "foreign" && finding.first) this.#dependencies.metrics.loopFound(this.#definition.name);
  }
}

/** The object of a watched kind as the cache has it. */
function peek(scope: ClusterScope, { resource, namespace, name }: ObjectRef): CachedObject | undefined {
  return scope.store(resource)?.peek(namespace ? { namespace, name } : { name });
}

function keepsKey(owns: boolean, key: string): void {
  if (!owns) throw new KeyMovedError(key);
}

const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, "0");
