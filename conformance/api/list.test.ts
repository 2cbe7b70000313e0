import { expect, it } from "vitest";
import { configMap, definition, pod, widget } from "./objects.ts";
import { inTime, passing } from "./passing.ts";
import { behaviours } from "./suite.ts";

interface List {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

behaviours("list, pages and selectors", (world) => {
  const names = (list: List): string[] => list.items.map(({ metadata }) => metadata.name);
  const filled = async (count: number) => {
    const ns = await world.namespace();
    for (let n = 0; n < count; n++) {
      const labels = { even: String(n % 2 === 0), index: String(n) };
      await world.api.make(`${ns.core}/configmaps`, configMap(`c${n}`, {}, { labels }));
    }
    return ns;
  };

  it.runIf(world.alone)("B111 sorts by name, byte by byte, and by namespace before", async () => {
    const ns = await world.namespace();
    for (const name of ["b", "a", "a.b", "a-b"]) await world.api.make(`${ns.core}/configmaps`, configMap(name));
    expect(names((await world.api.get(`${ns.core}/configmaps`)).body)).toEqual(["a", "a-b", "a.b", "b"]);
  });

  it("leaves the types of items to the list for built-in kinds, and gives them for custom ones", async () => {
    const ns = await filled(1);
    const { body } = await world.api.get(`${ns.core}/configmaps`);
    expect([body.kind, body.apiVersion, body.items[0].kind]).toEqual(["ConfigMapList", "v1", undefined]);
    await world.define(definition("items.example.com"));
    await world.api.make(`${ns.path("items.example.com/v1")}/widgets`, widget("items.example.com", "w"));
    const custom = (await world.api.get(`${ns.path("items.example.com/v1")}/widgets`)).body;
    expect([custom.kind, custom.items[0].kind]).toEqual(["WidgetList", "Widget"]);
  });

  it.runIf(world.alone)("B112 B113 pages through one state, whatever happens meanwhile", async () => {
    const ns = await filled(5);
    const first: List = (await world.api.get(`${ns.core}/configmaps?limit=2`)).body;
    expect([names(first), first.metadata.remainingItemCount]).toEqual([["c0", "c1"], 3]);
    await world.api.delete(`${ns.core}/configmaps/c3`);
    await world.api.make(`${ns.core}/configmaps`, configMap("c2a"));
    const next = `${ns.core}/configmaps?limit=2&continue=${first.metadata.continue}`;
    const second: List = (await world.api.get(next)).body;
    const third: List = (await world.api.get(`${ns.core}/configmaps?limit=2&continue=${second.metadata.continue}`))
      .body;
    expect([names(second), names(third), third.metadata.continue]).toEqual([["c2", "c3"], ["c4"], undefined]);
    expect(new Set([first, second, third].map(({ metadata }) => metadata.resourceVersion)).size).toBe(1);
  });

  it("B114 refuses a token that is not ours, and one beside a version", async () => {
    const ns = await filled(2);
    const { body } = await world.api.get(`${ns.core}/configmaps?limit=1`);
    expect((await world.api.get(`${ns.core}/configmaps?continue=nonsense`)).status).toBe(400);
    const both = `${ns.core}/configmaps?continue=${body.metadata.continue}&resourceVersion=5`;
    expect((await world.api.get(both)).status).toBe(400);
  });

  it.runIf(world.ours)("B115 answers a token of a forgotten state with 410 and a token to go on with", async () => {
    const ns = await filled(3);
    const { body } = await world.api.get(`${ns.core}/configmaps?limit=1`);
    await world.api.make(`${ns.core}/configmaps`, configMap("c1a"));
    world.target.compact();
    const gone = await world.api.get(`${ns.core}/configmaps?limit=1&continue=${body.metadata.continue}`);
    expect([gone.status, gone.body.reason]).toEqual([410, "Expired"]);
    const rest = await world.api.get(`${ns.core}/configmaps?continue=${gone.body.metadata.continue}`);
    expect(names(rest.body)).toEqual(["c1", "c1a", "c2"]);
  });

  it("B116 counts what matches, not what is looked at", async () => {
    const ns = await filled(6);
    const { body } = await world.api.get(`${ns.core}/configmaps?limit=2&labelSelector=even%3Dtrue`);
    expect([names(body), body.metadata.remainingItemCount]).toEqual([["c0", "c2"], undefined]);
    const rest = `${ns.core}/configmaps?limit=2&labelSelector=even%3Dtrue&continue=${body.metadata.continue}`;
    expect(names((await world.api.get(rest)).body)).toEqual(["c4"]);
  });

  it.runIf(world.alone).each([
    ["even=true", ["c0", "c2"]],
    ["even==false", ["c1"]],
    ["even!=true", ["c1"]],
    ["even in (true,false)", ["c0", "c1", "c2"]],
    ["even notin (true)", ["c1"]],
    ["!even", []],
    ["even", ["c0", "c1", "c2"]],
    ["even=true,even!=false", ["c0", "c2"]],
    ["even=true,none", []],
    ["none notin (x)", ["c0", "c1", "c2"]],
    ["index>0", ["c1", "c2"]],
    ["index<1", ["c0"]],
    ["even>0", []],
    ["none!=x", ["c0", "c1", "c2"]],
  ])("B108 selects by label %s", async (selector, wanted) => {
    const ns = await filled(3);
    const path = `${ns.core}/configmaps?labelSelector=${encodeURIComponent(selector)}`;
    expect(names((await world.api.get(path)).body)).toEqual(wanted);
  });

  it("B108 B109 refuses selectors it cannot read, and fields it does not know", async () => {
    for (const query of ["labelSelector=a%20b%20c", "fieldSelector=nonsense", "fieldSelector=data.x%3D1"]) {
      const answer = await world.api.get(`/api/v1/configmaps?${query}`);
      expect([answer.status, answer.body.reason]).toEqual([400, "BadRequest"]);
    }
  });

  it.runIf(world.alone)("B109 selects pods by their fields", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/pods`, pod("on", { nodeName: "n1" }));
    await world.api.make(`${ns.core}/pods`, pod("off"));
    const by = async (selector: string): Promise<string[]> =>
      names((await world.api.get(`${ns.core}/pods?fieldSelector=${encodeURIComponent(selector)}`)).body);
    expect(await by("spec.nodeName=n1")).toEqual(["on"]);
    expect(await by("spec.nodeName!=n1")).toEqual(["off"]);
    expect(await by("status.phase=Pending,metadata.name=off")).toEqual(["off"]);
  });

  it("B109 B276 selects Events by the names of either group", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/events`, {
      metadata: { name: "e" },
      involvedObject: { kind: "Pod", name: "p", namespace: ns.name },
      reason: "Tested",
      message: "it was",
      type: "Normal",
    });
    const core = `${ns.core}/events?fieldSelector=involvedObject.name%3Dp`;
    expect(names((await world.api.get(core)).body)).toEqual(["e"]);
    const path = ns.path("events.k8s.io/v1");
    expect(names((await world.api.get(`${path}/events?fieldSelector=regarding.name%3Dp`)).body)).toEqual(["e"]);
    expect((await world.api.get(`${path}/events/e`)).body).toMatchObject({
      apiVersion: "events.k8s.io/v1",
      note: "it was",
      regarding: { name: "p" },
    });
  });

