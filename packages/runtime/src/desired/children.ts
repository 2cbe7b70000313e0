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
import { APPLIED_FOR, APPLIED_HASH, DEPENDS_ON, OWNER_UID, PRUNE } from "./annotations.ts";
import { type Child, type ChildOptions, isChild } from "./child.ts";
import { configurationHash } from "./converged.ts";
import type { DesiredDefinition } from "./definition.ts";
import { refuseCycles } from "./graph.ts";

/** A child as it should be, ready to be applied. */
export interface WantedChild {
  readonly resource: Resource;
  readonly key: NamespacedName;
  /** `configmaps/demo/a` */
  readonly id: string;
  /** What people call it: as declared, or `ConfigMap/a`. */
  readonly name: string;
  /** The same in sentences: `ConfigMap a`, `db (StatefulSet pg)`. */
  readonly title: string;
  readonly configuration: KubeObject;
  readonly hash: string;
  /** Place in the order of `desired`. */
  readonly index: number;
  /** Ids of the children that come first. */
  readonly dependsOn: readonly string[];
  /** Whether it goes with its owner by itself, by an owner reference. */
  readonly owned: boolean;
  /** As declared, completed by the definition's. */
  readonly options: ChildOptions & Required<Pick<ChildOptions, "adopt" | "force" | "immutable" | "prune">>;
}

/** For whom children are made, and by whom. */
export interface Making<T extends KubeObject> {
  readonly owner: Stored<T>;
  readonly resource: Resource<T>;
  readonly controller: string;
  // biome-ignore lint/suspicious/noExplicitAny: what `inputs` returns is of no interest here
  readonly definition: DesiredDefinition<T, any>;
}

/** A declared child with what follows from its object. */
interface Named {
  readonly child: Child;
  readonly resource: Resource;
  readonly key: NamespacedName;
  readonly id: string;
  readonly name: string;
}

/** Completes what `desired` returned: namespace, owner, inventory, order. @throws TerminalError where it makes no sense */
export function wantedChildren<T extends KubeObject>(
  making: Making<T>,
  desired: readonly (KubeObject | Child)[],
): WantedChild[] {
  const named = desired.map((each) => nameOf(making, isChild(each) ? each : { object: each }));
  refuseDoubles(named);
  const wanted = named.map((each, index) => wantedChild(making, each, index, dependenciesOf(making, each, named)));
  refuseCycles(wanted);
  return wanted;
}

/** Names an object among all kinds. */
export function childId(resource: Resource, key: NamespacedName): string {
  return `${groupResource(resource)}/${key.namespace ? `${key.namespace}/` : ""}${key.name}`;
}

/** Whether an owner reference is possible: owners live in the same namespace, or in none. */
export function canOwn(owner: Stored, namespace: string | undefined): boolean {
  return owner.metadata.namespace === undefined || owner.metadata.namespace === namespace;
}

export const appliedFor = (controller: string, owner: Stored): string => `${controller}/${owner.metadata.uid}`;

function resourceOf(object: KubeObject, children: readonly Resource[]): Resource {
  const { apiVersion = "", kind = "" } = object;
  const { group } = parseApiVersion(apiVersion);
  const found = children.find((resource) => resource.kind === kind && resource.group === group);
  if (found) return found;
  throw new TerminalError(
    `desired returned a ${kind || "nameless kind"} of ${apiVersion || "no apiVersion"}, which is not among children: add it there, so that it is watched and pruned`,
  );
}

function nameOf<T extends KubeObject>({ owner, definition }: Making<T>, child: Child): Named {
  const resource = resourceOf(child.object, definition.children);
  const { name, namespace: given } = child.object.metadata ?? {};
  if (!name)
    throw new TerminalError(
      `desired returned a ${resource.kind} without metadata.name: names must not be left to the server, or it would be created anew each time`,
    );
  const namespace = resource.scope === "Namespaced" ? (given ?? owner.metadata.namespace) : undefined;
  if (resource.scope === "Namespaced" && !namespace)
    throw new TerminalError(
      `desired returned ${resource.kind} ${name} without metadata.namespace, and its owner has none to lend`,
    );
  const key = namespace === undefined ? { name } : { namespace, name };
  return { child, resource, key, id: childId(resource, key), name: child.name ?? `${resource.kind}/${name}` };
}

