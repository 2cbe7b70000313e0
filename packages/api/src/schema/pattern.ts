import { SchemaError } from "../errors.ts";

/** An escape, a whole character class, or the opening of a lookaround. */
const construct = /\\(?:u\{[\da-f]+\}|u[\da-f]{4}|k<|.)|\[(?:\\.|[^\]\\])*\]|\(\?<?[=!]/gis;

/**
 * Source text of `pattern` for a CRD, whose patterns the server evaluates as RE2. Throws `SchemaError` for flags that
 * change the meaning and for what RE2 lacks: here the author can still see it, rather than when the CRD is applied.
 */
export function re2Source(pattern: RegExp, path: string): string {
  const flags = pattern.flags.replace(/[uvgdy]/g, "");
  if (flags !== "") {
    throw new SchemaError(
      path,
      `pattern ${pattern} has flags a CRD cannot carry: write (?${flags}:…) inside the pattern instead`,
    );
  }
  return pattern.source.replace(construct, (part) => {
    if (part.startsWith("(?")) throw lacking(pattern, "lookaround", path);
    if (/^\\([1-9]|k<)$/.test(part)) throw lacking(pattern, "a backreference", path);
    // `/` is escaped only in JavaScript's literals, and RE2 writes code points as \x{…}.
    return part.replace(/\\u\{?([\da-f]+)\}?/gi, "\\x{$1}").replaceAll("\\/", "/");
  });
}

function lacking(pattern: RegExp, what: string, path: string): SchemaError {
  return new SchemaError(
    path,
    `pattern ${pattern} uses ${what}, which RE2 does not have: rewrite it, or add a CEL rule with rules(...)`,
  );
}

/** Text that a pattern matches literally. */
export function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
