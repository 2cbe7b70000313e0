import type { Clock, KubeObject, NamespacedName, Stored } from "@homeostat/api";
import type { Cache } from "../cache/cache.ts";
import type { Client } from "../client/client.ts";
import type { ObjectRecorder } from "../events/recorder.ts";
import type { Cause } from "../ledger/cause.ts";
import type { Logger } from "../log.ts";

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

export interface Result {
  /** Look again after so many milliseconds. Default: only when something changes. */
  readonly requeueAfterMs?: number;
  /** Level at which the key is added again, for whatever reason it is. Default: the one it was taken with. */
  readonly priority?: number;
}

export interface ReconcileContext<T extends KubeObject> {
  readonly request: Request;
  /** The object from the cache, this call's own copy. Objects that are gone do not get here. */
  readonly object: Stored<T>;
  /** Reads from the cache where the kind is watched; writes carry the controller's name as field manager. */
  readonly client: Client;
  /** Stores of the watched kinds, for synchronous reads and selections. */
  readonly cache: Cache;
  readonly log: Logger;
  /** Aborted when the time for one reconcile is over or the manager must stop now. */
  readonly signal: AbortSignal;
  /** Why it is called: for people, not for logic. */
  readonly causes: readonly Cause[];
  /** Events about the object. */
  readonly events: ObjectRecorder;
  readonly clock: Clock;
  readonly reconcileID: string;
}

/** Thrown where trying again is of no use: counted and logged, not retried until something changes. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
  readonly code = "TERMINAL";
}

/** Finds a terminal error at any depth of `cause`. */
export function isTerminal(error: unknown): boolean {
  for (let current = error, depth = 0; current instanceof Error && depth < 16; current = current.cause, depth++) {
    if (current instanceof TerminalError) return true;
  }
  return false;
}
