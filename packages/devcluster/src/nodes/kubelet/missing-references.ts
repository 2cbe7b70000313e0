import {
  ConfigMap,
  type Container,
  type KubeObject,
  type Pod,
  type Resource,
  Secret,
  type Stored,
} from "@homeostat/api";
import type { Client } from "@homeostat/runtime";

/** What a pod refers to and is not there. */
export interface MissingReferences {
  /** Text by name of the container that cannot be made. */
  readonly containers: ReadonlyMap<string, string>;
  /** Text about the first volume that cannot be mounted. */
  readonly volume: string | undefined;
}

interface Reference {
  readonly kind: "ConfigMap" | "Secret";
  readonly name: string;
  readonly key?: string;
}

/** Looks for the ConfigMaps and Secrets a pod cannot start without. Those marked optional may be missing. */
export async function findMissing(client: Client, pod: Stored<Pod>): Promise<MissingReferences> {
  const namespace = pod.metadata.namespace!;
  const problems = new Map<string, Promise<string | undefined>>();
  const problemOf = (reference: Reference): Promise<string | undefined> => {
    const id = [reference.kind, reference.name, reference.key].join("/");
    if (!problems.has(id)) problems.set(id, look(client, namespace, reference));
    return problems.get(id)!;
  };
  const first = async (references: readonly Reference[]): Promise<string | undefined> => {
    for (const reference of references) {
      const problem = await problemOf(reference);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };

  const containers = new Map<string, string>();
  for (const container of [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]) {
    const problem = await first(environmentOf(container));
    if (problem !== undefined) containers.set(container.name, problem);
  }
  for (const volume of pod.spec?.volumes ?? []) {
    const problem = await first(volumeReferences(volume));
    if (problem !== undefined) {
      return { containers, volume: `MountVolume.SetUp failed for volume "${volume.name}" : ${problem}` };
    }
  }
  return { containers, volume: undefined };
}

/** Whether a pod refers to any: most do not, and need no requests. */
export function hasReferences(pod: Pod): boolean {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return (
    containers.some((container) => environmentOf(container).length > 0) ||
    (pod.spec?.volumes ?? []).some((volume) => volumeReferences(volume).length > 0)
  );
}

type Named = { readonly name?: string; readonly key?: string; readonly optional?: boolean };

const reference = (kind: Reference["kind"], named: Named | undefined): Reference[] =>
  !named?.name || named.optional
    ? []
    : [{ kind, name: named.name, ...(named.key === undefined ? {} : { key: named.key }) }];

function environmentOf({ env = [], envFrom = [] }: Container): Reference[] {
  return [
    ...envFrom.flatMap((from) => [
      ...reference("ConfigMap", from.configMapRef),
      ...reference("Secret", from.secretRef),
    ]),
    ...env.flatMap(({ valueFrom }) => [
      ...reference("ConfigMap", valueFrom?.configMapKeyRef),
      ...reference("Secret", valueFrom?.secretKeyRef),
    ]),
  ];
}

type Volume = NonNullable<NonNullable<Pod["spec"]>["volumes"]>[number];

function volumeReferences(volume: Volume): Reference[] {
  // The token volume that admission adds is no file here, so what it is made of is not waited for.
  if (volume.name.startsWith("kube-api-access-")) return [];
  const { configMap, secret, projected } = volume;
  return [
    ...reference("ConfigMap", configMap),
    ...reference("Secret", secret && named(secret.secretName, secret.optional)),
    ...(projected?.sources ?? []).flatMap((source) => [
      ...reference("ConfigMap", source.configMap),
      ...reference("Secret", source.secret),
    ]),
  ];
}

const named = (name: string | undefined, optional: boolean | undefined): Named => ({
  ...(name === undefined ? {} : { name }),
  ...(optional === undefined ? {} : { optional }),
});

type WithData = KubeObject & { readonly data?: object; readonly binaryData?: object };

async function look(client: Client, namespace: string, { kind, name, key }: Reference): Promise<string | undefined> {
  const resource = (kind === "ConfigMap" ? ConfigMap : Secret) as Resource<WithData>;
  const found = await client.find(resource, { namespace, name }, { from: "live" });
  if (!found) return `${kind.toLowerCase()} "${name}" not found`;
  if (key === undefined || key in { ...found.data, ...found.binaryData }) return undefined;
  return `couldn't find key ${key} in ${kind} ${namespace}/${name}`;
}
