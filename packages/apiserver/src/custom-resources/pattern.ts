import { re2Module } from "../on-demand.ts";

/** A regular expression that runs in time linear in its input, whoever wrote it. */
export interface Pattern {
  /** Whether the text contains a match: patterns of schemas are not anchored. */
  test(text: string): boolean;
}

/**
 * Compiles a user's pattern as RE2, the dialect of Kubernetes (no backreferences, no lookaround).
 * Returns what is wrong with it as a text where it is not one.
 */
export function compilePattern(pattern: string): Pattern | string {
  try {
    const compiled = re2Module().RE2JS.compile(pattern);
    return { test: (text) => compiled.test(text) };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
