import { isIP } from "node:net";
import {
  dns1123Subdomain,
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

/** Keys of annotations: their values are anybody's business. */
export function annotations(metadata: JsonObject | undefined, path: string): StatusCause[] {
  const keys = Object.keys(struct(metadata, "annotations") ?? {});
  return keys.flatMap((key) => problems(path, key, qualifiedName(key.toLowerCase())));
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

/** An address that leads to some host from anywhere: not the link's, not nobody's. */
export function endpointAddress(value: string, path: string): StatusCause[] {
  // Upstream refuses the loopback, too. Here it is where the processes behind a Service are: beside the server.
  const causes: StatusCause[] = [];
  const refuse = (why: string): void => {
    causes.push(fieldError.invalid(path, value, why));
  };
  if (value === "0.0.0.0" || value === "::") refuse(`may not be unspecified (${value})`);
  if (value.startsWith("169.254.") || /^fe[89ab]/i.test(value))
    refuse("may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  if (value.startsWith("224.0.0.") || /^ff02:/i.test(value))
    refuse("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
  return causes;
}

/** As {@link endpointAddress}, for addresses outside of the cluster: nobody's own. */
export function ordinaryAddress(value: string, path: string): StatusCause[] {
  const loops = value.startsWith("127.") || value === "::1";
  const why = "may not be in the loopback range (127.0.0.0/8, ::1/128)";
  return [...(loops ? [fieldError.invalid(path, value, why)] : []), ...endpointAddress(value, path)];
}

/** A range of addresses, `10.0.0.0/8`. */
export function addressRange(value: string, path: string): StatusCause[] {
  const [base = "", bits = "", ...rest] = value.split("/");
  const family = isIP(base);
  const valid = rest.length === 0 && /^\d+$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
  if (family !== 0 && valid) return [];
  return [fieldError.invalid(path, value, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")];
}

/** A name with a domain before it, `acme.io/foo`. */
export function domainPath(value: string, path: string): StatusCause[] {
  const slash = value.indexOf("/");
  if (slash <= 0 || slash === value.length - 1)
    return [fieldError.invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  const host = value.slice(0, slash);
  return problems(path, host, dns1123Subdomain(host));
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
