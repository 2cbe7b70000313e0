import { EvaluationError } from "@marcbachmann/cel-js";
import type { Library } from "./library.ts";
import { timeText } from "./library-conversions.ts";
import { overriddenName } from "./program.ts";

/**
 * Strings: positions count code points, not UTF-16 units; case changes touch ASCII only.
 * Source: cel-go, ext/strings, version 2, with `reverse` of version 3.
 */
export function registerStringLibrary({ env, meter }: Library): void {
  const method = (signature: string, handler: (...args: never[]) => unknown): void => {
    env.registerFunction(`string.${signature}`, metered(handler), { async: false } as never);
  };
  const metered =
    (handler: (...args: never[]) => unknown) =>
    (...args: never[]): unknown => {
      const result = handler(...args);
      if (typeof result === "string") meter.charge(result.length / 10);
      if (Array.isArray(result)) meter.charge(result.length);
      return result;
    };
  const own = overriddenName;

  method("charAt(int): string", (text: string, index: bigint) => {
    const points = [...text];
    checkRange("charAt", index, points.length);
    return points[Number(index)] ?? "";
  });
  method(`${own("indexOf")}(string): int`, (text: string, wanted: string) => indexOf(text, wanted, 0n));
  method(`${own("indexOf")}(string, int): int`, indexOf);
  method(`${own("lastIndexOf")}(string): int`, (text: string, wanted: string) => lastIndexOf(text, wanted, undefined));
  method(`${own("lastIndexOf")}(string, int): int`, lastIndexOf);
  method(`${own("lowerAscii")}(): string`, (text: string) => text.replaceAll(/[A-Z]/g, (char) => char.toLowerCase()));
  method(`${own("upperAscii")}(): string`, (text: string) => text.replaceAll(/[a-z]/g, (char) => char.toUpperCase()));
  method(`${own("trim")}(): string`, trim);
  method("replace(string, string): string", (text: string, from: string, to: string) => text.split(from).join(to));
  method("replace(string, string, int): string", replaceSome);
  method(`${own("split")}(string): list<string>`, (text: string, separator: string) => split(text, separator, -1n));
  method(`${own("split")}(string, int): list<string>`, split);
  method(`${own("substring")}(int): string`, (text: string, start: bigint) => substring(text, start, undefined));
  method(`${own("substring")}(int, int): string`, substring);
  method("reverse(): string", (text: string) => [...text].reverse().join(""));
  method("format(list): string", (template: string, args: unknown[]) => formatText(template, args));
  env.registerFunction(
    `list<string>.${own("join")}(): string`,
    metered((parts: string[]) => join(parts, "")),
  );
  env.registerFunction(`list<string>.${own("join")}(string): string`, metered(join));

  env.registerType("StringsNamespace", StringsNamespace);
  env.registerConstant("strings", "StringsNamespace", new StringsNamespace());
  env.registerFunction(
    "StringsNamespace.quote(string): string",
    metered((_: unknown, text: string) => JSON.stringify(text)),
  );
}

class StringsNamespace {}

/** By hand, because a pattern that looks for the end takes quadratic time where there is much space in the middle. */
function trim(text: string): string {
  const isSpace = (index: number): boolean => /\p{White_Space}/u.test(text.charAt(index));
  let [start, end] = [0, text.length];
  while (start < end && isSpace(start)) start++;
  while (end > start && isSpace(end - 1)) end--;
  return text.slice(start, end);
}

function checkRange(name: string, index: bigint, length: number): void {
  if (index < 0n || index > BigInt(length)) throw new EvaluationError(`index out of range: ${index}, in ${name}`);
}

function indexOf(text: string, wanted: string, from: bigint): bigint {
  const points = [...text];
  checkRange("indexOf", from, points.length);
  const offset = points.slice(0, Number(from)).join("").length;
  const at = text.indexOf(wanted, offset);
  return at < 0 ? -1n : BigInt([...text.slice(0, at)].length);
}

