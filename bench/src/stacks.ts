import {
  ConfigMap,
  Deployment,
  isConditionTrue,
  type KubeObject,
  Namespace,
  NetworkPolicy,
  PodDisruptionBudget,
  type Resource,
  Secret,
  Service,
  ServiceAccount,
  StatefulSet,
  type Stored,
} from "@homeostat/api";
import { createDevCluster, type DevCluster } from "@homeostat/devcluster";
import { type CachedObject, createCache } from "@homeostat/runtime";
import { TempoStack, type TempoStackSpec, tempoOperator } from "@homeostat/tempo";

/** So many TempoStacks, spread over so many namespaces. */
export interface StackPlan {
  readonly count: number;
  readonly namespaces: number;
}

export interface StackKey {
  readonly namespace: string;
  readonly name: string;
}

const podsPerStack = 7;
const podsPerNode = 110;

/** What a stack is made of, in the order in which it is made. */
const kinds: readonly Resource[] = [
  ServiceAccount,
  ConfigMap,
  Secret,
  Service,
  NetworkPolicy,
  PodDisruptionBudget,
  Deployment,
  StatefulSet,
];

export function* keysOf({ count, namespaces }: StackPlan): Iterable<StackKey> {
  for (let index = 0; index < count; index++)
    yield { namespace: namespaces === 1 ? "default" : `tenant-${index % namespaces}`, name: `stack-${index}` };
}

/** A cluster with nodes enough, and in each namespace the Secret of the object storage. */
export async function startCluster(plan: StackPlan): Promise<DevCluster> {
  const cluster = await createDevCluster({ nodes: 1 + Math.ceil((plan.count * podsPerStack) / podsPerNode) });
  const { client } = cluster;
  const data = encoded({ endpoint: "http://minio:9000", bucket: "b", access_key_id: "k", access_key_secret: "s" });
  for (const namespace of new Set(Array.from(keysOf(plan), (key) => key.namespace))) {
    if (namespace !== "default")
      await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    await client.create(Secret, { apiVersion: "v1", kind: "Secret", metadata: { name: "minio", namespace }, data });
  }
  return cluster;
}

const encoded = (fields: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, Buffer.from(text).toString("base64")]));

/** Makes a stack for each key, and waits until all are ready. */
export async function makeStacks({ client, ...cluster }: DevCluster, keys: readonly StackKey[]): Promise<void> {
  for (const metadata of keys) {
    const spec = { storage: { secret: { name: "minio", type: "s3" } }, storageSize: "1Gi" } as TempoStackSpec;
    await client.create(TempoStack, TempoStack.object({ metadata, spec }));
  }
  await until(cluster, TempoStack, keys.length, (stack) => isConditionTrue(stack.object().status?.conditions, "Ready"));
}

/** Everything a stack is made of, as text, with `the-sample` for its name. */
export async function sampleObjects(): Promise<readonly (readonly [Resource, string])[]> {
  const cluster = await startCluster({ count: 1, namespaces: 1 });
  try {
    await cluster.run(tempoOperator());
    await makeStacks(cluster, [{ namespace: "default", name: "the-sample" }]);
    const made: (readonly [Resource, string])[] = [];
    for (const kind of kinds) {
      const { items } = await cluster.client.list(kind, { namespace: "default" });
      for (const object of items)
        if (object.metadata.name.includes("the-sample")) made.push([kind, JSON.stringify(bare(object))]);
    }
    return made;
  } finally {
    await cluster.stop();
  }
}

/** As somebody would write it. */
function bare(object: Stored<KubeObject>): object {
  const { status: _, metadata, ...rest } = object as Stored<KubeObject> & { readonly status?: unknown };
  const { name, labels, annotations } = metadata;
  const { spec } = rest as { readonly spec?: Record<string, unknown> };
  if (spec?.["clusterIP"] !== "None") for (const given of ["clusterIP", "clusterIPs"]) delete spec?.[given];
  return { ...rest, metadata: { name, labels, annotations } };
}

/** Makes the objects of the sample for each key without an operator, and waits until their pods run. */
export async function makeObjects(
  { client, ...cluster }: DevCluster,
  keys: readonly StackKey[],
  sample: Awaited<ReturnType<typeof sampleObjects>>,
): Promise<void> {
  for (const { namespace, name } of keys)
    for (const [kind, text] of sample) {
      const object = JSON.parse(text.replaceAll("the-sample", name));
      object.metadata.namespace = namespace;
      await client.create(kind, object);
    }
  const deployments = sample.filter(([kind]) => kind === Deployment).length;
  await Promise.all([
    until(cluster, StatefulSet, keys.length, isFull),
    until(cluster, Deployment, keys.length * deployments, isFull),
  ]);
}

function isFull(object: CachedObject<Deployment> | CachedObject<StatefulSet>): boolean {
  const { spec, status } = object.object();
  return status?.readyReplicas === (spec?.replicas ?? 1);
}

/** Resolves when so many objects of a kind are as they should be. */
async function until<T extends KubeObject>(
  { transport }: Pick<DevCluster, "transport">,
  resource: Resource<T>,
  wanted: number,
  isDone: (object: CachedObject<T>) => boolean,
): Promise<void> {
  const cache = createCache({ transport: transport() });
  const done = new Set<string>();
  await new Promise<void>((resolve) => {
    cache.watch(resource, {
      handler({ type, object }) {
        if (type !== "deleted" && isDone(object)) done.add(object.metadata.key);
        else done.delete(object.metadata.key);
        if (done.size === wanted) resolve();
      },
    });
  });
  await cache.stop();
}
