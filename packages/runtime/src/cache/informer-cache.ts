import { type Clock, groupResource, type KubeObject, type Resource, systemClock, type Transport } from "@homeostat/api";
import { type Logger, silentLogger } from "../log.ts";
import type { Cache, CacheRead, CacheSelection, CacheWatch, CacheWatchOptions, UnwatchedReads } from "./cache.ts";
import { createCacheReads } from "./cache-reads.ts";
import { CacheError } from "./errors.ts";
import { followNamespaces } from "./followed-namespaces.ts";
import { createHandle, type Handle } from "./handle.ts";
import { createInformerPool } from "./informer.ts";
import { watchMissingKinds } from "./missing-kinds.ts";
import { checkNamespaces, matchingSelector } from "./namespaces.ts";
import { createProjector } from "./projection.ts";
import type { Store } from "./store.ts";
import { createView, type View } from "./view.ts";
import { reportOf, type WatchReport } from "./watch-report.ts";
import {
  breadth,
  checkKindOptions,
  feedsOfWish,
  type KindDefaults,
  type KindOptions,
  wishedNamespaces,
  wishId,
  wishOf,
} from "./wishes.ts";

export type { WatchReport } from "./watch-report.ts";

/** What a cache holds, and where it gets it. */
export interface CacheOptions extends KindDefaults {
  readonly transport: Transport;
  /**
   * Namespace that is meant where a watch names none; reads elsewhere ask the server. Default: all. For more than one,
   * or to have reads elsewhere refused, see `namespaces`.
   */
  readonly namespace?: string;
  /** What is held of single kinds, where it differs. */
  readonly byKind?: readonly KindOptions[];
  /** What a read of a kind does that nobody watches. Default `live`. */
  readonly unwatched?: UnwatchedReads;
  /** Whether watches are made at once; otherwise by `start`, and reads are refused until then. Default true. */
  readonly autoStart?: boolean;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** In [0, 1). Default Math.random. */
  readonly random?: () => number;
  /** Default: none. */
  readonly log?: Logger;
  /** Default `homeostat`. */
  readonly userAgent?: string;
  /** Ask for streamed lists first. Default true; a server that has none is noticed. */
  readonly watchList?: boolean;
  /** See `ReflectorOptions.idleMs`. Default 150000. */
  readonly idleMs?: number;
  /** Told of each failed list or watch. */
  readonly onError?: (resource: Resource, error: unknown) => void;
}

/** A cache that tells how it fares. */
export interface InformerCache extends Cache {
  /** Begins to watch; only where it was made with `autoStart: false`. @throws Error when it is started already */
  start(): void;
  /** All watches of the server, for metrics, health and people. */
  watches(): readonly WatchReport[];
}

/** A view, the wish it fulfils, and who wants it. */
interface Entry<T extends KubeObject = KubeObject> {
  readonly view: View<T>;
  readonly resource: Resource<T>;
  readonly wish: CacheSelection;
  readonly handles: Set<Handle<T>>;
  /** Looks anew at which namespaces it has. */
  refresh(): void;
}

/**
 * One watch of the server for each kind and selection, however many want it; it begins with the first and ends with
 * the last. Handlers are called one after another in the turn in which an event arrives; one that throws is logged
 * and disturbs nobody else.
 *
 * @throws Error for options that can never hold, such as namespaces for a kind that has none
 */
