import { findCondition, Namespace } from "@homeostat/api";
import { expectApplied, expectCondition } from "@homeostat/devcluster";
import { describe, expect, test } from "vitest";
import { ReloaderConfig } from "../src/api.ts";
import { configRows } from "./config-rows.test-support.ts";

import {
  config,
  deployment,
  listed,
  rollsOf,
  type Spec,
  status,
  target,
  watched,
} from "./config-world.test-support.ts";
import { auto, key, Secret, startWorld, variables, workload } from "./world.test-support.ts";

const covered = new Set<number>();
/** A test of a row of the table of configs, by its number. */
function row(numbers: number | readonly number[], what: string, body: () => Promise<void>): void {
  for (const number of [numbers].flat()) covered.add(number);
  test(`C${[numbers].flat().join(", C")}: ${what}`, body);
}

describe("what config, resource and target say", () => {
  for (const [id, what, reload, situation] of configRows) {
    if (situation.finished) continue;
    test(`${id}: ${what}: ${reload ? "rolls" : "does not roll"}`, async () => {
      const { kind = "Secret", name = "db", namespace = "default", labels = {} } = situation.changed ?? {};
      const world = await startWorld();
      for (const [name, labels] of Object.entries(situation.namespaces ?? {}))
        await expectApplied(world.cluster, { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
      const metadata = { namespace, labels, annotations: situation.resource };
      const put = (value: string) => (kind === "Secret" ? world.secret : world.configMap)(name, { a: value }, metadata);
      await put("1");
      const web = workload("web", { annotations: situation.workload ?? {}, secrets: [situation.uses ?? "used"] });
      const spec = { targets: [target("web")], ...situation.spec };
      await expectApplied(world.cluster, web, config(spec as Spec, { annotations: situation.annotations ?? {} }));
      await world.settle();
      expect(await rollsOf(world)).toBe(0);
      await put("2");
      await world.settle();
      expect(await rollsOf(world)).toBe(reload ? 1 : 0);
      expect((await status(world)).reloadCount).toBe(reload ? 1 : 0);
    });
  }
});

describe("rows of the table of configs", () => {
  row(1, "a listed Secret rolls the target, and the status tells", async () => {
    const world = await watched();
    const before = await status(world);
    expect(before.reloadCount).toBe(0);
    await world.secret("db", { password: "secret123" });
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
    expect(variables(await deployment(world))).toHaveProperty("STAKATER_DB_SECRET");
    const after = await status(world);
    expect(after.watchedResourceHashes).toEqual({
      "default/Secret/db": "d76b86529169b8606158a3084c058f3d338b13dc09771a3682551beb4aa2341c",
    });
    expect(after).toMatchObject({
      observedGeneration: 1,
      reloadCount: 1,
      lastReloadTime: expect.any(String),
      targetStatus: [{ kind: "Deployment", name: "web", namespace: "default", reloadCount: 1 }],
    });
    await world.secret("db", { password: "again" });
    await world.settle();
    expect((await status(world)).reloadCount).toBe(2);
  });

  row(2, "labels and annotations of the Secret roll nothing", async () => {
    const world = await watched();
    await world.secret("db", { password: "initial" }, { labels: { a: "b" }, annotations: { c: "d" } });
    await world.settle();
    expect(await rollsOf(world)).toBe(0);
    expect((await status(world)).reloadCount).toBe(0);
  });

  row(3, "a ConfigMap of the Secret's name rolls nothing", async () => {
    const world = await watched();
    await world.configMap("db", { a: "1" });
    await world.settle();
    await world.configMap("db", { a: "2" });
    await world.settle();
    expect(await rollsOf(world)).toBe(0);
    expect(Object.keys((await status(world)).watchedResourceHashes!)).toEqual(["default/Secret/db"]);
  });

  row(4, "a missing target is named, and the other one rolls", async () => {
    const world = await watched({ ...listed, targets: [target("gone"), target("web")] });
    await expectCondition(world.cluster, ReloaderConfig, key("c"), "Degraded", "True", "TargetNotFound");
    await world.secret("db", { password: "changed" });
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
    expect((await status(world)).targetStatus).toMatchObject([
      { name: "gone", lastError: "Deployment default/gone is not there" },
      { name: "web", reloadCount: 1 },
    ]);
    await expectApplied(world.cluster, workload("gone"));
    await expectCondition(world.cluster, ReloaderConfig, key("c"), "Degraded", "False");
  });

  row(5, "a missing Secret is named while the config stays available", async () => {
    const world = await watched({ watchedResources: { secrets: ["db", "nowhere"] }, targets: [target("web")] });
    const { status } = await expectCondition(
      world.cluster,
      ReloaderConfig,
      key("c"),
      "Degraded",
      "True",
      "ResourceNotFound",
    );
    expect(findCondition(status!.conditions, "Degraded")?.message).toContain("default/Secret/nowhere");
    expect(findCondition(status!.conditions, "Available")?.status).toBe("True");
    expect(findCondition(status!.conditions, "Progressing")?.status).toBe("False");
  });

  row(6, "autoReloadAll rolls the target that refers, and not the other", async () => {
    const world = await watched({ autoReloadAll: true, targets: [target("web"), target("b")] });
    await expectApplied(world.cluster, workload("b"));
    await world.settle();
    await world.secret("db", { password: "changed" });
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
    expect(await rollsOf(world, "b")).toBe(0);
  });

  row(7, "a Secret that is ignored in another namespace rolls, and one that is ignored in any does not", async () => {
    const ignored = (namespace?: string) => ({
      ...listed,
      ignoreResources: [{ kind: "Secret" as const, name: "db", ...(namespace ? { namespace } : {}) }],
    });
    const world = await watched(ignored("other"));
    await world.secret("db", { password: "changed" });
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
    await expectApplied(world.cluster, config(ignored()));
    await world.settle();
    await world.secret("db", { password: "again" });
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
    expect((await status(world)).watchedResourceHashes).toEqual({});
  });

  row(8, "matchLabels are looked at when a change happens", async () => {
    const world = await watched({ ...listed, matchLabels: { team: "x" } });
    const change = async (password: string, labels: object) => {
      await world.secret("db", { password }, { labels });
      await world.settle();
    };
    await change("1", {});
    expect(await rollsOf(world)).toBe(0);
    await change("1", { team: "x" });
    expect(await rollsOf(world)).toBe(0);
    await change("2", { team: "x" });
    expect(await rollsOf(world)).toBe(1);
  });

  row(9, "within a pause period a change waits, and is rolled at its end", async () => {
    const world = await watched({ ...listed, targets: [target("web", { pausePeriod: "1m" })] });
    await world.secret("db", { password: "1" });
    await world.settle(10_000);
    expect(await rollsOf(world)).toBe(1);
    expect((await status(world)).targetStatus?.[0]?.pausedUntil).toBeDefined();
    await world.secret("db", { password: "2" });
    await world.settle(30_000);
    await world.secret("db", { password: "3" });
    expect(await rollsOf(world)).toBe(1);
    await world.settle(25_000);
    expect(await rollsOf(world)).toBe(2);
    expect((await deployment(world)).spec?.paused).not.toBe(true);
    await world.settle(120_000);
    expect(await rollsOf(world)).toBe(2);
    expect((await status(world)).targetStatus?.[0]?.pausedUntil).toBeUndefined();
  });

  row(9, "a pause period outlives the operator", async () => {
    const world = await watched({ ...listed, targets: [target("web", { pausePeriod: "1m" })] });
    await world.secret("db", { password: "1" });
    await world.settle(5_000);
    await world.manager.stop();
    await world.secret("db", { password: "2" });
    await world.start();
    await world.settle(20_000);
    expect(await rollsOf(world)).toBe(1);
    await world.settle(60_000);
    expect(await rollsOf(world)).toBe(2);
  });

  row(10, "a config and an annotation together roll once", async () => {
    const world = await startWorld();
    await world.secret("db", { password: "initial" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }), config(listed));
    await expectApplied(world.cluster, config(listed, { name: "second" }));
    await world.settle();
    await world.secret("db", { password: "changed" });
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
  });

  row(11, "a target in another namespace rolls only after that namespace has granted it", async () => {
    const world = await startWorld();
    await expectApplied(world.cluster, { apiVersion: "v1", kind: "Namespace", metadata: { name: "apps" } });
    await world.secret("db", { password: "initial" });
    await expectApplied(
      world.cluster,
      workload("web", { namespace: "apps" }),
      config({ ...listed, targets: [target("web", { namespace: "apps" })] }),
    );
    await expectCondition(world.cluster, ReloaderConfig, key("c"), "Degraded", "True", "InvalidSpec");
    await world.secret("db", { password: "1" });
    await world.settle();
    expect(await rollsOf(world, "web", "apps")).toBe(0);
    await world.cluster.client.patchMerge(
      Namespace,
      { name: "apps" },
      { metadata: { annotations: { "reloader.stakater.com/allow-targets-from": "default" } } },
    );
    await expectCondition(world.cluster, ReloaderConfig, key("c"), "Degraded", "False");
    await world.settle();
    await world.secret("db", { password: "2" });
    await world.settle();
    expect(await rollsOf(world, "web", "apps")).toBe(1);
  });

  async function appeared() {
    const world = await startWorld();
    await expectApplied(world.cluster, workload("web"), config({ ...listed, reloadOnCreate: true }));
    await world.settle();
    await world.secret("db", { password: "new" });
    await world.settle();
    return world;
  }

  row(12, "reloadOnCreate rolls for a Secret that appears, whose hash is told", async () => {
    const world = await appeared();
    expect(await rollsOf(world)).toBe(1);
    expect((await status(world)).watchedResourceHashes).toHaveProperty(["default/Secret/db"]);
  });

  row(13, "reloadOnCreate rolls nothing when the operator starts again", async () => {
    const world = await appeared();
    for (let start = 1; start <= 2; start++) {
      await world.manager.stop();
      world.manager = await world.start();
      await world.settle();
    }
    expect(await rollsOf(world)).toBe(1);
  });

  row(14, "what changed while the operator was away rolls at its start, and nothing else", async () => {
    const world = await watched();
    await world.secret("same", { a: "1" });
    const metadata = { name: "second" };
    const watchedResources = { secrets: ["same"] };
    await expectApplied(
      world.cluster,
      workload("quiet"),
      config({ watchedResources, targets: [target("quiet")] }, metadata),
    );
    await world.settle();
    await world.manager.stop();
    await world.secret("db", { password: "changed" });
    await world.start();
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
    expect(await rollsOf(world, "quiet")).toBe(0);
    expect((await status(world)).reloadCount).toBe(1);
  });

  row(16, "a config that is made for what was never looked at remembers, and rolls nothing", async () => {
    const world = await startWorld({ reloadOnCreate: true, reloadOnDelete: true });
    await world.secret("db", { password: "initial" });
    await expectApplied(world.cluster, workload("web", { secrets: ["db"] }));
    await world.settle();
    await world.secret("db", { password: "changed" });
    await world.settle();
    await expectApplied(world.cluster, config(listed));
    await world.settle();
    expect(await rollsOf(world)).toBe(0);
    expect((await status(world)).watchedResourceHashes).toHaveProperty(["default/Secret/db"]);
    await world.secret("db", { password: "again" });
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
  });

  row(15, "reloadOnDelete rolls, and the Secret leaves the status", async () => {
    const world = await watched({ ...listed, reloadOnDelete: true });
    await world.cluster.client.delete(Secret, key("db"));
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
    expect((await status(world)).watchedResourceHashes).toEqual({});
  });
});

test("every row from C1 to C16 has a test here", () => {
  expect([...covered].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, index) => index + 1));
});
