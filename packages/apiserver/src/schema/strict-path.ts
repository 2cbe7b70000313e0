import type { Json, JsonObject } from "@homeostat/api";

/** Where a value is: names of fields, keys of maps, indices. */
export type Step = string | number | { readonly key: string };

/** `spec.containers[0].foo`, as strict decoding names a field. */
export function strictPath(steps: readonly Step[]): string {
  let text = "";
  for (const step of steps) {
    if (typeof step === "number") text += `[${step}]`;
    else text += (text === "" ? "" : ".") + (typeof step === "string" ? step : step.key);
  }
  return text;
}

/** Findings stand in messages in the order of the request; decoding meets them in the order of the types. */
export function inDocumentOrder(paths: readonly string[], object: JsonObject): string[] {
  const left = new Set(paths);
  const ordered: string[] = [];
  const visit = (value: Json, path: Step[]): void => {
    if (left.delete(strictPath(path))) ordered.push(strictPath(path));
    if (typeof value !== "object" || value === null || left.size === 0) return;
    if (Array.isArray(value)) for (const [index, item] of value.entries()) visit(item, [...path, index]);
    else for (const key of Object.keys(value)) visit(value[key]!, [...path, key]);
  };
  visit(object, []);
  return ordered;
}
