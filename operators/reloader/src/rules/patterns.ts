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
/** The same of all patterns of one list: what trying one name may cost has a bound, so that whoever tries gets on. */
const MAX_TOTAL_SIZE = 2000;

/** Longest name of an object. */
const MAX_NAME_LENGTH = 253;
/** Most names whose answer is remembered. */
const MAX_REMEMBERED = 50_000;

/** How much may still be spent on trying names, in steps: one is one character against one step of a pattern. */
export interface Work {
  left: number;
}

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
  /** Whether a name is meant. What was tried once is remembered. */
  matches(name: string): boolean;
  /** The same as far as the work goes; undefined: that is used up, and this name was not tried. */
  tries(name: string, work: Work): boolean | undefined;
  /** Lets go of what trying has built up, which may be megabytes. */
  rest(): void;
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
    if (/^[a-z0-9.-]+$/.test(piece) && piece.length > MAX_NAME_LENGTH)
      faults.push(`a name of ${piece.length} characters is left out: no object has one so long`);
    else if (/^[a-z0-9-]+$/.test(piece)) literals.add(piece);
    else if (/^[a-z0-9.-]+$/.test(piece)) patterns.push(dotted(piece));
    else addPattern(piece, patterns, faults);
  }
  const cost = patterns.reduce((sum, { steps }) => sum + steps, 0);
  const remembered = new Map<string, boolean>();
  const tries = (name: string, work: Work): boolean | undefined => {
    if (literals.has(name)) return true;
    const known = remembered.get(name);
    if (known !== undefined || patterns.length === 0) return known ?? false;
    const price = patterns.reduce((sum, { prefix, steps }) => sum + (name.startsWith(prefix) ? steps : 0), 0);
    if (price * name.length > work.left) return undefined;
    work.left -= price * name.length;
    const found = patterns.some((pattern) => name.startsWith(pattern.prefix) && pattern.matches(name));
    // Without the engine it costs as little to ask again.
    if (cost > 0 && remembered.size < MAX_REMEMBERED) remembered.set(name, found);
    return found;
  };
  return {
    text: text ?? "",
    literals,
    hasPatterns: patterns.length > 0,
    faults,
    matches: (name) => tries(name, { left: Number.POSITIVE_INFINITY })!,
    tries,
    rest: () => {
      for (const pattern of patterns) pattern.rest?.();
    },
  };
}

interface Pattern {
  /** What each name it means begins with; often none other need be tried. */
  readonly prefix: string;
  /** What a character costs; 0 without an engine. */
  readonly steps: number;
  matches(name: string): boolean;
  rest?(): void;
}

/** Characters that are tried before what the engine has built up for them is let go. */
const MAX_BUILT_UP = 2_000;

/** As a group, so that the pieces of an alternation are whole names, too. */
const compile = (piece: string): RE2JS => engine().RE2JS.compile(`(?:${piece})`);

/** The characters a pattern begins with; empty where that is not plain to see. */
function prefixOf(piece: string): string {
  if (/^[a-z0-9-]+[?*+{]/.test(piece)) return "";
  let outside = piece.includes("\\") ? piece : piece.replace(/\[[^\]]*\]/g, "");
  // Alternatives inside a group begin after what stands before it; others begin anew.
  for (let before = ""; before !== outside && !outside.includes("\\"); ) {
    before = outside;
    outside = before.replace(/\([^()]*\)/g, "");
  }
  if (outside.includes("|")) return "";
  const [, prefix = ""] = /^([a-z0-9-]+)(?:[a-z0-9-]|\.|\[|\(|$)/.exec(piece) ?? [];
  return prefix;
}

/**
 * A pattern of the engine's. It builds automata as it meets names, whose size a hostile name can drive up: they are made
 * anew every now and then, and let go by `rest`.
 */
function compiled(piece: string, first: RE2JS): Pattern {
  let live: RE2JS | undefined = first;
  let tried = 0;
  return {
    prefix: prefixOf(piece),
    steps: first.programSize(),
    matches(name) {
      tried += name.length;
      if (tried > MAX_BUILT_UP) live = undefined;
      if (live === undefined) tried = name.length;
      live ??= compile(piece);
      return live.matches(name);
    },
    rest() {
      live = undefined;
    },
  };
}

/** A name with dots, each of which is a pattern for any character. Common, so it does without an engine. */
function dotted(piece: string): Pattern {
  return {
    prefix: "",
    steps: 0,
    matches: (name) =>
      name.length === piece.length &&
      [...piece].every((character, index) => character === "." || character === name[index]),
  };
}

function addPattern(piece: string, patterns: Pattern[], faults: string[]): void {
  if (patterns.filter(({ steps }) => steps > 0).length >= MAX_PATTERNS) {
    if (!faults.includes(tooMany)) faults.push(tooMany);
    return;
  }
  if (piece.length > MAX_PATTERN_LENGTH) {
    faults.push(`a pattern of ${piece.length} characters is left out: at most ${MAX_PATTERN_LENGTH}`);
    return;
  }
  if (/\{[0-9]+$/.test(piece)) faults.push(`the comma after "${piece}" separates two names: write the pattern without`);
  try {
    const pattern = compile(piece);
    const total = patterns.reduce((sum, { steps }) => sum + steps, pattern.programSize());
    if (pattern.programSize() <= MAX_PROGRAM_SIZE && total <= MAX_TOTAL_SIZE) patterns.push(compiled(piece, pattern));
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
