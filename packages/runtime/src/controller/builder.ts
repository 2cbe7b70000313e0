import type { KubeObject, Resource } from "@homeostat/api";
import type { Index } from "../cache/indexes.ts";
import type { Daemon, DaemonDefinition, DaemonOptions } from "../daemon/daemon.ts";
import { type DaemonSource, daemonSource } from "../daemon/daemon-source.ts";
import type { DesiredDefinition } from "../desired/definition.ts";
import { desiredReconciler } from "../desired/desired.ts";
import {
  type ChangeHandler,
  type ChangeSubscription,
  type OnChangeOptions,
  withChangeHandlers,
} from "../diff/on-change.ts";
import { checkDefinition } from "./check-definition.ts";
import type {
  ControllerDefinition,
  ControllerOptions,
  DeclaredAccess,
  EventHandler,
  MapFunction,
  Predicate,
  WatchDefinition,
} from "./definition.ts";
import {
  enqueueRequestForObject,
  enqueueRequestForOwner,
  enqueueRequestsFromMapFunction,
  type OwnerOptions,
} from "./event-handler.ts";
import { specOrMetadataChanged } from "./predicate.ts";
import type { Reconciler } from "./reconciler.ts";
import type { Source } from "./source.ts";

/** Options of a controller, and of the watch of its own kind. */
export interface ControllerForOptions extends ControllerOptions {
  /** Names the controller in metrics, logs, events and as field manager. Default: the kind in lower case. */
  readonly name?: string;
  /** Watch only this namespace. Default: the manager's, which defaults to all. */
  readonly namespace?: string;
  /** Server-side selection of the objects of the kind, in the API's grammar: `tier=gold`. Default: all. */
  readonly labelSelector?: string;
  /** Server-side selection by the fields the kind can be selected by: `metadata.name=settings`. Default: all. */
  readonly fieldSelector?: string;
  /**
   * Keep only metadata of the kind, which costs a fraction of the memory: the reconciler is given objects of
   * `apiVersion`, `kind` and `metadata`. Default false.
   */
  readonly metadataOnly?: boolean;
  /** What its reconciler does beyond watching, for the rules of its role; see `deriveRules`. */
  readonly access?: DeclaredAccess;
}

/** What of a kind a controller watches. */
export interface WatchOptions<W extends KubeObject> {
  /** All must let an event through. Default: none. */
  readonly predicates?: readonly Predicate<W>[];
  /** Watch only this namespace. Default: the manager's, which defaults to all. */
  readonly namespace?: string;
  /** Server-side selection, in the API's grammar. Default: all. */
  readonly labelSelector?: string;
  /** Server-side selection by the fields the kind can be selected by. Default: all. */
  readonly fieldSelector?: string;
  /**
   * Watch only the object of this name. A role that permits get, list and watch with `resourceNames` is enough for it,
   * and the cache holds one object. Default: all.
   */
  readonly name?: string;
  /** Keep only metadata of the kind. Default false. */
  readonly metadataOnly?: boolean;
  /** Indexes by which handlers and the reconciler ask for objects of the kind: `cache.store(Pod)?.list({ index })`. Default: none. */
  readonly indexes?: readonly Index<W>[];
}

/**
 * Puts a controller together from parts that can be used without it: watches, handlers, predicates. Each call returns
 * a new builder; `reconcile` or `desired` ends it.
 *
 *     controllerFor(WebApp).owns(ConfigMap).reconcile(async ({ object, client }) => { … })
 */
export interface ControllerBuilder<T extends KubeObject> {
  /** Watches a kind of children; their managing controller of this kind is reconciled. */
  owns<W extends KubeObject>(resource: Resource<W>, options?: WatchOptions<W> & OwnerOptions): ControllerBuilder<T>;
  /** Watches any kind; a function of the object, or a handler of the event, says what is reconciled. */
  watches<W extends KubeObject>(
    resource: Resource<W>,
    requests: MapFunction<W> | { readonly handler: EventHandler<W> },
    options?: WatchOptions<W>,
  ): ControllerBuilder<T>;
  /**
   * Which changes of its own kind the controller looks at; all given must agree. Replaces the default, which leaves
   * out changes of the status alone. With no predicates everything passes.
   */
  withPredicates(...predicates: readonly Predicate<T>[]): ControllerBuilder<T>;
  /**
   * Which events of any watch count at all, those of `owns`, `watches` and `desired` included: asked before each
   * watch's own predicates, all must agree. Sources bring requests, not events of objects, so they are not asked.
   */
  withEventFilter(...predicates: readonly Predicate[]): ControllerBuilder<T>;
  /** Requests from elsewhere: see `channelSource`, `timerSource`, `iterableSource`, `pollingSource`, `webhookSource`. */
  source(source: Source): ControllerBuilder<T>;
  /** A task of its own for each object, for as long as it is there; see {@link Daemon}. @throws when the name is taken */
  daemon(name: string, run: Daemon<T>, options?: DaemonOptions<T>): ControllerBuilder<T>;
  /**
   * Calls a function within the reconcile when the value at a path has changed since the object was last handled with
   * success; see {@link ChangeHandler} for what it cannot see. The default predicates leave out changes of the status
   * alone, so watching a path there needs `withPredicates`.
   */
  onChange<const P extends string>(
    paths: P | readonly P[],
    handler: ChangeHandler<T, P>,
    options?: OnChangeOptions,
  ): ControllerBuilder<T>;
  /** What to do before an object may go; see `ControllerDefinition.cleanup`. */
  cleanup(cleanup: Reconciler<T>): ControllerBuilder<T>;
  /** Ends the builder with a function of your own. @throws Error where what was put together cannot work */
  reconcile(reconcile: Reconciler<T>): ControllerDefinition<T>;
  /** The declarative way: watches the children and brings them to what a pure function says. */
  desired<I = undefined>(definition: DesiredDefinition<T, I>): ControllerDefinition<T>;
}

