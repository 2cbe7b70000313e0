import { createRequire } from "node:module";
import type { RE2JS } from "re2js";

/** The engine takes a while to load, and most lists hold plain names. */
const load = createRequire(import.meta.url);
const engine = (): typeof import("re2js") => load("re2js");

/** Most names of one list that are looked at: annotations come from anyone, and nobody writes so many by hand. */
export const MAX_NAMES = 256;
/** Most patterns of one list, plain names aside. */
export const MAX_PATTERNS = 32;
/** Longest pattern that is compiled. */
export const MAX_PATTERN_LENGTH = 1024;
/** Most steps of a compiled pattern: `(a?){1000}` is short, and takes long for every name there is. */
const MAX_PROGRAM_SIZE = 1000;

/** A comma-separated list of names and patterns, as the `reload` annotations hold it. */
export interface NameList {
  /** As it was written. */
  readonly text: string;
  /** Names that can only mean themselves, so that they can be looked up. */
  readonly literals: ReadonlySet<string>;
  /** Whether some pieces are patterns, for which names must be tried. */
  readonly hasPatterns: boolean;
  /** What is wrong with pieces of it, for people; the other pieces hold. */
  readonly faults: readonly string[];
  matches(name: string): boolean;
}

/**
 * Reads a list: pieces are trimmed, and each must match a whole name. Patterns are RE2's, in whose time no pattern can
 * hang; a piece that is no pattern is left out and named in `faults`. A comma always separates, inside braces as well.
 */
export function parseNameList(text: string | undefined): NameList {
  const literals = new Set<string>();
  const patterns: Pattern[] = [];
  const faults: string[] = [];
  const pieces = (text ?? "").split(",", MAX_NAMES + 1);
  if (pieces.length > MAX_NAMES) {
    pieces.length = MAX_NAMES;
    faults.push(`only the first ${MAX_NAMES} names are looked at: use a pattern instead`);
  }
  for (const piece of pieces.map((each) => each.trim())) {
    if (piece === "") continue;
    if (/^[a-z0-9-]+$/.test(piece)) literals.add(piece);
    else if (/^[a-z0-9.-]+$/.test(piece)) patterns.push(dotted(piece));
    else addPattern(piece, patterns, faults);
  }
  return {
    text: text ?? "",
    literals,
    hasPatterns: patterns.length > 0,
    faults,
    matches: (name) => literals.has(name) || patterns.some((pattern) => pattern.matches(name)),
  };
}

type Pattern = Pick<RE2JS, "matches"> & Partial<Pick<RE2JS, "programSize">>;

/** A name with dots, each of which is a pattern for any character. Common, so it does without an engine. */
function dotted(piece: string): Pattern {
  return {
    matches: (name) =>
      typeof name === "string" &&
      name.length === piece.length &&
      [...piece].every((character, index) => character === "." || character === name[index]),
  };
}

function addPattern(piece: string, patterns: Pattern[], faults: string[]): void {
  if (patterns.filter(({ programSize }) => programSize !== undefined).length >= MAX_PATTERNS) {
    if (!faults.includes(tooMany)) faults.push(tooMany);
    return;
  }
  if (piece.length > MAX_PATTERN_LENGTH) {
    faults.push(`a pattern of ${piece.length} characters is left out: at most ${MAX_PATTERN_LENGTH}`);
    return;
  }
  if (/\{[0-9]+$/.test(piece)) faults.push(`the comma after "${piece}" separates two names: write the pattern without`);
  try {
    // As a group, so that the pieces of an alternation are whole names, too.
    const pattern = engine().RE2JS.compile(`(?:${piece})`);
    if (pattern.programSize() <= MAX_PROGRAM_SIZE) patterns.push(pattern);
    else faults.push(`"${piece}" is left out, as it takes too long: repeat less often`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    faults.push(`"${piece}" is no RE2 pattern and is left out: ${why}`);
  }
}

const tooMany = `only the first ${MAX_PATTERNS} patterns are looked at: join some with |`;

/** A list of exact names, as the `exclude` annotations hold it: no patterns. */
export function parseExactNames(text: string | undefined): ReadonlySet<string> {
  return new Set(
    (text ?? "")
      .split(",", MAX_NAMES)
      .map((piece) => piece.trim())
      .filter((piece) => piece !== ""),
  );
}
