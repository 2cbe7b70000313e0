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
  /** Whether hosts inside the cluster may be alerted, and http. Default false. */
  readonly allowPrivate?: boolean;
  /** Called for each alert that was given up. */
  readonly onFailed?: () => void;
}

/** Most alerts that wait; further ones are dropped, and counted. */
const MAX_WAITING = 200;
const ATTEMPTS = 4;
const TIMEOUT_MS = 10_000;

interface Waiting {
  readonly report: ReloadReport;
  readonly sink: Sink;
  readonly additionalInfo: string | undefined;
  readonly url: () => Promise<string>;
}

/**
 * Tells people of reloads. Nothing waits for it: reports are queued, delivered one after another, tried again a few
 * times, and given up. URLs are never logged.
 */
export class Alerter implements Runnable {
  readonly name = "alerts";
  readonly observer: ReloadObserver = {
    reloaded: (report) => this.#take(report),
    failed: (report) => this.#take(report),
  };
  readonly #options: AlerterOptions;
  readonly #waiting: Waiting[] = [];
  #wake = Promise.withResolvers<void>();

  constructor(options: AlerterOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    while (!signal.aborted) {
      const next = this.#waiting.shift();
      if (next) await this.#deliver(next, signal);
      else {
        this.#wake = Promise.withResolvers();
        await Promise.race([this.#wake.promise, stopped]);
      }
    }
  }

  #take(report: ReloadReport): void {
    const { global } = this.#options;
    // A failure is tried again by itself, and its global alert would come each time.
    if (global && report.error === undefined)
      this.#queue({ report, sink: global.sink, additionalInfo: global.additionalInfo, url: async () => global.url });
    for (const { namespace, spec } of report.configs) {
      for (const [sink, { url, secretRef }] of Object.entries(spec.alerts ?? {})) {
        this.#queue({
          report,
          sink: sink as Sink,
          additionalInfo: undefined,
          url: async () => url ?? this.#urlOf(namespace, secretRef!),
        });
      }
    }
  }

  #queue(waiting: Waiting): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#giveUp(waiting, new Error("too many alerts are waiting"));
      return;
    }
    this.#waiting.push(waiting);
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
        const target = await checkAlertUrl(await waiting.url(), lookup, allowPrivate);
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
