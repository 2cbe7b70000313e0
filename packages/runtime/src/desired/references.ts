import { groupResource, type KubeObject, type NamespacedName, type Resource, type Stored } from "@homeostat/api";
import type { CachedObject, StoreEvent } from "../cache/store.ts";
import type { WatchDefinition } from "../controller/definition.ts";
import { requestKey, requestOf } from "../controller/event-handler.ts";
import type { ReconcileContext, Request } from "../controller/reconciler.ts";
import { childId } from "./children.ts";
import type { ReferenceDefinition } from "./definition.ts";

// biome-ignore lint/suspicious/noExplicitAny: each reference has its own object type, and no variance fits
type AnyReference<T extends KubeObject> = ReferenceDefinition<T, any>;

/** An object that is referred to. */
export interface Referenced {
  readonly resource: Resource;
  readonly key: NamespacedName;
  readonly required: boolean;
}

/** All that an object refers to; each once. */
export function referencesOf<T extends KubeObject>(
  references: readonly AnyReference<T>[],
  object: Stored<T>,
): Referenced[] {
  const found = new Map<string, Referenced>();
  for (const { resource, names, required = false } of references) {
    const given = names(object);
    for (const each of Array.isArray(given) ? given : [given]) {
      const key = keyOf(each, resource, object.metadata.namespace);
      if (!key) continue;
      const id = childId(resource, key);
      found.set(id, { resource, key, required: required || (found.get(id)?.required ?? false) });
    }
  }
  return [...found.values()];
}

/** Required references that are not there, for people. */
export async function missingReferences<T extends KubeObject>(
  { client, object }: ReconcileContext<T>,
  references: readonly AnyReference<T>[],
): Promise<string[]> {
  const missing: string[] = [];
  for (const { resource, key, required } of referencesOf(references, object)) {
    if (required && !(await client.find(resource, key)))
      missing.push(`${resource.kind} ${key.namespace ? `${key.namespace}/` : ""}${key.name}`);
  }
  return missing;
}

/**
 * Who refers to what, kept up to date by the watch of the referring kind, so that a change of a referenced object
 * costs one look-up. An index like those of the cache: nothing is decided by it, it only wakes.
 */
export class ReferenceIndex<T extends KubeObject> {
  readonly #references: readonly AnyReference<T>[];
  readonly #byReferenced = new Map<string, Map<string, Request>>();
  readonly #byReferrer = new Map<string, readonly string[]>();

  constructor(references: readonly AnyReference<T>[]) {
    this.#references = references;
  }

  /** Of the watch of the referring kind. */
  onReferrer(event: StoreEvent<T>): void {
    const request = requestOf(event.object.metadata);
    const key = requestKey(request);
    for (const id of this.#byReferrer.get(key) ?? []) {
      const requests = this.#byReferenced.get(id);
      if (requests?.delete(key) && requests.size === 0) this.#byReferenced.delete(id);
    }
    this.#byReferrer.delete(key);
    if (event.type === "deleted") return;
    const ids = this.#idsOf(event.object);
    if (ids.length === 0) return;
    this.#byReferrer.set(key, ids);
    for (const id of ids)
      this.#byReferenced.set(id, (this.#byReferenced.get(id) ?? new Map<string, Request>()).set(key, request));
  }

  /** One watch for each kind that is referred to. */
  watches(): WatchDefinition[] {
    const resources = new Map(this.#references.map(({ resource }) => [groupResource(resource), resource as Resource]));
    return [...resources.values()].map((resource) => ({
      resource,
      predicates: [],
      handler: ({ object }, enqueue) => {
        const id = childId(resource, requestOf(object.metadata));
        for (const request of this.#byReferenced.get(id)?.values() ?? []) enqueue(request);
      },
    }));
  }

  #idsOf(object: CachedObject<T>): readonly string[] {
    return referencesOf(this.#references, object.object()).map(({ resource, key }) => childId(resource, key));
  }
}

function keyOf(
  given: string | NamespacedName | undefined,
  resource: Resource,
  home: string | undefined,
): NamespacedName | undefined {
  const { name, namespace = home } =
    typeof given === "string" ? { name: given } : ((given ?? { name: "" }) as NamespacedName);
  if (!name) return undefined;
  return resource.scope === "Namespaced" && namespace !== undefined ? { namespace, name } : { name };
}
