import type { Json } from "@homeostat/api";
import { isJsonObject, ownField } from "./json-schema-props.ts";

/**
 * The JSONPath of CustomResourceDefinitions: fields, indexes, slices, wildcards, unions, recursive descent and filters
 * that compare with a literal (`.status.conditions[?(@.type=="Ready")].status`).
 * Source: client-go, util/jsonpath.
 */
export type JsonPath = (root: Json) => Json[];

/** Compiles a path such as `.spec.replicas`; returns what is wrong with it as a text where it is not one. */
export function compileJsonPath(path: string): JsonPath | string {
  try {
    const steps = parse(path);
    return (root) => steps.reduce<Json[]>((values, step) => values.flatMap(step), [root]);
  } catch (error) {
    if (error instanceof PathError) return error.message;
    throw error;
  }
}

class PathError extends Error {}

type Step = (value: Json) => Json[];

function parse(path: string): Step[] {
  const text = path.startsWith("$") ? path.slice(1) : path;
  const steps: Step[] = [];
  let at = 0;
  while (at < text.length) {
    if (text.startsWith("..", at)) {
      steps.push(descend);
      at += text[at + 2] === "[" ? 2 : 1;
    } else if (text[at] === ".") {
      const end = endOfField(text, at + 1);
      const name = text.slice(at + 1, end).replace(/\\(.)/g, "$1");
      if (name === "") {
        // A lone dot, or one in front of a bracket, stands for the value itself.
        if (end < text.length && text[end] !== "[")
          throw new PathError(`unexpected ${JSON.stringify(text[end])} in ${path}`);
      } else steps.push(name === "*" ? everything : fieldStep(name));
      at = end;
    } else if (text[at] === "[") {
      const end = endOfBracket(text, at, path);
      steps.push(bracketStep(text.slice(at + 1, end).trim(), path));
      at = end + 1;
    } else {
      throw new PathError(`unexpected ${JSON.stringify(text[at])} in ${path}: a field starts with a dot`);
    }
  }
  return steps;
}

function endOfField(text: string, start: number): number {
  let at = start;
  while (at < text.length && text[at] !== "." && text[at] !== "[") {
    if (text[at] === "\\") at++;
    else if (/[\s{}()|&"'=<>!,;]/.test(text[at]!))
      throw new PathError(`unexpected ${JSON.stringify(text[at])} in ${text}`);
    at++;
  }
  return Math.min(at, text.length);
}

function endOfBracket(text: string, start: number, path: string): number {
  let quote = "";
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text[at]!;
    if (quote !== "") {
      if (char === "\\") at++;
      else if (char === quote) quote = "";
    } else if (char === "'" || char === '"') quote = char;
    else if (char === "[") depth++;
    else if (char === "]" && --depth === 0) return at;
  }
  throw new PathError(`unterminated array in ${path}`);
}

function bracketStep(content: string, path: string): Step {
  if (content === "*") return everything;
  const filter = /^\?\s*\((.*)\)$/s.exec(content);
  if (filter) return filterStep(filter[1]!.trim(), path);
  const parts = splitUnion(content).map((part) => elementStep(part, path));
  return parts.length === 1 ? parts[0]! : (value) => parts.flatMap((part) => part(value));
}

function splitUnion(content: string): string[] {
  return content.match(/(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^,])+/gs)?.map((part) => part.trim()) ?? [];
}

function elementStep(part: string, path: string): Step {
  const quoted = /^(['"])(.*)\1$/s.exec(part);
  if (quoted) return fieldStep(quoted[2]!.replace(/\\(.)/g, "$1"));
  if (/^-?\d+$/.test(part)) return (value) => (Array.isArray(value) ? present(value.at(Number(part))) : []);
  const slice = /^(-?\d*):(-?\d*)(?::(\d+))?$/.exec(part);
  if (!slice) throw new PathError(`invalid array index ${part} in ${path}`);
  const [start, end, step] = [Number(slice[1] || 0), slice[2] ? Number(slice[2]) : undefined, Number(slice[3] || 1)];
  if (step === 0) throw new PathError(`step must be positive in ${path}`);
  return (value) => (Array.isArray(value) ? value.slice(start, end).filter((_, index) => index % step === 0) : []);
}

const operators = /^(.+?)\s*(==|!=|<=|>=|<|>)\s*(.+)$/s;

function filterStep(condition: string, path: string): Step {
  const comparison = operators.exec(condition);
  if (!comparison) {
    const exists = operand(condition, path);
    return (value) => elementsOf(value).filter((item) => exists(item).length > 0);
  }
  const left = operand(comparison[1]!, path);
  const right = operand(comparison[3]!, path);
  const compare = comparisons[comparison[2]!]!;
  return (value) =>
    elementsOf(value).filter((item) => {
      const [a] = left(item);
      const [b] = right(item);
      return a !== undefined && b !== undefined && typeof a === typeof b && compare(a, b);
    });
}

const comparisons: Readonly<Record<string, (a: Json, b: Json) => boolean>> = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a! < b!,
  "<=": (a, b) => a! <= b!,
  ">": (a, b) => a! > b!,
  ">=": (a, b) => a! >= b!,
};

/** A path below `@`, or a literal. */
function operand(text: string, path: string): JsonPath {
  const trimmed = text.trim();
  if (trimmed.startsWith("@")) {
    const steps = parse(trimmed.slice(1));
    return (item) => steps.reduce<Json[]>((values, step) => values.flatMap(step), [item]);
  }
  const quoted = /^(['"])(.*)\1$/s.exec(trimmed);
  if (quoted) return () => [quoted[2]!.replace(/\\(.)/g, "$1")];
  if (/^-?\d+(\.\d+)?$/.test(trimmed)) return () => [Number(trimmed)];
  if (trimmed === "true" || trimmed === "false") return () => [trimmed === "true"];
  throw new PathError(`unrecognized operand ${trimmed} in ${path}`);
}

const present = (value: Json | undefined): Json[] => (value === undefined ? [] : [value]);

/** A field of an object; nothing of anything else. */
function fieldStep(name: string): Step {
  return (value) => (isJsonObject(value) ? present(ownField(value, name)) : []);
}

function elementsOf(value: Json): Json[] {
  if (Array.isArray(value)) return value;
  return isJsonObject(value) ? Object.values(value) : [];
}

const everything: Step = elementsOf;

const descend: Step = (value) => [value, ...elementsOf(value).flatMap(descend)];
