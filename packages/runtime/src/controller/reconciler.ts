import type { Clock, KubeObject, NamespacedName, Stored } from "@homeostat/api";
import type { Cache } from "../cache/cache.ts";
import type { Client } from "../client/client.ts";
import type { ObjectRecorder } from "../events/recorder.ts";
import type { Cause } from "../ledger/cause.ts";
import type { Logger } from "../log.ts";
import { checkPriority } from "../workqueue/priority.ts";

/** Names what to reconcile. Equal requests are one entry of the queue. */
export interface Request extends NamespacedName {
  /** Name of the engaged cluster the object is in. Undefined: the manager's own. */
  readonly cluster?: string;
}

/**
 * Brings the world to what the object says, whatever woke it: level-based, so it looks at state, not at events.
 *
 * Returns `{}` (or nothing) when done for now, `{ requeueAfterMs }` to look again later; throws to be called again
 * after a growing, jittered delay; throws `TerminalError` where trying again is of no use.
 */
export type Reconciler<T extends KubeObject> = (context: ReconcileContext<T>) => Promise<Result | void>;

/** "Again later" and "failed" cannot both be said: one is returned, the other thrown. */
export interface Result {
  /** Look again after so many milliseconds, unless something wakes it before. 0 is none. Default: only when something changes. */
  readonly requeueAfterMs?: number;
  /** An integer: the level at which the key is added for that. Default: the one it was taken with. Throwing: see `RetryError`. */
  readonly priority?: number;
}

/** What every reconcile is given. */
export interface RequestContext<R = Request> {
  readonly request: R;
  /** Name of the controller. */
  readonly controller: string;
  /** Of the request's cluster. Reads from the cache where the kind is watched; writes carry the controller's field manager. */
  readonly client: Client;
  /** Of the request's cluster: stores of the watched kinds, for synchronous reads and selections. */
  readonly cache: Cache;
  /** Carries controller, group, kind, namespace, name and `reconcileID`. */
  readonly log: Logger;
  /** Aborted when the time for one reconcile is over or the manager must stop now. */
  readonly signal: AbortSignal;
  /** Why it is called: for people, not for logic. */
  readonly causes: readonly Cause[];
  /** The level at which the key was taken. */
  readonly priority: number;
  readonly clock: Clock;
  /** Of this call alone: 16 hexadecimal digits. */
  readonly reconcileID: string;
}

/** What a reconcile of an object is given. */
export interface ReconcileContext<T extends KubeObject> extends RequestContext<Request> {
  /** The object from the cache, this call's own copy. Objects that are gone do not get here. */
  readonly object: Stored<T>;
  /** Events about the object. */
  readonly events: ObjectRecorder;
}

/** Thrown where trying again is of no use: counted and logged, not retried until something changes. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
  readonly code = "TERMINAL";
}

/** Thrown to be tried again at another level than the key was taken with. Give the failure itself as `cause`. */
export class RetryError extends Error {
  override readonly name = "RetryError";
  readonly code = "RETRY";
  /** An integer; see `Priority`. */
  readonly priority: number;

  constructor(message: string, options: ErrorOptions & { readonly priority: number }) {
    super(message, options);
    this.priority = checkPriority(options.priority);
  }
}

/** Finds a terminal error at any depth of `cause`. */
export function isTerminal(error: unknown): boolean {
  return findCause(error, (each) => each instanceof TerminalError) !== undefined;
}

/** The first of an error and its causes that fits. */
export function findCause(error: unknown, fits: (error: Error) => boolean): Error | undefined {
  for (let current = error, depth = 0; current instanceof Error && depth < 16; current = current.cause, depth++) {
    if (fits(current)) return current;
  }
  return undefined;
}
