import type { Json, JsonObject } from "@homeostat/api";
import { isObject } from "../patch/json-value.ts";
import { TypedError } from "./typed-error.ts";

/**
 * One step of a field path, in the form it has in `fieldsV1`:
 *
 * - `f:name`            field of a struct, key of a map
 * - `k:{"name":"web"}`  item of an associative list, by its key fields in alphabetical order
 * - `v:"value"`         item of a set, by its value
 * - `i:0`               item of a list, by its index
 *
 * The text is canonical, so two steps are the same exactly when their texts are. Source: KEP-555, structured-merge-diff
 * `fieldpath`.
 */
export type PathElement = string;

export const fieldElement = (name: string): PathElement => `f:${name}`;
export const keyElement = (keys: JsonObject): PathElement => `k:${canonicalJson(keys)}`;
export const valueElement = (value: Json): PathElement => `v:${canonicalJson(value)}`;

/** Name of the field, for `f:` elements. */
export function fieldNameOf(element: PathElement): string | undefined {
  return element.startsWith("f:") ? element.slice(2) : undefined;
}

/**
 * Brings an element as it was sent into its canonical form.
 *
 * @returns undefined for a kind of element that is not known here: those may be of the future and are left out
 * @throws TypedError for an element that cannot be read
 */
export function parseElement(text: string): PathElement | undefined {
  switch (text.slice(0, 2)) {
    case "f:":
      return text;
    case "k:": {
      const keys = parsed(text);
      if (!isObject(keys)) throw new TypedError(`managed fields hold ${text}: keys must be an object`);
      return keyElement(keys);
    }
    case "v:":
      return valueElement(parsed(text));
    case "i:":
      if (!/^i:-?\d+$/.test(text)) throw new TypedError(`managed fields hold ${text}: an index must be a number`);
      return text;
    default:
      if (text[1] === ":") return undefined;
      throw new TypedError(`managed fields hold ${JSON.stringify(text)}: a path element starts with f:, k:, v: or i:`);
  }
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text.slice(2)) as Json;
  } catch (cause) {
    throw new TypedError(`managed fields hold ${text}, whose value is no JSON`, { cause });
  }
}

/** How an element shows in messages: `.spec`, `[name="web"]`, `[="a"]`, `[0]`. */
export function showElement(element: PathElement): string {
  const rest = element.slice(2);
  switch (element[0]) {
    case "f":
      return `.${rest}`;
    case "k": {
      const keys = Object.entries(JSON.parse(rest) as JsonObject);
      return `[${keys.map(([name, value]) => `${name}=${canonicalJson(value)}`).join(",")}]`;
    }
    case "v":
      return `[=${rest}]`;
    default:
      return `[${rest}]`;
  }
}

export const showPath = (path: readonly PathElement[]): string => path.map(showElement).join("");

const kindOrder = "fkvi";

/** The order of elements in `fieldsV1`: by kind, then by name, or by value. */
export function compareElements(a: PathElement, b: PathElement): number {
  if (a[0] !== b[0]) return kindOrder.indexOf(a[0]!) - kindOrder.indexOf(b[0]!);
  if (a[0] === "f") return a < b ? -1 : a > b ? 1 : 0;
  return compareJson(JSON.parse(a.slice(2)) as Json, JSON.parse(b.slice(2)) as Json);
}

function compareJson(a: Json, b: Json): number {
  if (isObject(a) && isObject(b)) {
    const names = Object.keys(a);
    const others = Object.keys(b);
    for (let index = 0; index < Math.min(names.length, others.length); index++) {
      const name = names[index]!;
      const other = others[index]!;
      if (name !== other) return name < other ? -1 : 1;
      const order = compareJson(a[name]!, b[name]!);
      if (order !== 0) return order;
    }
    return names.length - others.length;
  }
  if (typeof a === "number" && typeof b === "number") return a - b;
  const left = typeof a === "string" ? a : canonicalJson(a);
  const right = typeof b === "string" ? b : canonicalJson(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** JSON with the members of objects in alphabetical order. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key]!)}`).join(",")}}`;
}
