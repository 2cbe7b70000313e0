import type { Clock, Interceptor, Transport } from "@homeostat/api";
import type { Registry } from "prom-client";
import type { Cache } from "../cache/cache.ts";
import type { CacheOptions } from "../cache/informer-cache.ts";
import type { NamespaceSelection } from "../cache/namespaces.ts";
import type { Client } from "../client/client.ts";
import type { ControllerDefinition, ControllerOptions } from "../controller/definition.ts";
import type { Request } from "../controller/reconciler.ts";
import type { Recorder } from "../events/recorder.ts";
import type { LeaderElectionOptions, Leadership } from "../leader-election/leadership.ts";
import type { Cause, LedgerEntry } from "../ledger/cause.ts";
import type { Logger } from "../log.ts";
import type { MetricsServerOptions } from "../metrics/metrics-endpoint.ts";
import type { Clusters } from "../multicluster/cluster.ts";
import type { Shard } from "../sharding/shard.ts";
import type { TracingOptions } from "../tracing/tracing-options.ts";

/**
 * Runs controllers and what they need, in order: health and metrics servers, webhooks, caches, other runnables; then,
 * once it leads, the rest and the workers. It stops them backwards, letting running reconciles finish. Each controller
 * starts its workers when its own caches are in sync: a kind that cannot be watched (its CRD or a permission is missing)
 * holds up only who watches it, is named by `/readyz` and the log, and is tried again until it can.
 *
 * With leader election, replicas stand by with their caches and queues filled, and nothing of theirs writes: `client`,
 * `recorder` and what controllers are given refuse writes with NotLeaderError unless the process can prove that it
 * leads. A manager that has lost its leadership ends, at once and for good.
 */
export interface Manager extends AsyncDisposable {
  /** Reads what is watched from the cache. Writes only while leading, where a leader is elected. */
  readonly client: Client;
  /** Writes whether it leads or not: for runnables and controllers that run on every replica. */
  readonly unfencedClient: Client;
  readonly cache: Cache;
  /** Writes Events; only while leading, where a leader is elected. */
  readonly recorder: Recorder;
  readonly ledger: Ledger;
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: { text(): Promise<string> };
  /** Where the metrics are kept, for one's own beside them. */
  readonly registry: Registry;
  /** Clusters beyond its own, which may come and go while it runs. */
  readonly clusters: Clusters;
  /** Resolves when it leads; at once where nobody is elected. Pending for ever where that never happens. */
  readonly elected: Promise<void>;
  /** Whether it can prove now that it leads; true where nobody is elected. */
  readonly isLeader: boolean;
  /** Adds a controller or another runnable; after `start` it is started at once. @throws when a name is taken or the manager stops */
  // biome-ignore lint/suspicious/noExplicitAny: a definition's object type is its own business, and no variance fits
  add(runnable: ControllerDefinition<any> | Runnable): void;
  addHealthCheck(name: string, check: HealthCheck): void;
  addReadyCheck(name: string, check: HealthCheck): void;
  /**
   * Starts everything. Resolves when all caches are in sync and workers run; where a leader is elected, as soon as this
   * replica stands by, see `elected`; when it is stopped meanwhile. To be called once.
   * @throws what failed first, after all else has been stopped. An address that is in use fails before anything runs:
   *   upstream finds that in its constructor, which ours cannot wait in
   */
  start(): Promise<void>;
  /**
   * Resolves when the manager has ended after `stop`. Rejects with the first error of a runnable, with
   * LeadershipLostError, with ShutdownTimeoutError; with an AggregateError of both where stopping after an error took
   * too long as well.
   */
  readonly ended: Promise<void>;
  /** Stops everything, in order; idempotent. @throws ShutdownTimeoutError naming what did not stop in time */
  stop(): Promise<void>;
  /** Where metrics are served once started, `host:port`; undefined: nowhere. */
  readonly metricsAddress: string | undefined;
  /** Where probes are answered once started, `host:port`; undefined: nowhere. */
  readonly healthAddress: string | undefined;
  /** Where profiles, ledger and queues are told once started, `host:port`; undefined: nowhere. */
  readonly profilingAddress: string | undefined;
  /** Asks a controller to reconcile an object now, as `homeostat` and tests do. @throws when there is no such controller */
  trigger(controller: string, request: Request, reason: string): void;
}

/** What a manager runs. */
export interface Runnable {
  /** Unique within the manager; in logs, errors and the report of what did not stop. */
  readonly name: string;
  /** When it is started and stopped. Default `leader`, the safe one: it runs on one replica. */
  readonly group?: RunnableGroup;
  /** Runs until `signal` is aborted; rejecting ends the manager. */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Called once `run` has been; the groups after its own are started when it resolves. Rejecting, or answering false,
   * ends the manager. Default: ready.
   */
  ready?(signal: AbortSignal): Promise<boolean | void>;
  /**
   * Called before `run` on a replica that stands by, for what makes taking over quick; not waited for, and `run` may be
   * called meanwhile. Only for the group `leader`, and only where a leader is elected.
   */
  warmup?(signal: AbortSignal): Promise<void>;
}

