import { SchemaError } from "../errors.ts";

/**
 * The server evaluates patterns as RE2. What RE2 lacks is refused here, where the author can still see it, rather than
 * by the server when the CRD is applied.
 */
const notInRe2: readonly (readonly [RegExp, string])[] = [
  [/(?<!\\)(?:\\\\)*\(\?<?[=!]/, "lookaround"],
  [/(?<!\\)(?:\\\\)*\\[1-9]/, "a backreference"],
  [/(?<!\\)(?:\\\\)*\\k</, "a backreference"],
];

/** Source text of `pattern` for a CRD. Throws `SchemaError` for flags that change the meaning, and for what RE2 lacks. */
export function re2Source(pattern: RegExp, path: string): string {
  const flags = pattern.flags.replace(/[uvgdy]/g, "");
  if (flags !== "") {
    throw new SchemaError(
      path,
      `pattern ${pattern} has flags a CRD cannot carry: write (?${flags}:…) inside the pattern instead`,
    );
  }
  for (const [construct, name] of notInRe2) {
    if (construct.test(pattern.source)) {
      throw new SchemaError(
        path,
        `pattern ${pattern} uses ${name}, which RE2 does not have: rewrite it, or add a CEL rule with rules(...)`,
      );
    }
  }
  // `/` is escaped only in JavaScript's literals.
  return pattern.source.replaceAll("\\/", "/");
}

/** Text that a pattern matches literally. */
export function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
