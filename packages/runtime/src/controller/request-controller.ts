import type { KubeObject, Resource } from "@homeostat/api";
import { type WatchOptions, watchOf } from "./builder.ts";
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
import { enqueueRequestsFromMapFunction } from "./event-handler.ts";
import type { ReconcileContext, Request, RequestContext, Result } from "./reconciler.ts";
import type { Source } from "./source.ts";

/** Options of a controller whose requests are its own. */
export interface RequestControllerOptions<R> extends ControllerOptions {
  /** Names the controller in metrics, logs and as field manager. */
  readonly name: string;
  /** The string a request is known by in queue, ledger and logs: the same for equal requests, always. Not empty. */
  readonly keyOf: (request: R) => string;
  /** What its reconciler does beyond watching, for the rules of its role; see `deriveRules`. */
  readonly access?: DeclaredAccess;
}

/** Puts together a controller whose requests are not objects of one kind. Each call returns a new builder. */
export interface RequestControllerBuilder<R> {
  /** Watches any kind; a function of the object, or a handler of the event, says what is reconciled. */
  watches<W extends KubeObject>(
    resource: Resource<W>,
    requests: MapFunction<W, R> | { readonly handler: EventHandler<W, R> },
    options?: WatchOptions<W>,
  ): RequestControllerBuilder<R>;
  /** Which events of any watch count at all; asked before each watch's own predicates, all must agree. */
  withEventFilter(...predicates: readonly Predicate[]): RequestControllerBuilder<R>;
  /** Requests from elsewhere. */
  source(source: Source<R>): RequestControllerBuilder<R>;
  /** @throws when nothing is watched and there is no source */
  reconcile(reconcile: (context: RequestContext<R>) => Promise<Result | void>): ControllerDefinition;
}

/**
 * Begins a controller of requests of its own making: a region, a node pool, a pair of objects. What the request is
 * about is for its reconciler to read; finalizers, pausing and events about an object are, too.
 *
 *     requestController<{ zone: string }>({ name: "zones", keyOf: ({ zone }) => zone })
 *       .watches(Node, ({ metadata }) => [{ zone: metadata.labels["topology.kubernetes.io/zone"] ?? "" }])
 *       .reconcile(async ({ request, client }) => { … })
 *
 * Source: controller-runtime `builder.TypedControllerManagedBy`.
 */
export function requestController<R>(options: RequestControllerOptions<R>): RequestControllerBuilder<R> {
  return builder({ options, filters: [], watches: [], sources: [] });
}

interface Parts<R> {
  readonly options: RequestControllerOptions<R>;
  readonly filters: readonly Predicate[];
  // biome-ignore lint/suspicious/noExplicitAny: each watch has its own object type, and no variance fits
  readonly watches: readonly WatchDefinition<any>[];
  readonly sources: readonly Source[];
}

/** How the engine knows such a request: by its key as a name; the request itself goes along. */
interface Wrapped<R> extends Request {
  readonly value: R;
}

function builder<R>(parts: Parts<R>): RequestControllerBuilder<R> {
  const { keyOf } = parts.options;
  const wrap = (value: R): Wrapped<R> => ({ name: keyOf(value), value });
  return {
    watches(resource, requests, options = {}) {
      const handler =
        typeof requests === "function" ? enqueueRequestsFromMapFunction(requests, keyOf) : requests.handler;
      const wrapped: EventHandler<typeof resource extends Resource<infer W> ? W : never> = (event, enqueue, cache) =>
        handler(event as never, (request, how) => enqueue(wrap(request), how), cache);
      return builder({ ...parts, watches: [...parts.watches, watchOf(resource, wrapped as never, options)] });
    },
    withEventFilter: (...predicates) => builder({ ...parts, filters: [...parts.filters, ...predicates] }),
    source: (source) => builder({ ...parts, sources: [...parts.sources, wrapSource(source, wrap)] }),
    reconcile(reconcile) {
      const { name, keyOf: _, access, ...options } = parts.options;
      const definition: ControllerDefinition = {
        name,
        watches: parts.watches.map((watch) => ({ ...watch, predicates: [...parts.filters, ...watch.predicates] })),
        ...(parts.sources.length > 0 ? { sources: parts.sources } : {}),
        reconcile: (context) => reconcile(contextOf(context, (context.request as Wrapped<R>).value)),
        ...(access ? { access } : {}),
        options,
      };
      checkDefinition(definition);
      return definition;
    },
  };
}

/** The engine's context, what it computes on demand included, without what is about an object. */
function contextOf<R>(context: ReconcileContext<KubeObject>, request: R): RequestContext<R> {
  const { object: _, events: __, ...members } = Object.getOwnPropertyDescriptors(context);
  return Object.defineProperties(
    {},
    { ...members, request: { value: request, enumerable: true } },
  ) as RequestContext<R>;
}

function wrapSource<R>(source: Source<R>, wrap: (request: R) => Request): Source {
  return {
    name: source.name,
    start: (sink, signal, context) =>
      source.start({ ...sink, add: (request, how) => sink.add(wrap(request), how) }, signal, context),
    ...(source.synced ? { synced: (signal) => source.synced!(signal) } : {}),
  };
}
