import type { Cause } from "../ledger/cause.ts";
import type { Request } from "./reconciler.ts";

/**
 * Where requests come from other than from watches: timers, iterables, webhooks, queues of other systems. Sources only
 * say *that* something should be looked at; what is true is read by the reconciler.
 *
 * A controller starts its sources together with its watches: on warm standby, too, before it may reconcile. Requests
 * are merged by key in its queue, so a source that repeats itself costs nothing.
 *
 * Source: controller-runtime `pkg/source`.
 */
export interface Source<R = Request> {
  /** Names the source in logs, errors and causes. */
  readonly name: string;
  /**
   * Called once per started controller. Must come back soon: what lasts is done in the background until `signal` is
   * aborted, which happens when the controller stops. Rejecting fails the controller's start.
   */
  start(sink: SourceSink<R>, signal: AbortSignal): void | Promise<void>;
  /** Resolves when everything known at the start has been added. Default: with `start`. No worker runs before. */
  synced?(signal: AbortSignal): Promise<void>;
}

/** Where a source puts what it has to say: the controller's queue. */
export interface SourceSink<R = Request> {
  add(request: R, options?: SourceAddOptions): void;
  /** Tells that the source has failed and goes on: logged, counted, shown by `/readyz` until `add` is called again. */
  failed(error: unknown): void;
}

export interface SourceAddOptions {
  /** Default `Priority.normal`. */
  readonly priority?: number;
  /** Milliseconds until it is ready. Default 0. */
  readonly afterMs?: number;
  /** Why, for people. Default: the source by name. */
  readonly cause?: Cause;
}
