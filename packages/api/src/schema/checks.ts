import type { $ZodCheck } from "zod/v4/core";
import { SchemaError } from "../errors.ts";
import { escapePattern, re2Source } from "./pattern.ts";
import type { SchemaNode } from "./structural.ts";

/** The parts of a check's definition that are read here; which are present depends on `check`. */
interface CheckFacts {
  readonly check?: string;
  readonly format?: string;
  readonly pattern?: RegExp;
  readonly prefix?: string;
  readonly suffix?: string;
  readonly includes?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly length?: number;
  readonly value?: unknown;
  readonly inclusive?: boolean;
}

/** Zod's string formats that the server knows too. */
const serverFormats: Readonly<Record<string, string>> = {
  email: "email",
  url: "uri",
  uuid: "uuid",
  guid: "uuid",
  ipv4: "ipv4",
  ipv6: "ipv6",
  cidrv4: "cidr",
  cidrv6: "cidr",
  base64: "byte",
  datetime: "date-time",
  date: "date",
  mac: "mac",
  hostname: "hostname",
};

/** Adds the checks of `schema` to `node`: its own (a format is its own check), then those chained to it. */
export function applyChecks(
  definition: CheckFacts & { readonly checks?: readonly $ZodCheck<never>[] },
  node: SchemaNode,
  path: string,
): void {
  if (definition.check !== undefined) applyCheck(definition, node, path);
  for (const check of definition.checks ?? []) applyCheck(check._zod.def as CheckFacts, node, path);
}

function applyCheck(check: CheckFacts, node: SchemaNode, path: string): void {
  switch (check.check) {
    case "min_length":
      setLength(node, { min: check.minimum! });
      break;
    case "max_length":
      setLength(node, { max: check.maximum! });
      break;
    case "length_equals":
      setLength(node, { min: check.length!, max: check.length! });
      break;
    case "greater_than":
      setMinimum(node, bound(check, path), check.inclusive === false);
      break;
    case "less_than":
      setMaximum(node, bound(check, path), check.inclusive === false);
      break;
    case "multiple_of":
      node.multipleOf = bound(check, path);
      break;
    case "number_format":
      setNumberFormat(node, check.format!);
      break;
    case "string_format":
      setStringFormat(node, check, path);
      break;
    default:
      throw new SchemaError(
        path,
        waysOut[check.check!] ??
          `check ${check.check} has no counterpart in a CRD: say it as a CEL rule with rules(...)`,
      );
  }
}

const waysOut: Readonly<Record<string, string>> = {
  custom: "refine() runs only in this process: say it as a CEL rule with rules(schema, [{ rule, message }])",
  overwrite: "a schema cannot change values (trim, toLowerCase …): state a pattern instead",
};

function bound(check: CheckFacts, path: string): number {
  if (typeof check.value === "number") return check.value;
  throw new SchemaError(path, `the bound ${String(check.value)} is no number: use z.number() or z.int()`);
}

/** Of several bounds the tightest counts. */
function setMinimum(node: SchemaNode, bound: number, exclusive: boolean): void {
  if (node.minimum !== undefined && (node.minimum > bound || (node.minimum === bound && node.exclusiveMinimum))) return;
  node.minimum = bound;
  if (exclusive) node.exclusiveMinimum = true;
  else delete node.exclusiveMinimum;
}

function setMaximum(node: SchemaNode, bound: number, exclusive: boolean): void {
  if (node.maximum !== undefined && (node.maximum < bound || (node.maximum === bound && node.exclusiveMaximum))) return;
  node.maximum = bound;
  if (exclusive) node.exclusiveMaximum = true;
  else delete node.exclusiveMaximum;
}

function setLength(node: SchemaNode, { min, max }: { readonly min?: number; readonly max?: number }): void {
  const [least, most] =
    node.type === "array" ? (["minItems", "maxItems"] as const) : (["minLength", "maxLength"] as const);
  if (min !== undefined) node[least] = Math.max(min, node[least] ?? 0);
  if (max !== undefined) node[most] = Math.min(max, node[most] ?? max);
}

function setNumberFormat(node: SchemaNode, format: string): void {
  if (format === "float32" || format === "float64") {
    node.format = format === "float32" ? "float" : "double";
    return;
  }
  node.type = "integer";
  node.format = format === "int32" ? "int32" : "int64";
  if (format === "uint32") {
    setMinimum(node, 0, false);
    setMaximum(node, 2 ** 32 - 1, false);
  }
}

function setStringFormat(node: SchemaNode, check: CheckFacts, path: string): void {
  const format = serverFormats[check.format!];
  if (format !== undefined) node.format = format;
  else if (check.prefix !== undefined) addPattern(node, `^${escapePattern(check.prefix)}`);
  else if (check.suffix !== undefined) addPattern(node, `${escapePattern(check.suffix)}$`);
  else if (check.includes !== undefined) addPattern(node, escapePattern(check.includes));
  else if (check.format === "duration")
    throw new SchemaError(path, "ISO 8601 durations are not Kubernetes' own: use duration(), as in 1h30m");
  else if (check.pattern) addPattern(node, re2Source(check.pattern, path));
  else
    throw new SchemaError(
      path,
      `string format ${check.format} has no counterpart in a CRD: state a pattern with regex(...)`,
    );
}

/** A node has one `pattern`; further ones go under `allOf`, where bare validations are allowed. */
function addPattern(node: SchemaNode, pattern: string): void {
  if (node.pattern === undefined) node.pattern = pattern;
  else node.allOf = [...(node.allOf ?? []), { pattern }];
}
