import type { Json, JsonObject } from "@homeostat/api";
import { setOwn } from "../schema/own-property.ts";
import { type Step, strictPath } from "../schema/strict-path.ts";

/**
 * JSON of request bodies. `JSON.parse` silently keeps the last of two equal keys and rounds integers beyond 2^53; the
 * API reports the first (field validation) and keeps the second, so both are looked for here.
 *
 * The common case costs little more than `JSON.parse`: a scan counts the colons outside strings and looks for numbers
 * that may be too long, and as many keys as colons means that no key came twice. Only then is the text walked again,
 * by a parser that knows where it is.
 */
export interface StrictJson {
  readonly value: Json;
  /** Paths of keys that occur more than once in one object, `spec.replicas`; the last value is kept. */
  readonly duplicates: readonly string[];
  /**
   * Paths of integers that a JavaScript number does not hold exactly; `value` has the nearest. What is to be done about
   * them depends on the type of the field: a `double` is rounded by Kubernetes too.
   */
  readonly inexact: readonly string[];
}

/** A text that is not JSON. The message says what is wrong and where. */
export class JsonSyntaxError extends Error {
  override readonly name = "JsonSyntaxError";
  readonly code = "ERR_JSON_SYNTAX";
}

/** Nesting beyond this is refused: nothing the API knows comes near, and what follows recurses. Go's limit is 10000. */
const MAX_DEPTH = 1000;

/** Throws {@link JsonSyntaxError}. */
export function parseStrictJson(text: string): StrictJson {
  const scan = scanStructure(text);
  if (scan.depth > MAX_DEPTH) throw new JsonSyntaxError(`nested deeper than ${MAX_DEPTH} levels`);
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    // The engine's messages differ from version to version and may quote the whole body.
    return new StrictParser(text).document();
  }
  if (!scan.longNumber && countKeys(value) === scan.colons) return { value, duplicates: [], inexact: [] };
  return new StrictParser(text).document();
}

/** Of a text that may not be JSON at all: counts that are exact when it is. */
function scanStructure(text: string): { colons: number; depth: number; longNumber: boolean } {
  let colons = 0;
  let depth = 0;
  let deepest = 0;
  let digits = 0;
  let longNumber = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 48 && code <= 57) {
      // Fifteen digits are always exact.
      if (++digits > 15) longNumber = true;
      continue;
    }
    digits = 0;
    if (code === 34) i = endOfString(text, i);
    else if (code === 58) colons++;
    else if (code === 123 || code === 91) deepest = Math.max(deepest, ++depth);
    else if (code === 125 || code === 93) depth--;
  }
  return { colons, depth: deepest, longNumber };
}

/** Index of the quote that ends the string starting at `start`; the text's length when none does. */
function endOfString(text: string, start: number): number {
  let end = start;
  for (;;) {
    end = text.indexOf('"', end + 1);
    if (end < 0) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 92) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
}

/** NaN, which equals no count, when there is a number too large to be one: JSON.parse makes it infinite. */
function countKeys(value: Json): number {
  if (typeof value === "number") return Number.isFinite(value) ? 0 : Number.NaN;
  if (typeof value !== "object" || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += countKeys(item);
    return count;
  }
  for (const key of Object.keys(value)) count += 1 + countKeys(value[key]!);
  return count;
}

/** Whether the nearest number is written as the integer was. */
export function isExactInteger(literal: string): boolean {
  return BigInt(literal) === BigInt(Number(literal));
}

/** RFC 8259 by recursive descent, knowing the path. */
class StrictParser {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  readonly #path: Step[] = [];
  readonly #duplicates = new Set<string>();
  readonly #inexact: string[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  document(): StrictJson {
    this.#space();
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) throw this.#unexpected("the end");
    return { value, duplicates: [...this.#duplicates], inexact: this.#inexact };
  }

  #value(): Json {
    const char = this.#text[this.#at];
    switch (char) {
      case "{":
        return this.#nested(() => this.#object());
      case "[":
        return this.#nested(() => this.#array());
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #nested<T>(parse: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw new JsonSyntaxError(`nested deeper than ${MAX_DEPTH} levels`);
    this.#at++;
    const value = parse();
    this.#depth--;
    return value;
  }

  #object(): JsonObject {
    const object: JsonObject = {};
    this.#space();
    if (this.#take("}")) return object;
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') throw this.#unexpected("a key in double quotes");
      const key = this.#string();
      this.#space();
      if (!this.#take(":")) throw this.#unexpected("':' after a key");
      this.#space();
      this.#path.push(key);
      if (Object.hasOwn(object, key)) this.#duplicates.add(strictPath(this.#path));
      setOwn(object, key, this.#value());
      this.#path.pop();
      this.#space();
      if (this.#take("}")) return object;
      if (!this.#take(",")) throw this.#unexpected("',' or '}'");
    }
  }

  #array(): Json[] {
    const array: Json[] = [];
    this.#space();
    if (this.#take("]")) return array;
    for (;;) {
      this.#space();
      this.#path.push(array.length);
      array.push(this.#value());
      this.#path.pop();
      this.#space();
      if (this.#take("]")) return array;
      if (!this.#take(",")) throw this.#unexpected("',' or ']'");
    }
  }

  #string(): string {
    const start = this.#at;
    const end = endOfString(this.#text, start);
    if (end >= this.#text.length) {
      this.#at = this.#text.length;
      throw this.#unexpected("a closing quote");
    }
    this.#at = end + 1;
    const literal = this.#text.slice(start, end + 1);
    try {
      return JSON.parse(literal) as string;
    } catch {
      const bad = /[\u0000-\u001f]|\\(?!["\\/bfnrt]|u[0-9a-fA-F]{4})/.exec(literal.replace(/\\\\/g, "  "));
      this.#at = start + (bad?.index ?? 0);
      throw this.#unexpected("a character or escape that strings allow");
    }
  }

  #number(): number {
    const match = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
    match.lastIndex = this.#at;
    const found = match.exec(this.#text);
    if (!found) throw this.#unexpected("a value");
    const number = Number(found[0]);
    if (!Number.isFinite(number))
      throw new JsonSyntaxError(
        `number ${found[0].slice(0, 32)} at ${strictPath(this.#path) || "the root"} is too large`,
      );
    this.#at += found[0].length;
    if (found[1] === undefined && found[2] === undefined && !isExactInteger(found[0]))
      this.#inexact.push(strictPath(this.#path));
    return number;
  }

  #word<T extends Json>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#unexpected("a value");
    this.#at += word.length;
    return value;
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
      this.#at++;
    }
  }

  #unexpected(wanted: string): JsonSyntaxError {
    const before = this.#text.slice(0, this.#at).split("\n");
    const found =
      this.#at < this.#text.length
        ? JSON.stringify(String.fromCodePoint(this.#text.codePointAt(this.#at)!))
        : "the end";
    return new JsonSyntaxError(
      `${found} where ${wanted} is expected, line ${before.length}, column ${before.at(-1)!.length + 1}`,
    );
  }
}
