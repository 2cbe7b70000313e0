import type { Json, JsonObject } from "@homeostat/api";
import { fieldPath } from "@homeostat/api";
import type { Field, TypeSchema } from "../schema/type-schema.ts";
import { copyJson, isObject, kindOf, member, setMember } from "./json-value.ts";
import { normalizeOrder } from "./list-order.ts";
import { PatchError } from "./patch-error.ts";

/**
 * Strategic merge patch: a merge patch in which the types of fields say how lists merge, with directives among the
 * data. Source: apimachinery, util/strategicpatch, and sig-architecture's note on strategic merge patch.
 *
 * - maps merge field by field, null deletes, `$patch: replace` and `$patch: delete` overrule that;
 * - lists are replaced, unless their field says `merge`: objects then merge by the merge key, primitives unite;
 * - `$retainKeys` clears the fields it does not name, `$deleteFromPrimitiveList/x` takes values out of a list,
 *   `$setElementOrder/x` puts the items it names in order; items only the server has keep their place among them.
 *
 * Directives never reach the result.
 */

const patchDirective = "$patch";
const retainKeysDirective = "$retainKeys";
const deletePrefix = "$deleteFromPrimitiveList/";
const orderPrefix = "$setElementOrder/";

/**
 * @returns a new object that shares nothing with its arguments
 * @throws PatchError `malformed` for a patch or a directive of a wrong shape, `inapplicable` for lists of lists and
 *   contradictions of `$retainKeys`, `internal` for a missing merge key or an order that does not name the items
 */
export function applyStrategicMergePatch(live: JsonObject, patch: Json, type: TypeSchema): JsonObject {
  if (!isObject(patch)) {
    throw new PatchError("malformed", `a strategic merge patch must be an object, got ${kindOf(patch)}`);
  }
  return mergeMap(copyJson(live), patch, type, "");
}

/** Changes `target`, which is private to the call. */
function mergeMap(target: JsonObject, patch: JsonObject, type: TypeSchema, path: string): JsonObject {
  const directive = member(patch, patchDirective);
  if (directive === "replace") return withoutDirectives(patch) as JsonObject;
  if (directive === "delete") return {};
  checkDirective(directive, path);
  retainKeys(target, patch, path);

  const ordered = new Set<string>();
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(orderPrefix)) continue;
    const name = key.slice(orderPrefix.length);
    setElementOrder(target, patch, name, fieldOf(type, name), fieldPath(path, name));
    ordered.add(name);
  }
  for (const key of Object.keys(patch)) {
    if (key === patchDirective || key === retainKeysDirective || key.startsWith(orderPrefix) || ordered.has(key))
      continue;
    if (key.startsWith(deletePrefix)) deleteFromList(target, key, patch[key]!, path);
    else if (key === deletePrefix.slice(0, -1)) throw malformed(key, path, "it must name a list after a slash");
    else mergeField(target, key, patch[key]!, fieldOf(type, key), fieldPath(path, key));
  }
  return target;
}

function mergeField(target: JsonObject, key: string, value: Json, field: Field | undefined, path: string): void {
  const current = member(target, key);
  if (value === null) {
    delete target[key];
  } else if (isObject(value)) {
    // Merging into nothing is setting, with nulls and directives gone.
    const replace = field?.patchStrategy?.includes("replace") ?? false;
    const next = replace
      ? (withoutDirectives(value) as JsonObject)
      : mergeMap(isObject(current) ? current : {}, value, field?.type ?? { kind: "untyped" }, path);
    setMember(target, key, next);
  } else if (Array.isArray(value)) {
    const merge = Array.isArray(current) && mergesAsList(field);
    setMember(target, key, merge ? mergeList(current, value, field, path) : withoutDirectives(value));
  } else {
    setMember(target, key, value);
  }
}

/** Clears the fields of a union that the patch does not keep. */
function retainKeys(target: JsonObject, patch: JsonObject, path: string): void {
  const names = member(patch, retainKeysDirective);
  if (names === undefined) return;
  if (!Array.isArray(names)) throw malformed(retainKeysDirective, path, `it must be a list, got ${kindOf(names)}`);
  for (const key of Object.keys(patch)) {
    if (patch[key] === null || isDirective(key) || names.includes(key)) continue;
    throw new PatchError(
      "inapplicable",
      `${fieldPath(path, retainKeysDirective)} must name ${key}, which the patch sets`,
    );
  }
  for (const key of Object.keys(target)) if (!names.includes(key)) delete target[key];
}

function deleteFromList(target: JsonObject, directive: string, values: Json, path: string): void {
  if (!Array.isArray(values)) throw malformed(directive, path, `it must be a list, got ${kindOf(values)}`);
  const name = directive.slice(deletePrefix.length);
  const current = member(target, name);
  if (current === undefined || current === null) return;
  if (!Array.isArray(current)) throw malformed(directive, path, `${name} is ${kindOf(current)}, not a list`);
  setMember(
    target,
    name,
    current.filter((item) => !values.includes(item)),
  );
}

function setElementOrder(
  target: JsonObject,
  patch: JsonObject,
  name: string,
  field: Field | undefined,
  path: string,
): void {
  const directive = orderPrefix + name;
  const list = (value: Json | undefined): Json[] | undefined => {
    if (value === undefined || Array.isArray(value)) return value;
    throw malformed(directive, path, `it and the lists it orders must be lists, got ${kindOf(value)}`);
  };
  const order = list(patch[directive])!;
  const current = list(member(target, name) ?? undefined);
  const changes = list(member(patch, name));
  if (current === undefined && changes === undefined) return;

  const idOf = identityOf(field?.patchMergeKey, path);
  checkOrder(changes ?? [], order, idOf, path);
  const merged =
    changes === undefined
      ? current!
      : current === undefined || !mergesAsList(field)
        ? (withoutDirectives(changes) as Json[])
        : mergeList([...current], changes, field, path);
  setMember(target, name, normalizeOrder(merged, order, current ?? [], idOf));
}

