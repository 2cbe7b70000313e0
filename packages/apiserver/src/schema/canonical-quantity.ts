import { canonicalQuantity as canonical, SyntaxFault } from "@homeostat/api";

/** What the API says of a value that is no quantity. */
export const quantityProblem =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/**
 * The form in which the API writes a quantity; undefined when the text is none. Most quantities are in that form
 * already, and seeing it is ten times cheaper than arithmetic on big integers: up to three digits without a sign
 * or fraction cannot fold into the next suffix.
 */
export function canonicalQuantity(text: string): string | undefined {
  if (/^(?:[1-9]\d{0,2}(?:[numkMGTP]|[KMGTP]i)?|0)$/.test(text)) return text;
  try {
    return canonical(text);
  } catch (error) {
    if (error instanceof SyntaxFault) return undefined;
    throw error;
  }
}