/**
 * In the order of starting. Stopping goes `others` → `leader` → `caches` → `webhooks` → `servers`, so that what is
 * needed while winding down is still there. Only `leader` waits until this replica leads.
 * Source: controller-runtime `pkg/manager` `runnable_group.go`.
 */
export type RunnableGroup = "servers" | "webhooks" | "caches" | "others" | "leader";

/** @returns nothing when healthy; throws what is wrong otherwise */
export type HealthCheck = () => void | Promise<void>;

export interface ManagerOptions {
  /** How to reach the API server. Default: the kubeconfig that kubectl would use, or the pod's service account. */
  readonly transport?: Transport;
  readonly interceptors?: readonly Interceptor[];
  readonly clock?: Clock;
  /** In [0, 1). Default Math.random. */
  readonly random?: () => number;
  /** Default: JSON lines on standard output. */
  readonly log?: Logger;
  /** Who the process is, in events and user agents. Default `homeostat`. */
  readonly name?: string;
  /** The namespace it works in. Default: all; for several see `namespaces`. */
  readonly namespace?: string;
  /** The namespaces it works in: names, with selectors of their own, or all that match a selector. Default: all. */
  readonly namespaces?: NamespaceSelection;
  /** What else the cache is told: what it holds of which kind, and what reads of unwatched kinds do. Upstream: `Cache`. */
  readonly cache?: ManagerCacheOptions;
  /** Where /metrics is served: `host:port`; false: nowhere. Default false. */
  readonly metricsAddress?: string | false;
  /** Where /healthz and /readyz are served. Default false. */
  readonly healthAddress?: string | false;
  /** How metrics are served beyond the address: over TLS, to whom, and with what beside them. Default: plainly. */
  readonly metrics?: MetricsServerOptions;
  /**
   * Where profiles, ledger and queues are told, below `/debug/`: `host:port` on loopback; false: nowhere.
   * Default false.
   */
  readonly profilingAddress?: string | false;
  /** Let `profilingAddress` be one that other machines reach, who can then read what memory holds. Default false. */
  readonly profilingRemote?: boolean;
  /** OpenTelemetry spans of reconciles and requests. Default false, which costs nothing and loads nothing. */
  readonly tracing?: boolean | TracingOptions;
  /**
   * How long stopping may take in milliseconds, all in all; 0 waits for nothing, a negative number waits for ever.
   * Running reconciles are aborted five seconds before its end, or after half of it. Default 30000.
   */
  readonly gracefulShutdownMs?: number;
  /**
   * Run controllers, and runnables of the group `leader`, on one replica at a time. Default false: on all.
   * Upstream: `LeaderElection…`
   */
  readonly leaderElection?: LeaderElectionOptions | false;
  /** A way of one's own to know who leads, in place of `leaderElection`. Upstream: `LeaderElectionResourceLockInterface`. */
  readonly leadership?: Leadership;
  /** What controllers do that do not say otherwise themselves. Upstream: `Controller`. */
  readonly controller?: ControllerOptions;
  /**
   * Ask the API server at the start whether this process may do what its controllers declare, and log the exact rules
   * that are missing. Costs one SelfSubjectAccessReview for each verb and resource. Default true.
   */
  readonly checkPermissions?: boolean;
  /** Allow several controllers of one name; they share metrics. Default false. Upstream: `SkipNameValidation`. */
  readonly skipNameValidation?: boolean;
  /**
   * Which keys this replica works on; all replicas work, so not to be joined with leader election. As a function it is
   * given what of the manager a sharder needs: `(parts) => createSharder({ group, namespace, identity, ...parts })`.
   * Default: all keys.
   */
  readonly shard?: Shard | ((parts: ShardParts) => ManagedShard);
  /** Where metrics are registered; for one manager only. Default: a registry of its own. */
  readonly registry?: Registry;
  /** Called for every finished reconcile, for live views. */
  readonly onReconciled?: (entry: LedgerEntry) => void;
}

/** What a manager gives to its sharder. */
export interface ShardParts {
  /** Not fenced. */
  readonly client: Client;
  readonly cache: Cache;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A shard that the manager runs, where it is a runnable, and by whose proof it fences writes, where it has one. */
export type ManagedShard = Shard & Partial<Runnable> & { readonly leadership?: Leadership };

/** Options of the cache that are not the manager's own. */
export type ManagerCacheOptions = Omit<
  CacheOptions,
  "transport" | "clock" | "random" | "log" | "userAgent" | "namespace" | "namespaces" | "autoStart" | "onError"
>;

/** The last reconciles of every object, and why each happened. */
export interface Ledger {
  /** Newest last; at most 32 per object. */
  entries(filter?: {
    readonly controller?: string;
    readonly cluster?: string;
    readonly namespace?: string;
    readonly name?: string;
  }): readonly LedgerEntry[];
  /** Called for every entry from now on; returns how to end that. */
  subscribe(listener: (entry: LedgerEntry) => void): () => void;
}

export type { Cause, LedgerEntry };
