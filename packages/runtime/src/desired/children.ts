import {
  groupResource,
  type JsonObject,
  type KubeObject,
  type NamespacedName,
  ownerReference,
  parseApiVersion,
  type Resource,
  type Stored,
} from "@homeostat/api";
import { TerminalError } from "../controller/reconciler.ts";
import { configurationHash } from "./converged.ts";
import { kindRank } from "./kind-order.ts";

/** `<controller>/<uid of the owner>`: who made an object, and for whom. Only what carries this is ever pruned. */
export const APPLIED_FOR = "homeostat.dev/applied-for";
/** Digest of what was applied last. */
export const APPLIED_HASH = "homeostat.dev/applied-hash";
/** Label with the owner's uid, on children that cannot carry an owner reference. */
export const OWNER_UID = "homeostat.dev/owner-uid";

/** A child as it should be, ready to be applied. */
export interface WantedChild {
  readonly resource: Resource;
  readonly key: NamespacedName;
  /** `configmaps/demo/a` */
  readonly id: string;
  readonly configuration: KubeObject;
  readonly hash: string;
  /** Place in the order of `desired`. */
  readonly index: number;
}

/** Completes what `desired` returned: namespace, owner, inventory. @throws TerminalError where it makes no sense */
export function wantedChildren(
  owner: Stored,
  ownerResource: Resource,
  controller: string,
  children: readonly Resource[],
  desired: readonly KubeObject[],
): WantedChild[] {
  const seen = new Set<string>();
  return desired.map((object, index) => {
    const resource = resourceOf(object, children);
    const child = wantedChild(owner, ownerResource, controller, resource, object, index);
    if (seen.has(child.id))
      throw new TerminalError(`desired returned ${child.id} twice: give the objects different names`);
    seen.add(child.id);
    return child;
  });
}

/** Groups of children that may be applied at once, in order. */
export function inKindOrder(children: readonly WantedChild[]): WantedChild[][] {
  const groups = new Map<number, WantedChild[]>();
  for (const child of children) {
    const rank = kindRank(child.resource.kind);
    groups.set(rank, [...(groups.get(rank) ?? []), child]);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}

/** Names an object among all kinds. */
export function childId(resource: Resource, key: NamespacedName): string {
  return `${groupResource(resource)}/${key.namespace ? `${key.namespace}/` : ""}${key.name}`;
}

/** Whether an owner reference is possible: owners live in the same namespace, or in none. */
export function canOwn(owner: Stored, namespace: string | undefined): boolean {
  return owner.metadata.namespace === undefined || owner.metadata.namespace === namespace;
}

function resourceOf(object: KubeObject, children: readonly Resource[]): Resource {
  const { apiVersion = "", kind = "" } = object;
  const { group } = parseApiVersion(apiVersion);
  const found = children.find((resource) => resource.kind === kind && resource.group === group);
  if (found) return found;
  throw new TerminalError(
    `desired returned a ${kind || "nameless kind"} of ${apiVersion || "no apiVersion"}, which is not among children: add it there, so that it is watched and pruned`,
  );
}

function wantedChild(
  owner: Stored,
  ownerResource: Resource,
  controller: string,
  resource: Resource,
  object: KubeObject,
  index: number,
): WantedChild {
  const { name, labels, annotations, ownerReferences = [], ...metadata } = object.metadata ?? {};
  if (!name)
    throw new TerminalError(
      `desired returned a ${resource.kind} without metadata.name: names must not be left to the server, or it would be created anew each time`,
    );
  const namespace = resource.scope === "Namespaced" ? (metadata.namespace ?? owner.metadata.namespace) : undefined;
  if (resource.scope === "Namespaced" && !namespace)
    throw new TerminalError(
      `desired returned ${resource.kind} ${name} without metadata.namespace, and its owner has none to lend`,
    );
  const owned = canOwn(owner, namespace);
  const key = namespace === undefined ? { name } : { namespace, name };
  const { apiVersion, kind, ...content } = object as JsonObject & KubeObject;
  const plain = {
    apiVersion,
    kind,
    metadata: {
      ...metadata,
      ...key,
      ...(owned ? (labels ? { labels } : {}) : { labels: { ...labels, [OWNER_UID]: owner.metadata.uid } }),
      annotations: { ...annotations, [APPLIED_FOR]: appliedFor(controller, owner) },
      ...(owned
        ? {
            ownerReferences: [...ownerReferences, ownerReference(owner, { controller: true, resource: ownerResource })],
          }
        : {}),
    },
    ...without(content, "metadata"),
  } as KubeObject;
  const hash = configurationHash(plain);
  const withHash = { ...plain.metadata, annotations: { ...plain.metadata!.annotations, [APPLIED_HASH]: hash } };
  return { resource, key, id: childId(resource, key), configuration: { ...plain, metadata: withHash }, hash, index };
}

export const appliedFor = (controller: string, owner: Stored): string => `${controller}/${owner.metadata.uid}`;

function without(object: JsonObject, key: string): JsonObject {
  const { [key]: _, ...rest } = object;
  return rest;
}
