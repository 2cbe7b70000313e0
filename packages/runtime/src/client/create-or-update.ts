import type { JsonObject, KubeObject, NamespacedName, Resource, Stored } from "@homeostat/api";
import { equalJson } from "../ledger/changed-paths.ts";
import type { Client, WriteOptions } from "./client.ts";
import { type Draft, mergePatch } from "./patch.ts";

/** What came of it. Source: controllerutil `OperationResult`. */
export type OperationResult = "unchanged" | "created" | "updated" | "updatedStatus" | "updatedStatusOnly";

/** What was done, and the object as the server has it now. */
export interface CreatedOrUpdated<T extends KubeObject> {
  readonly result: OperationResult;
  readonly object: Stored<T>;
}

/**
 * Says what an object should be: of the live one, or of one with no more than a name where there is none. May change
 * what it is given (a copy) or return another.
 */
export type Mutate<T extends KubeObject> = (object: Draft<T>) => T | void | Promise<T | void>;

/**
 * Reads an object, lets `mutate` say what it should be, and creates or replaces it; writes nothing where it is so
 * already. The replacement is an optimistic lock. For most purposes `client.apply` is better: it needs no read and
 * leaves to others what is theirs.
 *
 * @throws Error when `mutate` changes name or namespace; whatever reading, `mutate` and writing throw, before a write
 */
export async function createOrUpdate<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  key: NamespacedName,
  mutate: Mutate<T>,
  options: WriteOptions = {},
): Promise<CreatedOrUpdated<T>> {
  const { live, wanted } = await consider(client, resource, key, mutate, options);
  if (!live) return { result: "created", object: await client.create(resource, wanted, options) };
  if (equalJson(live, wanted)) return { result: "unchanged", object: live };
  return { result: "updated", object: await client.update(resource, wanted, options) };
}

/**
 * Like `createOrUpdate` with merge patches that hold only the difference: one for the object where anything but its
 * status differs, one for the status subresource where that does. A created object's status is written after it.
 *
 * @throws as `createOrUpdate`
 */
export async function createOrPatch<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  key: NamespacedName,
  mutate: Mutate<T>,
  options: WriteOptions = {},
): Promise<CreatedOrUpdated<T>> {
  const { live, wanted } = await consider(client, resource, key, mutate, options);
  const [body, status] = apart(wanted);
  if (!live) {
    let object = await client.create(resource, wanted, options);
    const patch = mergePatch(apart(object)[1], status);
    if (!isEmpty(patch)) object = await client.status.patchMerge(resource, key, { status: patch }, options);
    return { result: "created", object };
  }
  const [liveBody, liveStatus] = apart(live);
  const bodyPatch = mergePatch(liveBody, body);
  const statusPatch = mergePatch(liveStatus, status);
  let object = live;
  if (!isEmpty(bodyPatch)) object = await client.patchMerge(resource, key, bodyPatch, options);
  if (isEmpty(statusPatch)) return { result: isEmpty(bodyPatch) ? "unchanged" : "updated", object };
  object = await client.status.patchMerge(resource, key, { status: statusPatch }, options);
  return { result: isEmpty(bodyPatch) ? "updatedStatusOnly" : "updatedStatus", object };
}

async function consider<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  key: NamespacedName,
  mutate: Mutate<T>,
  options: WriteOptions,
): Promise<{ readonly live: Stored<T> | undefined; readonly wanted: T }> {
  const live = await client.find(resource, key, options.signal ? { signal: options.signal } : {});
  const draft = live ? structuredClone(live) : { metadata: { ...key } };
  const wanted = (await mutate(draft as Draft<T>)) ?? (draft as unknown as T);
  const { name, namespace } = wanted.metadata ?? {};
  if (name !== key.name || (namespace ?? "") !== (key.namespace ?? "")) {
    throw new Error(
      `${resource.kind} ${text(key)}: mutate made it ${text({ name: name ?? "", namespace })}; it may change everything but name and namespace`,
    );
  }
  return { live, wanted };
}

/** The object without its status, and its status. */
function apart(object: KubeObject): [JsonObject, JsonObject] {
  const { status = {}, ...body } = object as JsonObject & { status?: JsonObject };
  return [body, status];
}

const isEmpty = (patch: JsonObject): boolean => Object.keys(patch).length === 0;

const text = ({ namespace, name }: { readonly namespace?: string | undefined; readonly name: string }): string =>
  namespace ? `${namespace}/${name}` : name;
