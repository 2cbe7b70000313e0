import { union } from "./field-set.ts";
import { compareText, type FieldOwner, ownerKey, secondsOf } from "./managed-fields.ts";

/** As upstream. */
const maxUpdaters = 10;

/**
 * Merges the oldest entries of updaters into one called `ancient-changes`, per apiVersion, until no more than ten are
 * left: a cluster where every writer has a new name must not grow its objects without end. Source: managedfields
 * `capManagersManager`.
 */
export function capUpdaters(owners: Map<string, FieldOwner>): Map<string, FieldOwner> {
  const updaters = [...owners.values()].filter((owner) => owner.operation === "Update");
  if (updaters.length <= maxUpdaters) return owners;
  updaters.sort((a, b) => secondsOf(a) - secondsOf(b) || compareText(ownerKey(a), ownerKey(b)));
  // An entry alone at its version gains nothing from a new name, so the first waits for a second.
  const first = new Map<string, FieldOwner>();
  let left = updaters.length;
  for (const owner of updaters) {
    if (left <= maxUpdaters) break;
    const earlier = first.get(owner.apiVersion);
    if (!earlier) {
      first.set(owner.apiVersion, owner);
      continue;
    }
    const identity = {
      manager: "ancient-changes",
      operation: "Update",
      apiVersion: owner.apiVersion,
      subresource: "",
    } as const;
    const key = ownerKey(identity);
    const bucket = owners.get(key) ?? earlier;
    if (bucket === earlier) owners.delete(ownerKey(earlier));
    owners.delete(ownerKey(owner));
    // The later of the two times: it is the more recent change.
    owners.set(key, {
      ...identity,
      ...(owner.time ? { time: owner.time } : {}),
      fields: union(bucket.fields, owner.fields),
    });
    left--;
  }
  return owners;
}
