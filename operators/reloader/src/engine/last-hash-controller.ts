import { ConfigMap, type KubeObject, type Resource, Secret, type Stored } from "@homeostat/api";
import type { ControllerDefinition, ReconcileContext, Result } from "@homeostat/runtime";
import { ReloaderConfig } from "../api.ts";
import { lastHash } from "../rules/annotation-keys.ts";
import { fieldManager } from "./field-manager.ts";
import type { BookEntry } from "./resource-book.ts";
import { builtInKinds, namespaceWatches, perNamespace, resourceWatch, watch, workloadWatch } from "./watches.ts";
import type { Shared } from "./workload-controller.ts";
import { sameWishes } from "./world.ts";

/**
 * Writes the hash of its content on each Secret or ConfigMap that something depends on, for people to see that its
 * change was noticed. Nothing is decided by it.
 */
export function lastHashController(kind: "ConfigMap" | "Secret", shared: Shared): ControllerDefinition<KubeObject> {
  return {
    name: `reloader-last-hash-${kind.toLowerCase()}`,
    for: (kind === "Secret" ? Secret : ConfigMap) as Resource<KubeObject>,
    watches: perNamespace(watchesOf(kind, shared), shared.options),
    reconcile: (context) => reconcile(context, kind, shared),
    options: { concurrency: 2, retryMaxMs: 60_000 },
  };
}

function watchesOf(kind: "ConfigMap" | "Secret", { world, options }: Shared) {
  const requests = (entries: Iterable<BookEntry>, enqueue: (request: { namespace: string; name: string }) => void) => {
    for (const each of entries) if (each.kind === kind) enqueue({ namespace: each.namespace, name: each.name });
  };
  const own = resourceWatch(kind, world, options, (entry, event, enqueue) => {
    if (event.type !== "deleted" && isUsed(entry, world)) enqueue({ namespace: entry.namespace, name: entry.name });
  });
  const workloads = builtInKinds(options).map(({ kind: each }) =>
    workloadWatch(each, world, (event, enqueue) => {
      if (event.type === "updated" && sameWishes(event)) return;
      const { namespace = "", name } = event.object.metadata;
      requests(world.resourcesOf({ kind: each, namespace, name }), enqueue);
    }),
  );
  const configs = watch(ReloaderConfig, (event, enqueue) => {
    world.takeConfig(event);
    if (event.type === "updated" && sameWishes(event)) return;
    const { key } = event.object.metadata;
    const config = world.config(key);
    if (config) requests(world.resourcesWatchedBy(config), enqueue);
    for (const target of config?.spec.targets ?? []) {
      const namespace = target.namespace ?? config!.namespace;
      requests(world.resourcesOf({ kind: target.kind, namespace, name: target.name }), enqueue);
    }
  });
  return [own, ...workloads, configs, ...namespaceWatches(world, options, () => {})];
}

function isUsed(entry: BookEntry, world: Shared["world"]): boolean {
  return !world.usersOf(entry, false).next().done || !world.configsWatching(entry).next().done;
}

async function reconcile(
  { object, request, client, log }: ReconcileContext<KubeObject>,
  kind: "ConfigMap" | "Secret",
  { world, options, contents }: Shared,
): Promise<Result> {
  const { namespace = "", name } = request;
  const entry = world.resources.get(`${namespace}/${kind}/${name}`);
  const { deletionTimestamp, annotations = {} } = object.metadata;
  if (!entry || deletionTimestamp !== undefined || !world.covers(namespace) || !isUsed(entry, world)) return {};
  if (annotations[options.keys.ignore] === "true") return {};
  const resource = (kind === "Secret" ? Secret : ConfigMap) as Resource<KubeObject>;
  const found = await contents.get(client, entry);
  if (!found) return {};
  const hash = found.status;
  const before = annotations[lastHash];
  if (before === hash) return {};
  if (before !== undefined) log.info({ kind, oldHash: before, newHash: hash }, `${kind} data changed`);
  const metadata = { uid: object.metadata.uid, annotations: { [lastHash]: hash } };
  const write = () => client.patchMerge(resource, { namespace, name }, { metadata }, { fieldManager });
  // Nobody needs to ask for the version that is only this annotation newer.
  await contents.write(entry, write as () => Promise<Stored<Secret | ConfigMap>>);
  return {};
}
