import { groupResource, type KubeObject } from "@homeostat/api";
import type { CacheWatch, CacheWatchOptions } from "../cache/cache.ts";
import type { Store, StoreEvent } from "../cache/store.ts";
import { causeOf } from "../ledger/event-cause.ts";
import type { Logger } from "../log.ts";
import { LoopGuard } from "../loop-guard/loop-guard.ts";
import type { Cluster } from "../multicluster/cluster.ts";
import { checkPriority, Priority } from "../workqueue/priority.ts";
import type { AddOptions } from "../workqueue/workqueue.ts";
import type { Call } from "./call.ts";
import type { ControllerDefinition, WatchDefinition } from "./definition.ts";
import type { ControllerDependencies } from "./dependencies.ts";
import { requestOf } from "./event-handler.ts";
import type { Request } from "./reconciler.ts";

// biome-ignore lint/suspicious/noExplicitAny: each watch has its own object type, and no variance fits
type AnyWatch = WatchDefinition<any>;
// biome-ignore lint/suspicious/noExplicitAny: as above
type AnyHandle = CacheWatch<any>;

export interface ClusterScopeOptions {
  readonly cluster: Cluster;
  readonly definition: ControllerDefinition;
  readonly dependencies: ControllerDependencies;
  readonly log: Logger;
  /** Where requests go; not before `admit`. */
  readonly enqueue: (request: Request, options: AddOptions) => void;
}

/**
 * One cluster as one controller works on it: its watches, what it has written there, what is paused there. Requests are
 * held back until all watches are in sync, so that no reconcile sees half a world.
 */
export class ClusterScope {
  readonly cluster: Cluster;
  readonly guard: LoopGuard | undefined;
  /** Objects that were found paused and not seen otherwise since, by key. */
  readonly paused = new Set<string>();
  readonly #options: ClusterScopeOptions;
  readonly #watches = new Map<AnyWatch, { readonly handle: AnyHandle; synced: boolean }>();
  #held: [Request, AddOptions][] | undefined = [];
  readonly #running = new Set<Call>();
  #aborted: Error | undefined;
  #idle: (() => void)[] = [];

  constructor(options: ClusterScopeOptions) {
    const { cluster, definition, dependencies } = options;
    this.cluster = cluster;
    this.#options = options;
    this.guard =
      definition.options.loopGuard === false
        ? undefined
        : new LoopGuard({
            clock: dependencies.clock,
            fieldManager: definition.options.fieldManager ?? definition.name,
            ownResource: definition.for ? groupResource(definition.for) : "",
            ...(definition.options.loopGuard ? { thresholds: definition.options.loopGuard } : {}),
          });
  }

  /** Why what ran for this cluster was aborted, as it could be waited for no longer; undefined: it was not. */
  get aborted(): Error | undefined {
    return this.#aborted;
  }

