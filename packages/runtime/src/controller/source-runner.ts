import type { Clock } from "@homeostat/api";
import type { Logger } from "../log.ts";
import { Priority } from "../workqueue/priority.ts";
import type { AddOptions } from "../workqueue/workqueue.ts";
import { abortable, within } from "./deadline.ts";
import type { Request } from "./reconciler.ts";
import type { Source, SourceContext, SourceSink } from "./source.ts";

/** How long the `start` of a source may take where no sync timeout is set: it has nothing to wait for. */
const START_LIMIT_MS = 120_000;

export interface SourceRunnerOptions {
  readonly source: Source;
  readonly clock: Clock;
  readonly log: Logger;
  /** Of the controller: when it ends, so does the source. */
  readonly ending: AbortSignal;
  readonly syncTimeoutMs: number | undefined;
  readonly enqueue: (request: Request, options: AddOptions) => void;
  readonly context: Omit<SourceContext, "background">;
  readonly onFailed: () => void;
}

/** Runs one source of a controller and keeps account of how it fares. */
export class SourceRunner {
  readonly source: Source;
  readonly #options: SourceRunnerOptions;
  readonly #abort = new AbortController();
  readonly #background = new Map<Promise<unknown>, string>();
  readonly #onEnding = (): void => this.#abort.abort(this.#options.ending.reason);
  #synced = false;
  #failure: string | undefined;

  constructor(options: SourceRunnerOptions) {
    this.source = options.source;
    this.#options = options;
    if (options.ending.aborted) this.#onEnding();
    else options.ending.addEventListener("abort", this.#onEnding, { once: true });
  }

  /** What is not well with it, for people; undefined: nothing. */
  get problem(): string | undefined {
    if (!this.#synced) return `source "${this.source.name}"`;
    return this.#failure === undefined ? undefined : `source "${this.source.name}", which failed: ${this.#failure}`;
  }

  /** Keys of work in the background. */
  get background(): readonly string[] {
    return [...this.#background.values()];
  }

  /** Resolves when everything known at the start has been added; rejects with what went wrong, or when it is stopped. */
  async start(): Promise<void> {
    const { clock, log, syncTimeoutMs } = this.#options;
    const { name } = this.source;
    const { signal } = this.#abort;
    log.debug({ source: name }, "Starting EventSource");
    const startMs = syncTimeoutMs ?? START_LIMIT_MS;
    const began = clock.monotonic();
    const starting = (async () => this.source.start(this.#sink(), signal, this.#context()))();
    if (!(await within(clock, abortable(starting, signal), startMs)))
      throw new Error(
        `source "${name}": start did not come back within ${startMs} ms; it must not block: do what lasts in the background and wait in synced`,
      );
    const syncing = this.source.synced && abortable(this.source.synced(signal), signal);
    if (syncing) {
      const leftMs = syncTimeoutMs === undefined ? undefined : Math.max(0, syncTimeoutMs - (clock.monotonic() - began));
      if (leftMs === undefined) await syncing;
      else if (!(await within(clock, syncing, leftMs)))
        throw new Error(`source "${name}" was not in sync within ${syncTimeoutMs} ms; see syncTimeoutMs`);
    }
    this.#synced = true;
  }

  stop(): void {
    this.#options.ending.removeEventListener("abort", this.#onEnding);
    this.#abort.abort(new Error(`source "${this.source.name}" was stopped`));
  }

  /** Resolves when its work in the background has ended. */
  async stopped(): Promise<void> {
    while (this.#background.size > 0) await Promise.allSettled(this.#background.keys());
  }

  #sink(): SourceSink {
    const { log, enqueue, onFailed } = this.#options;
    const { name } = this.source;
    return {
      add: (request, options) => {
        if (this.#abort.signal.aborted) return;
        this.#failure = undefined;
        enqueue(request, { priority: Priority.normal, cause: { type: "source", source: name }, ...options });
      },
      failed: (error) => {
        if (this.#abort.signal.aborted) return;
        const failure = error instanceof Error ? error.message : String(error);
        onFailed();
        // Told once; from then on it is counted, and shown by /readyz.
        log[this.#failure === failure ? "debug" : "error"]({ err: error, source: name }, "Source failed");
        this.#failure = failure;
      },
      recovered: () => {
        this.#failure = undefined;
      },
    };
  }

  #context(): SourceContext {
    return {
      ...this.#options.context,
      background: (key, done) => {
        this.#background.set(done, `${this.source.name} ${key}`);
        const end = (): void => void this.#background.delete(done);
        done.then(end, end);
      },
    };
  }
}
