import { isDeepStrictEqual } from "node:util";
import type { Json, JsonObject } from "@homeostat/api";
import type { Random } from "../support/random.ts";

/** How the value of a field is merged. What is not said here is taken whole. */
export type Shape =
  | { readonly how: "map"; readonly fields?: Readonly<Record<string, Shape>>; readonly retainKeys?: boolean }
  /** A list whose items are told apart by a key. */
  | { readonly how: "items"; readonly key: string; readonly item: Shape }
  /** A list of texts that is a set. */
  | { readonly how: "set" };

/**
 * The patch that makes one object of the other, as clients send it: nulls, `$patch`, `$setElementOrder`,
 * `$deleteFromPrimitiveList`, `$retainKeys`. Now and then it replaces as a whole what it could merge.
 */
export function strategicDiff(from: JsonObject, to: JsonObject, shape: Shape, random: Random): JsonObject {
  if (shape.how !== "map") throw new Error("only maps are told apart by their fields");
  const patch: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const [before, after] = [from[name], to[name]];
    if (isDeepStrictEqual(before, after)) continue;
    if (after === undefined) patch[name] = null;
    else if (before === undefined) patch[name] = after;
    else Object.assign(patch, fieldPatch(name, before, after, shape.fields?.[name], random));
  }
  if (shape.retainKeys && Object.keys(patch).length > 0) patch["$retainKeys"] = Object.keys(to);
  return patch as JsonObject;
}

function fieldPatch(name: string, before: Json, after: Json, shape: Shape | undefined, random: Random): object {
  switch (shape?.how) {
    case undefined:
      return { [name]: after };
    case "map": {
      // Not of those with fields of their own: the server keeps some in there that nobody sends.
      if (!shape.fields && random.chance(0.2)) return { [name]: { ...(after as JsonObject), $patch: "replace" } };
      return { [name]: strategicDiff(before as JsonObject, after as JsonObject, shape, random) };
    }
    case "items": {
      const [was, is] = [before as JsonObject[], after as JsonObject[]];
      if (random.chance(0.2)) return { [name]: [...is, { $patch: "replace" }] };
      return itemsPatch(name, was, is, shape, random);
    }
    case "set": {
      const [was, is] = [before as string[], after as string[]];
      const added = is.filter((value) => !was.includes(value));
      const removed = was.filter((value) => !is.includes(value));
      return {
        ...(added.length > 0 ? { [name]: added } : {}),
        ...(removed.length > 0 ? { [`$deleteFromPrimitiveList/${name}`]: removed } : {}),
        [`$setElementOrder/${name}`]: is,
      };
    }
  }
}

function itemsPatch(
  name: string,
  was: readonly JsonObject[],
  is: readonly JsonObject[],
  { key, item }: Extract<Shape, { how: "items" }>,
  random: Random,
): object {
  const find = (list: readonly JsonObject[], one: JsonObject) => list.find((other) => other[key] === one[key]);
  const changed = is.flatMap((after) => {
    const before = find(was, after);
    if (!before) return [after];
    if (isDeepStrictEqual(before, after)) return [];
    return [{ ...strategicDiff(before, after, item, random), [key]: after[key]! }];
  });
  const removed = was
    .filter((before) => !find(is, before))
    .map((before) => ({ $patch: "delete", [key]: before[key]! }));
  const entries = [...changed, ...removed];
  return {
    ...(entries.length > 0 ? { [name]: entries } : {}),
    [`$setElementOrder/${name}`]: is.map((one) => ({ [key]: one[key]! })),
  };
}