  it("B110 B192 selects custom objects by the fields their definition names", async () => {
    const selectable = { name: "v1", selectableFields: [{ jsonPath: ".spec.color" }] };
    await world.define(definition("fields.example.com", { versions: [selectable] }));
    const ns = await world.namespace();
    const path = `${ns.path("fields.example.com/v1")}/widgets`;
    await world.api.make(path, widget("fields.example.com", "r"));
    await world.api.make(path, widget("fields.example.com", "g", { color: "green" }));
    expect(names((await world.api.get(`${path}?fieldSelector=spec.color%3Dgreen`)).body)).toEqual(["g"]);
    expect((await world.api.get(`${path}?fieldSelector=spec.size%3D1`)).status).toBe(400);
  });

  it.each([
    ["resourceVersionMatch=Exact", 422],
    ["resourceVersionMatch=Exact&resourceVersion=0", 422],
    ["resourceVersionMatch=Sometimes&resourceVersion=1", 422],
    ["sendInitialEvents=true", 422],
    ["resourceVersion=abc", 400],
    ["limit=abc", 400],
    ["limit=-1", 200],
    ["resourceVersion=0", 200],
  ])("B103 B104 judges ?%s with %i", async (query, wanted) => {
    expect((await world.api.get(`/api/v1/configmaps?${query}`)).status).toBe(wanted);
  });

