import { badRequest, type JsonObject, parseApiVersion } from "@homeostat/api";
import { copyJson, isObject, jsonEqual } from "../patch/json-value.ts";
import { checkConfiguration } from "./check-configuration.ts";
import { type Comparison, compare, excludeFields, isSame } from "./compare.ts";
import { type Conflict, conflictError } from "./conflict.ts";
import {
  difference,
  emptySet,
  equalSets,
  type FieldSet,
  intersection,
  isEmpty,
  recursiveDifference,
  setOfFields,
  union,
  withNamedFields,
} from "./field-set.ts";
import { allowedByLastApplied, withLastApplied } from "./last-applied.ts";
import {
  decodeManagedFields,
  dropEmpty,
  encodeManagedFields,
  equalOwners,
  type FieldOwner,
  managedFieldsOf,
  type Owners,
  ownerKey,
  withManagedFields,
} from "./managed-fields.ts";
import { merge } from "./merge.ts";
import { bare, type FieldWrite, identityOf, ownersAfterUpdate, trackable, upToDate } from "./record-update.ts";
import { removeItems } from "./remove-items.ts";
import { TypedError } from "./typed-error.ts";
import { fieldSetOf } from "./value-set.ts";

export interface ApplyOptions extends FieldWrite {
  /** What is stored, in the version of the request; undefined where there is nothing yet. */
  readonly live: JsonObject | undefined;
  /** The configuration as it was sent, before defaulting. */
  readonly config: JsonObject;
  /** Takes fields from their owners instead of failing. */
  readonly force: boolean;
}

export interface ApplyResult {
  /** The merged object with its managed fields; shares nothing with the arguments. Defaults are still to be filled in. */
  readonly object: JsonObject;
  /** False when object and ownership are as they were; `object` is then a copy of `live`, times and all. */
  readonly changed: boolean;
}

/**
 * Server-side apply. The configuration is laid over the live object; what this manager applied before, leaves out now
 * and nobody else owns is removed; what is left of the manager's entry is exactly what the configuration sets.
 *
 * Defaults come after: call the kind's defaulting on the result. Fields filled in there are owned by nobody, and those
 * that were removed come back with their default (B153, B154).
 *
 * @throws ApiError Conflict with a cause per field when others own what would change, unless forced; BadRequest for
 *   another apiVersion than the request's, and for managedFields in the configuration
 * @throws TypedError when the configuration does not fit the type
 */
export function applyConfiguration(options: ApplyOptions): ApplyResult {
  checkRequest(options);
  const { live, type } = options;
  const before = upToDate(decodeManagedFields(managedFieldsOf(live)), options);
  if (options.manager !== "kubectl") return finish(options, before, applied(options, before, options.force));

  // Fields that client-side apply set and nobody touched since are kubectl's own under its former name.
  const state = applied(options, before, true);
  const allowed = allowedByLastApplied(live, type);
  const left = state.conflicts
    .map((conflict) => ({ ...conflict, fields: difference(conflict.fields, allowed) }))
    .filter((conflict) => !isEmpty(conflict.fields));
  if (left.length > 0 && !options.force) throw conflictError(left);
  return finish(options, before, { ...state, object: withLastApplied(state.object, options.config) });
}

