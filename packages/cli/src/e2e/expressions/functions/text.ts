import type { Json } from "@homeostat/api";
import { define, type FunctionTable } from "./definition.ts";

/**
 * Functions of text. Patterns run in JavaScript's engine: who writes a test runs programs on this machine anyway.
 *
 * Source: kyverno, JMESPath "string functions"; kyverno-json; chainsaw, "functions".
 */
export const textFunctions: FunctionTable = {
  trim_space: define("string", (text: string) => text.trim()),
  as_string: define("any", (value: Json) =>
    typeof value === "string" || value === null ? value : JSON.stringify(value),
  ),
  to_upper: define("string", (text: string) => text.toUpperCase()),
  to_lower: define("string", (text: string) => text.toLowerCase()),
  trim_prefix: define("string string", (text: string, prefix: string) =>
    text.startsWith(prefix) ? text.slice(prefix.length) : text,
  ),
  compare: define("string string", (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)),
  equal_fold: define("string string", (a: string, b: string) => a.toLowerCase() === b.toLowerCase()),
  replace_all: define("string string string", (text: string, from: string, to: string) => text.split(from).join(to)),
  truncate: define("string number", (text: string, length: number) => [...text].slice(0, Math.max(0, length)).join("")),
  concat: define("string|array string|array", (a: string | Json[], b: string | Json[]) => {
    if (typeof a === "string" && typeof b === "string") return a + b;
    if (Array.isArray(a) && Array.isArray(b)) return [...a, ...b];
    throw new Error("concat: both must be strings, or both arrays");
  }),
  wildcard: define("string string", (pattern: string, text: string) => matchesWildcard(pattern, text)),
  pattern_match: define("string string|number", (pattern: string, value: string | number) =>
    matchesWildcard(pattern, String(value)),
  ),
  regex_match: define("string string|number", (pattern: string, value: string | number) =>
    goRegExp(pattern, "").test(String(value)),
  ),
  regex_replace_all: define(
    "string string|number string|number",
    (pattern: string, text: string | number, replacement: string | number) =>
      String(text).replace(goRegExp(pattern, "g"), goReplacement(String(replacement))),
  ),
  regex_replace_all_literal: define(
    "string string|number string|number",
    (pattern: string, text: string | number, replacement: string | number) =>
      String(text).replace(goRegExp(pattern, "g"), () => String(replacement)),
  ),
  to_boolean: define("string", (text: string) => {
    if (/^true$/i.test(text)) return true;
    if (/^false$/i.test(text)) return false;
    throw new Error(`to_boolean: ${JSON.stringify(text)} is neither true nor false`);
  }),
  path_canonicalize: define("string", (path: string) => canonicalPath(path)),
  semver_compare: define("string string", (version: string, range: string) => satisfies(version, range)),
  base64_encode: define("string", (text: string) => Buffer.from(text, "utf8").toString("base64")),
  base64_decode: define("string", (text: string) => {
    if (!/^[A-Za-z0-9+/\s]*={0,2}$/.test(text)) throw new Error("base64_decode: this is no base64");
    return Buffer.from(text, "base64").toString("utf8");
  }),
};

/** A pattern of Go's: flags at its start, `(?im)`, and names of groups, `(?P<name>…)`, are written otherwise there. */
function goRegExp(pattern: string, flags: string): RegExp {
  const [start, found] = /^\(\?([ims]+)\)/.exec(pattern) ?? ["", ""];
  return new RegExp(pattern.slice(start.length).replaceAll("(?P<", "(?<"), flags + [...new Set(found)].join(""));
}

/** `*` stands for any text, `?` for one character. */
export function matchesWildcard(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(text);
}

/** Go writes groups `${1}` and `$1`, by name `${name}`; JavaScript `$1` and `$<name>`. */
function goReplacement(replacement: string): string {
  return replacement.replace(/\$\{(\w+)\}/g, (_, group: string) => (/^\d+$/.test(group) ? `$${group}` : `$<${group}>`));
}

function canonicalPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== ".." || !path.startsWith("/")) parts.push(part);
  }
  return (path.startsWith("/") ? "/" : "") + parts.join("/") || ".";
}

/** Comparisons separated by spaces or commas must all hold; `||` separates alternatives. */
function satisfies(version: string, range: string): boolean {
  const wanted = parseVersion(version);
  return range.split("||").some((alternative) =>
    alternative
      .replace(/([<>=!]+)\s+/g, "$1")
      .split(/[\s,]+/)
      .filter((part) => part !== "")
      .every((part) => {
        const [, operator = "", text = ""] = /^(>=|<=|!=|==|=|>|<|!)?(.*)$/.exec(part)!;
        const order = compareVersions(wanted, parseVersion(text));
        if (operator === ">=") return order >= 0;
        if (operator === "<=") return order <= 0;
        if (operator === ">") return order > 0;
        if (operator === "<") return order < 0;
        return operator.startsWith("!") ? order !== 0 : order === 0;
      }),
  );
}

interface Version {
  readonly numbers: readonly number[];
  readonly prerelease: readonly string[];
}

function parseVersion(text: string): Version {
  const match = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+.*)?$/.exec(text);
  if (!match) throw new Error(`semver_compare: ${JSON.stringify(text)} is no version`);
  return { numbers: match.slice(1, 4).map((part) => Number(part ?? 0)), prerelease: match[4]?.split(".") ?? [] };
}

/** Source: semver.org, 11. */
function compareVersions(a: Version, b: Version): number {
  for (let index = 0; index < 3; index++) {
    const difference = a.numbers[index]! - b.numbers[index]!;
    if (difference !== 0) return difference;
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return b.prerelease.length - a.prerelease.length;
  for (let index = 0; index < Math.max(a.prerelease.length, b.prerelease.length); index++) {
    const [left, right] = [a.prerelease[index], b.prerelease[index]];
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    if (left === right) continue;
    const numeric = [/^\d+$/.test(left), /^\d+$/.test(right)];
    if (numeric[0] && numeric[1]) return Number(left) - Number(right);
    if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return 0;
}
