import { createHash } from "node:crypto";
import type { Json, JsonObject } from "@homeostat/api";
import { parse } from "yaml";
import type { World } from "../evaluator.ts";
import { define, type FunctionTable } from "./definition.ts";
import { decodeMetrics } from "./metrics.ts";
import { matchesWildcard } from "./text.ts";

/** Functions of lists, objects and documents. Source: kyverno-json; kyverno, JMESPath; chainsaw, "functions". */
export function dataFunctions({ env, randomBytes }: World): FunctionTable {
  return {
    env: define("string", (name: string) => env[name] ?? ""),
    at: define("any any", (collection: Json, key: Json) => elementAt(collection, key)),
    lookup: define("object|array string|number", (collection: Json, key: Json) => elementAt(collection, key)),
    json_parse: define("string", (text: string) => parseJson(text)),
    parse_json: define("string", (text: string) => parseJson(text)),
    parse_yaml: define("string", (text: string) => (parse(text) ?? null) as Json),
    items: define("object|array string? string?", (value: Json[] | JsonObject, key?: string, named?: string) =>
      itemsOf(value, key, named),
    ),
    object_from_lists: define("array array", (keys: Json[], values: Json[]) =>
      Object.fromEntries(keys.map((key, index) => [String(key), values[index] ?? null])),
    ),
    label_match: define("object object", (selector: JsonObject, labels: JsonObject) =>
      Object.entries(selector).every(([key, value]) => {
        const actual = labels[key];
        return actual !== undefined && matchesWildcard(String(value), String(actual));
      }),
    ),
    random: define("string", (pattern: string) => randomText(pattern, randomBytes)),
    sha1: define("string", (text: string) => createHash("sha1").update(text).digest("hex")),
    sha256: define("string", (text: string) => createHash("sha256").update(text).digest("hex")),
    md5: define("string", (text: string) => createHash("md5").update(text).digest("hex")),
    x_metrics_decode: define("string", (text: string) => decodeMetrics(text)),
  };
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new Error(`json_parse: ${(error as Error).message}`, { cause: error });
  }
}

function elementAt(collection: Json, key: Json): Json {
  if (Array.isArray(collection)) {
    if (typeof key !== "number" || !Number.isInteger(key))
      throw new Error("at: the index of an array is a whole number");
    return collection.at(key) ?? null;
  }
  if (collection !== null && typeof collection === "object") {
    if (typeof key !== "string") throw new Error("at: the key of an object is a string");
    return Object.hasOwn(collection, key) ? collection[key]! : null;
  }
  throw new Error("at: the first argument must be an array or an object");
}

/** Pairs as JMESPath has them; with names for key and value, objects as kyverno has them. */
function itemsOf(value: Json[] | JsonObject, key: string | undefined, named: string | undefined): Json {
  const pairs: [Json, Json][] = Array.isArray(value)
    ? value.map((element, index) => [index, element])
    : Object.entries(value);
  if (key === undefined || named === undefined) return pairs;
  const sorted = Array.isArray(value) ? pairs : pairs.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  return sorted.map(([left, right]) => ({ [key]: left, [named]: right }));
}

const alphabets: Readonly<Record<string, string>> = {
  w: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
  d: "0123456789",
};

/** Text that a simple pattern describes: literals, classes (`[a-z0-9]`, `\d`, `\w`), each with `{n}` or `{n,m}`. */
function randomText(pattern: string, randomBytes: World["randomBytes"]): string {
  let text = "";
  for (const [, set, escaped, literal, from, to] of pattern.matchAll(
    /(?:\[([^\]]+)\]|\\(.)|([^{}[\]]))(?:\{(\d+)(?:,(\d+))?\})?/g,
  )) {
    const alphabet =
      set !== undefined ? classOf(set) : escaped !== undefined ? (alphabets[escaped] ?? escaped) : literal!;
    const least = from === undefined ? 1 : Number(from);
    const most = to === undefined ? least : Number(to);
    const length = least + (randomBytes(1)[0]! % (most - least + 1));
    for (const byte of randomBytes(length)) text += alphabet[byte % alphabet.length];
  }
  return text;
}

function classOf(set: string): string {
  return set
    .replace(/\\(.)/g, (_, escaped: string) => alphabets[escaped] ?? escaped)
    .replace(/(.)-(.)/g, (_, a, b) => {
      let all = "";
      for (let code = a.charCodeAt(0); code <= b.charCodeAt(0); code++) all += String.fromCharCode(code);
      return all;
    });
}
