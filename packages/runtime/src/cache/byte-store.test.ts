import type { KubeObject, Resource } from "@homeostat/api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ByteStoreOptions, createByteStore } from "./byte-store.ts";
import { WrongKindError } from "./object-reader.ts";
import { compareResourceVersions } from "./resource-version.ts";
import type { StoreEvent } from "./store.ts";

interface Widget extends KubeObject {
  readonly spec?: { readonly size?: number; readonly text?: string };
  readonly status?: { readonly ready?: boolean };
}
const Widget: Resource<Widget> = {
  group: "acme.com",
  version: "v1",
  kind: "Widget",
  plural: "widgets",
  singular: "widget",
  listKind: "WidgetList",
  scope: "Namespaced",
};

type Meta = NonNullable<Widget["metadata"]>;
const widget = (
  name: string,
  resourceVersion: string,
  meta: Partial<Meta> = {},
  rest: Partial<Widget> = {},
): Widget => ({
  apiVersion: "acme.com/v1",
  kind: "Widget",
  metadata: { name, namespace: "n", uid: `uid-${name}`, resourceVersion, ...meta },
  ...rest,
});

function setup(options: Partial<ByteStoreOptions<Widget>> = {}) {
  const events: StoreEvent<Widget>[] = [];
  const store = createByteStore<Widget>({ resource: Widget, onEvent: (event) => events.push(event), ...options });
  const bytes = (object: unknown): Buffer => Buffer.from(`  ${JSON.stringify(object)}  `);
  const apply = (type: "ADDED" | "MODIFIED" | "DELETED", object: unknown): string => {
    const b = bytes(object);
    const version = store.apply(type, b, 2, b.length - 2);
    b.fill(0xff);
    return version;
  };
  const replace = (objects: readonly unknown[], version: string): void => {
    const next = store.replace();
    for (const object of objects) {
      const b = bytes(object);
      expect(next.add(b, 2, b.length, true)).toBe(b.length - 2);
      b.fill(0xff);
    }
    next.commit(version);
  };
  const told = (): string[] =>
    events
      .splice(0)
      .map(
        (event) =>
          `${event.type} ${event.object.metadata.key} ${event.object.metadata.resourceVersion}${"initial" in event && event.initial ? " initial" : ""}${"resync" in event && event.resync ? " resync" : ""}${"stale" in event && event.stale ? " stale" : ""}`,
      );
  return { store, events, apply, replace, told };
}

const key = (name: string) => ({ namespace: "n", name });

