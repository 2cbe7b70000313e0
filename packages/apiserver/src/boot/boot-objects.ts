import { isAlreadyExists, type JsonObject } from "@homeostat/api";
import { bootstrapPolicy } from "../auth/bootstrap-policy.ts";
import { defaultServiceRange } from "../builtins/allocators.ts";
import { formatIpv4, parseIpv4Range } from "../builtins/cidr.ts";
import { struct } from "../builtins/json-fields.ts";
import { bootNamespaces } from "../builtins/namespace.ts";
import { createObject } from "../registry/create.ts";
import { apiServerUser } from "../registry/custom-resource-controller.ts";
import type { Engine, WriteRequest } from "../registry/engine.ts";
import { copyOf } from "../registry/object.ts";
import { parseEntry } from "../registry/object-store.ts";
import type { ServedResource } from "../registry/served-resource.ts";
import { updateObject } from "../registry/update.ts";

/** What a cluster has from its first second. @param authentication how other servers check who asks, by key */
export function bootObjects(
  authentication: Readonly<Record<string, string>>,
  serviceRange = defaultServiceRange,
): JsonObject[] {
  const policy = bootstrapPolicy();
  const roles = [...policy.clusterRoles, ...policy.clusterRoleBindings, ...policy.roles, ...policy.roleBindings];
  return [
    ...bootNamespaces.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })),
    ...(roles as unknown as JsonObject[]),
    ...priorityClasses,
    ...flowControl,
    kubernetesService(serviceRange),
    authenticationConfigMap(authentication),
  ];
}

/** Classes that pods of the system name. Source: kube-apiserver, registry/scheduling. */
const priorityClasses: readonly JsonObject[] = [
  priorityClass("system-cluster-critical", 2_000_000_000, "the cluster needs these pods, on whatever node they run"),
  priorityClass("system-node-critical", 2_000_001_000, "a node needs these pods, and they cannot move to another one"),
];

function priorityClass(name: string, value: number, description: string): JsonObject {
  return { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata: { name }, value, description };
}

/** Who gets how much of the server. All requests are in this one flow: a server for one program has no queues. */
export const catchAll = "catch-all";

/** Source: kube-apiserver, flowcontrol bootstrap `MandatoryFlowSchemaCatchAll`. */
const flowControl: readonly JsonObject[] = [
  {
    apiVersion: "flowcontrol.apiserver.k8s.io/v1",
    kind: "PriorityLevelConfiguration",
    metadata: { name: catchAll },
    spec: { type: "Limited", limited: { nominalConcurrencyShares: 5, limitResponse: { type: "Reject" } } },
  },
  {
    apiVersion: "flowcontrol.apiserver.k8s.io/v1",
    kind: "FlowSchema",
    metadata: { name: catchAll },
    spec: {
      matchingPrecedence: 10_000,
      priorityLevelConfiguration: { name: catchAll },
      distinguisherMethod: { type: "ByUser" },
      rules: [
        {
          subjects: ["system:unauthenticated", "system:authenticated"].map((name) => ({
            kind: "Group",
            group: { name },
          })),
          resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"], clusterScope: true, namespaces: ["*"] }],
          nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
        },
      ],
    },
  },
];

/** How pods find the API: at the first address there is. */
function kubernetesService(serviceRange: string): JsonObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "kubernetes",
      namespace: "default",
      labels: { component: "apiserver", provider: "kubernetes" },
    },
    spec: {
      type: "ClusterIP",
      clusterIP: formatIpv4(parseIpv4Range(serviceRange).first + 1),
      ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: 6443 }],
    },
  };
}

/** What servers that extend the API check client certificates and the headers of this server with. Source: kube-apiserver, clusterauthenticationtrust. */
function authenticationConfigMap(data: Readonly<Record<string, string>>): JsonObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "extension-apiserver-authentication", namespace: "kube-system" },
    data: { ...data },
  };
}

/** A server that starts on what another one left behind has authorities of its own. */
export async function refreshAuthentication(engine: Engine, wanted: Readonly<Record<string, string>>): Promise<void> {
  const served = engine.catalog.find("", "v1", "configmaps")!;
  const { metadata } = authenticationConfigMap(wanted) as { metadata: { name: string; namespace: string } };
  const entry = await engine.store.storage.get(engine.store.key(served, metadata.namespace, metadata.name));
  const says = (object: JsonObject): boolean =>
    Object.entries(wanted).every(([key, value]) => struct(object, "data")?.[key] === value);
  if (!entry || says(parseEntry(entry))) return;
  await updateObject(engine, writeOf(served, metadata.namespace), metadata.name, {
    fields: "record",
    transform: (live) => ({ ...copyOf(live), data: { ...struct(live, "data"), ...wanted } }),
  });
}

/**
 * Makes objects that a cluster has from the start, where they are not there yet. They take the same way as everyone's.
 * @throws Error when an object's kind is not served
 */
export async function ensureObjects(engine: Engine, objects: readonly JsonObject[]): Promise<void> {
  for (const object of objects) await ensureObject(engine, object);
}

async function ensureObject(engine: Engine, object: JsonObject): Promise<void> {
  const { apiVersion, kind } = object as { apiVersion: string; kind: string };
  const [version, group = ""] = apiVersion.split("/").reverse();
  const served = engine.catalog.findKind(group, version!, kind);
  if (!served) throw new Error(`${apiVersion} ${kind} is not served, so it cannot be made at start`);
  const { name, namespace } = object["metadata"] as { name: string; namespace?: string };
  if (await engine.store.storage.get(engine.store.key(served, namespace, name))) return;
  const copy = structuredClone(object);
  served.schema.decode(copy);
  await createObject(engine, writeOf(served, namespace), copy).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
}

function writeOf(served: ServedResource, namespace: string | undefined): WriteRequest {
  return {
    served,
    namespace,
    subresource: undefined,
    user: apiServerUser,
    dryRun: false,
    fieldManager: "kube-apiserver",
    // Webhooks registered before a restart cannot be asked yet.
    admittedAs: "already",
    warn() {},
  };
}
