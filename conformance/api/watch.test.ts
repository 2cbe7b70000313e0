import { expect, it } from "vitest";
import { configMap, definition, widget } from "./objects.ts";
import { inTime } from "./passing.ts";
import { behaviours } from "./suite.ts";
import type { WatchLine } from "./watching.ts";

behaviours("watch", (world) => {
  const seen = (lines: readonly WatchLine[]): string[] =>
    lines.map(({ type, object }) => `${type} ${object.metadata?.name ?? object.reason ?? ""}`.trim());
  const now = async (path: string): Promise<string> => (await world.api.get(path)).body.metadata.resourceVersion;

  it("B009 B120 B121 streams each event above a version once and in order", async () => {
    const ns = await world.namespace();
    const path = `${ns.core}/configmaps`;
    const from = await now(path);
    await world.api.make(path, configMap("a"));
    const one = world.api.watch(`${path}?resourceVersion=${from}`);
    await one.until(1);
    await world.api.patch(`${path}/a`, { data: { x: "1" } });
    await world.api.make(path, configMap("b"));
    await world.api.delete(`${path}/a`);
    const two = world.api.watch(`${path}?resourceVersion=${from}`);
    const [first, second] = [await one.until(4), await two.until(4)];
    expect(seen(first)).toEqual(["ADDED a", "MODIFIED a", "ADDED b", "DELETED a"]);
    expect(second).toEqual(first);
    const revisions = first.map(({ object }) => Number(object.metadata.resourceVersion));
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
    expect((await one.opened).headers["content-type"]).toBe("application/json");
    expect(first[0]!.object).toMatchObject({ kind: "ConfigMap", apiVersion: "v1" });
    for (const watch of [one, two]) watch.stop();
  });

  it.runIf(world.alone).each(["", "?resourceVersion=0"])("B122 starts with what exists for %j", async (query) => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    const watch = world.api.watch(`${ns.core}/configmaps${query}`);
    await watch.until(1);
    await world.api.make(`${ns.core}/configmaps`, configMap("b"));
    expect(seen(await watch.until(2))).toEqual(["ADDED a", "ADDED b"]);
    watch.stop();
  });

  it.runIf(world.ours)("B123 ends a watch from a forgotten version with an error event", async () => {
    const ns = await world.namespace();
    const from = await now(`${ns.core}/configmaps`);
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    world.target.compact();
    const watch = world.api.watch(`${ns.core}/configmaps?resourceVersion=${from}`);
    expect((await watch.opened).status).toBe(200);
    const [line, ...others] = await watch.ended;
    expect([line!.type, line!.object.code, line!.object.reason, others]).toEqual(["ERROR", 410, "Expired", []]);
    expect(line!.object.message).toMatch(/^too old resource version: \d+ \(\d+\)$/);
  });

  it.each([
    ["fieldSelector=data.x%3D1", 400],
    ["resourceVersion=abc", 422],
    ["sendInitialEvents=true", 422],
    ["resourceVersionMatch=NotOlderThan&resourceVersion=1", 422],
  ])("B103 B104 B124 refuses ?%s with %i before it streams", async (query, wanted) => {
    const watch = world.api.watch(`/api/v1/configmaps?${query}`);
    expect((await watch.opened).status).toBe(wanted);
    watch.stop();
  });

  it("B107 refuses a version of the future that does not come before it streams", async () => {
    const watch = world.api.watch("/api/v1/configmaps?resourceVersion=999999999");
    expect((await inTime(world, watch.opened)).status).toBe(504);
    watch.stop();
  });

  it("B125 shows objects that start and stop to match as coming and going", async () => {
    const ns = await world.namespace();
    const path = `${ns.core}/configmaps`;
    const watch = world.api.watch(`${path}?labelSelector=on%3Dyes&resourceVersion=${await now(path)}`);
    await watch.opened;
    const label = (on: string) => world.api.patch(`${path}/a`, { metadata: { labels: { on } } });
    await world.api.make(path, configMap("a", { v: "1" }));
    await label("yes");
    await world.api.patch(`${path}/a`, { data: { v: "2" } });
    const left = await world.api.patch(`${path}/a`, { metadata: { labels: { on: "no" } }, data: { v: "3" } });
    await label("never");
    await label("yes");
    const lines = await watch.until(4);
    watch.stop();
    expect(seen(lines)).toEqual(["ADDED a", "MODIFIED a", "DELETED a", "ADDED a"]);
    expect([lines[2]!.object.data, lines[2]!.object.metadata.labels]).toEqual([{ v: "2" }, { on: "yes" }]);
    expect(lines[2]!.object.metadata.resourceVersion).toBe(left.body.metadata.resourceVersion);
  });

  it.runIf(world.ours)("B126 B137 tells an idle watch the newest version about once a minute", async () => {
    const ns = await world.namespace();
    const watch = world.api.watch(
      `${ns.core}/configmaps?allowWatchBookmarks=true&resourceVersion=${await now(`${ns.core}/configmaps`)}`,
    );
    await watch.opened;
    await world.api.make(`${ns.core}/secrets`, { metadata: { name: "elsewhere" } });
    const newest = await now(`${ns.core}/configmaps`);
    await world.target.advance(61_000);
    const [line] = await watch.until(1);
    watch.stop();
    expect(line).toEqual({
      type: "BOOKMARK",
      object: { kind: "ConfigMap", apiVersion: "v1", metadata: { resourceVersion: newest, creationTimestamp: null } },
    });
  });

  it.runIf(world.ours)("B126 tells the newest version shortly before it ends", async () => {
    const query = "allowWatchBookmarks=true&timeoutSeconds=30&fieldSelector=metadata.name%3Dnone";
    const watch = world.api.watch(`/api/v1/configmaps?${query}`);
    await watch.opened;
    await world.target.advance(28_500);
    expect(seen(await watch.until(1))).toEqual(["BOOKMARK"]);
    await world.target.advance(2_000);
    await watch.ended;
  });

  it.runIf(world.alone)("B127 marks the end of the initial events", async () => {
    const ns = await world.namespace();
    for (const name of ["a", "b"]) await world.api.make(`${ns.core}/configmaps`, configMap(name));
    const query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    const watch = world.api.watch(`${ns.core}/configmaps?${query}`);
    const lines = await watch.until(3);
    expect(seen(lines)).toEqual(["ADDED a", "ADDED b", "BOOKMARK"]);
    expect(lines[2]!.object.metadata.annotations).toEqual({ "k8s.io/initial-events-end": "true" });
    expect(lines[2]!.object.metadata.resourceVersion).toBe(await now(`${ns.core}/configmaps`));
    await world.api.make(`${ns.core}/configmaps`, configMap("c"));
    expect(seen(await watch.until(4)).at(-1)).toBe("ADDED c");
    watch.stop();
  });

  it.runIf(world.alone)("B128 sends initial events without a mark where bookmarks are not allowed", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    const watch = world.api.watch(`${ns.core}/configmaps?sendInitialEvents=true&resourceVersionMatch=NotOlderThan`);
    await watch.until(1);
    await world.api.make(`${ns.core}/configmaps`, configMap("b"));
    expect(seen(await watch.until(2))).toEqual(["ADDED a", "ADDED b"]);
    watch.stop();
  });

  it.runIf(world.ours)("B129 ends cleanly when its time is up", async () => {
    const watch = world.api.watch("/api/v1/configmaps?timeoutSeconds=5&fieldSelector=metadata.name%3Dnone");
    await watch.opened;
    await world.target.advance(5_000);
    expect(await watch.ended).toEqual([]);
  });

  it("B130 sees one name come, go and come again", async () => {
    const ns = await world.namespace();
    const path = `${ns.core}/configmaps`;
    const watch = world.api.watch(`${path}?fieldSelector=metadata.name%3Da`);
    await watch.opened;
    await world.api.make(path, configMap("b"));
    await world.api.make(path, configMap("a"));
    await world.api.delete(`${path}/a`);
    await world.api.make(path, configMap("a"));
    expect(seen(await watch.until(3))).toEqual(["ADDED a", "DELETED a", "ADDED a"]);
    watch.stop();
  });

  it("B131 describes the columns of a table once", async () => {
    const ns = await world.namespace();
    for (const name of ["a", "b"]) await world.api.make(`${ns.core}/configmaps`, configMap(name));
    const watch = world.api.watch(`${ns.core}/configmaps`, { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" });
    const [first, second] = await watch.until(2);
    watch.stop();
    expect([first!.object.kind, first!.object.rows.length, first!.object.columnDefinitions.length > 0]).toEqual([
      "Table",
      1,
      true,
    ]);
    expect([second!.object.rows[0].cells[0], second!.object.columnDefinitions ?? []]).toEqual(["b", []]);
  });

  it.runIf(world.alone)("B132 shows metadata only, bookmarks too", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a", { x: "1" }));
    const query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    const watch = world.api.watch(`${ns.core}/configmaps?${query}`, {
      accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
    });
    const [added, bookmark] = await watch.until(2);
    watch.stop();
    expect([added!.object.kind, added!.object.data]).toEqual(["PartialObjectMetadata", undefined]);
    expect(bookmark!.object).toMatchObject({
      kind: "PartialObjectMetadata",
      metadata: { annotations: { "k8s.io/initial-events-end": "true" } },
    });
  });

  it.runIf(world.alone)("shows the state before any number of objects, whatever is written meanwhile", async () => {
    const ns = await world.namespace();
    const path = `${ns.core}/configmaps`;
    for (let n = 0; n < 120; n++) await world.api.make(path, configMap(`c${n}`));
    const watch = world.api.watch(path);
    const writes = Promise.all([0, 1, 2].map((n) => world.api.make(path, configMap(`d${n}`))));
    const lines = await watch.until(({ object }) => object.metadata.name === "d2");
    await writes;
    watch.stop();
    expect(new Set(lines.map(({ object }) => object.metadata.name)).size).toBe(123);
  });

  it("B134 B176 ends the watches of a kind when its definition goes", async () => {
    await world.define(definition("ending.example.com"));
    const ns = await world.namespace();
    const watch = world.api.watch(`${ns.path("ending.example.com/v1")}/widgets`);
    await world.api.make(`${ns.path("ending.example.com/v1")}/widgets`, widget("ending.example.com", "w"));
    await watch.until(1);
    await world.api.delete("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.ending.example.com");
    expect(seen(await watch.ended)).toEqual(["ADDED w", "DELETED w"]);
  });

  it("watches all namespaces at once", async () => {
    const [one, two] = [await world.namespace(), await world.namespace()];
    const watch = world.api.watch(`/api/v1/configmaps?resourceVersion=${await now("/api/v1/configmaps")}`);
    await watch.opened;
    await world.api.make(`${one.core}/configmaps`, configMap("a"));
    await world.api.make(`${two.core}/configmaps`, configMap("a"));
    const lines = await watch.until(2);
    watch.stop();
    expect(lines.map(({ object }) => object.metadata.namespace)).toEqual([one.name, two.name]);
  });

  it.runIf(world.alone)("B004 understands the old form of its path", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    const watch = world.api.watch(`/api/v1/watch/namespaces/${ns.name}/configmaps`);
    expect(seen(await watch.until(1))).toEqual(["ADDED a"]);
    watch.stop();
  });
});
