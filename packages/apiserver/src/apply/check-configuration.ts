import type { Json } from "@homeostat/api";
import { isObject, kindOf } from "../patch/json-value.ts";
import type { ListType, ScalarType, TypeSchema } from "../schema/type-schema.ts";
import { fieldElement, type PathElement, showPath } from "./path-element.ts";
import { itemElement, memberType } from "./type-walk.ts";
import { TypedError } from "./typed-error.ts";

/**
 * What is wrong with an applied configuration: fields that are not declared, values of a wrong type, list items without
 * their keys or named twice. Whatever the request says of unknown fields, apply takes none. Source: KEP-555.
 *
 * @returns findings with their paths, `.spec.foo: field not declared in schema`; empty when all fits
 */
export function checkConfiguration(value: Json, type: TypeSchema): string[] {
  const findings: string[] = [];
  check(value, type, [], findings);
  return findings;
}

function check(value: Json, type: TypeSchema, path: readonly PathElement[], findings: string[]): void {
  if (value === null || type.kind === "untyped") return;
  const report = (why: string): number => findings.push(path.length === 0 ? why : `${showPath(path)}: ${why}`);
  switch (type.kind) {
    case "scalar": {
      const wrong = scalarProblem(type.scalar, value);
      if (wrong !== undefined) report(wrong);
      return;
    }
    case "list":
      if (!Array.isArray(value)) report(`expected list, got ${kindOf(value)}`);
      else checkItems(value, type, path, findings);
      return;
    default:
      if (!isObject(value)) {
        report(`expected map, got ${kindOf(value)}`);
        return;
      }
      for (const name of Object.keys(value)) {
        const child = [...path, fieldElement(name)];
        if (type.kind === "struct" && !type.preserveUnknown && type.field(name) === undefined) {
          findings.push(`${showPath(child)}: field not declared in schema`);
        } else {
          check(value[name]!, memberType(type, name), child, findings);
        }
      }
  }
}

function checkItems(list: readonly Json[], type: ListType, path: readonly PathElement[], findings: string[]): void {
  const seen = new Set<PathElement>();
  list.forEach((item, index) => {
    if (type.listType === "atomic") {
      check(item, type.item, [...path, `i:${index}`], findings);
      return;
    }
    const element = nameOf(item, type, (why) => findings.push(`${showPath(path)}: element ${index}: ${why}`));
    if (element === undefined) return;
    if (seen.has(element)) findings.push(`${showPath(path)}: duplicate entries for key ${showPath([element])}`);
    seen.add(element);
    check(item, type.item, [...path, element], findings);
  });
}

function nameOf(item: Json, type: ListType, report: (why: string) => void): PathElement | undefined {
  try {
    return itemElement(type, item);
  } catch (error) {
    if (!(error instanceof TypedError)) throw error;
    report(error.message);
    return undefined;
  }
}

/** Worded as upstream, which prints the value as Go does. */
function scalarProblem(scalar: ScalarType["scalar"], value: Json): string | undefined {
  const is = typeof value;
  switch (scalar) {
    case "integer":
    case "number":
      return is === "number"
        ? undefined
        : `expected numeric (int or float), got ${is === "object" ? kindOf(value) : is}`;
    case "boolean":
      return is === "boolean" ? undefined : `expected boolean, got ${kindOf(value)}`;
    case "quantity":
    case "intOrString":
      return is === "number" || is === "string" ? undefined : `expected any scalar, got ${kindOf(value)}`;
    case "any":
      return undefined;
    default: {
      if (is === "string") return undefined;
      return `expected string, got ${is === "object" ? kindOf(value) : `&value.valueUnstructured{Value:${String(value)}}`}`;
    }
  }
}
