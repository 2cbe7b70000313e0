import type { Json, JsonObject, ManagedFieldsEntry, Stored } from "@homeostat/api";
import type { Client } from "../client/client.ts";
import type { WantedChild } from "./children.ts";

export interface TakeOverOptions {
  /** Names by which the programs before this one wrote, by updates; see `DesiredDefinition.formerFieldManagers`. */
  readonly former: readonly string[];
  /** Whose the fields are from now on. */
  readonly fieldManager: string;
}

/**
 * Makes fields ours that a program before this one wrote by updates. Otherwise they would stay its own besides, and an
 * apply that no longer names them would leave them there for ever: containers, ports, keys of a ConfigMap.
 *
 * To be done before the first apply. What is left when the process dies in between is done again.
 *
 * Source: `csaupgrade` of client-go, which does the same for kubectl.
 */
export async function takeOverFields(
  client: Client,
  { resource, key }: Pick<WantedChild, "resource" | "key">,
  { former, fieldManager }: TakeOverOptions,
): Promise<void> {
  if (former.length === 0) return;
  // Caches keep no managed fields.
  const live = await client.find(resource, key, { from: "live" });
  const owners = live && withoutFormer(live, former, fieldManager);
  if (!owners) return;
  await client.patchJson(resource, key, [
    // Refused where somebody has written meanwhile.
    { op: "replace", path: "/metadata/resourceVersion", value: live.metadata.resourceVersion },
    { op: "replace", path: "/metadata/managedFields", value: owners as unknown as Json },
  ]);
}

/** The owners of an object's fields with the former ones merged into ours; undefined: there are none. */
function withoutFormer(
  { apiVersion, metadata: { managedFields = [] } }: Stored,
  former: readonly string[],
  fieldManager: string,
): readonly ManagedFieldsEntry[] | undefined {
  const isOurs = (entry: ManagedFieldsEntry): boolean =>
    !entry.subresource && entry.operation === "Apply" && entry.manager === fieldManager;
  const isFormer = (entry: ManagedFieldsEntry): boolean =>
    !entry.subresource &&
    entry.operation === "Update" &&
    entry.apiVersion === apiVersion &&
    former.includes(entry.manager ?? "");
  const theirs = managedFields.filter(isFormer);
  const [first] = theirs;
  if (!first) return undefined;
  const ours = managedFields.filter(isOurs);
  const fields = [...ours, ...theirs].map(({ fieldsV1 = {} }) => fieldsV1 as JsonObject).reduce(union);
  const rest = managedFields.filter((entry) => !isFormer(entry) && !isOurs(entry));
  return [...rest, { ...first, manager: fieldManager, operation: "Apply", fieldsV1: fields }];
}

/** Of two sets of fields, which are trees of names. */
function union(one: JsonObject, other: JsonObject): JsonObject {
  const all: Record<string, Json> = { ...one };
  for (const [name, below] of Object.entries(other)) {
    const known = all[name];
    all[name] = known === undefined ? below : union(known as JsonObject, below as JsonObject);
  }
  return all;
}
