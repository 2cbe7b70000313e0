import { parseDuration } from "@homeostat/api";
import { CommandError } from "../../errors.ts";

/** A document of a test does not say what it must; the message names file and field. */
export class DocumentError extends CommandError {}

/** What a field may hold. */
export type Shape =
  | "any"
  | "text"
  | "boolean"
  | "number"
  | "duration"
  | "map"
  | readonly string[]
  | { readonly list: Shape }
  | { readonly values: Shape }
  | Fields;

/** Fields of an object; those that end in `!` must be there. */
export interface Fields {
  readonly fields: Readonly<Record<string, Shape>>;
}

/** Finds what does not fit: unknown fields, too, since a misspelt one would go unnoticed and prove nothing. */
export function checkShape(value: unknown, shape: Shape, path: string): string[] {
  if (value === null || value === undefined || shape === "any") return [];
  const unfit = (wanted: string): string[] => [`${path}: must be ${wanted}, not ${JSON.stringify(value)}`];
  if (shape === "text") return typeof value === "string" ? [] : unfit("text");
  if (shape === "boolean") return typeof value === "boolean" ? [] : unfit("true or false");
  if (shape === "number") return typeof value === "number" ? [] : unfit("a number");
  if (shape === "duration") {
    return typeof value === "string" && isDuration(value) ? [] : unfit("a duration, as 30s or 1m30s");
  }
  if (isWords(shape)) {
    return typeof value === "string" && shape.includes(value) ? [] : unfit(`one of ${shape.join(", ")}`);
  }
  if (typeof shape === "object" && "list" in shape) {
    if (!Array.isArray(value)) return unfit("a list");
    return value.flatMap((element, index) => checkShape(element, shape.list, `${path}[${index}]`));
  }
  if (typeof value !== "object" || Array.isArray(value)) return unfit("a map");
  if (shape === "map") return [];
  if ("values" in shape) {
    return Object.entries(value).flatMap(([key, child]) => checkShape(child, shape.values, `${path}.${key}`));
  }
  return checkFields(value as Record<string, unknown>, shape, path);
}

function checkFields(value: Readonly<Record<string, unknown>>, { fields }: Fields, path: string): string[] {
  const errors: string[] = [];
  for (const [key, child] of Object.entries(value)) {
    const shape = fields[key] ?? fields[`${key}!`];
    if (shape === undefined) errors.push(`${path}.${key}: there is no such field`);
    else errors.push(...checkShape(child, shape, `${path}.${key}`));
  }
  for (const key of Object.keys(fields)) {
    const name = key.slice(0, -1);
    if (key.endsWith("!") && (value[name] === undefined || value[name] === null)) {
      errors.push(`${path}.${name}: is required`);
    }
  }
  return errors;
}

const isWords = (shape: Shape): shape is readonly string[] => Array.isArray(shape);

function isDuration(text: string): boolean {
  try {
    return parseDuration(text) >= 0;
  } catch {
    return false;
  }
}
