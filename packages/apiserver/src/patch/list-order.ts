import type { Json } from "@homeostat/api";

/**
 * Orders a merged list as strategic merge does. Items the patch names come in its order. The others keep their order
 * on the server and stand before a named item only if they stood before it on the server; so a named item that is new
 * goes before them. Source: strategicpatch, `normalizeElementOrder`.
 *
 * @param merged what is in the list
 * @param named items in the wanted order; may name more than `merged` has
 * @param server the list before the patch
 * @param idOf what tells items apart
 */
export function normalizeOrder(
  merged: readonly Json[],
  named: readonly Json[],
  server: readonly Json[],
  idOf: (item: Json) => string,
): Json[] {
  const wanted = places(named, idOf);
  const before = places(server, idOf);
  const inOrder = (order: ReadonlyMap<string, number>) => (a: Json, b: Json) =>
    (order.get(idOf(a)) ?? merged.length) - (order.get(idOf(b)) ?? merged.length);
  const left = merged.filter((item) => !wanted.has(idOf(item))).sort(inOrder(before));
  const right = merged.filter((item) => wanted.has(idOf(item))).sort(inOrder(wanted));

  const result: Json[] = [];
  let next = 0;
  for (const item of right) {
    const place = before.get(idOf(item));
    while (place !== undefined && next < left.length && (before.get(idOf(left[next]!)) ?? Infinity) < place) {
      result.push(left[next++]!);
    }
    result.push(item);
  }
  return [...result, ...left.slice(next)];
}

function places(items: readonly Json[], idOf: (item: Json) => string): ReadonlyMap<string, number> {
  const result = new Map<string, number>();
  items.forEach((item, index) => {
    const id = idOf(item);
    if (!result.has(id)) result.set(id, index);
  });
  return result;
}
