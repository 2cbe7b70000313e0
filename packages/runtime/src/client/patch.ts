import type { Json, JsonObject, KubeObject, NamespacedName, Resource, Stored } from "@homeostat/api";
import type { MergePatchOptions } from "./client.ts";

/** What takes merge patches: a client, its `status`, or another of its subresources. */
export interface PatchTarget {
  patchMerge<T extends KubeObject>(
    resource: Resource<T>,
    key: NamespacedName,
    patch: JsonObject,
    options?: MergePatchOptions,
  ): Promise<Stored<T>>;
}

/** `T`, all of it writable. */
export type Draft<T> = T extends readonly (infer E)[]
  ? Draft<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Draft<T[K]> }
    : T;

/**
 * Changes an object by saying how: `change` is given a copy to write on, and what it changed is sent as a merge patch,
 * nothing else. Where it changed nothing, nothing is sent. `object` itself stays as it was.
 *
 *     await patch(client.status, WebApp, webapp, (draft) => {
 *       draft.status = { ...draft.status, replicas: 3 };
 *     });
 *
 * A merge patch replaces lists whole, so another's change of the same list would be lost; therefore
 * `options.optimisticLock` is true by default where a list is replaced, and false where only fields are, which others
 * may write beside us. To own what is written for good, prefer `apply`.
 *
 * @returns the object as the server answered, or `object` where nothing was sent
 * @throws ApiError Conflict where the lock fails, see `retryOnConflict`; NotFound where the object is gone
 */
export async function patch<T extends KubeObject>(
  target: PatchTarget,
  resource: Resource<T>,
  object: Stored<T>,
  change: (draft: Draft<Stored<T>>) => void,
  options: MergePatchOptions = {},
): Promise<Stored<T>> {
  const draft = structuredClone(object);
  change(draft as Draft<Stored<T>>);
  const difference = mergePatch(object as unknown as JsonObject, draft as unknown as JsonObject);
  if (Object.keys(difference).length === 0) return object;
  const { name, namespace, resourceVersion } = object.metadata;
  const optimisticLock = options.optimisticLock ?? replacesList(difference);
  const locked = optimisticLock
    ? { ...difference, metadata: { ...(difference["metadata"] as JsonObject), resourceVersion } }
    : difference;
  return target.patchMerge(resource, namespace === undefined ? { name } : { namespace, name }, locked, {
    ...options,
    optimisticLock,
  });
}

/** The RFC 7386 patch that makes `after` of `before`. Fields that became undefined are removed; `null` cannot be said. */
export function mergePatch(before: JsonObject, after: JsonObject): JsonObject {
  const difference: JsonObject = {};
  for (const key of Object.keys(before))
    if (before[key] !== undefined && before[key] !== null && isAbsent(after[key])) difference[key] = null;
  for (const [key, now] of Object.entries(after)) {
    if (isAbsent(now)) continue;
    const then = before[key];
    if (isObject(now) && isObject(then)) {
      const inner = mergePatch(then, now);
      if (Object.keys(inner).length > 0) difference[key] = inner;
    } else if (!equal(then, now)) difference[key] = now;
  }
  return difference;
}

const isAbsent = (value: Json | undefined): value is null | undefined => value === undefined || value === null;

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function equal(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, at) => equal(one, b[at]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}

function replacesList(value: Json): boolean {
  if (Array.isArray(value)) return true;
  return isObject(value) && Object.values(value).some(replacesList);
}
