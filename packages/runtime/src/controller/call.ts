import type { Clock } from "@homeostat/api";
import type { Logger } from "../log.ts";
import type { Taken } from "../workqueue/workqueue.ts";
import type { ClusterScope } from "./cluster-scope.ts";
import type { ReconcileWrite } from "./reconcile-client.ts";
import type { Request } from "./reconciler.ts";

export interface CallOptions {
  readonly taken: Taken<Request>;
  readonly scope: ClusterScope;
  readonly reconcileID: string;
  readonly log: Logger;
  readonly clock: Clock;
  /** 0: never. */
  readonly timeoutMs: number;
  readonly abandonAfterMs: number;
  readonly timeoutError: () => Error;
}

/**
 * One reconcile while it runs: its deadline, its signal, what it has written. After the deadline the signal is aborted;
 * a call that still goes on `abandonAfterMs` later is told as abandoned. The AbortController is made when somebody asks
 * for the signal.
 */
export class Call {
  readonly taken: Taken<Request>;
  readonly scope: ClusterScope;
  readonly reconcileID: string;
  readonly log: Logger;
  readonly startedAt: number;
  readonly writes: ReconcileWrite[] = [];
  readonly #options: CallOptions;
  readonly #began: number;
  #controller: AbortController | undefined;
  #cancelTimer = (): void => {};
  #onAbandoned: (() => void) | undefined;
  /** The deadline has passed while it ran, and not because everything is stopping. */
  timedOut = false;
  /** The user's function is being called: what it throws now, it throws synchronously. */
  entering = false;
  /** The answer of the server that the reconciled object is not there any more. */
  gone: unknown;

  constructor(options: CallOptions) {
    const { taken, scope, reconcileID, log, clock, timeoutMs } = options;
    this.taken = taken;
    this.scope = scope;
    this.reconcileID = reconcileID;
    this.log = log;
    this.#options = options;
    this.startedAt = clock.now();
    this.#began = clock.monotonic();
    if (timeoutMs > 0) this.#arm(() => this.#onDeadline(), timeoutMs);
  }

  get durationMs(): number {
    return this.#options.clock.monotonic() - this.#began;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.timedOut) this.#controller.abort(this.#options.timeoutError());
      else if (this.scope.aborted) this.#controller.abort(this.scope.aborted);
    }
    return this.#controller.signal;
  }

  /** Calls `listener` when the call is abandoned. */
  onAbandoned(listener: () => void): void {
    this.#onAbandoned = listener;
  }

  /** To be called when it has ended. */
  end(): void {
    this.#cancelTimer();
  }

  /** Called by its scope when it can be waited for no longer. */
  abort(reason: Error): void {
    this.#controller?.abort(reason);
  }

  #onDeadline(): void {
    if (!this.scope.aborted) {
      this.timedOut = true;
      this.#controller?.abort(this.#options.timeoutError());
    }
    this.#arm(() => this.#onAbandoned?.(), this.#options.abandonAfterMs);
  }

  #arm(onTimer: () => void, ms: number): void {
    this.#cancelTimer = this.#options.clock.setTimer(onTimer, ms, { keepAlive: false });
  }
}
