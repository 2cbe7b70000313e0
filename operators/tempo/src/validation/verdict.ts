import { fieldError, type StatusCause } from "@homeostat/api";
import type { StorageFinding } from "../storage/resolve.ts";

/** What validation says: errors refuse the object, warnings are shown to who wrote it. */
export interface Verdict {
  readonly errors: readonly StatusCause[];
  readonly warnings: readonly string[];
}

export const accepted: Verdict = { errors: [], warnings: [] };

export const error = (cause: StatusCause): Verdict => ({ errors: [cause], warnings: [] });
export const invalid = (field: string, value: unknown, detail: string): Verdict =>
  error(fieldError.invalid(field, value, detail));
export const warning = (text: string): Verdict => ({ errors: [], warnings: [text] });

/** All findings of all verdicts, in order. */
export function together(verdicts: readonly Verdict[]): Verdict {
  return {
    errors: verdicts.flatMap(({ errors }) => errors),
    warnings: verdicts.flatMap(({ warnings }) => warnings),
  };
}

/** A rule that does not hold for an object, or undefined where it does. */
export type Rule<T> = (given: T) => StatusCause | undefined;

/** The first rule that is broken: of rules about one part, a later one mostly follows from an earlier one. */
export function firstOf<T>(rules: readonly Rule<T>[], given: T): Verdict {
  for (const rule of rules) {
    const cause = rule(given);
    if (cause !== undefined) return error(cause);
  }
  return accepted;
}

/**
 * Findings about storage. One object that is not there yet is only a warning, since manifests are applied in any
 * order; together with something wrong it refuses like the rest.
 */
export function storageVerdict(findings: readonly StorageFinding[]): Verdict {
  const [only] = findings;
  if (findings.length === 1 && only!.isAbsence) return warning(only!.detail);
  return {
    errors: findings.map(({ reason, message, field }) => ({ reason: reason!, message: message!, field })),
    warnings: [],
  };
}
