import type { JsonObject } from "@homeostat/api";
import type { TypeSchema } from "../schema/type-schema.ts";
import { capUpdaters } from "./cap-owners.ts";
import { type Comparison, compare, excludeFields } from "./compare.ts";
import { difference, emptySet, type FieldSet, isEmpty, setOfFields, union, withAtomicsWhole } from "./field-set.ts";
import {
  decodeManagedFields,
  dropEmpty,
  encodeManagedFields,
  type FieldOwner,
  isReset,
  managedFieldsOf,
  ownerKey,
  withManagedFields,
} from "./managed-fields.ts";
import { TypedError } from "./typed-error.ts";

/** Who writes, through what, when. */
export interface FieldWrite {
  readonly type: TypeSchema;
  /** The field manager; an empty one counts as `unknown`. */
  readonly manager: string;
  /** Version the object is written in. */
  readonly apiVersion: string;
  /** Subresource written through; unset: the object itself. */
  readonly subresource?: string | undefined;
  /** RFC 3339 to the second. */
  readonly now: string;
  /**
   * Fields the write cannot set and so cannot own, with all below them: `[["status"]]` for the object of a kind with
   * a status subresource. Default: none.
   */
  readonly reset?: readonly (readonly string[])[];
  /**
   * apiVersions the kind is served in; what is owned in another one is dropped, since the version is gone.
   * Unset: all are kept, and paths mean the same in each.
   */
  readonly servedVersions?: readonly string[];
}

export interface RecordUpdateOptions extends FieldWrite {
  /** What is stored, in the version of the request; undefined for a create. */
  readonly live: JsonObject | undefined;
  /** What the write leads to, defaulted, with managedFields as the client sent them. */
  readonly updated: JsonObject;
}

/** Never owned: identity and what the server sets. Only these paths, not what is below them. Source: `stripMeta`. */
const untracked = setOfFields([
  ["apiVersion"],
  ["kind"],
  ["metadata"],
  ...[
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
  ].map((name) => ["metadata", name]),
]);

export const trackable = (fields: FieldSet): FieldSet => difference(fields, untracked);

/**
 * Puts what a write other than apply changed down to its manager: what is new or different is the manager's from now
 * on and nobody else's, what is gone is nobody's.
 *
 * An object without managed fields (cleared by `managedFields: [{}]`) stays without until it is first applied to. A
 * client may write managedFields, except through a subresource; an empty list and one that cannot be read count as
 * not sent. When the types do not fit, the object goes on without managed fields rather than failing the write (B167).
 *
 * @returns `updated` with the right managedFields; the rest is shared with it
 */
export function recordUpdate(options: RecordUpdateOptions): JsonObject {
  const { live, updated } = options;
  try {
    const stored = startingOwners(options);
    // Asked before owners of gone versions are dropped: an object whose owners are all gone was tracked all the same.
    if (live !== undefined && stored.size === 0) return withManagedFields(updated, []);
    const owners = upToDate(stored, options);
    const changes = compare(bare(live), bare(updated), options.type);
    const next = ownersAfterUpdate(owners, changes, options);
    return withManagedFields(updated, encodeManagedFields(capUpdaters(next)));
  } catch (error) {
    if (error instanceof TypedError) return withManagedFields(updated, []);
    throw error;
  }
}

/** Owners once the manager has made these changes. Changes `owners`. */
export function ownersAfterUpdate(
  owners: Map<string, FieldOwner>,
  all: Comparison,
  write: FieldWrite,
): Map<string, FieldOwner> {
  const changes = excludeFields(all, setOfFields(write.reset ?? []));
  const changed = union(changes.added, changes.modified);
  disown(owners, union(changed, changes.removed));

  const taken = trackable(changed);
  if (!isEmpty(taken)) {
    const self = identityOf(write, "Update");
    const key = ownerKey(self);
    owners.set(key, { ...self, time: write.now, fields: union(owners.get(key)?.fields ?? emptySet, taken) });
  }
  return dropEmpty(owners);
}

/** Takes fields from all owners. */
function disown(owners: Map<string, FieldOwner>, fields: FieldSet): void {
  if (isEmpty(fields)) return;
  for (const [key, owner] of owners) owners.set(key, { ...owner, fields: difference(owner.fields, fields) });
}

export function identityOf(write: FieldWrite, operation: "Apply" | "Update"): Omit<FieldOwner, "fields"> {
  return {
    manager: write.manager || "unknown",
    operation,
    apiVersion: write.apiVersion,
    subresource: write.subresource ?? "",
  };
}

/** The owners a write starts from: those the client sent, if it did, else those stored. */
function startingOwners(options: RecordUpdateOptions): Map<string, FieldOwner> {
  const { live, updated, subresource } = options;
  if (subresource === undefined || subresource === "") {
    const sent = managedFieldsOf(updated);
    if (isReset(sent)) return new Map();
    const owners = decodedOrNone(() => decodeManagedFields(sent));
    if (owners.size > 0) return owners;
  }
  return decodedOrNone(() => decodeManagedFields(managedFieldsOf(live)));
}

function decodedOrNone(decode: () => Map<string, FieldOwner>): Map<string, FieldOwner> {
  try {
    return decode();
  } catch (error) {
    if (error instanceof TypedError) return new Map();
    throw error;
  }
}

/** What is stored of ownership, brought up to the versions and the type of today. */
export function upToDate(
  owners: Map<string, FieldOwner>,
  { servedVersions, type }: FieldWrite,
): Map<string, FieldOwner> {
  for (const [key, owner] of owners) {
    if (servedVersions !== undefined && !servedVersions.includes(owner.apiVersion)) owners.delete(key);
    else owners.set(key, { ...owner, fields: withAtomicsWhole(owner.fields, type) });
  }
  return owners;
}

/** The object without managed fields, which are no part of what is compared; an object that is not there is empty. */
export function bare(object: JsonObject | undefined): JsonObject {
  return object === undefined ? {} : withManagedFields(object, []);
}
