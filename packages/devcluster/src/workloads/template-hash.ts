/** Letters and digits that cannot form words by accident. Source: apimachinery, util/rand. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";

/**
 * A short, stable name for a value: FNV-1a of its JSON with sorted keys, in letters that cannot form words.
 * `collisions` gives the next name where an earlier one is taken by something else. The names differ from upstream's,
 * whose input is Go's own print of the structure; nobody may rely on them but for equality.
 */
export function templateHash(value: unknown, collisions = 0): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(canonicalJson(value) + (collisions > 0 ? `#${collisions}` : ""))) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return [...String(hash)].map((digit) => alphabet[digit.charCodeAt(0) % alphabet.length]).join("");
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
