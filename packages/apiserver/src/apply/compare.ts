import type { Json, JsonObject } from "@homeostat/api";
import { jsonEqual, member } from "../patch/json-value.ts";
import type { ListType, TypeSchema } from "../schema/type-schema.ts";
import { emptySet, type FieldSet, isEmpty, leafSet, nodeOf, recursiveDifference } from "./field-set.ts";
import { fieldElement, type PathElement } from "./path-element.ts";
import { asList, asObject, itemsByElement, memberType, shapeOf } from "./type-walk.ts";

/** Fields in which two values differ. What is new or gone is listed with everything below it. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

const same: Comparison = { added: emptySet, modified: emptySet, removed: emptySet };

/**
 * Compares two values of a type. Undefined is a missing value, which null is not.
 *
 * @throws TypedError when an item of a list cannot be named
 */
export function compare(before: Json | undefined, after: Json | undefined, type: TypeSchema): Comparison {
  const shape = shapeOf(type, before ?? after);
  const other = shapeOf(type, after ?? before);
  if (shape !== other) return compareShapes(before, after, type);
  const result =
    shape === "map"
      ? compareMaps(before, after, type)
      : shape === "list"
        ? compareLists(before, after, type)
        : undefined;
  if (result === undefined) return compareLeaves(before, after);
  if (before === undefined) return { ...result, added: nodeOf(true, result.added.children) };
  if (after === undefined) return { ...result, removed: nodeOf(true, result.removed.children) };
  return result;
}

export const isSame = ({ added, modified, removed }: Comparison): boolean =>
  isEmpty(added) && isEmpty(modified) && isEmpty(removed);

/** The comparison without these fields and what lies below them. */
export function excludeFields({ added, modified, removed }: Comparison, fields: FieldSet): Comparison {
  return {
    added: recursiveDifference(added, fields),
    modified: recursiveDifference(modified, fields),
    removed: recursiveDifference(removed, fields),
  };
}

function compareLeaves(before: Json | undefined, after: Json | undefined): Comparison {
  if (before === undefined) return { ...same, added: leafSet };
  if (after === undefined) return { ...same, removed: leafSet };
  return jsonEqual(before, after) ? same : { ...same, modified: leafSet };
}

/** Where nothing is declared a map may become a scalar or a list, or the other way round. */
function compareShapes(before: Json | undefined, after: Json | undefined, type: TypeSchema): Comparison {
  const fields = compareMaps(asObject(before) ?? {}, asObject(after) ?? {}, type) ?? same;
  return { added: fields.added, modified: leafSet, removed: fields.removed };
}

/** Undefined when neither has fields: emptiness and null are then compared as leaves. */
function compareMaps(before: Json | undefined, after: Json | undefined, type: TypeSchema): Comparison | undefined {
  const left = asObject(before);
  const right = asObject(after);
  const names = new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})]);
  if (names.size === 0) return undefined;
  const parts = new Parts();
  for (const name of names) {
    const old = left && valueAt(left, name, type);
    const young = right && valueAt(right, name, type);
    parts.add(fieldElement(name), compare(old, young, memberType(type, name)));
  }
  return parts.result();
}

/** A field of a map that is there; what is always present stands in empty where it is missing. */
function valueAt(object: JsonObject, name: string, type: TypeSchema): Json | undefined {
  const value = member(object, name);
  const field = value === undefined && type.kind === "struct" ? type.field(name) : undefined;
  if (!field?.alwaysPresent) return value;
  return field.type.kind === "struct" && !field.type.atomic ? {} : null;
}

function compareLists(before: Json | undefined, after: Json | undefined, type: TypeSchema): Comparison | undefined {
  if (type.kind !== "list") return undefined;
  const left = asList(before) ?? [];
  const right = asList(after) ?? [];
  if (left.length === 0 && right.length === 0) return undefined;
  const old = itemsByElement(type, left);
  const young = itemsByElement(type, right);
  const parts = new Parts();
  for (const element of new Set([...old.keys(), ...young.keys()])) {
    parts.add(element, compareItems(old.get(element) ?? [], young.get(element) ?? [], type));
  }
  return parts.result();
}

/** Items of one name; several are duplicates, which count as one value. */
function compareItems(old: readonly Json[], young: readonly Json[], type: ListType): Comparison {
  if (old.length <= 1 && young.length <= 1) return compare(old[0], young[0], type.item);
  if (old.length === 0) return { ...same, added: leafSet };
  if (young.length === 0) return { ...same, removed: leafSet };
  if (old.length === 1)
    return { ...same, modified: leafSet, removed: below(compare(old[0], undefined, type.item).removed) };
  if (young.length === 1)
    return { ...same, modified: leafSet, added: below(compare(undefined, young[0], type.item).added) };
  return jsonEqual([...old], [...young]) ? same : { ...same, modified: leafSet };
}

const below = (set: FieldSet): FieldSet => nodeOf(false, set.children);

/** Puts the comparisons of the parts of a value together. */
class Parts {
  readonly #added = new Map<PathElement, FieldSet>();
  readonly #modified = new Map<PathElement, FieldSet>();
  readonly #removed = new Map<PathElement, FieldSet>();

  add(element: PathElement, { added, modified, removed }: Comparison): void {
    if (!isEmpty(added)) this.#added.set(element, added);
    if (!isEmpty(modified)) this.#modified.set(element, modified);
    if (!isEmpty(removed)) this.#removed.set(element, removed);
  }

  result(): Comparison {
    return {
      added: nodeOf(false, this.#added),
      modified: nodeOf(false, this.#modified),
      removed: nodeOf(false, this.#removed),
    };
  }
}
