import type { KubeObject, Resource } from "@homeostat/api";
import type { DesiredDefinition } from "../desired/definition.ts";
import { desiredReconciler } from "../desired/desired.ts";
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

export interface ControllerForOptions extends ControllerOptions {
  /** Names the controller in metrics, logs, events and as field manager. Default: the kind in lower case. */
  readonly name?: string;
  /** Watch only this namespace. Default: the manager's, which defaults to all. */
  readonly namespace?: string;
  /** Server-side selection of the objects of the kind. */
  readonly labelSelector?: string;
  /** What its reconciler does beyond watching, for the rules of its role; see `deriveRules`. */
  readonly access?: DeclaredAccess;
}

export interface WatchOptions<W extends KubeObject> {
  /** All must let an event through. Default: none. */
  readonly predicates?: readonly Predicate<W>[];
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Keep only metadata of the kind. Default false. */
  readonly metadataOnly?: boolean;
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
  /** What to do before an object may go; see `ControllerDefinition.cleanup`. */
  cleanup(cleanup: Reconciler<T>): ControllerBuilder<T>;
  reconcile(reconcile: Reconciler<T>): ControllerDefinition<T>;
  /** The declarative way: watches the children and brings them to what a pure function says. */
  desired<I = undefined>(definition: DesiredDefinition<T, I>): ControllerDefinition<T>;
}

interface Parts<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly options: ControllerForOptions;
  readonly predicates: readonly Predicate<T>[];
  // biome-ignore lint/suspicious/noExplicitAny: each watch has its own object type, and no variance fits
  readonly watches: readonly WatchDefinition<any>[];
  readonly cleanup: Reconciler<T> | undefined;
}

export function controllerFor<T extends KubeObject>(
  resource: Resource<T>,
  options: ControllerForOptions = {},
): ControllerBuilder<T> {
  return builder({ resource, options, predicates: [specOrMetadataChanged], watches: [], cleanup: undefined });
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
    cleanup: (cleanup) => builder({ ...parts, cleanup }),
    reconcile: (reconcile) => define(parts, reconcile),
    desired(definition) {
      const { reconcile, cleanup, paused, watches } = desiredReconciler(parts.resource, nameOf(parts), definition);
      const known = new Set(parts.watches.map((each) => each.resource));
      const missing = watches.filter((each) => !known.has(each.resource));
      const all = { ...parts, watches: [...parts.watches, ...missing] };
      const access = { ...all.options.access, children: definition.children, status: true };
      return { ...define(all, reconcile, cleanup), paused, access };
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
  const { name: _, namespace, labelSelector, access, ...options } = parts.options;
  const own = watchOf(parts.resource, enqueueRequestForObject, {
    predicates: parts.predicates,
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
  });
  const cleanup = both(parts.cleanup, ownCleanup);
  return {
    name: nameOf(parts),
    for: parts.resource,
    watches: [own, ...parts.watches],
    reconcile,
    ...(cleanup ? { cleanup } : {}),
    ...(access ? { access } : {}),
    options,
  };
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

function watchOf<W extends KubeObject>(
  resource: Resource<W>,
  handler: EventHandler<W>,
  options: WatchOptions<W>,
): WatchDefinition<W> {
  const { predicates = [], namespace, labelSelector, fieldSelector, metadataOnly } = options;
  return {
    resource,
    handler,
    predicates,
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(metadataOnly === undefined ? {} : { metadataOnly }),
  };
}
