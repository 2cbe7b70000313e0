import type { Json, JsonObject } from "@homeostat/api";
import { stringify } from "yaml";

/** Longer objects are not compared line by line: nobody reads that. */
const longest = 400;

/**
 * What is expected against what is there, as lines of YAML: `-` for what only the tree says, `+` for what only the
 * object says. Of the object just the fields that the tree speaks of are shown.
 */
export function difference(tree: Json, actual: Json): string[] {
  if (actual === null) return [];
  const expected = linesOf(tree);
  const found = linesOf(restricted(actual, tree));
  if (expected.length > longest || found.length > longest) return [];
  return ["--- expected", "+++ actual", ...changes(expected, found)];
}

const linesOf = (value: Json): string[] =>
  stringify(value, { aliasDuplicateObjects: false, lineWidth: 0, sortMapEntries: true }).trimEnd().split("\n");

/** The part of a value that a tree speaks of; below its expressions, all. */
function restricted(value: Json, tree: Json): Json {
  if (Array.isArray(value) && Array.isArray(tree)) {
    return value.map((element, index) => (index < tree.length ? restricted(element, tree[index]!) : element));
  }
  if (!isMap(value) || !isMap(tree)) return value;
  const keys = Object.keys(tree).filter((key) => Object.hasOwn(value, key));
  return Object.fromEntries(keys.map((key) => [key, restricted(value[key]!, tree[key]!)]));
}

const isMap = (value: Json): value is JsonObject =>
  value !== null && typeof value === "object" && !Array.isArray(value);

/** By the longest lines in common. */
function changes(left: readonly string[], right: readonly string[]): string[] {
  const common = Array.from({ length: left.length + 1 }, () => new Uint16Array(right.length + 1));
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      common[i]![j] =
        left[i] === right[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
    }
  }
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      lines.push(` ${left[i++]}`);
      j++;
    } else if (j >= right.length || (i < left.length && common[i + 1]![j]! >= common[i]![j + 1]!)) {
      lines.push(`-${left[i++]}`);
    } else {
      lines.push(`+${right[j++]}`);
    }
  }
  return lines;
}
