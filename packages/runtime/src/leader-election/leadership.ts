import type { Transport } from "@homeostat/api";

/**
 * What the rest of the runtime knows of leader election: whether we lead, and whether we can prove it at this moment.
 * `createLeaderElector` makes one of a Lease; `ManagerOptions.leadership` takes one of one's own.
 */
export interface Leadership {
  /** Resolves when we lead; at once where nobody is elected. Pending for ever where that never happens. */
  readonly elected: Promise<void>;
  /**
   * Whether the lease is provably ours *now*: asked synchronously before every write, so it compares the monotonic
   * clock with the last renewal and is false after a blocked event loop or a frozen process until a renewal succeeds.
   */
  isProven(): boolean;
  /** Identity of the current holder as last seen; undefined: none. */
  readonly holder: string | undefined;
  /**
   * Reading of the clock's `monotonic()` from which on `isProven` is false unless a renewal succeeds before. Writes
   * under way at that time are aborted. Undefined or absent: writes under way are left alone.
   */
  readonly provenUntil?: number | undefined;
  /** Resolves with the reason when leadership has ended against our will; the manager stops at once. Default: never. */
  readonly lost?: Promise<LeadershipLostError>;
  /** Begins the election. Called once, when everything that runs without leading has been started. Default: nothing. */
  start?(): void;
  /**
   * Ends the election: never `elected` after this. Called once, when all that needed to lead has ended.
   * @param options.release whether to give leadership up for others to take at once; false where something may still run
   */
  stop?(options: { readonly release: boolean }): Promise<void>;
  /** @throws where it takes itself for the leader and should not any more; part of `/healthz`. Default: healthy. */
  checkHealth?(): void;
}

/** Upstream: `LeaderElection…` of controller-runtime's manager options. */
export interface LeaderElectionOptions {
  /** Name of the Lease. Required. Upstream: `LeaderElectionID`. */
  readonly id: string;
  /** Namespace of the Lease. Default: the pod's own; an error outside a cluster. */
  readonly namespace?: string;
  /** Who we are; unique among the candidates. Default `<hostname>_<uuid>`. */
  readonly identity?: string;
  /** How long others wait after the last renewal they saw, in milliseconds; more than `renewDeadlineMs`. Default 15000. */
  readonly leaseDurationMs?: number;
  /**
   * How long a leader goes on trying to renew before it gives up, in milliseconds; more than 1.2 times `retryPeriodMs`.
   * Also how long after a renewal writes may leave. Default 10000.
   */
  readonly renewDeadlineMs?: number;
  /** Time between tries in milliseconds. Default 2000. */
  readonly retryPeriodMs?: number;
  /** Give the lease up at the end of a clean stop, so that another takes over at once. Default true. */
  readonly releaseOnStop?: boolean;
  /** Labels of the Lease. Default none. */
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * How requests for the Lease are made. Default: a connection of its own to the manager's server, so that a busy
   * client cannot cost the lease; where the manager was given a transport, that one, past all interceptors.
   */
  readonly transport?: Transport;
}

/** Where nobody is elected: we lead, always. */
export const alwaysLeading: Leadership = {
  elected: Promise.resolve(),
  isProven: () => true,
  holder: undefined,
};

/** Why a manager ended that had led: the lease could not be renewed in time, or is another's. */
export class LeadershipLostError extends Error {
  override readonly name = "LeadershipLostError";
  readonly code = "LEADERSHIP_LOST";
}

/** A write that was not sent, because the process could not prove that it leads. Nothing has left it. */
export class NotLeaderError extends Error {
  override readonly name = "NotLeaderError";
  readonly code = "NOT_LEADER";
  /** Who leads, as last seen; undefined: nobody, or not known. */
  readonly holder: string | undefined;
  constructor(message: string, holder: string | undefined) {
    super(message);
    this.holder = holder;
  }
}