function checkRequest({ config, apiVersion, type }: ApplyOptions): void {
  if (managedFieldsOf(config) !== undefined && managedFieldsOf(config) !== null) {
    throw badRequest("metadata.managedFields must be nil");
  }
  if (config["apiVersion"] !== apiVersion) {
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${String(config["apiVersion"] ?? "")}, expected: ${apiVersion}`,
    );
  }
  const findings = checkConfiguration(config, type);
  if (findings.length === 0) return;
  const why =
    findings.length === 1 ? findings[0] : ["errors:", ...findings.map((finding) => `  ${finding}`)].join("\n");
  throw new TypedError(`failed to create typed patch object (${nameOf(config)}): ${why}`);
}

/** `ns/name; apps/v1, Kind=Deployment`, as upstream names an object here. */
function nameOf(object: JsonObject): string {
  const metadata = isObject(object["metadata"]) ? object["metadata"] : {};
  const place = metadata["namespace"] ? `${String(metadata["namespace"])}/` : "";
  const { group, version } = parseApiVersion(String(object["apiVersion"] ?? ""));
  return `${place}${String(metadata["name"] ?? "")}; ${group}/${version}, Kind=${String(object["kind"] ?? "")}`;
}

/** The outcome of an apply before it is written down. */
interface Applied {
  readonly object: JsonObject;
  readonly owners: Map<string, FieldOwner>;
  readonly conflicts: readonly Conflict[];
}

function applied(options: ApplyOptions, before: Owners, force: boolean): Applied {
  const { config, type } = options;
  const live = bare(options.live);
  const reset = setOfFields(options.reset ?? []);
  const owners = ownersToApplyOver(options, before);

  const self = identityOf(options, "Apply");
  const key = ownerKey(self);
  const last = owners.get(key);
  const fields = recursiveDifference(fieldSetOf(bare(config), type), reset);
  owners.set(key, { ...self, fields });
  const lastFields = last ? recursiveDifference(last.fields, reset) : emptySet;
  const object = prune(merge(live, bare(config), type), lastFields, owners, options);

  const changes = excludeFields(compare(live, object, type), reset);
  const conflicts = conflictsWith(owners, key, union(changes.added, changes.modified));
  if (conflicts.length > 0 && !force) throw conflictError(conflicts);
  disownOthers(owners, key, changes);

  const owned = trackable(fields);
  const time = last?.time !== undefined && isSame(changes) && equalSets(owned, last.fields) ? last.time : options.now;
  owners.set(key, { ...self, time, fields: owned });
  return { object, owners: dropEmpty(owners), conflicts };
}

/** On an object nobody is known to own fields of, what is there counts as set by `before-first-apply` (B156). */
function ownersToApplyOver(options: ApplyOptions, before: Owners): Map<string, FieldOwner> {
  const owners = new Map(before);
  if (options.live === undefined || owners.size > 0) return owners;
  const existing = compare({}, bare(options.live), options.type);
  return ownersAfterUpdate(owners, existing, { ...options, manager: "before-first-apply" });
}

/**
 * Removes what the manager applied last time and nobody claims now. First everything it applied goes, with structs and
 * lists that held nothing else; then what owners claim is put back, by removing from the merged object only what is
 * claimed by none.
 */
function prune(merged: JsonObject, last: FieldSet, owners: Owners, { type }: ApplyOptions): JsonObject {
  if (isEmpty(last)) return merged;
  const lastNamed = withNamedFields(last, type);
  const named = (object: JsonObject): FieldSet => withNamedFields(fieldSetOf(object, type), type);
  const present = named(merged);
  const claimed = [...owners.values()].reduce((all, owner) => union(all, owner.fields), emptySet);

  const stripped = named(removeItems(merged, lastNamed, type));
  const unclaimed = difference(present, union(stripped, withNamedFields(claimed, type)));
  // Only what the manager applied may go, not what was beside it all along.
  return removeItems(merged, intersection(unclaimed, lastNamed), type);
}

function conflictsWith(owners: Owners, self: string, changed: FieldSet): Conflict[] {
  const conflicts: Conflict[] = [];
  if (isEmpty(changed)) return conflicts;
  for (const [key, owner] of owners) {
    if (key === self) continue;
    const fields = intersection(owner.fields, changed);
    if (!isEmpty(fields)) conflicts.push({ owner, fields });
  }
  return conflicts;
}

function disownOthers(owners: Map<string, FieldOwner>, self: string, { added, modified, removed }: Comparison): void {
  const gone = union(union(added, modified), removed);
  if (isEmpty(gone)) return;
  for (const [key, owner] of owners) {
    if (key !== self) owners.set(key, { ...owner, fields: difference(owner.fields, gone) });
  }
}

function finish({ live }: ApplyOptions, before: Owners, { object, owners }: Applied): ApplyResult {
  if (live !== undefined && equalOwners(before, owners) && jsonEqual(bare(live), object)) {
    return { object: copyJson(live), changed: false };
  }
  return { object: withManagedFields(object, encodeManagedFields(owners)), changed: true };
}