function lastIndexOf(text: string, wanted: string, from: bigint | undefined): bigint {
  const points = [...text];
  if (from !== undefined) checkRange("lastIndexOf", from, points.length);
  const offset = from === undefined ? text.length : points.slice(0, Number(from)).join("").length;
  const at = text.lastIndexOf(wanted, offset);
  return at < 0 ? -1n : BigInt([...text.slice(0, at)].length);
}

function replaceSome(text: string, from: string, to: string, limit: bigint): string {
  const parts = text.split(from);
  const count = limit < 0n ? parts.length - 1 : Math.min(Number(limit), parts.length - 1);
  return (
    parts.slice(0, count + 1).join(to) +
    parts
      .slice(count + 1)
      .map((part) => from + part)
      .join("")
  );
}

function split(text: string, separator: string, limit: bigint): string[] {
  const parts = separator === "" ? [...text] : text.split(separator);
  if (limit < 0n) return parts;
  const count = Number(limit);
  if (count >= parts.length) return parts;
  return count === 0 ? [] : [...parts.slice(0, count - 1), parts.slice(count - 1).join(separator)];
}

function substring(text: string, start: bigint, end: bigint | undefined): string {
  const points = [...text];
  checkRange("substring", start, points.length);
  if (end !== undefined) {
    checkRange("substring", end, points.length);
    if (start > end) throw new EvaluationError(`invalid substring range. start: ${start}, end: ${end}`);
  }
  return points.slice(Number(start), end === undefined ? undefined : Number(end)).join("");
}

function join(parts: readonly unknown[], separator: string): string {
  if (parts.some((part) => typeof part !== "string"))
    throw new EvaluationError("no such overload: join of a list that is not of strings");
  return parts.join(separator);
}

/** Source: cel-go, ext/formatting. */
function formatText(template: string, args: readonly unknown[]): string {
  let next = 0;
  return template.replaceAll(/%(?:%|(?:\.(\d+))?([a-zA-Z]))/g, (whole, precision: string | undefined, verb: string) => {
    if (whole === "%%") return "%";
    if (next >= args.length) throw new EvaluationError(`index ${next} out of range`);
    return formatOne(verb, args[next++], precision === undefined ? 6 : Math.min(Number(precision), 100));
  });
}

function formatOne(verb: string, value: unknown, precision: number): string {
  const isNumber = typeof value === "bigint" || typeof value === "number";
  switch (verb) {
    case "s":
      return showValue(value);
    case "d":
      if (isNumber) return String(value);
      break;
    case "f":
      if (isNumber) return Number(value).toFixed(precision);
      break;
    case "e":
      if (isNumber)
        return Number(value)
          .toExponential(precision)
          .replace(/e([+-])(\d)$/, "e$10$2");
      break;
    case "b":
      if (typeof value === "bigint") return value.toString(2);
      if (typeof value === "boolean") return value ? "1" : "0";
      break;
    case "o":
      if (typeof value === "bigint") return value.toString(8);
      break;
    case "x":
    case "X": {
      const text =
        typeof value === "bigint"
          ? value.toString(16)
          : typeof value === "string"
            ? Buffer.from(value).toString("hex")
            : undefined;
      if (text !== undefined) return verb === "X" ? text.toUpperCase() : text;
      break;
    }
    default:
      throw new EvaluationError(
        `could not parse formatting clause: unrecognized formatting clause ${JSON.stringify(verb)}`,
      );
  }
  throw new EvaluationError(`error during formatting: %${verb} does not fit ${showValue(value)}`);
}

function showValue(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Date) return timeText(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("utf8");
  if (Array.isArray(value)) return `[${value.map(showValue).join(", ")}]`;
  if (value instanceof Map)
    return `{${[...value]
      .map(([key, entry]) => `${showValue(key)}: ${showValue(entry)}`)
      .sort()
      .join(", ")}}`;
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return showValue(new Map(Object.entries(value)));
  }
  return String(value);
}
