import type { Json, JsonObject } from "@homeostat/api";
import { difference, emptySet, type FieldSet, hasPath, isEmpty, setOfFields, union } from "./field-set.ts";
import { decodeManagedFields, encodeManagedFields, type FieldOwner, ownerKey } from "./managed-fields.ts";
import { fieldElement } from "./path-element.ts";

/**
 * Ownership of the number of replicas, seen from an object and from its Scale. Whoever owns the field on one side owns
 * it on the other, so that an autoscaler and an applier meet in a conflict (B162). Source: managedfields `ScaleHandler`.
 */
export interface ScaleOwnership {
  /** apiVersion of the object. */
  readonly apiVersion: string;
  /** Where the object keeps its replicas: `["spec", "replicas"]`. */
  readonly replicasPath: readonly string[];
}

const scaleVersion = "autoscaling/v1";
const replicasInScale = ["spec", "replicas"];

/** managedFields of the Scale: the object's owners of the replicas, and nothing else. */
export function managedFieldsToScale(entries: Json | undefined, { replicasPath }: ScaleOwnership): JsonObject[] {
  const owners = new Map<string, FieldOwner>();
  for (const owner of decodeManagedFields(entries).values()) {
    if (!owns(owner, replicasPath)) continue;
    const inScale = { ...owner, apiVersion: scaleVersion, fields: setOfFields([replicasInScale]) };
    owners.set(ownerKey(inScale), inScale);
  }
  return encodeManagedFields(owners);
}

/**
 * managedFields of the object after a write to its Scale: who lost the replicas there loses them here, and whoever
 * took them there gets an entry of its own.
 */
export function managedFieldsFromScale(
  entries: Json | undefined,
  scaleEntries: Json | undefined,
  { apiVersion, replicasPath }: ScaleOwnership,
): JsonObject[] {
  const inScale = new Map<string, FieldOwner>();
  for (const owner of decodeManagedFields(scaleEntries).values()) {
    if (owns(owner, replicasInScale)) inScale.set(sameManager(owner), owner);
  }
  const owners = new Map<string, FieldOwner>();
  const replicas = setOfFields([replicasPath]);
  for (const [key, owner] of decodeManagedFields(entries)) {
    const lost = owns(owner, replicasPath) && !inScale.delete(sameManager(owner));
    const fields: FieldSet = lost ? difference(owner.fields, replicas) : owner.fields;
    if (!isEmpty(fields)) owners.set(key, { ...owner, fields });
  }
  for (const owner of inScale.values()) {
    const taken = { ...owner, apiVersion, fields: replicas };
    const mine = owners.get(ownerKey(taken))?.fields ?? emptySet;
    owners.set(ownerKey(taken), { ...taken, fields: union(mine, replicas) });
  }
  return encodeManagedFields(owners);
}

const owns = (owner: FieldOwner, path: readonly string[]): boolean => hasPath(owner.fields, path.map(fieldElement));

/** Identity across the two apiVersions. */
const sameManager = ({ manager, operation, subresource }: FieldOwner): string =>
  JSON.stringify([manager, operation, subresource]);
