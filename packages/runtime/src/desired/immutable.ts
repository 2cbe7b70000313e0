import { type ApiError, isInvalid } from "@homeostat/api";

/**
 * Whether an error says that a field cannot change once set. The API has no reason of its own for it, only words;
 * these are the ones of Kubernetes 1.36 and of the usual messages of CEL transition rules.
 */
export function isImmutableChange(error: unknown): error is ApiError {
  if (!isInvalid(error)) return false;
  const causes = error.status.details?.causes ?? [];
  const texts = causes.length > 0 ? causes.map(({ message = "" }) => message) : [error.status.message ?? ""];
  return texts.some((text) => words.test(text));
}

const words =
  /immutable|(?:may|can|must|should) ?not (?:be )?(?:change|update|modif|reset|unset|remove)|updates to .+ are forbidden|is forbidden: updates/i;

/** The fields a refusal names, for people. */
export function refusedFields(error: ApiError): string {
  const fields = error.status.details?.causes?.map(({ field }) => field).filter((field) => field) ?? [];
  return fields.length > 0 ? [...new Set(fields)].join(", ") : (error.status.message ?? "");
}
