import {
  type Clock,
  CustomResourceDefinition,
  groupResource,
  type KubeObject,
  type Resource,
  type Transport,
} from "@homeostat/api";
import type { Cache, CacheWatch, Logger, StoreEvent } from "@homeostat/runtime";
import { type DiscoveredResource, discover, preferred } from "../discovery.ts";

export interface MonitorsOptions {
  readonly cache: Cache;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onEvent: (resource: Resource, event: StoreEvent) => void;
  /** A kind is no longer served, so its objects are gone. */
  readonly onGone: (resource: Resource) => void;
}

/** How long to wait after a definition changed, so that a bundle of them leads to one round of discovery. */
const settleMs = 50;
const retryMs = 2_000;

/**
 * Watches the metadata of every kind that can be deleted, listed and watched, and follows definitions as they come
 * and go. Source: garbage collector, `Sync` and `resyncMonitors`.
 */
export class Monitors {
  readonly #options: MonitorsOptions;
  readonly #watches = new Map<string, { readonly resource: Resource; readonly watch: CacheWatch<KubeObject> }>();
  #kinds: ReadonlyMap<string, DiscoveredResource> = new Map();
  #cancel: (() => void) | undefined;
  #definitions: CacheWatch<CustomResourceDefinition> | undefined;
  #lastRound: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: MonitorsOptions) {
    this.#options = options;
  }

  /** Resolves when every kind's first list has arrived. */
  async start(signal: AbortSignal): Promise<void> {
    // Before the first discovery, or a definition that comes between the two would never be looked at.
    this.#definitions = this.#options.cache.watch(CustomResourceDefinition, {
      metadataOnly: true,
      handler: (event) => {
        // Those there are at first are part of the first discovery.
        if (event.type !== "added" || !event.initial) this.#schedule(settleMs, signal);
      },
    });
    await this.#definitions.synced(signal);
    await this.#sync(signal);
    await Promise.all([...this.#watches.values()].map(({ watch }) => watch.synced(signal)));
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#definitions?.stop();
    for (const { watch } of this.#watches.values()) watch.stop();
    this.#watches.clear();
  }

  /** The kind a reference names, in whatever version it is served. */
  find(group: string, kind: string): DiscoveredResource | undefined {
    return this.#kinds.get(`${group}/${kind}`);
  }

  #schedule(afterMs: number, signal: AbortSignal): void {
    this.#cancel?.();
    this.#cancel = this.#options.clock.setTimer(
      () => {
        this.#sync(signal).catch((error: unknown) => {
          if (this.#stopped) return;
          this.#options.log.warn({ err: error }, "Discovery failed, trying again");
          this.#schedule(retryMs, signal);
        });
      },
      afterMs,
      { keepAlive: false },
    );
  }

  /** One round after the other: an older one must not have the last word. */
  #sync(signal: AbortSignal): Promise<void> {
    const round = this.#lastRound.then(() => this.#round(signal));
    this.#lastRound = round.catch(() => {});
    return round;
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { resources, failures } = await discover(this.#options.transport, signal);
    if (this.#stopped) return;
    const served = preferred(resources);
    const kinds = new Map<string, DiscoveredResource>();
    for (const resource of served) if (!kinds.has(kindKey(resource))) kinds.set(kindKey(resource), resource);
    this.#kinds = kinds;
    const wanted = new Map(served.filter(isCollectable).map((resource) => [groupResource(resource), resource]));
    for (const [key, resource] of wanted) this.#watch(key, resource);
    const failed = new Set(failures.map(({ groupVersion }) => groupVersion.split("/")[0]));
    for (const [key, { resource, watch }] of this.#watches) {
      if (wanted.has(key) || failed.has(resource.group)) continue;
      watch.stop();
      this.#watches.delete(key);
      this.#options.onGone(resource);
    }
    if (failures.length > 0) this.#schedule(retryMs, signal);
  }

  #watch(key: string, resource: Resource): void {
    const known = this.#watches.get(key);
    if (known?.resource.version === resource.version) return;
    known?.watch.stop();
    const watch = this.#options.cache.watch(resource, {
      metadataOnly: true,
      handler: (event) => this.#options.onEvent(resource, event),
    });
    this.#watches.set(key, { resource, watch });
  }
}

const kindKey = ({ group, kind }: Resource): string => `${group}/${kind}`;

/** Events own nothing, are owned by nothing, and are many: they go by their age. */
function isCollectable(resource: DiscoveredResource): boolean {
  if (resource.plural === "events" && (resource.group === "" || resource.group === "events.k8s.io")) return false;
  return ["delete", "list", "watch"].every((verb) => resource.verbs.includes(verb));
}
