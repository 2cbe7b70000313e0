import type { Json } from "@homeostat/api";

/** One difference of two JSON values. */
export interface FieldChange {
  readonly op: "add" | "remove" | "replace";
  /** Keys and indexes from the root; empty: the whole value. */
  readonly path: readonly (string | number)[];
  /** Undefined for `add`. */
  readonly old?: Json;
  /** Undefined for `remove`. */
  readonly new?: Json;
}

/**
 * What turns `old` into `now`, in an order that can be applied. Objects are compared key by key; arrays of one length
 * item by item, others as a whole, because moving items about says less than both states do. Undefined members count
 * as absent.
 */
export function diff(old: unknown, now: unknown): FieldChange[] {
  const changes: FieldChange[] = [];
  collect(old as Json, now as Json, [], changes);
  return changes;
}

/** `spec.containers[0].image`, `metadata.labels["app.kubernetes.io/name"]`: a path as people write it. */
export function pathText(path: FieldChange["path"]): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

/** A path from how people write it; the inverse of `pathText`. */
export function parsePath(text: string): FieldChange["path"] {
  const steps = text.matchAll(/\[("(?:[^"\\]|\\.)*")\]|\[(\d+)\]|([^.[\]]+)/g);
  return [...steps].map(([, quoted, index, plain]) =>
    quoted === undefined ? (index === undefined ? plain! : Number(index)) : (JSON.parse(quoted) as string),
  );
}

/** A path as RFC 6901 has it. */
export function jsonPointer(path: FieldChange["path"]): string {
  return path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

function collect(old: Json | undefined, now: Json | undefined, path: FieldChange["path"], out: FieldChange[]): void {
  if (old === now) return;
  if (old === undefined) out.push({ op: "add", path, new: now! });
  else if (now === undefined) out.push({ op: "remove", path, old });
  else if (Array.isArray(old) && Array.isArray(now) && old.length === now.length) {
    for (let index = 0; index < old.length; index++) collect(old[index], now[index], [...path, index], out);
  } else if (isObject(old) && isObject(now)) {
    for (const key of Object.keys(old)) collect(old[key], own(now, key), [...path, key], out);
    for (const key of Object.keys(now)) if (!Object.hasOwn(old, key)) collect(undefined, now[key], [...path, key], out);
  } else if (!sameArrays(old, now)) out.push({ op: "replace", path, old, new: now });
}

const own = (object: { readonly [key: string]: Json | undefined }, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

const isObject = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const sameArrays = (old: Json, now: Json): boolean =>
  Array.isArray(old) && Array.isArray(now) && old.length === 0 && now.length === 0;
