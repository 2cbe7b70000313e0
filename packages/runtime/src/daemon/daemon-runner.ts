import type { KubeObject, Stored } from "@homeostat/api";
import type { CacheWatch } from "../cache/cache.ts";
import type { CachedObject, StoreEvent } from "../cache/store.ts";
import { requestOf } from "../controller/event-handler.ts";
import { pausedBy } from "../controller/pause.ts";
import { generationChanged } from "../controller/predicate.ts";
import { reconcileClient } from "../controller/reconcile-client.ts";
import { isTerminal, type Request } from "../controller/reconciler.ts";
import type { SourceContext, SourceSink } from "../controller/source.ts";
import { exponentialBackoff, type RateLimiter } from "../workqueue/rate-limiter.ts";
import type { DaemonContext, DaemonDefinition } from "./daemon.ts";

/** What is known of one object that has, had or will have a daemon. */
interface Entry {
  readonly key: string;
  readonly request: Request;
  uid: string;
  /** Why it may not run now; undefined: it should. */
  unwanted: string | undefined;
  /** Counts the reasons to start anew: a run belongs to the epoch it started in. */
  epoch: number;
  /** The epoch whose run has come to its end by itself. */
  endedEpoch: number;
  running: { readonly epoch: number; readonly abort: AbortController; readonly done: Promise<void> } | undefined;
  retry: { readonly epoch: number; readonly cancel: () => void } | undefined;
}

/**
 * The daemons of one controller's objects. What should be is told by the events of the own kind; `#drive` brings an
 * object's daemon there step by step, and is called again after each step.
 */
export class DaemonRunner<T extends KubeObject> {
  readonly #definition: DaemonDefinition<T>;
  readonly #sink: SourceSink;
  readonly #signal: AbortSignal;
  readonly #context: SourceContext;
  readonly #backoff: RateLimiter;
  readonly #retryMaxMs: number;
  readonly #entries = new Map<string, Entry>();
  readonly #watch: CacheWatch<T>;
  #active = false;

  constructor(definition: DaemonDefinition<T>, sink: SourceSink, signal: AbortSignal, context: SourceContext) {
    const { retryBaseMs: baseMs = 1_000, retryMaxMs: maxMs = 300_000 } = definition.options;
    this.#definition = definition;
    this.#sink = sink;
    this.#signal = signal;
    this.#context = context;
    this.#retryMaxMs = maxMs;
    this.#backoff = exponentialBackoff({ baseMs, maxMs })(context);
    const watch = context.watch<T>((event) => this.#onEvent(event));
    if (!watch)
      throw new Error(`daemon "${definition.name}": controller "${context.controller}" has no kind of its own`);
    this.#watch = watch;
    const leaveShard = [
      context.shard?.onChange(() => this.#lookAgain()),
      context.shard?.onRelease?.(() => this.#release()),
    ];
    signal.addEventListener(
      "abort",
      () => {
        for (const leave of leaveShard) leave?.();
        watch.stop();
        for (const entry of this.#entries.values()) this.#drive(entry);
      },
      { once: true },
    );
    void context.active.then(() => {
      this.#active = true;
      for (const entry of this.#entries.values()) this.#drive(entry);
    });
  }

  /** Cancels the daemon of an object. @returns settles with it; undefined: there is none */
  end(key: string): Promise<void> | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    entry.unwanted = "is being deleted";
    const done = entry.running?.done;
    this.#drive(entry);
    return done;
  }

  #onEvent(event: StoreEvent<T>): void {
    const { object } = event;
    const { key, uid } = object.metadata;
    if (event.type === "deleted") {
      const entry = this.#entries.get(key);
      if (entry?.uid === uid) this.#update(entry, "was deleted");
      return;
    }
    const { restartOn = generationChanged } = this.#definition.options;
    this.#consider(object, event.type === "updated" && !event.resync && restartOn(event));
  }

  /** After keys have come to this replica, or gone. */
  #lookAgain(): void {
    for (const object of this.#watch.store.entries()) this.#consider(object, false);
  }

  /** Another replica may have the keys that were lost when nothing of ours runs for them any more. */
  async #release(): Promise<void> {
    this.#lookAgain();
    const lost = [...this.#entries.values()].filter(({ unwanted }) => unwanted !== undefined);
    await Promise.all(lost.map(({ running }) => running?.done));
  }

  #consider(object: CachedObject<T>, restart: boolean): void {
    const { key, uid } = object.metadata;
    const unwanted = this.#unwanted(object);
    let entry = this.#entries.get(key);
    if (!entry) {
      if (unwanted !== undefined) return;
      const request = requestOf(object.metadata);
      entry = { key, request, uid, unwanted, epoch: 1, endedEpoch: 0, running: undefined, retry: undefined };
      this.#entries.set(key, entry);
    } else if (entry.uid !== uid || restart || (entry.unwanted !== undefined && unwanted === undefined)) {
      entry.uid = uid;
      entry.epoch++;
      this.#backoff.forget(key);
    }
    this.#update(entry, unwanted);
  }

  #update(entry: Entry, unwanted: string | undefined): void {
    entry.unwanted = unwanted;
    this.#drive(entry);
  }

  /** Why an object may have no daemon; undefined: it should have one. */
  #unwanted(object: CachedObject<T>): string | undefined {
    const { metadata } = object;
    if (metadata.deletionTimestamp !== undefined) return "is being deleted";
    if (this.#context.shard?.owns(metadata.key, requestOf(metadata)) === false) return "is another replica's";
    const parsed = object.object();
    const { pausePrefix, pausedWhen } = this.#definition;
    const paused = pausedBy(parsed, this.#watch.store.resource, pausePrefix, pausedWhen);
    if (paused !== undefined) return `is paused: ${paused}`;
    try {
      return this.#definition.options.when?.(parsed) === false ? "does not match any more" : undefined;
    } catch (error) {
      const { namespace, name } = metadata;
      const { name: daemon } = this.#definition;
      this.#context.log.error({ err: error, daemon, namespace, name }, "Whether there should be a daemon is not known");
      return "cannot be judged";
    }
  }

  #drive(entry: Entry): void {
    const { running, retry } = entry;
    const stopped = this.#signal.aborted;
    if (retry && (stopped || entry.unwanted !== undefined || retry.epoch !== entry.epoch)) {
      retry.cancel();
      entry.retry = undefined;
      this.#backoff.forget(entry.key);
    }
    if (running) {
      const reason = stopped ? "the controller is stopping" : this.#reasonToEnd(entry, running.epoch);
      if (reason !== undefined && !running.abort.signal.aborted)
        running.abort.abort(new Error(`daemon "${this.#definition.name}" of ${entry.key} has to end: ${reason}`));
    } else if (entry.unwanted !== undefined) {
      this.#entries.delete(entry.key);
      this.#backoff.forget(entry.key);
    } else if (this.#active && !stopped && !entry.retry && entry.endedEpoch !== entry.epoch) {
      this.#start(entry);
    }
  }

  #reasonToEnd({ unwanted, epoch }: Entry, ofRun: number): string | undefined {
    if (unwanted !== undefined) return `the object ${unwanted}`;
    return epoch === ofRun ? undefined : "the object has changed";
  }