interface Parts<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly options: ControllerForOptions;
  readonly predicates: readonly Predicate<T>[];
  readonly filters: readonly Predicate[];
  // biome-ignore lint/suspicious/noExplicitAny: each watch has its own object type, and no variance fits
  readonly watches: readonly WatchDefinition<any>[];
  /** Watches that only keep account of objects, so filters of events are not asked. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly unfiltered: readonly WatchDefinition<any>[];
  readonly sources: readonly Source[];
  readonly daemons: readonly Pick<DaemonDefinition<T>, "name" | "run" | "options">[];
  readonly changes: readonly ChangeSubscription<T>[];
  readonly cleanup: Reconciler<T> | undefined;
}

/** Begins a controller of the objects of a kind. */
export function controllerFor(
  resource: Resource,
  options: ControllerForOptions & { readonly metadataOnly: true },
): ControllerBuilder<KubeObject>;
export function controllerFor<T extends KubeObject>(
  resource: Resource<T>,
  options?: ControllerForOptions,
): ControllerBuilder<T>;
export function controllerFor<T extends KubeObject>(
  resource: Resource<T>,
  options: ControllerForOptions = {},
): ControllerBuilder<T> {
  const none = { filters: [], watches: [], unfiltered: [], sources: [], daemons: [], changes: [] };
  return builder({ resource, options, predicates: [specOrMetadataChanged], ...none, cleanup: undefined });
}

function builder<T extends KubeObject>(parts: Parts<T>): ControllerBuilder<T> {
  const watch = <W extends KubeObject>(resource: Resource<W>, handler: EventHandler<W>, options: WatchOptions<W>) =>
    builder({ ...parts, watches: [...parts.watches, watchOf(resource, handler, options)] });

  return {
    owns: (resource, options = {}) =>
      watch(resource, enqueueRequestForOwner(parts.resource, { everyOwner: options.everyOwner ?? false }), options),
    watches: (resource, requests, options = {}) =>
      watch(
        resource,
        typeof requests === "function" ? enqueueRequestsFromMapFunction(requests) : requests.handler,
        options,
      ),
    withPredicates: (...predicates) => builder({ ...parts, predicates }),
    withEventFilter: (...predicates) => builder({ ...parts, filters: [...parts.filters, ...predicates] }),
    source: (source) => builder({ ...parts, sources: [...parts.sources, source] }),
    daemon(name, run, options = {}) {
      if (parts.daemons.some((each) => each.name === name))
        throw new Error(`controller "${nameOf(parts)}" has a daemon "${name}" already: give this one another name`);
      return builder({ ...parts, daemons: [...parts.daemons, { name, run, options }] });
    },
    onChange(paths, handler, { persist = false } = {}) {
      const subscription = { paths: [paths].flat() as readonly string[], handler, persist };
      return builder({ ...parts, changes: [...parts.changes, subscription] });
    },
    cleanup: (cleanup) => builder({ ...parts, cleanup }),
    reconcile: (reconcile) => define(parts, reconcile),
    desired(definition) {
      const { resource, options } = parts;
      const made = desiredReconciler(resource, nameOf(parts), definition, options);
      const known = new Set(parts.watches.map((each) => each.resource));
      const missing = made.watches.filter((each) => !known.has(each.resource));
      // Beside the watch of the kind itself, because its predicates must not keep the index from a change.
      const referrers = made.onReferrer ? [watchOf(resource, made.onReferrer, selectionOf(options))] : [];
      const all = {
        ...parts,
        watches: [...parts.watches, ...missing, ...made.references],
        unfiltered: [...parts.unfiltered, ...referrers],
      };
      const access = { ...accessOf(parts), children: definition.children, status: true };
      const finalizerOnDemand = parts.cleanup === undefined;
      const { paused, planner } = made;
      return { ...define(all, made.reconcile, made.cleanup), paused, access, finalizerOnDemand, planner };
    },
  };
}

