import { ApiError, type KubeObject, Namespace, type Stored, type Transport } from "@homeostat/api";
import type { Client, ControllerDefinition } from "@homeostat/runtime";
import { clusterController } from "./cluster-controller.ts";
import { type DiscoveredResource, discover, preferred } from "./discovery.ts";
import { type EmptyingResult, isEmpty, namespaceConditions } from "./namespace-conditions.ts";

/** The finalizer in a namespace's spec that this controller takes off. */
const contentFinalizer = "kubernetes";

/**
 * Empties namespaces that are being deleted, kind after kind, says in their conditions what is left and why, and lets
 * them go when nothing is. Source: namespace controller, `namespaced_resources_deleter`.
 */
export function namespaceLifecycle(options: { readonly transport: Transport }): ControllerDefinition<Namespace> {
  // What is left, by uid of the namespace: nothing new can be made in one that is going, so only that is looked at.
  const left = new Map<string, readonly DiscoveredResource[]>();
  return clusterController(Namespace, "namespace").reconcile(async ({ object, client, signal, clock }) => {
    const { name, uid, deletionTimestamp } = object.metadata;
    if (deletionTimestamp === undefined || !object.spec?.finalizers?.includes(contentFinalizer)) return {};
    const round = async (): Promise<Round> => emptyKinds(client, name, await contentKinds(options.transport, signal));
    const known = left.get(uid);
    let result = known ? await emptyKinds(client, name, { kinds: known, failures: [] }) : await round();
    // The last word is that of a whole round.
    if (known && isEmpty(result)) result = await round();
    left.delete(uid);
    if (!isEmpty(result) && result.discoveryFailures.length === 0) left.set(uid, result.kinds);
    const namespace = await client.get(Namespace, { name }, { from: "live" });
    const written = await writeConditions(client, namespace, result, clock.now());
    if (!isEmpty(result)) return { requeueAfterMs: nextLookMs(clock.now() - Date.parse(deletionTimestamp)) };
    const finalizers = (written.spec?.finalizers ?? []).filter((finalizer) => finalizer !== contentFinalizer);
    await client.subresource("finalize").update(Namespace, { ...written, spec: { ...written.spec, finalizers } });
    return {};
  });
}

/** What is stuck is looked at less and less often; never less than every five seconds. */
export function nextLookMs(goingForMs: number): number {
  return Math.min(5_000, Math.max(50, goingForMs / 4));
}

interface Kinds {
  readonly kinds: readonly DiscoveredResource[];
  readonly failures: EmptyingResult["discoveryFailures"];
}

interface Round extends EmptyingResult {
  /** Kinds that are not done. */
  readonly kinds: readonly DiscoveredResource[];
}

async function contentKinds(transport: Transport, signal: AbortSignal): Promise<Kinds> {
  const { resources, failures } = await discover(transport, signal);
  return { kinds: preferred(resources).filter(isDeletableContent), failures };
}

async function emptyKinds(client: Client, namespace: string, { kinds, failures }: Kinds): Promise<Round> {
  const found = await Promise.all(kinds.map((resource) => emptyKind(client, resource, namespace)));
  const finalizers: Record<string, number> = {};
  for (const finalizer of found.flatMap(({ objects }) =>
    objects.flatMap(({ metadata }) => metadata.finalizers ?? []),
  )) {
    finalizers[finalizer] = (finalizers[finalizer] ?? 0) + 1;
  }
  const undone = found.filter(({ objects, failure }) => objects.length > 0 || failure !== undefined);
  return {
    discoveryFailures: failures,
    deletionFailures: undone.flatMap(({ failure }) => failure ?? []),
    remaining: undone.flatMap(({ resource, objects }) =>
      objects.length > 0 ? { resource, count: objects.length } : [],
    ),
    finalizers,
    kinds: undone.map(({ resource }) => resource),
  };
}

interface Emptied {
  readonly resource: DiscoveredResource;
  /** What is left of the kind. */
  readonly objects: readonly Stored[];
  readonly failure?: string;
}

async function emptyKind(client: Client, resource: DiscoveredResource, namespace: string): Promise<Emptied> {
  const list = async (): Promise<readonly Stored<KubeObject>[]> =>
    (await client.list(resource, { namespace, from: "live" })).items;
  try {
    if ((await list()).length === 0) return { resource, objects: [] };
    await client.deleteAll(resource, { namespace, propagationPolicy: "Background" });
    return { resource, objects: await list() };
  } catch (error) {
    // The kind's definition may have gone meanwhile.
    if (error instanceof ApiError && (error.code === 404 || error.code === 405)) return { resource, objects: [] };
    return { resource, objects: [], failure: error instanceof Error ? error.message : String(error) };
  }
}

function isDeletableContent({ scope, verbs }: DiscoveredResource): boolean {
  return scope === "Namespaced" && ["list", "delete", "deletecollection"].every((verb) => verbs.includes(verb));
}

async function writeConditions(
  client: Client,
  namespace: Stored<Namespace>,
  result: EmptyingResult,
  now: number,
): Promise<Stored<Namespace>> {
  const conditions = namespaceConditions(namespace.status?.conditions, result, now);
  if (conditions === namespace.status?.conditions) return namespace;
  return client.status.update(Namespace, { ...namespace, status: { ...namespace.status, conditions } });
}
