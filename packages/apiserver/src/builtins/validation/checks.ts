import { isIP } from "node:net";
import {
  fieldError,
  type JsonObject,
  type LabelSelector,
  labelMatcher,
  labelValue,
  qualifiedName,
  type StatusCause,
} from "@homeostat/api";
import { integer, isUnset, semanticallyEqual, stringMap, struct, structs, text } from "../json-fields.ts";

/**
 * Findings that recur in many kinds. Each takes the object that holds the field, the field, and the path of the object
 * (`""` for the root), and returns no cause when all is well.
 */

export const at = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);
export const atKey = (path: string, key: string): string => `${path}[${key}]`;

/** The cause of each problem: for rules that return texts. */
export function problems(path: string, value: unknown, texts: readonly string[]): StatusCause[] {
  return texts.map((found) => fieldError.invalid(path, value, found));
}

export function required(parent: JsonObject | undefined, key: string, path: string, detail = ""): StatusCause[] {
  return isUnset(parent, key) ? [fieldError.required(at(path, key), detail)] : [];
}

export function oneOf(
  parent: JsonObject | undefined,
  key: string,
  path: string,
  allowed: readonly string[],
): StatusCause[] {
  const value = text(parent, key);
  return value === "" || allowed.includes(value)
    ? []
    : [fieldError.notSupported(at(path, key), value, [...allowed].sort())];
}

/** As {@link oneOf}, for a field that must be there. */
export function requiredOneOf(
  parent: JsonObject | undefined,
  key: string,
  path: string,
  allowed: readonly string[],
): StatusCause[] {
  const missing = required(parent, key, path);
  return missing.length > 0 ? missing : oneOf(parent, key, path, allowed);
}

export function atLeast(parent: JsonObject | undefined, key: string, path: string, least: number): StatusCause[] {
  const value = integer(parent, key);
  if (value === undefined || value >= least) return [];
  return [fieldError.invalid(at(path, key), value, `must be greater than or equal to ${least}`)];
}

export function notNegative(parent: JsonObject | undefined, path: string, ...keys: readonly string[]): StatusCause[] {
  return keys.flatMap((key) => atLeast(parent, key, path, 0));
}

export function portNumber(parent: JsonObject | undefined, key: string, path: string): StatusCause[] {
  const value = integer(parent, key);
  if (value === undefined || (value >= 1 && value <= 65_535)) return [];
  return [fieldError.invalid(at(path, key), value, "must be between 1 and 65535, inclusive")];
}

export function immutable(
  object: JsonObject | undefined,
  old: JsonObject | undefined,
  path: string,
  ...keys: readonly string[]
): StatusCause[] {
  return keys
    .filter((key) => !semanticallyEqual(object?.[key], old?.[key]))
    .map((key) => fieldError.invalid(at(path, key), object?.[key], "field is immutable"));
}

export function labels(parent: JsonObject | undefined, key: string, path: string): StatusCause[] {
  const where = at(path, key);
  return Object.entries(stringMap(parent, key)).flatMap(([name, value]) => [
    ...problems(where, name, qualifiedName(name)),
    ...problems(where, value, labelValue(value)),
  ]);
}

const operators = ["In", "NotIn", "Exists", "DoesNotExist"];

/** A selector by labels and expressions. */
export function labelSelector(selector: JsonObject | undefined, path: string): StatusCause[] {
  const causes = labels(selector, "matchLabels", path);
  structs(selector, "matchExpressions").forEach((expression, index) => {
    const where = `${at(path, "matchExpressions")}[${index}]`;
    const operator = text(expression, "operator");
    const values = Array.isArray(expression["values"]) ? expression["values"].length : 0;
    if (!operators.includes(operator))
      causes.push(fieldError.invalid(at(where, "operator"), operator, "not a valid selector operator"));
    else if (operator.endsWith("In") && values === 0) {
      causes.push(fieldError.required(at(where, "values"), "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (operator.startsWith("Exists") || operator.startsWith("DoesNot")) {
      if (values > 0)
        causes.push(
          fieldError.forbidden(
            at(where, "values"),
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
          ),
        );
    }
    causes.push(...problems(at(where, "key"), text(expression, "key"), qualifiedName(text(expression, "key"))));
  });
  return causes;
}

/** Whether labels are what a selector wants; a selector the API refuses selects nothing. */
export function selects(selector: JsonObject | undefined, given: Readonly<Record<string, string>>): boolean {
  try {
    return labelMatcher(selector as LabelSelector | undefined).matches(given);
  } catch {
    return false;
  }
}

/** Whether a selector demands nothing. */
export function selectsAll(selector: JsonObject | undefined): boolean {
  return (
    Object.keys(struct(selector, "matchLabels") ?? {}).length === 0 &&
    structs(selector, "matchExpressions").length === 0
  );
}

/** Entries of a list that name what another one named already. */
export function duplicates(items: readonly JsonObject[], key: string, path: string): StatusCause[] {
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const value = text(item, key);
    if (value === "" || !seen.has(value)) {
      seen.add(value);
      return [];
    }
    return [fieldError.duplicate(at(`${path}[${index}]`, key), value)];
  });
}

export function ipAddress(value: string, path: string): StatusCause[] {
  if (isIP(value) !== 0) return [];
  return [fieldError.invalid(path, value, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")];
}

/** A number, or a share like `25%`. */
export function countOrShare(parent: JsonObject | undefined, key: string, path: string): StatusCause[] {
  const value = parent?.[key];
  if (typeof value === "number" && value < 0)
    return [fieldError.invalid(at(path, key), value, "must be greater than or equal to 0")];
  if (typeof value === "string" && !/^[0-9]+%$/.test(value)) {
    return [
      fieldError.invalid(
        at(path, key),
        value,
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      ),
    ];
  }
  return [];
}
