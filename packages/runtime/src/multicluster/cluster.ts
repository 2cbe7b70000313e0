import type { Cache } from "../cache/cache.ts";
import type { Client } from "../client/client.ts";
import type { Recorder } from "../events/recorder.ts";

/**
 * One API server as controllers see it. The manager's own has no name; others are engaged and disengaged while it
 * runs, and their requests carry their name.
 *
 * Source: controller-runtime `pkg/cluster`, sigs.k8s.io/multicluster-runtime.
 */
export interface Cluster {
  /** Unique within a manager; undefined: the manager's own. */
  readonly name?: string;
  readonly client: Client;
  readonly cache: Cache;
  readonly recorder: Recorder;
  /** Ends its watches and connections. The manager calls it after the last controller has let go. */
  close?(): Promise<void>;
}

/** The clusters a manager works on beyond its own. */
export interface Clusters {
  /**
   * Controllers that want it start their watches; resolves when those are in sync.
   * @throws when the name is taken
   */
  engage(cluster: Cluster & { readonly name: string }): Promise<void>;
  /** Controllers drop its keys and let running reconciles finish, then it is closed. Unknown names are no error. */
  disengage(name: string): Promise<void>;
  /** Undefined where none of the name is engaged. */
  get(name: string): Cluster | undefined;
  /** Of those that are engaged now. */
  readonly names: readonly string[];
}
