import type { KubeObject, PolicyRule, Resource } from "@homeostat/api";
import type { Cache } from "../cache/cache.ts";
import type { Index } from "../cache/indexes.ts";
import type { CachedObject, StoreEvent } from "../cache/store.ts";
import type { Planner } from "../desired/planner.ts";
import type { NewRateLimiter } from "../workqueue/rate-limiter.ts";
import type { Reconciler, Request } from "./reconciler.ts";
import type { Source, SourceAddOptions } from "./source.ts";

/**
 * A controller as a value: what it watches, how events become requests, and what it does with one. Made by the builder
 * (`controllerFor(WebApp).owns(ConfigMap).reconcile(…)`) or by hand; a manager runs it.
 */
export interface ControllerDefinition<T extends KubeObject = KubeObject> {
  /** Unique within a manager; names it in metrics, logs, events and as field manager. */
  readonly name: string;
  /**
   * The kind whose objects it reconciles. Without one its requests name something else than objects: nothing is read,
   * paused or finalized, and `context.object` and `context.events` are not there; see `requestController`.
   */
  readonly for?: Resource<T>;
  /** All watches, the one of `for` among them. */
  // biome-ignore lint/suspicious/noExplicitAny: each watch has its own object type, and no variance fits
  readonly watches: readonly WatchDefinition<any>[];
  readonly reconcile: Reconciler<T>;
  /**
   * Called instead of `reconcile` for an object that is being deleted and carries the controller's finalizer, which is
   * put on before the first reconcile and taken off after this succeeds.
   */
  readonly cleanup?: Reconciler<T>;
  /**
   * The finalizer is put on by `reconcile` itself, when it makes something to clean up. Default false: before the first
   * reconcile.
   */
  readonly finalizerOnDemand?: boolean;
  /** Tells what a reconcile would do, without doing it; see `plan`. Of declarative controllers. */
  readonly planner?: Planner<T>;
  /** Called instead of `reconcile` for an object that is paused: to say so in its status, and for nothing else. */
  readonly paused?: Reconciler<T>;
  /** Events from elsewhere. */
  readonly sources?: readonly Source[];
  /** What it does beyond watching, for the rules of its role; see `deriveRules`. */
  readonly access?: DeclaredAccess;
  readonly options: ControllerOptions;
}

/** What a controller does beyond watching. It grants nothing and refuses nothing: roles are derived from it. */
export interface DeclaredAccess {
  /** Kinds it creates, changes and deletes. */
  readonly children?: readonly Resource[];
  /** Whether it writes the status of its own kind. */
  readonly status?: boolean;
  /** What its `reconcile` does on its own account. */
  readonly rules?: readonly PolicyRule[];
}

/** One watch of a controller; what is not given is as in {@link WatchOptions} of the builder. */
export interface WatchDefinition<W extends KubeObject = KubeObject> {
  readonly resource: Resource<W>;
  readonly handler: EventHandler<W>;
  readonly predicates: readonly Predicate<W>[];
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Only the object of this name: `fieldSelector: "metadata.name=…"`, which RBAC with resourceNames permits. */
  readonly name?: string;
  readonly metadataOnly?: boolean;
  readonly indexes?: readonly Index<W>[];
}

/**
 * Turns a change into requests. Functions of objects should avoid parsing (`object.object()`) where metadata will do.
 * `cache` is there to look up what the change concerns. Requests without a priority of their own get `low` for what the
 * first list or a resync tells, `normal` for changes.
 */
export type EventHandler<W extends KubeObject, R = Request> = (
  event: StoreEvent<W>,
  enqueue: (request: R, options?: SourceAddOptions) => void,
  cache: Cache,
) => void;

/** Lets a change through or not. Pure. */
export type Predicate<W extends KubeObject = KubeObject> = (event: StoreEvent<W>) => boolean;

/** Which requests an object of another kind leads to; for updates the old and the new object are asked. */
export type MapFunction<W extends KubeObject, R = Request> = (object: CachedObject<W>, cache: Cache) => Iterable<R>;

/** How a controller works. What it does not say, `controller` of the manager does, then the defaults here. */
export interface ControllerOptions {
  /** How many keys are worked on at once; one key never twice. Default 1. */
  readonly concurrency?: number;
  /** When one reconcile's signal is aborted, in milliseconds; 0: never. Default 300000. */
  readonly timeoutMs?: number;
  /**
   * How long a reconcile may go on after its timeout before it counts as abandoned: its worker serves other keys then,
   * its own key stays blocked until it ends. In milliseconds. Default 30000.
   */
  readonly abandonAfterMs?: number;
  /** First delay of a retry in milliseconds; doubles with each failure, with full jitter. Default 500. */
  readonly retryBaseMs?: number;
  /** Longest delay of a retry in milliseconds. Default 300000. */
  readonly retryMaxMs?: number;
  /**
   * How long failed keys wait; made anew for each controller. Default: `exponentialBackoff` with the two figures above.
   * Terminal errors never get to it.
   */
  readonly rateLimiter?: NewRateLimiter;
  /** Name of the finalizer for `cleanup`. Default `<name>.homeostat.dev/cleanup`. */
  readonly finalizer?: string;
  /** Reconcile every object again after so many milliseconds without a change. Default: never. */
  readonly resyncMs?: number;
  /** Prefix of the pause annotations. Default `homeostat.dev`. */
  readonly pausePrefix?: string;
  /**
   * Pauses objects on further grounds than the annotations and `spec.managementState: Unmanaged`: what it returns says
   * why, for people; undefined: not paused. Pure. Default: none.
   */
  readonly pausedWhen?: (object: KubeObject) => string | undefined;
  /** Loop guard: off, or its thresholds. Default on. */
  readonly loopGuard?: false | LoopGuardOptions;
  /** Field manager of its writes. Default: its name. At most 128 characters. */
  readonly fieldManager?: string;
  /** Reconcile only while leading, where the manager elects a leader. Default true. */
  readonly needLeaderElection?: boolean;
  /** Fill caches and queue before leading, so that taking over is instant. Default true. */
  readonly warmup?: boolean;
  /**
   * How long the first sync of a watch or source may take in milliseconds; then starting fails, naming it. Default: for
   * ever, shown by `/readyz`; but a source whose `start` does not come back fails after 120000.
   */
  readonly syncTimeoutMs?: number;
  /**
   * Turn a synchronous throw of the reconciler into an error of its key. Default true; false ends the manager with it
   * (without a manager: the process, as an unhandled rejection).
   */
  readonly recoverPanic?: boolean;
  /**
   * Which clusters it works on: the manager's own, those engaged at run time, or all. Default `own`.
   * Requests of engaged ones carry `cluster`.
   */
  readonly clusters?: "own" | "engaged" | "all";
}

/** When a key counts as looping, and how it is slowed; see docs/loops.md. */
export interface LoopGuardOptions {
  /** Self-sustained rounds of one key until it counts as a loop. Default 10. */
  readonly rounds?: number;
  /** Rounds further apart than this do not count, in milliseconds. Default 10000. */
  readonly windowMs?: number;
  /** First delay of a slowed key in milliseconds; doubles while the loop goes on. Default 5000. */
  readonly slowMs?: number;
  /** Longest delay of a slowed key in milliseconds. Default 300000. */
  readonly maxSlowMs?: number;
}