  it.runIf(world.ours)("B106 lists a state of the past as it was, or says that it is forgotten", async () => {
    const ns = await filled(2);
    const before: List = (await world.api.get(`${ns.core}/configmaps`)).body;
    await world.api.delete(`${ns.core}/configmaps/c0`);
    const { resourceVersion } = before.metadata;
    const exact = `${ns.core}/configmaps?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`;
    const past = (await world.api.get(exact)).body;
    expect([names(past), past.metadata.resourceVersion]).toEqual([["c0", "c1"], resourceVersion]);
    const newer = `${ns.core}/configmaps?resourceVersion=${resourceVersion}&resourceVersionMatch=NotOlderThan`;
    expect(names((await world.api.get(newer)).body)).toEqual(["c1"]);
    world.target.compact();
    const forgotten = await world.api.get(exact);
    expect([forgotten.status, forgotten.body.reason]).toEqual([410, "Expired"]);
  });

  it("B104 B105 B107 gives up on a version of the future after three seconds", async () => {
    for (const path of ["/api/v1/configmaps", "/api/v1/namespaces/default"]) {
      const answer = world.api.get(`${path}?resourceVersion=999999999`);
      if (world.ours) expect(await passing(world, 2_999, answer)).toBeUndefined();
      const { status, headers, body } = await inTime(world, answer);
      expect([status, headers["retry-after"], body.reason, body.details.retryAfterSeconds]).toEqual([
        ...[504, "1"],
        ...["Timeout", 1],
      ]);
      expect(body.details.causes[0].reason).toBe("ResourceVersionTooLarge");
    }
    expect((await world.api.get("/api/v1/namespaces/default?resourceVersion=abc")).status).toBe(400);
  });

  it.runIf(world.ours)("B107 answers as soon as the version of the future is there", async () => {
    const ns = await filled(1);
    const path = `${ns.core}/configmaps`;
    const next = Number((await world.api.get(path)).body.metadata.resourceVersion) + 1;
    const list = world.api.get(`${path}?resourceVersion=${next}`);
    const object = world.api.get(`${path}/c0?resourceVersion=${next}`);
    const watch = world.api.watch(`${path}?resourceVersion=${next}`);
    const waiting = Promise.race([list, object, watch.opened]).then(() => "answered");
    expect(await passing(world, 2_000, waiting)).toBeUndefined();
    const { metadata } = await world.api.make(path, configMap("c1"));
    expect(metadata.resourceVersion).toBe(String(next));
    expect(names((await list).body)).toEqual(["c0", "c1"]);
    expect((await object).status).toBe(200);
    expect((await watch.opened).status).toBe(200);
    await world.api.delete(`${path}/c0`);
    expect((await watch.until(1)).map(({ type }) => type)).toEqual(["DELETED"]);
    watch.stop();
  });

  it("lists metadata only where that is asked for", async () => {
    const ns = await filled(1);
    const accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    const { body } = await world.api.get(`${ns.core}/configmaps`, { accept });
    expect([body.kind, body.items[0].kind, body.items[0].data]).toEqual([
      "PartialObjectMetadataList",
      "PartialObjectMetadata",
      undefined,
    ]);
  });

  it("prints tables of built-in and custom kinds", async () => {
    const ns = await filled(1);
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    const { body } = await world.api.get(`${ns.core}/configmaps`, { accept });
    expect(body.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual(["Name", "Data", "Age"]);
    expect(body.rows[0].cells.slice(0, 2)).toEqual(["c0", 0]);
    expect(body.rows[0].object).toMatchObject({
      kind: "PartialObjectMetadata",
      metadata: { name: "c0", namespace: ns.name },
    });
    const columns = [{ name: "Size", type: "integer", jsonPath: ".spec.size" }];
    await world.define(
      definition("cols.example.com", { versions: [{ name: "v1", additionalPrinterColumns: columns }] }),
    );
    const path = `${ns.path("cols.example.com/v1")}/widgets`;
    await world.api.make(path, widget("cols.example.com", "w", { size: 3 }));
    const custom = (await world.api.get(`${path}?includeObject=Object`, { accept })).body;
    expect(custom.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual(["Name", "Size"]);
    expect([custom.rows[0].cells, custom.rows[0].object.spec.size]).toEqual([["w", 3], 3]);
  });
});