  #start(entry: Entry): void {
    const object = this.#watch.store.get(entry.request);
    // The event that says so is on its way.
    if (!object || object.metadata.uid !== entry.uid) return;
    const { clock } = this.#context;
    const { epoch, key } = entry;
    const abort = new AbortController();
    const startedAt = clock.monotonic();
    const run = async (): Promise<void> => {
      try {
        await this.#definition.run(this.#daemonContext(entry, object, abort.signal));
        if (!abort.signal.aborted) {
          entry.endedEpoch = epoch;
          this.#backoff.forget(entry.key);
        }
      } catch (error) {
        if (!abort.signal.aborted) this.#failed(entry, epoch, error, clock.monotonic() - startedAt);
        else if (error !== abort.signal.reason)
          this.#log(entry).debug({ err: error }, "Daemon failed while it was cancelled");
      } finally {
        entry.running = undefined;
      }
      this.#drive(entry);
    };
    // Started in a turn of its own: the world should stand as it is told before user code runs.
    const done = Promise.resolve().then(run);
    entry.running = { epoch, abort, done };
    this.#context.background(key, done);
  }

  #failed(entry: Entry, epoch: number, error: unknown, ranMs: number): void {
    const { key } = entry;
    if (ranMs > this.#retryMaxMs) this.#backoff.forget(key);
    if (isTerminal(error)) {
      entry.endedEpoch = epoch;
      this.#log(entry).error({ err: error, terminal: true }, "Daemon failed");
      return;
    }
    const afterMs = this.#backoff.when(key, error);
    this.#log(entry).error({ err: error, afterMs: Math.round(afterMs) }, "Daemon failed");
    if (epoch !== entry.epoch) return;
    const again = (): void => {
      entry.retry = undefined;
      this.#drive(entry);
    };
    entry.retry = { epoch, cancel: this.#context.clock.setTimer(again, afterMs, { keepAlive: false }) };
  }

  #log({ request: { namespace, name } }: Entry) {
    const fields = { daemon: this.#definition.name, ...(namespace ? { namespace } : {}), name };
    return this.#context.log.child(fields);
  }

  #daemonContext(entry: Entry, object: Stored<T>, signal: AbortSignal): DaemonContext<T> {
    const { client, cache, clock, recorder } = this.#context;
    const { name, fieldManager } = this.#definition;
    const { store } = this.#watch;
    const sink = this.#sink;
    const { request } = entry;
    return {
      request,
      object,
      current: () => store.get(request),
      signal,
      client: reconcileClient({ client, cache, fieldManager, signal: () => signal, onWrite: () => {} }),
      cache,
      log: this.#log(entry),
      clock,
      events: recorder.for(object),
      failures: this.#backoff.failures(entry.key),
      enqueue(reason) {
        if (signal.aborted) return;
        const detail = reason === undefined ? {} : { detail: reason };
        sink.add(request, { cause: { type: "source", source: name, ...detail } });
      },
    };
  }
}
