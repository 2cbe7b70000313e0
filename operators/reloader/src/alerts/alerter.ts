import { type Clock, Secret, sleep } from "@homeostat/api";
import type { Client, Logger, Runnable } from "@homeostat/runtime";
import type { ReloadObserver, ReloadReport } from "../engine/observer.ts";
import { checkAlertUrl, type Lookup } from "./check-url.ts";
import { alertMessage, type Sink } from "./message.ts";
import type { Post } from "./post.ts";

export interface AlerterOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Reads the Secrets of configs. A function, as the manager that has it comes later. */
  readonly client: () => Client;
  readonly post: Post;
  readonly lookup: Lookup;
  /** For every reload. Default: only configs have their own. */
  readonly global?: { readonly sink: Sink; readonly url: string; readonly additionalInfo?: string | undefined };
  /** Whether configs may alert hosts inside the cluster, and over http; what is global may anyway. Default false. */
  readonly allowPrivate?: boolean;
  /** Called for each alert that was given up. */
  readonly onFailed?: () => void;
}

/** Most alerts of one owner, and of all, that wait; further ones are dropped, and counted. */
const MAX_WAITING_EACH = 200;
const MAX_WAITING = 2_000;
/** Owners whose alerts are under way at once. */
const MAX_AT_ONCE = 8;
const ATTEMPTS = 4;
const TIMEOUT_MS = 10_000;

interface Waiting {
  /** Whose it is: the namespace of a config, or (empty) the operator itself. */
  readonly owner: string;
  /** Its address was given by who runs the operator, who may post anywhere by himself. */
  readonly trusted: boolean;
  readonly report: ReloadReport;
  readonly sink: Sink;
  readonly additionalInfo: string | undefined;
  readonly url: () => Promise<string>;
}

/**
 * Tells people of reloads. Nothing waits for it: reports are queued, delivered one after another, tried again a few
 * times, and given up. Each owner has a queue of its own, so that an address that hangs holds up no others'. URLs are
 * never logged.
 */
export class Alerter implements Runnable {
  readonly name = "alerts";
  readonly observer: ReloadObserver = {
    reloaded: (report) => this.#take(report),
    failed: (report) => this.#take(report),
  };
  readonly #options: AlerterOptions;
  /** By owner, in the order of their turns. */
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #busy = new Map<string, Promise<void>>();
  #wake = Promise.withResolvers<void>();

  constructor(options: AlerterOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    while (!signal.aborted) {
      const next = this.#next();
      if (next) {
        const delivered = this.#deliver(next, signal).finally(() => {
          this.#busy.delete(next.owner);
          this.#wake.resolve();
        });
        this.#busy.set(next.owner, delivered);
      } else {
        this.#wake = Promise.withResolvers();
        await Promise.race([this.#wake.promise, stopped]);
      }
    }
    await Promise.all(this.#busy.values());
  }

  /** The first of an owner none of whose alerts is under way. */
  #next(): Waiting | undefined {
    for (const [owner, waiting] of this.#waiting) {
      // Those of the operator itself never wait for anybody else's.
      if (this.#busy.has(owner) || (owner !== "" && this.#busy.size >= MAX_AT_ONCE)) continue;
      const next = waiting.shift();
      // Who has more waits for the next turn.
      this.#waiting.delete(owner);
      if (waiting.length > 0) this.#waiting.set(owner, waiting);
      return next;
    }
    return undefined;
  }

  #take(report: ReloadReport): void {
    const { global } = this.#options;
    // A failure is tried again by itself, and its global alert would come each time.
    if (global && report.error === undefined)
      this.#queue({
        owner: "",
        trusted: true,
        report,
        sink: global.sink,
        additionalInfo: global.additionalInfo,
        url: async () => global.url,
      });
    for (const { namespace, spec } of report.configs) {
      for (const [sink, { url, secretRef }] of Object.entries(spec.alerts ?? {})) {
        this.#queue({
          owner: namespace,
          trusted: false,
          report,
          sink: sink as Sink,
          additionalInfo: undefined,
          url: async () => url ?? this.#urlOf(namespace, secretRef!),
        });
      }
    }
  }

  #queue(next: Waiting): void {
    const waiting = this.#waiting.get(next.owner) ?? [];
    const all = [...this.#waiting.values()].reduce((sum, { length }) => sum + length, 0);
    if (waiting.length >= MAX_WAITING_EACH || all >= MAX_WAITING) {
      this.#giveUp(next, new Error("too many alerts are waiting"));
      return;
    }
    waiting.push(next);
    this.#waiting.set(next.owner, waiting);
    this.#wake.resolve();
  }

  async #urlOf(namespace: string, { name, key }: { readonly name: string; readonly key: string }): Promise<string> {
    const secret = await this.#options.client().get(Secret, { namespace, name }, { from: "live" });
    const value = secret.data?.[key];
    if (value === undefined) throw new Error(`secret ${namespace}/${name} has no key ${key}`);
    return Buffer.from(value, "base64").toString().trim();
  }

  async #deliver(waiting: Waiting, signal: AbortSignal): Promise<void> {
    const { clock, post, lookup, allowPrivate = false } = this.#options;
    const message = alertMessage(waiting.sink, waiting.report, waiting.additionalInfo);
    let failure: unknown;
    for (let attempt = 1; attempt <= ATTEMPTS && !signal.aborted; attempt++) {
      const timeout = new AbortController();
      const cancel = clock.setTimer(() => timeout.abort(new Error("no answer in time")), TIMEOUT_MS);
      try {
        const target = await checkAlertUrl(await waiting.url(), lookup, allowPrivate || waiting.trusted);
        const status = await post(target, message, AbortSignal.any([signal, timeout.signal]));
        if (status >= 200 && status < 300) return;
        failure = new Error(`${target.url.hostname} answered ${status}`);
        // What is refused for good is not accepted later.
        if (status >= 300 && status < 500 && status !== 429) break;
      } catch (error) {
        failure = error;
      } finally {
        cancel();
      }
      if (attempt < ATTEMPTS) await sleep(clock, 1_000 * 2 ** (attempt - 1), signal).catch(() => {});
    }
    if (!signal.aborted) this.#giveUp(waiting, failure);
  }

  #giveUp({ sink, report }: Waiting, failure: unknown): void {
    const { kind, namespace, name } = report.workload;
    const reason = failure instanceof Error ? failure.message : String(failure);
    this.#options.log.warn({ sink, kind, namespace, name, reason }, "Alert could not be delivered");
    this.#options.onFailed?.();
  }
}