const nameOf = (parts: Pick<Parts<KubeObject>, "options" | "resource">): string =>
  parts.options.name ?? parts.resource.kind.toLowerCase();

function define<T extends KubeObject>(
  parts: Parts<T>,
  reconcile: Reconciler<T>,
  ownCleanup?: Reconciler<T>,
): ControllerDefinition<T> {
  const { name: _, namespace, labelSelector, fieldSelector, metadataOnly, access: __, ...options } = parts.options;
  const name = nameOf(parts);
  const selection = selectionOf(parts.options);
  const access = accessOf(parts);
  const own = watchOf(parts.resource, enqueueRequestForObject, { predicates: parts.predicates, ...selection });
  const changes =
    parts.changes.length > 0 ? withChangeHandlers(parts.resource, name, parts.changes, reconcile) : undefined;
  if (parts.daemons.length > 0 && (options.clusters ?? "own") !== "own")
    throw new Error(
      `controller "${name}" has daemons and works on clusters "${options.clusters}": daemons run in the manager's own cluster only, so give them a controller of their own`,
    );
  const daemons = parts.daemons.map((each) =>
    daemonSource({
      ...each,
      pausePrefix: options.pausePrefix ?? "homeostat.dev",
      pausedWhen: options.pausedWhen,
      fieldManager: options.fieldManager ?? name,
    }),
  );
  const sources = [...parts.sources, ...daemons];
  const cleanup = afterDaemons(daemons, both(parts.cleanup, ownCleanup));
  const definition: ControllerDefinition<T> = {
    name,
    for: parts.resource,
    watches: [
      ...[own, ...parts.watches].map((watch) => filtered(watch, parts.filters)),
      ...parts.unfiltered,
      ...(changes ? [{ ...changes.watch, ...selection }] : []),
    ],
    reconcile: changes?.reconcile ?? reconcile,
    ...(cleanup ? { cleanup } : {}),
    ...(sources.length > 0 ? { sources } : {}),
    ...(access ? { access } : {}),
    options,
  };
  checkDefinition(definition);
  return definition;
}

/** How a controller's own kind is watched. */
function selectionOf(options: ControllerForOptions): Omit<WatchOptions<KubeObject>, "predicates" | "name" | "indexes"> {
  const { namespace, labelSelector, fieldSelector, metadataOnly } = options;
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(metadataOnly === undefined ? {} : { metadataOnly }),
  };
}

/** What was declared, and the annotation that persisted changes are kept in. */
function accessOf<T extends KubeObject>({ options, changes, resource }: Parts<T>): DeclaredAccess | undefined {
  if (!changes.some(({ persist }) => persist)) return options.access;
  const patch = { apiGroups: [resource.group], resources: [resource.plural], verbs: ["patch"] };
  return { ...options.access, rules: [...(options.access?.rules ?? []), patch] };
}

function filtered<W extends KubeObject>(watch: WatchDefinition<W>, filters: readonly Predicate[]): WatchDefinition<W> {
  if (filters.length === 0) return watch;
  return { ...watch, predicates: [...(filters as readonly Predicate<W>[]), ...watch.predicates] };
}

/** The user's cleanup first: it may need the children that ours takes away. */
function both<T extends KubeObject>(
  first: Reconciler<T> | undefined,
  second: Reconciler<T> | undefined,
): Reconciler<T> | undefined {
  if (!first || !second) return first ?? second;
  return async (context) => {
    const result = await first(context);
    if (result?.requeueAfterMs !== undefined) return result;
    return second(context);
  };
}

/** A cleanup must not meet the object's daemons. */
function afterDaemons<T extends KubeObject>(
  daemons: readonly DaemonSource<T>[],
  cleanup: Reconciler<T> | undefined,
): Reconciler<T> | undefined {
  if (!cleanup || daemons.length === 0) return cleanup;
  return async (context) => {
    await Promise.all(daemons.map((daemon) => daemon.end(context)));
    return cleanup(context);
  };
}

/** A watch of the builders: what is not given is not there. */
export function watchOf<W extends KubeObject>(
  resource: Resource<W>,
  handler: EventHandler<W>,
  options: WatchOptions<W>,
): WatchDefinition<W> {
  const { predicates = [], namespace, labelSelector, fieldSelector, name, metadataOnly, indexes } = options;
  return {
    resource,
    handler,
    predicates,
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(name === undefined ? {} : { name }),
    ...(metadataOnly === undefined ? {} : { metadataOnly }),
    ...(indexes === undefined ? {} : { indexes }),
  };
}
