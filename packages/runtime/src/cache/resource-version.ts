/**
 * Orders two resourceVersions of one resource as integers: below 0 where `a` is older, 0 where equal, above 0 where newer.
 * The empty version is older than any. Versions are decimal numbers without leading zeros (KEP-5504), so the longer one
 * is the larger and no arithmetic beyond 2^53 is needed.
 */
export function compareResourceVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
