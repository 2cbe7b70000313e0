import { type LabelSelector, matchesLabelSelector, type PodDisruptionBudget } from "@homeostat/api";
import type { Cache, CachedObject } from "@homeostat/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SelectorIndex } from "./selector-index.ts";

function setup() {
  const index = new SelectorIndex<PodDisruptionBudget>((object) => object.object().spec?.selector);
  const budget = (name: string, selector?: LabelSelector, namespace = "n"): CachedObject<PodDisruptionBudget> => {
    const object = { spec: selector ? { selector } : {} };
    const metadata = { key: `${namespace}/${name}`, name, namespace };
    return { metadata, object: () => object } as unknown as CachedObject<PodDisruptionBudget>;
  };
  const cache = {} as Cache;
  const wake = (): never => {
    throw new Error("an index wakes nobody");
  };
  return {
    put(name: string, selector?: LabelSelector, namespace?: string): void {
      index.handler({ type: "added", object: budget(name, selector, namespace), initial: false }, wake, cache);
    },
    drop(name: string, namespace?: string): void {
      index.handler(
        { type: "deleted", object: budget(name, { matchLabels: {} }, namespace), stale: true },
        wake,
        cache,
      );
    },
    selecting: (labels: Record<string, string>, namespace = "n"): string[] =>
      [...index.selecting({ namespace, labels })].map(({ name }) => name).sort(),
  };
}

describe("selector index", () => {
  it("finds who selects labels, in their namespace", () => {
    const { put, selecting } = setup();
    put("web", { matchLabels: { app: "web" } });
    put("front", { matchLabels: { tier: "front", app: "web" } });
    put("elsewhere", { matchLabels: { app: "web" } }, "other");
    expect(selecting({ app: "web", tier: "front", x: "y" })).toEqual(["front", "web"]);
    expect(selecting({ app: "web" })).toEqual(["web"]);
    expect(selecting({ app: "web" }, "other")).toEqual(["elsewhere"]);
    expect(selecting({ app: "db" })).toEqual([]);
  });

  it("tells a selector that demands nothing from one that is not there", () => {
    const { put, selecting } = setup();
    put("all", {});
    put("none");
    expect(selecting({})).toEqual(["all"]);
  });

  it("follows selectors that change and go", () => {
    const { put, drop, selecting } = setup();
    put("a", { matchLabels: { app: "web" } });
    put("a", { matchLabels: { app: "db" } });
    expect(selecting({ app: "web" })).toEqual([]);
    expect(selecting({ app: "db" })).toEqual(["a"]);
    drop("a");
    expect(selecting({ app: "db" })).toEqual([]);
    put("a");
    expect(selecting({ app: "db" })).toEqual([]);
  });

  it("finds what asking each selector would", () => {
    const key = fc.constantFrom("a", "b", "c");
    const value = fc.constantFrom("1", "2", "");
    const labels = fc.dictionary(key, value);
    const expression = fc.oneof(
      fc.record({
        key,
        operator: fc.constantFrom("In", "NotIn"),
        values: fc.array(value, { minLength: 1, maxLength: 2 }),
      }),
      fc.record({ key, operator: fc.constantFrom("Exists", "DoesNotExist") }),
    );
    const selector = fc.option(
      fc.record({ matchLabels: labels, matchExpressions: fc.array(expression, { maxLength: 2 }) }),
      { nil: undefined },
    );
    const change = fc.record({ name: fc.constantFrom("p", "q", "r", "s"), selector, gone: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change), fc.array(labels, { minLength: 1 }), (changes, pods) => {
        const { put, drop, selecting } = setup();
        const there = new Map<string, LabelSelector | undefined>();
        for (const { name, selector: wanted, gone } of changes) {
          if (gone) drop(name);
          else put(name, wanted);
          if (gone) there.delete(name);
          else there.set(name, wanted);
        }
        for (const pod of pods) {
          const wanted = [...there].filter(([, each]) => matchesLabelSelector(each, pod)).map(([name]) => name);
          expect(selecting(pod)).toEqual(wanted.sort());
        }
      }),
    );
  });
});