/** What the patch sets must stand in the order list, in the same order: the two would contradict each other. */
function checkOrder(
  changes: readonly Json[],
  order: readonly Json[],
  idOf: (item: Json) => string,
  path: string,
): void {
  if (order.length === 0) return;
  let at = 0;
  for (const change of changes) {
    if (isObject(change) && member(change, patchDirective) !== undefined) continue;
    const id = idOf(change);
    while (at < order.length && idOf(order[at]!) !== id) at++;
    if (at === order.length) {
      throw new PatchError(
        "internal",
        `the order of the list in the patch does not match $setElementOrder of ${path}: ${id}`,
      );
    }
    at++;
  }
}

/** Merges the items of a list; `current` is private to the call. */
function mergeList(current: Json[], patch: readonly Json[], field: Field | undefined, path: string): Json[] {
  const all = [...current, ...patch];
  if (all.length === 0) return current;
  if (all.some(Array.isArray)) throw new PatchError("inapplicable", `${path}: lists of lists cannot be merged`);
  const objects = all.filter(isObject).length;
  if (objects > 0 && objects < all.length) {
    throw new PatchError("internal", `${path}: a list that merges must hold only objects or only scalars`);
  }
  if (objects === 0) {
    const idOf = identityOf(undefined, path);
    return normalizeOrder([...new Set(all)], patch, current, idOf);
  }
  if (field?.patchMergeKey === undefined) {
    throw new PatchError("internal", `${path}: lists of objects cannot be merged without a merge key`);
  }
  return mergeKeyedList(current as JsonObject[], patch as JsonObject[], field.patchMergeKey, field.type, path);
}

function mergeKeyedList(
  current: JsonObject[],
  patch: readonly JsonObject[],
  mergeKey: string,
  type: TypeSchema,
  path: string,
): Json[] {
  const idOf = identityOf(mergeKey, path);
  const itemType: TypeSchema = type.kind === "list" ? type.item : { kind: "untyped" };
  const deleted = new Set<string>();
  const changes: JsonObject[] = [];
  let replace = false;
  for (const item of patch) {
    const directive = member(item, patchDirective);
    checkDirective(directive, path);
    if (directive === "replace") replace = true;
    else if (directive === "delete") deleted.add(idOf(item));
    // An item that is nothing but `$patch: merge` says what goes without saying.
    else if (directive === undefined || Object.keys(item).length > 1) changes.push(item);
  }
  if (replace) return withoutDirectives(changes) as Json[];

  const kept = current.filter((item) => !deleted.has(idOf(item)));
  const serverOrder = [...kept];
  const places = new Map<string, number>();
  kept.forEach((item, index) => {
    if (!places.has(idOf(item))) places.set(idOf(item), index);
  });
  for (const change of changes) {
    const id = idOf(change);
    const place = places.get(id);
    if (place === undefined) {
      places.set(id, kept.length);
      kept.push(mergeMap({}, change, itemType, `${path}[${mergeKey}=${id}]`));
    } else {
      kept[place] = mergeMap(kept[place]!, change, itemType, `${path}[${mergeKey}=${id}]`);
    }
  }
  return normalizeOrder(kept, changes, serverOrder, idOf);
}

/** What tells the items of a list apart: the value of the merge key, or the value itself. */
function identityOf(mergeKey: string | undefined, path: string): (item: Json) => string {
  return (item) => {
    if (mergeKey === undefined) return String(item);
    const value = isObject(item) ? member(item, mergeKey) : item;
    if (value === undefined || value === null) {
      throw new PatchError(
        "internal",
        `${path}: an item does not contain the merge key ${mergeKey}: give every item ${mergeKey}`,
      );
    }
    return String(value);
  };
}

const mergesAsList = (field: Field | undefined): boolean => field?.patchStrategy?.includes("merge") ?? false;

function fieldOf(type: TypeSchema, name: string): Field | undefined {
  if (type.kind === "struct") return type.field(name);
  return type.kind === "map" ? { type: type.value } : undefined;
}

function isDirective(key: string): boolean {
  return (
    key === patchDirective || key === retainKeysDirective || key.startsWith(deletePrefix) || key.startsWith(orderPrefix)
  );
}

function checkDirective(directive: Json | undefined, path: string): void {
  if (directive === undefined || directive === "merge" || directive === "replace" || directive === "delete") return;
  const where = fieldPath(path, patchDirective);
  throw new PatchError("internal", `${where} must be merge, replace or delete, got ${JSON.stringify(directive)}`);
}

function malformed(directive: string, path: string, why: string): PatchError {
  return new PatchError("malformed", `invalid directive ${fieldPath(path, directive)}: ${why}`);
}

/** A copy of what is set rather than merged: without nulls, directives, and items that are only there to be deleted. */
function withoutDirectives(value: Json): Json {
  if (Array.isArray(value)) return value.filter((item) => !isMarker(item)).map(withoutDirectives);
  if (!isObject(value)) return value;
  const copy: JsonObject = {};
  for (const key of Object.keys(value)) {
    if (value[key] !== null && !isDirective(key)) setMember(copy, key, withoutDirectives(value[key]!));
  }
  return copy;
}

function isMarker(item: Json): boolean {
  if (!isObject(item)) return false;
  const directive = member(item, patchDirective);
  return directive === "delete" || (directive !== undefined && Object.keys(item).length === 1);
}