function refuseDoubles(named: readonly Named[]): void {
  const ids = new Set<string>();
  const names = new Set<string>();
  for (const { id, name, child } of named) {
    if (ids.has(id)) throw new TerminalError(`desired returned ${id} twice: give the objects different names`);
    if (child.name !== undefined && names.has(name))
      throw new TerminalError(`desired calls two children ${name}: names of children must be unique`);
    ids.add(id);
    names.add(name);
  }
}

function dependenciesOf<T extends KubeObject>(
  making: Making<T>,
  { child, name }: Named,
  all: readonly Named[],
): readonly string[] {
  const ids = (child.dependsOn ?? []).map((wanted) => {
    const found = typeof wanted === "string" ? byName(wanted, name, all) : byObject(making, wanted, all);
    if (found) return found.id;
    const missing = typeof wanted === "string" ? wanted : describe(isChild(wanted) ? wanted.object : wanted);
    const known = all.map((each) => each.name).join(", ");
    throw new TerminalError(`${name} depends on ${missing}, which desired did not return; there are ${known}`);
  });
  return [...new Set(ids)];
}

function byName(wanted: string, from: string, all: readonly Named[]): Named | undefined {
  const found = all.filter(({ name }) => name === wanted);
  if (found.length > 1)
    throw new TerminalError(
      `${from} depends on ${wanted}, of which there are several: pass the object, or give it a name`,
    );
  return found[0];
}

function byObject<T extends KubeObject>(
  making: Making<T>,
  wanted: KubeObject | Child,
  all: readonly Named[],
): Named | undefined {
  const object = isChild(wanted) ? wanted.object : wanted;
  const { id } = nameOf(making, { object });
  return all.find((each) => each.id === id);
}

const describe = ({ kind = "", metadata }: KubeObject): string => `${kind}/${metadata?.name ?? ""}`;

function wantedChild<T extends KubeObject>(
  { owner, resource: ownerResource, controller, definition }: Making<T>,
  { child, resource, key, id, name }: Named,
  index: number,
  dependsOn: readonly string[],
): WantedChild {
  const { object, ...declared } = child;
  const { labels, annotations, ownerReferences = [], ...metadata } = object.metadata ?? {};
  const prune = declared.prune ?? true;
  const owned = prune && canOwn(owner, key.namespace);
  const { apiVersion, kind, ...content } = object as JsonObject & KubeObject;
  const plain = {
    apiVersion,
    kind,
    metadata: {
      ...metadata,
      ...key,
      ...(owned ? (labels ? { labels } : {}) : { labels: { ...labels, [OWNER_UID]: owner.metadata.uid } }),
      annotations: {
        ...annotations,
        [APPLIED_FOR]: appliedFor(controller, owner),
        ...(dependsOn.length > 0 ? { [DEPENDS_ON]: dependsOn.join() } : {}),
        ...(prune ? {} : { [PRUNE]: "false" }),
      },
      ...(owned
        ? {
            ownerReferences: [...ownerReferences, ownerReference(owner, { controller: true, resource: ownerResource })],
          }
        : ownerReferences.length > 0
          ? { ownerReferences }
          : {}),
    },
    ...without(content, "metadata"),
  } as KubeObject;
  const hash = configurationHash(plain);
  const withHash = { ...plain.metadata, annotations: { ...plain.metadata!.annotations, [APPLIED_HASH]: hash } };
  const { adopt = "never", immutable = "fail", force = true } = definition;
  return {
    resource,
    key,
    id,
    name,
    title: child.name === undefined ? `${resource.kind} ${key.name}` : `${child.name} (${resource.kind} ${key.name})`,
    configuration: { ...plain, metadata: withHash },
    hash,
    index,
    dependsOn,
    owned,
    options: { adopt, immutable, force, ...withoutUndefined(declared), prune },
  };
}

/** A declaration of `undefined` means the default. */
function withoutUndefined(options: ChildOptions): ChildOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function without(object: JsonObject, key: string): JsonObject {
  const { [key]: _, ...rest } = object;
  return rest;
}
