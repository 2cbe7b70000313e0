import { type KubeObject, type LabelMatcher, type LabelSelector, labelMatcher } from "@homeostat/api";
import type { CachedObject, EventHandler, Request } from "@homeostat/runtime";

/** The selectors of a namespace that demand one value each of the same labels. */
interface Shape {
  /** Label keys, in order. */
  readonly keys: readonly string[];
  /** By the values demanded, then by the name of the object whose selector it is. */
  readonly byValues: Map<string, Map<string, LabelMatcher>>;
}

interface Place {
  readonly namespace: string;
  readonly shape: string;
  readonly values: string;
}

/**
 * Finds the objects of one kind whose selectors select given labels, without asking each of them. Thousands of selectors
 * demand values of the same few sets of labels; for each such set one look tells who demands just these values.
 */
export class SelectorIndex<T extends KubeObject> {
  readonly #selectorOf: (object: CachedObject<T>) => LabelSelector | undefined;
  readonly #namespaces = new Map<string, Map<string, Shape>>();
  readonly #places = new Map<string, Place>();

  /** @param selectorOf undefined: selects nothing. Pure */
  constructor(selectorOf: (object: CachedObject<T>) => LabelSelector | undefined) {
    this.#selectorOf = selectorOf;
  }

  /** Of a watch of the kind: follows the selectors, and wakes nobody. */
  readonly handler: EventHandler<T> = ({ type, object }) => {
    const { key } = object.metadata;
    this.#remove(key, object.metadata.name);
    const selector = type === "deleted" ? undefined : this.#selectorOf(object);
    if (selector) this.#add(object, labelMatcher(selector));
  };

  /** The objects of the namespace that select an object with these labels. */
  *selecting({ namespace = "", labels }: Pick<CachedObject["metadata"], "namespace" | "labels">): Iterable<Request> {
    for (const { keys, byValues } of this.#namespaces.get(namespace)?.values() ?? []) {
      if (!keys.every((key) => Object.hasOwn(labels, key))) continue;
      for (const [name, matcher] of byValues.get(JSON.stringify(keys.map((key) => labels[key]))) ?? [])
        if (matcher.matches(labels)) yield { namespace, name };
    }
  }

  #add({ metadata: { key, name, namespace = "" } }: CachedObject<T>, matcher: LabelMatcher): void {
    const equal = (matcher.requirements ?? [])
      .filter(({ operator, values }) => operator === "In" && values.length === 1)
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    const keys = equal.map((one) => one.key);
    const place = {
      namespace,
      shape: JSON.stringify(keys),
      values: JSON.stringify(equal.map(({ values }) => values[0])),
    };
    const shapes = entry(this.#namespaces, namespace, () => new Map<string, Shape>());
    const { byValues } = entry(shapes, place.shape, () => ({ keys, byValues: new Map() }));
    entry(byValues, place.values, () => new Map<string, LabelMatcher>()).set(name, matcher);
    this.#places.set(key, place);
  }

  #remove(key: string, name: string): void {
    const place = this.#places.get(key);
    if (!place) return;
    this.#places.delete(key);
    const shapes = this.#namespaces.get(place.namespace)!;
    const { byValues } = shapes.get(place.shape)!;
    const named = byValues.get(place.values)!;
    named.delete(name);
    if (named.size === 0) byValues.delete(place.values);
    if (byValues.size === 0) shapes.delete(place.shape);
    if (shapes.size === 0) this.#namespaces.delete(place.namespace);
  }
}

function entry<V>(map: Map<string, V>, key: string, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
