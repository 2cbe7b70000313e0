import type { JsonObject } from "@homeostat/api";

interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

// biome-ignore lint/suspicious/noExplicitAny: objects of every kind are walked
type Holder = any;

/**
 * Makes the server take an object by changing only what its answer complains of: a value that is not supported becomes
 * one that is, a text becomes lower case, and what is wrong even so goes.
 *
 * @param tried fields that were changed already @returns whether something was changed
 */
export function repair(object: JsonObject, causes: readonly Cause[], tried: Map<string, number>): boolean {
  let changed = false;
  for (const cause of causes) {
    const found = holderOf(object, cause.field);
    if (!found) continue;
    const { holder, key } = found;
    const times = tried.get(cause.field) ?? 0;
    tried.set(cause.field, times + 1);
    const value = holder[key];
    const supported = /supported values: "([^"]*)"/.exec(cause.message)?.[1];
    if (supported && value !== null && typeof value === "object" && "name" in value) value.name = supported;
    else if (times === 0 && supported) holder[key] = Array.isArray(value) ? [supported] : supported;
    else if (times === 0 && typeof value === "string" && value !== value.toLowerCase())
      holder[key] = value.toLowerCase();
    else if (times <= 1 && typeof value === "number") holder[key] = times === 0 ? 1 : 0;
    else if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else if (value !== undefined) delete holder[key];
    else if (!removeItem(object, cause.field)) continue;
    changed = true;
  }
  return changed;
}

/** Removes the item of a list in which a field is wanted that cannot be had. */
function removeItem(object: JsonObject, field: string): boolean {
  const item = /^(.*)\[(\d+)\][^[\]]*$/.exec(field);
  const found = item && holderOf(object, `${item[1]}[${item[2]}]`);
  if (!found || !Array.isArray(found.holder) || found.holder.length <= Number(found.key)) return false;
  found.holder.splice(Number(found.key), 1);
  return true;
}

/** Where a field is: the nearest there is of `spec.a[0].b[key].c`. */
function holderOf(object: JsonObject, field: string): { holder: Holder; key: string } | undefined {
  const steps = [...field.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g)].map(([, index, name]) => (index ?? name)!);
  let holder: Holder = object;
  for (const [at, step] of steps.entries()) {
    const next = holder?.[step];
    const isLast = at === steps.length - 1;
    if (isLast || next === null || typeof next !== "object") {
      return next === undefined && !isLast ? undefined : { holder, key: step };
    }
    holder = next;
  }
  return undefined;
}

/** Texts that mean something to the server, by the name of their field. */
const meant: Readonly<Record<string, string>> = {
  operator: "NotIn",
  priorityClassName: "system-node-critical",
  effect: "NoExecute",
  schedule: "0 0 * * *",
  expression: "true",
  path: "/path",
  controller: "example.com/controller",
};

/** Gives texts that fixtures fill in at random (`operatorValue`) a meaning where only few have one. */
export function giveMeaning(value: Holder, count = { names: 0 }): void {
  if (value === null || typeof value !== "object") return;
  for (const [key, child] of Object.entries(value)) {
    if (key === "matchLabels") value[key] = { labelsKey: "labelsValue" };
    else if (typeof child !== "string" || child !== `${key}Value`) giveMeaning(child, count);
    else if (meant[key]) value[key] = meant[key];
    else if (key === "name") value[key] = `name-${++count.names}`;
  }
}

/** Paths at which `got` is not what was sent. What is there beside it, defaults have put there. */
export function lost(sent: unknown, got: unknown, path = ""): readonly string[] {
  if (sent !== null && typeof sent === "object") {
    if (got === null || typeof got !== "object" || Array.isArray(sent) !== Array.isArray(got)) {
      return Object.keys(sent).length === 0 && got === undefined ? [] : [path];
    }
    return Object.entries(sent).flatMap(([key, value]) =>
      lost(value, (got as Record<string, unknown>)[key], Array.isArray(sent) ? `${path}[]` : `${path}.${key}`),
    );
  }
  return sent === got || sent === null ? [] : [path];
}
