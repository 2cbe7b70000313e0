import { isBeingDeleted, type JsonObject, type KubeObject, ResourceQuota, type Transport } from "@homeostat/api";
import { countedBy, type QuotaCounted, quotaUsage } from "@homeostat/apiserver";
import type { Cache, ControllerDefinition, Source, SourceSink } from "@homeostat/runtime";
import { semanticallyEqual } from "../workloads/equality.ts";
import { clusterController } from "./cluster-controller.ts";
import { type DiscoveredResource, discover } from "./discovery.ts";

/** A kind that a quota counts may come after it; looked for again after so long. */
const lookAgainMs = 30_000;

/**
 * Says in the status of quotas what is used of them. Whether something may be made is decided by the server, which
 * counts for itself. Source: kube-controller-manager, resourcequota controller.
 */
export function resourceQuotas(options: { readonly transport: Transport }): ControllerDefinition<ResourceQuota> {
  const counted = new CountedKinds(options.transport);
  return clusterController(ResourceQuota, "resourcequota-controller")
    .source(counted)
    .reconcile(async ({ object: quota, client, cache, signal }) => {
      if (isBeingDeleted(quota)) return {};
      const { namespace } = quota.metadata;
      const hard = quota.spec?.hard ?? {};
      const missing = await counted.watch(Object.keys(hard), cache, signal);
      const used = await quotaUsage(quota as unknown as JsonObject, async (kind) => {
        const resource = counted.find(kind);
        if (!resource) return [];
        // From the server: some kinds are watched by their metadata only.
        const { items } = await client.list(resource, { namespace: namespace!, from: "live" });
        return items as unknown as readonly JsonObject[];
      });
      const status = { hard, used };
      if (!semanticallyEqual(quota.status, status)) await client.status.update(ResourceQuota, { ...quota, status });
      return missing ? { requeueAfterMs: lookAgainMs } : {};
    });
}

/** Watches the kinds that quotas count, from when the first quota does, and has the quotas of the namespace looked at. */
class CountedKinds implements Source {
  readonly name = "counted";
  readonly #transport: Transport;
  readonly #kinds = new Map<string, DiscoveredResource>();
  readonly #watched = new Set<string>();
  #sink: SourceSink | undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  start(sink: SourceSink): void {
    this.#sink = sink;
  }

  find({ group, plural }: QuotaCounted): DiscoveredResource | undefined {
    return this.#kinds.get(`${group}/${plural}`);
  }

  /** @returns whether there are kinds that are not served */
  async watch(names: readonly string[], cache: Cache, signal: AbortSignal): Promise<boolean> {
    const wanted = names.flatMap((name) => countedBy(name) ?? []);
    if (wanted.some((kind) => !this.find(kind))) await this.#discover(signal);
    for (const kind of wanted) {
      const resource = this.find(kind);
      if (resource) this.#watch(resource, cache);
    }
    return wanted.some((kind) => !this.find(kind));
  }

  async #discover(signal: AbortSignal): Promise<void> {
    const { resources } = await discover(this.#transport, signal);
    for (const resource of resources.filter(({ scope, verbs }) => scope === "Namespaced" && verbs.includes("list"))) {
      const key = `${resource.group}/${resource.plural}`;
      if (!this.#kinds.has(key)) this.#kinds.set(key, resource);
    }
  }

  #watch(resource: DiscoveredResource, cache: Cache): void {
    const key = `${resource.group}/${resource.plural}`;
    if (this.#watched.has(key)) return;
    this.#watched.add(key);
    cache.watch<KubeObject>(resource, {
      metadataOnly: true,
      handler: ({ object }) => {
        const { namespace } = object.metadata;
        if (namespace === undefined) return;
        for (const { metadata } of cache.store(ResourceQuota)?.entries({ namespace }) ?? [])
          this.#sink?.add({ namespace, name: metadata.name });
      },
    });
  }
}
