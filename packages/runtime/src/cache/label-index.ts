import type { KubeObject, LabelMatcher } from "@homeostat/api";
import { createIndexMap, type IndexMap } from "./indexes.ts";
import type { StoredObject } from "./stored-object.ts";

/** Fewer objects than this are looked at one by one sooner than an index over them is built. */
const worthwhile = 64;

/** Selectors name a handful of label keys; more than this are somebody's data, and an index over each would be waste. */
const keyCap = 32;

/**
 * Finds objects by their labels. There is an index for each label key that a selector has demanded a value of, built
 * when it first does so: who never selects by labels pays nothing.
 */
export interface LabelIndex<T extends KubeObject> {
  /**
   * Keys of objects, one set for each demand of one value: what is selected is in all of them. Nothing where it is not
   * worth it.
   *
   * @param otherwise how many objects would have to be looked at without
   */
  sets(matcher: LabelMatcher, otherwise: number): readonly ReadonlySet<string>[];
  /** The object of a key changed; undefined where it was not there, or is not any more. */
  update(old: StoredObject<T> | undefined, now: StoredObject<T> | undefined): void;
}

export function createLabelIndex<T extends KubeObject>(objects: ReadonlyMap<string, StoredObject<T>>): LabelIndex<T> {
  const byKey = new Map<string, IndexMap<T>>();

  const build = (label: string): IndexMap<T> => {
    const map = createIndexMap<T>(({ labels }) => (Object.hasOwn(labels, label) ? [labels[label]!] : []));
    for (const object of objects.values()) map.update(undefined, object);
    byKey.set(label, map);
    return map;
  };

  return {
    sets({ requirements = [] }, otherwise) {
      if (otherwise < worthwhile) return [];
      return requirements.flatMap(({ key, operator, values }) => {
        if (operator !== "In" || values.length !== 1) return [];
        const map = byKey.get(key) ?? (byKey.size < keyCap ? build(key) : undefined);
        return map ? [map.keys(values[0]!)] : [];
      });
    },
    update(old, now) {
      if (byKey.size === 0 || (old && now?.sameLabels(old))) return;
      for (const map of byKey.values()) map.update(old, now);
    },
  };
}