  /** Kinds whose first list has not arrived. */
  get pending(): readonly string[] {
    const where = this.cluster.name === undefined ? "" : ` of cluster ${this.cluster.name}`;
    const late = [...this.#watches].filter(([, { synced }]) => !synced);
    return [...new Set(late.map(([{ resource }]) => `${groupResource(resource)}${where}`))];
  }

  /** The store of a watched kind, by `groupResource`. */
  // biome-ignore lint/suspicious/noExplicitAny: each store has its own object type, and no variance fits
  store(resource: string): Store<any> | undefined {
    for (const [watch, { handle }] of this.#watches)
      if (groupResource(watch.resource) === resource && !isSelected(watch)) return handle.store;
    for (const [watch, { handle }] of this.#watches)
      if (groupResource(watch.resource) === resource) return handle.store;
    return undefined;
  }

  /** What the controller's own kind is watched with. */
  get own(): { readonly watch: AnyWatch; readonly store: AnyHandle["store"] } | undefined {
    for (const [watch, { handle }] of this.#watches)
      if (watch.resource === this.#options.definition.for) return { watch, store: handle.store };
    return undefined;
  }

  /** Starts a watch. Resolves when its first list was handled; rejects when `signal` or `stop` comes first. */
  watch(watch: AnyWatch, signal: AbortSignal): Promise<void> {
    this.#options.log.debug({ source: sourceName(watch), ...this.#fields }, "Starting EventSource");
    const handle = this.cluster.cache.watch(watch.resource, {
      ...selectionOf(watch, this.#options.dependencies.namespace),
      handler: (event: StoreEvent) => this.#onEvent(watch, event),
    });
    const state = { handle, synced: false };
    this.#watches.set(watch, state);
    return handle.synced(signal).then(() => {
      state.synced = true;
    });
  }

  unwatch(watch: AnyWatch): void {
    this.#watches.get(watch)?.handle.stop();
    this.#watches.delete(watch);
  }

  /** Lets requests through, those that have come until now first. */
  admit(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const [request, options] of held) this.#options.enqueue(request, options);
  }

  /** Asks for all objects of the controller's kind again; where there is none, for all that its watches lead to. */
  requestAll(options: AddOptions): void {
    if (this.#options.definition.for) {
      for (const { metadata } of this.own?.store.entries() ?? []) this.enqueue(requestOf(metadata), options);
      return;
    }
    for (const [watch, { handle }] of this.#watches)
      for (const object of handle.store.entries())
        this.#onEvent(watch, { type: "added", object, initial: true }, options);
  }

  enqueue(request: Request, options: AddOptions): void {
    // Here, where whoever asks can be told: held requests are let through much later.
    if (options.priority !== undefined) checkPriority(options.priority);
    const { name } = this.cluster;
    const item = name !== undefined && request.cluster === undefined ? { ...request, cluster: name } : request;
    if (this.#held) this.#held.push([item, options]);
    else this.#options.enqueue(item, options);
  }

  began(call: Call): void {
    this.#running.add(call);
  }

  /** Of one that is abandoned: nothing waits for it any more. */
  ended(call: Call): void {
    this.#running.delete(call);
    if (this.#running.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Resolves when nothing runs for this cluster. */
  idle(): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  abort(reason: Error): void {
    this.#aborted ??= reason;
    for (const call of this.#running) call.abort(this.#aborted);
  }

  /** Ends its watches; not before what runs has ended, which reads from the stores. */
  stop(): void {
    for (const { handle } of this.#watches.values()) handle.stop();
    this.#watches.clear();
  }

  get #fields(): Record<string, string> {
    return this.cluster.name === undefined ? {} : { cluster: this.cluster.name };
  }

  #onEvent<W extends KubeObject>(watch: WatchDefinition<W>, event: StoreEvent<W>, given?: AddOptions): void {
    try {
      if (!watch.predicates.every((predicate) => predicate(event))) return;
      const backlog = (event.type === "added" && event.initial) || (event.type === "updated" && event.resync);
      const priority = backlog ? Priority.low : Priority.normal;
      const options = given ?? { priority, cause: causeOf(watch.resource, event) };
      watch.handler(
        event,
        (request, wanted) => this.enqueue(request, wanted ? { ...options, ...wanted } : options),
        this.cluster.cache,
      );
    } catch (error) {
      // One bad object must not end the watch for all others.
      const { namespace, name } = event.object.metadata;
      this.#options.log.error(
        { err: error, source: watch.resource.kind, namespace, name, ...this.#fields },
        "Event handler failed",
      );
    }
  }
}

export const sourceName = ({ resource }: AnyWatch): string => `kind source: ${resource.kind}`;

const isSelected = ({ labelSelector, fieldSelector, name, metadataOnly }: AnyWatch): boolean =>
  labelSelector !== undefined || fieldSelector !== undefined || name !== undefined || metadataOnly === true;

/** What a watch asks the cache for. */
export function selectionOf<W extends KubeObject>(
  watch: WatchDefinition<W>,
  everywhere: string | undefined,
): CacheWatchOptions<W> {
  const { resource, labelSelector, fieldSelector, name, metadataOnly, indexes } = watch;
  const namespace = resource.scope === "Namespaced" ? (watch.namespace ?? everywhere) : undefined;
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(name === undefined ? {} : { name }),
    ...(metadataOnly === undefined ? {} : { metadataOnly }),
    ...(indexes === undefined ? {} : { indexes }),
  };
}
