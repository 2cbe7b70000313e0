/**
 * What the rest of the runtime knows of leader election: whether we lead, and whether we can prove it at this moment.
 */
export interface Leadership {
  /** Resolves when we lead; at once where nobody is elected. */
  readonly elected: Promise<void>;
  /**
   * Whether the lease is provably ours *now*: asked synchronously before every write, so it compares the monotonic
   * clock with the last renewal and is false after a blocked event loop or a frozen process until a renewal succeeds.
   */
  isProven(): boolean;
  /** Identity of the current holder as last seen; undefined: none. */
  readonly holder: string | undefined;
}

export interface LeaderElectionOptions {
  /** Name of the Lease. Required. Upstream: `LeaderElectionID`. */
  readonly id: string;
  /** Namespace of the Lease. Default: the pod's own; an error outside a cluster. */
  readonly namespace?: string;
  /** Who we are. Default `<hostname>_<random>`. */
  readonly identity?: string;
  /** How long others wait after the last renewal they saw, in milliseconds. Default 15000. */
  readonly leaseDurationMs?: number;
  /** How long a leader goes on trying to renew before it gives up, in milliseconds. Default 10000. */
  readonly renewDeadlineMs?: number;
  /** Time between tries in milliseconds. Default 2000. */
  readonly retryPeriodMs?: number;
  /** Give the lease up at the end of a clean stop. Default true. */
  readonly releaseOnStop?: boolean;
  /** Labels of the Lease. */
  readonly labels?: Readonly<Record<string, string>>;
}
