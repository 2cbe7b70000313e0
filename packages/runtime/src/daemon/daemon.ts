import type { Clock, KubeObject, Stored } from "@homeostat/api";
import type { Cache } from "../cache/cache.ts";
import type { Client } from "../client/client.ts";
import type { Predicate } from "../controller/definition.ts";
import type { Request } from "../controller/reconciler.ts";
import type { ObjectRecorder } from "../events/recorder.ts";
import type { Logger } from "../log.ts";

/**
 * What goes on beside the reconciles of one object for as long as it is there: following a log, holding a connection,
 * watching something outside. It starts when the object appears and is cancelled through `signal` when the object is
 * being deleted, is paused, does not match any more, or the controller stops; then it should settle soon, however.
 *
 * Returning ends it until `restartOn` starts it again; throwing starts it again after a growing delay, a
 * `TerminalError` does not. There are never two at once for one object: the next waits until the one before has settled.
 *
 * Nothing a daemon keeps in memory survives a restart, and it may miss states of the object between two looks: what it
 * finds out it should tell by `enqueue`, or write into the world, and leave acting to the reconciler.
 *
 * Source: kopf, `daemons`.
 */
export type Daemon<T extends KubeObject> = (context: DaemonContext<T>) => Promise<void>;

/** What a daemon is given. */
export interface DaemonContext<T extends KubeObject> {
  readonly request: Request;
  /** The object as it was when this run started, its own copy. */
  readonly object: Stored<T>;
  /** The object as the cache has it now, a new copy each time; undefined when it is gone. */
  current(): Stored<T> | undefined;
  /** Aborted when it has to end; its reason says why. */
  readonly signal: AbortSignal;
  /** Requests are aborted with `signal`; writes carry the controller's field manager. */
  readonly client: Client;
  readonly cache: Cache;
  readonly log: Logger;
  readonly clock: Clock;
  /** Events about the object. */
  readonly events: ObjectRecorder;
  /** Failures in a row before this run; 0 for the first. */
  readonly failures: number;
  /** Asks for a reconcile of the object. */
  enqueue(reason?: string): void;
}

/** Which objects have the daemon, and when it is started anew. */
export interface DaemonOptions<T extends KubeObject> {
  /** Which objects have one, as they are now. Pure. Default: all. */
  readonly when?: (object: Stored<T>) => boolean;
  /**
   * Which updates cancel it and start it anew with the new object; those that have ended, too. Default: the generation
   * changed.
   */
  readonly restartOn?: Predicate<T>;
  /** First delay before starting again after a failure, in milliseconds; doubles, jittered. Default 1000. */
  readonly retryBaseMs?: number;
  /** Longest such delay in milliseconds; who ran longer than that starts from the first again. Default 300000. */
  readonly retryMaxMs?: number;
}

/** A daemon as the builder knows it. */
export interface DaemonDefinition<T extends KubeObject> {
  /** Unique within the controller; in logs, metrics and the report of what did not stop. */
  readonly name: string;
  readonly run: Daemon<T>;
  readonly options: DaemonOptions<T>;
  /** Prefix of the pause annotations. */
  readonly pausePrefix: string;
  readonly pausedWhen?: ((object: KubeObject) => string | undefined) | undefined;
  /** Field manager of its writes. */
  readonly fieldManager: string;
}
