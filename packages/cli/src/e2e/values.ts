import { resolve } from "node:path";
import type { Json, JsonObject } from "@homeostat/api";
import { UsageError } from "../errors.ts";
import { readDocuments } from "./documents/load-tests.ts";

export interface ValueSources {
  /** Files of YAML; later ones win. */
  readonly files: readonly string[];
  /** `path.to=value`, read as YAML. */
  readonly set: readonly string[];
  /** `path.to=value`, always text. */
  readonly setString: readonly string[];
}

/** Value of `$values`. @throws CommandError */
export async function loadValues({ files, set, setString }: ValueSources, cwd: string): Promise<Json> {
  let values: JsonObject = {};
  for (const file of files) {
    for (const document of await readDocuments(resolve(cwd, file))) {
      if (typeof document !== "object" || Array.isArray(document)) {
        throw new UsageError(`--values ${file}: expected a map`);
      }
      values = merged(values, document as JsonObject);
    }
  }
  for (const assignment of set) values = assigned(values, assignment, "--set", scalar);
  for (const assignment of setString) values = assigned(values, assignment, "--set-string", (text) => text);
  return values;
}

function merged(base: JsonObject, over: JsonObject): JsonObject {
  const result = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = result[key];
    result[key] = isMap(before) && isMap(value) ? merged(before, value) : value;
  }
  return result;
}

const isMap = (value: Json | undefined): value is JsonObject =>
  value !== undefined && value !== null && typeof value === "object" && !Array.isArray(value);

function assigned(values: JsonObject, assignment: string, flag: string, read: (text: string) => Json): JsonObject {
  const at = assignment.indexOf("=");
  if (at < 1) throw new UsageError(`${flag} ${assignment}: write it as path.to.field=value`);
  const path = assignment.slice(0, at).split(".");
  const value = path.reduceRight<Json>((inner, key) => ({ [key]: inner }), read(assignment.slice(at + 1)));
  return merged(values, value as JsonObject);
}

/** As Helm reads them. */
function scalar(text: string): Json {
  if (text === "true" || text === "false") return text === "true";
  if (text === "null") return null;
  return /^-?(0|[1-9]\d*)$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : text;
}
