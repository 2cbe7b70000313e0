import { isAlreadyExists, type JsonObject } from "@homeostat/api";
import { bootNamespaces } from "../builtins/namespace.ts";
import { createObject } from "../registry/create.ts";
import { apiServerUser } from "../registry/custom-resource-controller.ts";
import type { Engine } from "../registry/engine.ts";

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
  const write = {
    served,
    namespace,
    subresource: undefined,
    user: apiServerUser,
    dryRun: false,
    fieldManager: "kube-apiserver",
    warn() {},
  };
  await createObject(engine, write, copy).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
}

export function bootNamespaceObjects(): JsonObject[] {
  return bootNamespaces.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
}
