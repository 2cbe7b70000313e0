import { formatLabelSelector, type KubeObject, type Resource } from "@homeostat/api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createByteStore } from "./byte-store.ts";

const Widget: Resource<KubeObject> = {
  group: "acme.com",
  version: "v1",
  kind: "Widget",
  plural: "widgets",
  singular: "widget",
  listKind: "WidgetList",
  scope: "Namespaced",
};

type Labels = Readonly<Record<string, string>>;

interface Placed {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels | undefined;
}

function setup() {
  const store = createByteStore<KubeObject>({ resource: Widget });
  let version = 0;
  const bytes = ({ namespace, name, labels }: Placed): Buffer => {
    const metadata = { name, namespace, uid: name, resourceVersion: String(++version), labels };
    return Buffer.from(JSON.stringify({ apiVersion: "acme.com/v1", kind: "Widget", metadata }));
  };
  const apply = (type: "ADDED" | "MODIFIED" | "DELETED", widget: Placed): void => {
    const b = bytes(widget);
    store.apply(type, b, 0, b.length);
  };
  const replace = (widgets: readonly Placed[]): void => {
    const next = store.replace();
    for (const widget of widgets) {
      const b = bytes(widget);
      next.add(b, 0, b.length, true);
    }
    next.commit(String(version));
  };
  const names = (labelSelector: string | Labels, namespace?: string): string[] =>
    store.list({ labelSelector, ...(namespace ? { namespace } : {}) }).map(({ metadata }) => metadata.name);
  /** So many that an index is worth it. */
  const fill = (): void => {
    for (let at = 0; at < 100; at++)
      apply("ADDED", {
        namespace: at % 2 ? "odd" : "even",
        name: `w${String(at).padStart(3, "0")}`,
        labels: { app: `a${at % 50}`, all: "yes" },
      });
  };
  return { store, apply, replace, names, fill };
}

describe("selection of many objects by labels", () => {
  it("finds the ones with the value, in one namespace or all", () => {
    const { fill, names } = setup();
    fill();
    expect(names({ app: "a7" })).toEqual(["w007", "w057"]);
    expect(names("app=a7,all=yes", "odd")).toEqual(["w007", "w057"]);
    expect(names("app=a7", "even")).toEqual([]);
    expect(names("app=a7,all!=yes")).toEqual([]);
    expect(names("app in (a7,a8),all")).toEqual(["w008", "w058", "w007", "w057"]);
  });

  it("follows labels that come, change and go", () => {
    const { fill, names, apply } = setup();
    fill();
    expect(names("app=new")).toEqual([]);
    apply("MODIFIED", { namespace: "odd", name: "w007", labels: { app: "new" } });
    apply("ADDED", { namespace: "odd", name: "x", labels: { app: "new" } });
    expect(names("app=new")).toEqual(["w007", "x"]);
    expect(names("app=a7")).toEqual(["w057"]);
    apply("MODIFIED", { namespace: "odd", name: "w007", labels: undefined });
    apply("DELETED", { namespace: "odd", name: "x", labels: { app: "new" } });
    expect(names("app=new")).toEqual([]);
  });

  it("takes no member of every object for a label", () => {
    const { fill, names } = setup();
    fill();
    expect(names("constructor=a")).toEqual([]);
    expect(names("!constructor,app=a7")).toEqual(["w007", "w057"]);
  });

  it("answers for more keys than are worth an index", () => {
    const { fill, names, apply } = setup();
    fill();
    for (let at = 0; at < 40; at++) {
      apply("ADDED", { namespace: "odd", name: `k${at}`, labels: { [`key${at}`]: "v" } });
      expect(names(`key${at}=v`)).toEqual([`k${at}`]);
    }
  });

  it("answers from a new list when it has taken the place of the old one", () => {
    const { fill, names, replace } = setup();
    fill();
    expect(names("all=yes")).toHaveLength(100);
    replace(
      Array.from({ length: 70 }, (_, at) => ({ namespace: "n", name: `n${at}`, labels: { all: at ? "no" : "yes" } })),
    );
    expect(names("all=yes")).toEqual(["n0"]);
  });

  it("selects what looking at every object would", () => {
    const labels = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.constantFrom("1", "2", ""), { maxKeys: 3 });
    const change = fc.record({ at: fc.nat(120), labels, gone: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 80, maxLength: 200 }),
        fc.array(labels, { minLength: 1 }),
        (changes, asked) => {
          const { apply, names } = setup();
          const there = new Map<string, Placed>();
          for (const [index, { at, labels: now, gone }] of changes.entries()) {
            const widget = { namespace: at % 3 ? "n" : "m", name: `w${at}`, labels: now };
            // Asked in between, so that indexes are built at any time and kept from then on.
            if (index % 20 === 0) names(asked[index % asked.length]!);
            if (gone && there.delete(widget.name)) apply("DELETED", widget);
            else {
              apply(there.has(widget.name) ? "MODIFIED" : "ADDED", widget);
              there.set(widget.name, widget);
            }
          }
          for (const selector of asked) {
            const matching = [...there.values()].filter(({ labels: its }) =>
              Object.entries(selector).every(([key, value]) => its?.[key] === value),
            );
            const wanted = (placed: readonly Placed[]): string[] => placed.map(({ name }) => name).sort();
            expect(names(formatLabelSelector({ matchLabels: selector })).sort()).toEqual(wanted(matching));
            const inN = matching.filter(({ namespace }) => namespace === "n");
            expect(names(selector, "n").sort()).toEqual(wanted(inN));
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});