describe("byte store", () => {
  it("hands out what arrived, without managedFields, as the caller's own copy", () => {
    const { store, apply } = setup();
    const object = widget(
      "a",
      "5",
      {
        labels: { x: "y" },
        annotations: { ü: "€" },
        finalizers: ["f"],
        generation: 3,
        managedFields: [
          { manager: "old", time: "2026-01-01T00:00:00Z" },
          { manager: "kubectl", time: "2026-01-02T00:00:00Z" },
        ],
      },
      { spec: { size: 1 } },
    );
    apply("ADDED", object);
    const { managedFields: _, ...metadata } = object.metadata!;
    expect(store.get(key("a"))).toEqual({ ...object, metadata });
    const mine = store.get(key("a")) as unknown as { metadata: { labels: Record<string, string> } };
    mine.metadata.labels["x"] = "spoilt";
    expect(store.get(key("a"))!.metadata.labels).toEqual({ x: "y" });
    const cached = store.peek(key("a"))!;
    expect(cached.writer).toBe("kubectl");
    const {
      key: id,
      name,
      namespace,
      uid,
      resourceVersion,
      generation,
      deletionTimestamp,
      labels,
      annotations,
      ownerReferences,
      finalizers,
    } = cached.metadata;
    expect({
      id,
      name,
      namespace,
      uid,
      resourceVersion,
      generation,
      deletionTimestamp,
      labels,
      annotations,
      ownerReferences,
      finalizers,
    }).toEqual({
      id: "n/a",
      name: "a",
      namespace: "n",
      uid: "uid-a",
      resourceVersion: "5",
      generation: 3,
      deletionTimestamp: undefined,
      labels: { x: "y" },
      annotations: { ü: "€" },
      ownerReferences: [],
      finalizers: ["f"],
    });
  });

  it("I36 gives items of lists the kind the API leaves out, and the same bytes as an event has", () => {
    const { store, apply, replace, told } = setup();
    const { apiVersion: _, kind: __, ...bare } = widget("a", "5", { labels: { x: "y" }, managedFields: [] });
    replace([bare], "9");
    expect(store.get(key("a"))).toEqual({
      apiVersion: "acme.com/v1",
      kind: "Widget",
      metadata: { name: "a", namespace: "n", uid: "uid-a", resourceVersion: "5", labels: { x: "y" } },
    });
    expect(store.peek(key("a"))!.metadata.labels).toEqual({ x: "y" });
    const old = store.peek(key("a"))!;
    told();
    apply("MODIFIED", {
      kind: "Widget",
      apiVersion: "acme.com/v1",
      ...bare,
      metadata: { ...bare.metadata, resourceVersion: "10" },
    });
    expect(store.peek(key("a"))!.sameContent!(old)).toBe(true);
  });

  it("I17 has changed before it tells, and tells each change once", () => {
    const { store, apply, told, events } = setup({});
    const seen: unknown[] = [];
    const watching = createByteStore<Widget>({
      resource: Widget,
      onEvent: ({ object }) => seen.push(watching.peek(object.metadata)?.metadata.resourceVersion),
    });
    const b = Buffer.from(JSON.stringify(widget("a", "5")));
    watching.apply("ADDED", b, 0, b.length);
    watching.apply("DELETED", b, 0, b.length);
    expect(seen).toEqual(["5", undefined]);
    apply("ADDED", widget("a", "5"));
    apply("MODIFIED", widget("a", "6"));
    apply("MODIFIED", widget("a", "6"));
    apply("DELETED", widget("a", "7"));
    apply("DELETED", widget("b", "8"));
    expect(events.map(({ object }) => object.object().metadata.resourceVersion)).toEqual(["5", "6", "7"]);
    expect(told()).toEqual(["added n/a 5", "updated n/a 6", "deleted n/a 7"]);
    expect(store.size).toBe(0);
  });

  it("takes another uid under the same name for a deletion and a creation", () => {
    const { apply, told } = setup();
    apply("ADDED", widget("a", "5"));
    apply("MODIFIED", widget("a", "9", { uid: "new" }));
    expect(told()).toEqual(["added n/a 5", "deleted n/a 5 stale", "added n/a 9"]);
  });

  it("I14 I15 tells of a new list what vanished, what is the same, what changed and what is new", () => {
    const { store, replace, told } = setup();
    replace([widget("a", "1"), widget("b", "2"), widget("c", "3"), widget("d", "4")], "10");
    expect(told()).toEqual([
      "added n/a 1 initial",
      "added n/b 2 initial",
      "added n/c 3 initial",
      "added n/d 4 initial",
    ]);
    expect(store.synced).toBe(true);
    replace([widget("b", "2"), widget("c", "13"), widget("d", "14", { uid: "other" }), widget("e", "15")], "20");
    expect(told()).toEqual([
      "deleted n/a 1 stale",
      "deleted n/d 4 stale",
      "updated n/b 2 resync",
      "updated n/c 13",
      "added n/d 14",
      "added n/e 15",
    ]);
    expect(store.list().map(({ metadata }) => metadata.name)).toEqual(["b", "c", "d", "e"]);
    expect(store.resourceVersion).toBe("20");
  });

  it("I13 shows nothing of a list that is not committed", () => {
    const { store, told } = setup();
    const next = store.replace();
    const b = Buffer.from(JSON.stringify(widget("a", "1")));
    next.add(b, 0, b.length, true);
    expect([store.size, store.synced, store.peek(key("a"))]).toEqual([0, false, undefined]);
    next.abandon();
    expect([store.size, store.bytes]).toEqual([0, 0]);
    expect(told()).toEqual([]);
  });

  it("lists in order of namespace and name, by namespace, labels, owner and index", () => {
    const { store, apply } = setup({ indexes: { size: (object) => [String(object.object().spec?.size)] } });
    const owned = (uid: string) => ({ ownerReferences: [{ apiVersion: "v1", kind: "X", name: "x", uid }] });
    apply("ADDED", widget("b", "1", { namespace: "n-1", labels: { app: "x" } }, { spec: { size: 1 } }));
    apply("ADDED", widget("b", "2", { labels: { app: "x" }, ...owned("o1") }, { spec: { size: 2 } }));
    apply("ADDED", widget("a", "3", { labels: { app: "y" }, ...owned("o1") }, { spec: { size: 1 } }));
    const names = (options?: Parameters<typeof store.list>[0]) =>
      store.list(options).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    expect(names()).toEqual(["n/a", "n/b", "n-1/b"]);
    expect(names({ namespace: "n" })).toEqual(["n/a", "n/b"]);
    expect(names({ labelSelector: { app: "x" } })).toEqual(["n/b", "n-1/b"]);
    expect(names({ labelSelector: "app in (x,z),app!=q", namespace: "n" })).toEqual(["n/b"]);
    expect(names({ ownerUid: "o1" })).toEqual(["n/a", "n/b"]);
    expect(names({ index: { name: "size", value: "1" } })).toEqual(["n/a", "n-1/b"]);
    expect(names({ index: { name: "size", value: "1" }, ownerUid: "o1" })).toEqual(["n/a"]);
    apply("MODIFIED", widget("a", "4", owned("o2"), { spec: { size: 5 } }));
    expect([
      names({ ownerUid: "o1" }),
      names({ ownerUid: "o2" }),
      names({ index: { name: "size", value: "1" } }),
    ]).toEqual([["n/b"], ["n/a"], ["n-1/b"]]);
    apply("DELETED", widget("a", "5"));
    expect([names({ ownerUid: "o2" }), names()]).toEqual([[], ["n/b", "n-1/b"]]);
  });

  it("I33 names an index that does not exist, and one registered twice with different functions", () => {
    const { store } = setup();
    expect(() => [...store.entries({ index: { name: "x", value: "1" } })]).toThrow(
      'widgets: there is no index "x"; register it with the watch',
    );
    const values = () => ["1"];
    store.addIndex("x", values);
    store.addIndex("x", values);
    expect(() => store.addIndex("x", () => [])).toThrow("registered already");
  });

  it("I16 refuses objects of another kind and stays as it was", () => {
    const { store, apply } = setup();
    expect(() => apply("ADDED", { ...widget("a", "1"), kind: "Gadget" })).toThrow(WrongKindError);
    expect(() => apply("ADDED", { ...widget("a", "1"), apiVersion: "acme.com/v2" })).toThrow(
      "expected Widget acme.com/v1, got Widget acme.com/v2",
    );
    expect(() => apply("ADDED", { kind: "Table", apiVersion: "meta.k8s.io/v1" })).toThrow(WrongKindError);
    expect(store.size).toBe(0);
  });

  it("tells who wrote the status apart from who wrote the rest, also within one second", () => {
    const { store, apply } = setup();
    const time = "2026-01-01T00:00:00Z";
    const managedFields = [
      { manager: "kubectl-patch", operation: "Update" as const, time },
      { manager: "webapp", operation: "Update" as const, time, subresource: "status" },
    ];
    apply("ADDED", widget("a", "1", { managedFields }));
    expect(store.peek(key("a"))).toMatchObject({ writer: "kubectl-patch", statusWriter: "webapp" });
  });

  it("keeps metadata under the kind it belongs to", () => {
    const { store, apply } = setup({ metadataOnly: true });
    apply("ADDED", {
      apiVersion: "meta.k8s.io/v1",
      kind: "PartialObjectMetadata",
      metadata: widget("a", "1", { labels: { x: "y" }, managedFields: [{ manager: "m" }] }).metadata,
    });
    expect(store.get(key("a"))).toEqual(widget("a", "1", { labels: { x: "y" } }));
    expect(store.peek(key("a"))!.metadata.labels).toEqual({ x: "y" });
    expect(store.peek(key("a"))!.writer).toBe("m");
  });

  it("tells changed paths from the bytes, without what every write changes", () => {
    const { apply, events } = setup();
    apply(
      "ADDED",
      widget(
        "a",
        "1",
        { generation: 1, labels: { a: "1" } },
        { spec: { size: 1, text: "x" }, status: { ready: false } },
      ),
    );
    apply(
      "MODIFIED",
      widget(
        "a",
        "2",
        { generation: 2, labels: { a: "2" }, managedFields: [{ manager: "m" }] },
        { spec: { size: 2, text: "x" }, status: { ready: false } },
      ),
    );
    apply(
      "MODIFIED",
      widget(
        "a",
        "30",
        { generation: 2, labels: { a: "2" } },
        { spec: { size: 2, text: "x" }, status: { ready: false } },
      ),
    );
    const paths = events.map((event) => (event.type === "updated" ? event.object.changedPaths!(event.old) : []));
    expect(paths).toEqual([[], ["metadata.labels.a", "spec.size"], []]);
    const [, second, third] = events as Extract<StoreEvent<Widget>, { type: "updated" }>[];
    expect([second!.object.sameContent!(second!.old), third!.object.sameContent!(third!.old)]).toEqual([false, true]);
  });

  it("lets old versions be read after they were replaced, moved or deleted", () => {
    const { store, apply, events } = setup({ slabBytes: 4096 });
    const text = (i: number) => `${i}-`.repeat(40);
    for (let i = 1; i <= 400; i++)
      apply(i <= 10 ? "ADDED" : "MODIFIED", widget(`w${i % 10}`, `${i}`, {}, { spec: { text: text(i) } }));
    for (const { object } of events)
      expect(object.object().spec?.text).toBe(text(Number(object.metadata.resourceVersion)));
    expect(
      store
        .list()
        .map((object) => Number(object.metadata.resourceVersion))
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 10 }, (_, i) => 391 + i));
    // Ten objects of some 250 bytes; blocks that are half empty are given up.
    expect(store.heldBytes).toBeLessThan(4096 * 4);
  });

  it("behaves as a map of parsed objects under any run of events", () => {
    const event = fc.record({
      type: fc.constantFrom("ADDED" as const, "MODIFIED" as const, "DELETED" as const, "LIST" as const),
      name: fc.integer({ min: 0, max: 5 }),
      owner: fc.integer({ min: 0, max: 2 }),
      size: fc.integer({ min: 1, max: 600 }),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 120 }), (run) => {
        const { store, apply, replace } = setup({ slabBytes: 2048 });
        const model = new Map<string, Widget>();
        run.forEach(({ type, name, owner, size }, index) => {
          const object = widget(
            `w${name}`,
            `${index + 1}`,
            { ownerReferences: [{ apiVersion: "v1", kind: "X", name: "x", uid: `o${owner}` }] },
            { spec: { text: "x".repeat(size) } },
          );
          if (type === "LIST") {
            const kept = [...model.values()].filter((_, i) => i % 2 === 0);
            replace([...kept, object], `${index + 1}`);
            model.clear();
            for (const one of [...kept, object]) model.set(one.metadata!.name!, one);
          } else {
            apply(type, object);
            if (type === "DELETED") model.delete(object.metadata!.name!);
            else model.set(object.metadata!.name!, object);
          }
        });
        const sorted = (objects: Iterable<Widget>) =>
          [...objects].sort((a, b) => (a.metadata!.name! < b.metadata!.name! ? -1 : 1));
        expect(store.list()).toEqual(sorted(model.values()));
        for (const uid of ["o0", "o1", "o2"])
          expect(store.list({ ownerUid: uid })).toEqual(
            sorted([...model.values()].filter((one) => one.metadata!.ownerReferences![0]!.uid === uid)),
          );
        expect(store.bytes).toBe(
          [...model.values()].reduce((sum, one) => sum + Buffer.byteLength(JSON.stringify(one)), 0),
        );
      }),
      { numRuns: 200 },
    );
  });
});

describe("resourceVersions", () => {
  it("are ordered as the integers they are, beyond 2^53", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 80n }), fc.bigInt({ min: 0n, max: 2n ** 80n }), (a, b) => {
        expect(Math.sign(compareResourceVersions(`${a}`, `${b}`))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
    expect(compareResourceVersions("", "1")).toBeLessThan(0);
  });
});
