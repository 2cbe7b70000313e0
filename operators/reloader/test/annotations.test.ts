import { DaemonSet, Deployment, Event, StatefulSet } from "@homeostat/api";
import { expectApplied } from "@homeostat/devcluster";
import { describe, expect, test } from "vitest";
import {
  auto,
  ConfigMap,
  key,
  type ReloaderWorld,
  rolls,
  Secret,
  startWorld,
  variables,
  workload,
} from "./world.test-support.ts";

const named = (name: string) => ({ "secret.reloader.stakater.com/reload": name });
const web = ({ cluster }: ReloaderWorld) => cluster.client.get(Deployment, key("web"));

async function reasons({ cluster }: ReloaderWorld, name: string): Promise<(string | undefined)[]> {
  const { items } = await cluster.client.list(Event, { fieldSelector: `involvedObject.name=${name}` });
  return items.map(({ reason }) => reason);
}

describe("reload by annotation", () => {
  test("C14: what changed while the operator was away is rolled at its start, and nothing else", async () => {
    const world = await startWorld();
    await world.secret("db", { a: "1" });
    await world.secret("same", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await expectApplied(world.cluster, workload("quiet", { annotations: auto, secrets: ["same"] }));
    await world.settle();
    await world.manager.stop();
    await world.secret("db", { a: "2" });
    await world.settle();
    await world.start();
    await world.settle();
    expect(rolls(await web(world))).toBe(1);
    expect(rolls(await world.cluster.client.get(Deployment, key("quiet")))).toBe(0);
  });

  test("a change that is taken back within the window rolls nothing", async () => {
    const world = await startWorld({ debounceMs: 2_000, quietMs: 2_000 });
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.settle(1_000);
    await world.secret("db", { a: "1" });
    await world.settle(10_000);
    expect(rolls(await web(world))).toBe(0);
  });

  test("18, 51: a Secret that a pattern meets is news with reload-on-create, whatever was there before is not", async () => {
    const world = await startWorld({ reloadOnCreate: true });
    await world.secret("app-1", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: named("app-.*") }));
    await world.settle();
    expect(rolls(await web(world))).toBe(0);
    await world.secret("app-2", { a: "1" });
    await world.settle();
    expect(rolls(await web(world))).toBe(1);
    await world.secret("app-1", { a: "2" });
    await world.settle();
    expect(rolls(await web(world))).toBe(2);
  });

  test("2: StatefulSets and DaemonSets roll, too", async () => {
    const world = await startWorld();
    await world.configMap("app", { a: "1" });
    await expectApplied(world.cluster, workload("db", { kind: "StatefulSet", annotations: auto, configMaps: ["app"] }));
    await expectApplied(
      world.cluster,
      workload("agent", { kind: "DaemonSet", annotations: auto, configMaps: ["app"] }),
    );
    await world.settle();
    await world.configMap("app", { a: "2" });
    await world.settle();
    expect((await world.cluster.client.get(StatefulSet, key("db"))).metadata.generation).toBe(2);
    expect((await world.cluster.client.get(DaemonSet, key("agent"))).metadata.generation).toBe(2);
  });

  test("29: a refused change says why, once, and does not count later", async () => {
    const world = await startWorld();
    const ignore = { annotations: { "reloader.stakater.com/ignore": "true" } };
    await world.secret("db", { a: "1" }, ignore);
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await world.settle();
    await world.secret("db", { a: "2" }, ignore);
    await world.settle();
    expect(await reasons(world, "web")).toEqual(["ReloadSkipped"]);
    await world.cluster.client.patchMerge(Secret, key("db"), {
      metadata: { annotations: { "reloader.stakater.com/ignore": null } },
    });
    await world.settle();
    expect(rolls(await web(world))).toBe(0);
    await world.secret("db", { a: "3" });
    await world.settle();
    expect(rolls(await web(world))).toBe(1);
  });

  test("a workload that asks for nothing is neither rolled nor written to", async () => {
    const world = await startWorld();
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { secrets: ["db"] }));
    await world.settle();
    const { resourceVersion } = (await web(world)).metadata;
    await world.secret("db", { a: "2" });
    await world.settle();
    expect((await web(world)).metadata.resourceVersion).toBe(resourceVersion);
  });

  test("Secrets whose variables have one name do not hide each other's changes", async () => {
    const world = await startWorld();
    await world.secret("a-b", { a: "x" });
    await world.secret("a.b", { a: "y" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["a-b", "a.b"] }));
    await world.settle();
    await world.secret("a.b", { a: "z" });
    await world.settle();
    expect(rolls(await web(world))).toBe(1);
    // Now it has just the content, and so the hash, of the other one.
    await world.secret("a-b", { a: "z" });
    await world.settle();
    expect(rolls(await web(world))).toBe(2);
  });

  test("follows annotations and references as they change", async () => {
    const world = await startWorld();
    await world.secret("db", { a: "1" });
    await world.secret("other", { a: "1" });
    await expectApplied(world.cluster, workload("web", { secrets: ["db"] }));
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.settle();
    expect(variables(await web(world))).toEqual({});
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db", "other"] }));
    await world.settle();
    expect(variables(await web(world))).toEqual({});
    await world.secret("other", { a: "2" });
    await world.settle();
    expect(Object.keys(variables(await web(world)))).toEqual(["STAKATER_OTHER_SECRET"]);
  });

  test("a record that somebody broke is begun anew, which rolls nothing", async () => {
    const world = await startWorld();
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await world.settle();
    for (const text of ["{", "[]", '{"contents":7}', null]) {
      const annotations = { "reloader.stakater.com/reload-state": text };
      await world.cluster.client.patchMerge(Deployment, key("web"), { metadata: { annotations } });
      await world.settle();
      expect(rolls(await web(world))).toBe(0);
    }
    await world.secret("db", { a: "2" });
    await world.settle();
    expect(rolls(await web(world))).toBe(1);
  });

  test("writes last-hash on what something depends on, and on nothing else", async () => {
    const world = await startWorld();
    await world.secret("db", { password: "secret123" });
    await world.secret("lonely", { password: "secret123" });
    await world.configMap("app", { key1: "value1", key2: "value2" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"], configMaps: ["app"] }));
    await world.settle();
    const hash = "reloader.stakater.com/last-hash";
    const { client } = world.cluster;
    expect((await client.get(Secret, key("db"))).metadata.annotations?.[hash]).toBe(
      "d76b86529169b8606158a3084c058f3d338b13dc09771a3682551beb4aa2341c",
    );
    expect((await client.get(ConfigMap, key("app"))).metadata.annotations?.[hash]).toMatch(/^fee42f0ecaeaa90d/);
    expect((await client.get(Secret, key("lonely"))).metadata.annotations?.[hash]).toBeUndefined();
  });
});

describe("pause of a Deployment", () => {
  const paused = { ...auto, "deployment.reloader.stakater.com/pause-period": "5m" };

  async function pausedWorld() {
    const world = await startWorld();
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: paused, secrets: ["db"] }));
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.settle(2_000);
    return world;
  }

  test("S5: an operator that was killed in the pause is followed by one that resumes on time", async () => {
    const world = await pausedWorld();
    await world.manager.stop();
    await world.settle(60_000);
    await world.start();
    await world.settle(10_000);
    expect((await web(world)).spec?.paused).toBe(true);
    await world.settle(235_000);
    expect((await web(world)).spec?.paused).not.toBe(true);
  });
});