export function createCache(options: CacheOptions): InformerCache {
  const { transport, clock = systemClock, random = Math.random, log = silentLogger, userAgent = "homeostat" } = options;
  const byKind = new Map((options.byKind ?? []).map((kind) => [groupResource(kind.resource), kind]));
  let defaults: KindDefaults = options.namespace ? { namespaces: [options.namespace], ...options } : options;
  checkKindOptions(defaults, [...byKind.values()]);
  const projection = (resource: Resource) => ({ drop: options.drop ?? [], ...byKind.get(groupResource(resource)) });
  for (const { resource } of byKind.values()) createProjector(resource, projection(resource));

  const entries = new Map<string, Entry>();
  let started = options.autoStart ?? true;
  let stopped = false;
  let narrowed = options.namespace !== undefined && options.namespaces === undefined;
  const missing = watchMissingKinds(() => cache);
  const followed = followNamespaces({ watch: (resource, wanted) => cache.watch(resource, wanted) });
  const pool = createInformerPool({
    transport,
    clock,
    random,
    log,
    userAgent,
    started,
    abilities: { watchList: options.watchList ?? true },
    idleMs: options.idleMs,
    projection: (resource) => projection(resource as unknown as Resource) as never,
    untilServed: missing.untilServed,
    onError(resource, error) {
      missing.failed(resource, error);
      options.onError?.(resource, error);
    },
  });

  const open = <T extends KubeObject>(resource: Resource<T>, wish: CacheSelection, metadataOnly: boolean): Entry<T> => {
    const id = wishId(resource, wish, metadataOnly);
    const known = entries.get(id) as unknown as Entry<T> | undefined;
    if (known) return known;
    const kind = byKind.get(groupResource(resource));
    let following: { readonly selector: string; readonly end: () => void } | undefined;
    const view = createView<T>({
      resource,
      metadataOnly,
      pool,
      onEnd() {
        following?.end();
        entries.delete(id);
      },
    });
    const entry: Entry<T> = {
      view,
      resource,
      wish,
      handles: new Set(),
      refresh() {
        const selector = matchingSelector(wishedNamespaces(resource, wish, kind, defaults));
        if (selector !== following?.selector) {
          const former = following;
          following =
            selector === undefined ? undefined : { selector, end: followed.follow(selector, () => entry.refresh()) };
          former?.end();
        }
        const matched = selector === undefined ? [] : followed.names(selector);
        view.setFeeds(matched && feedsOfWish(resource, wish, kind, defaults, matched));
      },
    };
    entry.refresh();
    entries.set(id, entry as unknown as Entry);
    return entry;
  };

  /** The entry for a wish: whole objects serve those who want metadata, too. */
  const entryFor = <T extends KubeObject>(
    resource: Resource<T>,
    wish: CacheSelection,
    metadataOnly: boolean,
  ): Entry<T> => {
    const whole = metadataOnly ? entries.get(wishId(resource, wish, false)) : undefined;
    return (whole as unknown as Entry<T> | undefined) ?? open(resource, wish, metadataOnly);
  };

  /** Whole objects are watched from now on: those who were content with metadata go over, so that one watch is left. */
  const takeOver = <T extends KubeObject>(whole: Entry<T>): void => {
    const metadata = entries.get(wishId(whole.resource, whole.wish, true)) as unknown as Entry<T> | undefined;
    if (!metadata) return;
    try {
      for (const [name, values] of metadata.view.indexes) whole.view.addIndex(name, values);
    } catch (error) {
      log.warn(
        { resource: whole.resource.plural, error: String(error) },
        "Metadata and whole objects stay two watches",
      );
      return;
    }
    for (const handle of [...metadata.handles]) move(handle, metadata, whole).catch(() => {});
  };

  const move = async <T extends KubeObject>(handle: Handle<T>, from: Entry<T>, to: Entry<T>): Promise<void> => {
    from.handles.delete(handle);
    to.handles.add(handle);
    await handle.moveTo(to.view);
  };

  const wishFor = (resource: Resource, wanted: CacheSelection): CacheSelection => {
    if (stopped) throw new CacheError("STOPPED", `watch ${resource.plural}: the cache was stopped`);
    return wishOf(resource, wanted, options.namespace);
  };

  const indexesOf = <T extends KubeObject>(wanted: CacheWatchOptions<T>) => {
    const { indexes = [] } = wanted;
    return Array.isArray(indexes)
      ? indexes.map(({ name, values }) => [name, values] as const)
      : Object.entries(indexes);
  };

  const watch = <T extends KubeObject>(resource: Resource<T>, wanted: CacheWatchOptions<T> = {}): CacheWatch<T> => {
    const wish = wishFor(resource, wanted);
    const metadataOnly = wanted.metadataOnly ?? byKind.get(groupResource(resource))?.metadataOnly ?? false;
    const entry = entryFor(resource, wish, metadataOnly);
    const handle: Handle<T> = holding(entry, () => {
      for (const [name, values] of indexesOf(wanted)) entry.view.addIndex(name, values);
      return createHandle<T>({
        view: entry.view,
        handler: wanted.handler,
        resyncMs: wanted.resyncMs,
        clock,
        random,
        log,
        onStop: () => ownerOf(handle)?.handles.delete(handle),
      });
    });
    entry.handles.add(handle);
    if (!entry.view.metadataOnly) takeOver(entry);
    return {
      get store() {
        return handle.view.store;
      },
      synced: (signal) => abortable(handle.synced, signal),
      async reselect(selection) {
        const to = entryFor(resource, wishFor(resource, selection), metadataOnly);
        const from = ownerOf(handle);
        if (!from) throw new Error(`reselect ${resource.plural}: the watch was stopped`);
        const moved = holding(to, () => {
          for (const [name, values] of indexesOf(wanted)) to.view.addIndex(name, values);
          return { done: move(handle, from, to) };
        });
        if (!to.view.metadataOnly) takeOver(to);
        await moved.done;
      },
      stop: () => handle.stop(),
    };
  };

  const ownerOf = <T extends KubeObject>(handle: Handle<T>): Entry<T> | undefined =>
    [...entries.values()].find(({ handles }) => handles.has(handle as unknown as Handle)) as unknown as
      | Entry<T>
      | undefined;

  const ofKind = (resource: Resource): readonly Entry[] =>
    [...entries.values()].filter((entry) => sameKind(entry.resource, resource));

  const store = <T extends KubeObject>(resource: Resource<T>, read: CacheRead = {}): Store<T> | undefined => {
    const namespace = resource.scope === "Namespaced" ? read.namespace || undefined : undefined;
    // Those that hold all there is of something come first.
    const whole = ofKind(resource)
      .filter(
        ({ view, wish }) =>
          (!view.metadataOnly || read.metadataOnly === true) &&
          wish.labelSelector === undefined &&
          wish.fieldSelector === undefined &&
          (wish.name === undefined || wish.name === read.name),
      )
      .sort((a, b) => breadth(b.wish) - breadth(a.wish));
    for (const { view, wish } of whole) {
      const all = wish.namespace === undefined && wish.namespaces === undefined;
      const found = namespace === undefined ? (all ? view.store : undefined) : view.storeOf(namespace);
      if (found) return found as Store<T>;
    }
    return undefined;
  };

  const reads = createCacheReads({
    unwatched: options.unwatched ?? "live",
    store,
    watch,
    refusal(resource, { namespace }) {
      if (stopped) return new CacheError("STOPPED", `read ${resource.plural}: the cache was stopped`);
      if (!started)
        return new CacheError("NOT_STARTED", `read ${resource.plural}: the cache is not started; call \`start\` first`);
      if (resource.scope === "Cluster" || !namespace) return undefined;
      const kind = byKind.get(groupResource(resource));
      const selection = wishedNamespaces(resource, {}, kind, defaults);
      // `namespace` alone narrows watches, not reads.
      if (selection === undefined || (narrowed && selection === defaults.namespaces)) return undefined;
      const selector = matchingSelector(selection);
      const matched = selector === undefined ? [] : followed.names(selector);
      if (!matched) return undefined;
      const feeds = feedsOfWish(resource, {}, kind, defaults, matched);
      if (feeds.some((feed) => feed.namespace === undefined || feed.namespace === namespace)) return undefined;
      return new CacheError(
        "UNKNOWN_NAMESPACE",
        `read ${resource.plural}: namespace ${JSON.stringify(namespace)} is not among those this cache watches; add it to \`namespaces\`, or read live`,
      );
    },
  });

  const cache: InformerCache = {
    watch,
    store,
    unwatched: options.unwatched ?? "live",
    ensure: reads.ensure,
    remove(resource) {
      reads.forget(resource);
      for (const { handles } of ofKind(resource)) for (const handle of [...handles]) handle.stop();
    },
    setNamespaces(namespaces) {
      if (namespaces) checkNamespaces(namespaces);
      const { namespaces: _, ...rest } = defaults;
      defaults = namespaces === undefined ? rest : { ...rest, namespaces };
      narrowed = false;
      for (const entry of [...entries.values()]) entry.refresh();
    },
    start() {
      if (started) throw new Error("the cache is started already");
      started = true;
      pool.start();
    },
    watches: () =>
      pool.all().map((informer) => {
        const wanting = [...entries.values()].filter(({ view }) => view.informers?.includes(informer));
        const handles = wanting.reduce((sum, entry) => sum + entry.handles.size, 0);
        return reportOf(informer, handles, clock);
      }),
    async stop() {
      stopped = true;
      for (const { handles } of [...entries.values()]) for (const handle of [...handles]) handle.stop();
      await pool.ended();
    },
  };
  return cache;
}

/** Holds a view while it is prepared, so that it ends if that fails. */
function holding<T extends KubeObject, R>({ view }: Entry<T>, act: () => R): R {
  view.retain();
  try {
    return act();
  } finally {
    view.release();
  }
}

function sameKind(a: Resource, b: Resource): boolean {
  return a.plural === b.plural && a.group === b.group && a.version === b.version;
}

function abortable(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
