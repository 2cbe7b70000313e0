import { ConfigMap, Deployment, Job, Secret } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { child } from "./child.ts";
import { at, configMap, key, Site, type SiteDefinition, saysReady, site, siteWorld } from "./site.test-support.ts";

const job = (name: string) => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name },
  spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "migrate" }] } } },
});

/** `web` needs `app`, which needs `db`; each is ready when its ConfigMap says so. */
const chain: SiteDefinition = {
  children: [ConfigMap],
  desired: ({ spec }) => {
    const db = child(configMap("db"), { name: "db", readyWhen: saysReady });
    const app = child(configMap("app", { text: spec.text }), { name: "app", dependsOn: [db], readyWhen: saysReady });
    const web = child(configMap("web"), { dependsOn: ["app"] });
    // The order of the list says nothing.
    return [web, app, db].filter((each) => !spec.parts.includes(`no-${each.object.metadata!.name}`));
  },
};

describe("dependencies", () => {
  test("apply a child only when all it depends on are ready", async () => {
    const world = await siteWorld();
    await world.start(chain);
    await world.admin.create(Site, site());
    await world.settle();
    expect(await world.names()).toEqual(["db"]);
    expect(await world.condition("Ready")).toMatchObject({
      status: "False",
      reason: "Progressing",
      message: expect.stringMatching(/^db \(ConfigMap db\): is not ready by its own word; .*waits for db/),
    });
    await world.admin.patchMerge(ConfigMap, at("db"), { data: { ready: "yes" } });
    await world.settle();
    expect(await world.names()).toEqual(["app", "db"]);
    await world.admin.patchMerge(ConfigMap, at("app"), { data: { ready: "yes" } });
    await world.settle();
    expect(await world.names()).toEqual(["app", "db", "web"]);
    expect(await world.condition("Ready")).toMatchObject({ status: "True" });
    const writes = world.writes.length;
    await world.settle(3_600_000);
    expect(world.writes.length).toBe(writes);
  });

  test("leave what exists as it is while something it depends on is not ready", async () => {
    const world = await siteWorld();
    await world.start(chain);
    await world.admin.create(Site, site());
    await world.settle();
    await world.admin.patchMerge(ConfigMap, at("db"), { data: { ready: "yes" } });
    await world.settle();
    await world.admin.patchMerge(ConfigMap, at("db"), { data: { ready: "no" } });
    await world.settle();
    await world.admin.patchMerge(Site, key, { spec: { text: "changed" } });
    await world.settle();
    expect((await world.admin.get(ConfigMap, at("app"))).data).toEqual({ text: "hello" });
    await world.admin.patchMerge(ConfigMap, at("db"), { data: { ready: "yes" } });
    await world.settle();
    expect((await world.admin.get(ConfigMap, at("app"))).data).toEqual({ text: "changed" });
  });

  test("take the rules for built-in kinds where nothing else is declared", async () => {
    const world = await siteWorld();
    await world.start({
      children: [ConfigMap, Job],
      desired: () => [child(configMap("app"), { dependsOn: ["Job/migrate"] }), job("migrate")],
    });
    await world.admin.create(Site, site());
    await world.settle();
    expect(await world.names()).toEqual([]);
    const now = "2026-01-01T00:00:00Z";
    const complete = (type: string) => ({ type, status: "True", lastTransitionTime: now, lastProbeTime: now });
    await world.admin.status.patchMerge(Job, at("migrate"), {
      status: {
        startTime: now,
        completionTime: now,
        succeeded: 1,
        conditions: [complete("SuccessCriteriaMet"), complete("Complete")],
      },
    });
    await world.settle();
    expect(await world.names()).toEqual(["app"]);
  });

  test("say Degraded and name the child that has failed", async () => {
    const world = await siteWorld();
    await world.start({ children: [Job], desired: () => [job("migrate")] });
    await world.admin.create(Site, site());
    await world.settle();
    const now = "2026-01-01T00:00:00Z";
    const failed = (type: string) => ({
      type,
      status: "True",
      reason: "BackoffLimitExceeded",
      message: "too many failures",
      lastTransitionTime: now,
      lastProbeTime: now,
    });
    await world.admin.status.patchMerge(Job, at("migrate"), {
      status: { startTime: now, failed: 1, conditions: [failed("FailureTarget"), failed("Failed")] },
    });
    await world.settle();
    const said = { status: "True", reason: "ChildFailed", message: "Job migrate: too many failures" };
    expect(await world.condition("Degraded")).toMatchObject(said);
    expect(await world.condition("Ready")).toMatchObject({ ...said, status: "False" });
    await world.admin.delete(Job, at("migrate"), { propagationPolicy: "Background" });
    await world.settle();
    expect(await world.condition("Degraded")).toBeUndefined();
    expect(await world.condition("Reconciling")).toMatchObject({ status: "True" });
  });

  test.each<[string, SiteDefinition["desired"], string]>([
    [
      "a cycle",
      () => [
        child(configMap("a"), { name: "a", dependsOn: ["c"] }),
        child(configMap("b"), { name: "b", dependsOn: ["a"] }),
        child(configMap("c"), { name: "c", dependsOn: ["b"] }),
      ],
      "a → c → b → a",
    ],
    [
      "a child that depends on itself",
      () => [child(configMap("a"), { dependsOn: ["ConfigMap/a"] })],
      "ConfigMap/a → ConfigMap/a",
    ],
    [
      "an unknown name",
      () => [child(configMap("a"), { dependsOn: ["b"] })],
      "ConfigMap/a depends on b, which desired did not return; there are ConfigMap/a",
    ],
    [
      "an object that is not returned",
      () => [child(configMap("a"), { dependsOn: [configMap("b")] })],
      "depends on ConfigMap/b, which desired did not return",
    ],
    [
      "one name for two children",
      () => [child(configMap("a"), { name: "x" }), child(configMap("b"), { name: "x" })],
      "two children x",
    ],
    [
      "a name that several have",
      () => [
        configMap("a"),
        configMap("a", {}, { namespace: "other" }),
        child(configMap("b"), { dependsOn: ["ConfigMap/a"] }),
      ],
      "of which there are several",
    ],
  ])("stall on %s", async (_, desired, message) => {
    const world = await siteWorld();
    await world.start({ children: [ConfigMap], desired });
    await world.admin.create(Site, site());
    await world.settle();
    expect(await world.condition("Stalled")).toMatchObject({ message: expect.stringContaining(message) });
    expect(await world.names()).toEqual([]);
  });

  test("keep a finalizer on the object only where there is something to clean up", async () => {
    const world = await siteWorld();
    await world.start({
      children: [ConfigMap],
      desired: ({ spec }) => [
        configMap("one"),
        ...(spec.size > 1 ? [child(configMap("two"), { dependsOn: ["ConfigMap/one"] })] : []),
      ],
    });
    await world.admin.create(Site, site());
    await world.settle();
    expect((await world.admin.get(Site, key)).metadata.finalizers).toBeUndefined();
    await world.admin.patchMerge(Site, key, { spec: { size: 2 } });
    await world.settle();
    expect((await world.admin.get(Site, key)).metadata.finalizers).toEqual(["site.homeostat.dev/cleanup"]);
    await world.admin.delete(Site, key);
    await world.settle();
    expect(await world.admin.find(Site, key)).toBeUndefined();
    expect(await world.names()).toEqual([]);
  });
});

describe("preconditions", () => {
  const maintenance: SiteDefinition = {
    children: [ConfigMap],
    desired: ({ spec }) => [
      child(configMap("switch", { on: spec.text }), { name: "switch" }),
      child(configMap("app"), {
        name: "app",
        dependsOn: ["switch"],
        when: (before) => before.child(ConfigMap, "switch")?.data?.["on"] === "hello" || "the switch is off",
        ...(spec.size > 1 ? { prune: false } : {}),
      }),
      child(configMap("web"), { dependsOn: ["app"] }),
    ],
  };

  test("prune a child that they rule out, with all that depends on it, in reverse order", async () => {
    const world = await siteWorld();
    await world.start(maintenance);
    await world.admin.create(Site, site());
    await world.settle();
    expect(await world.names()).toEqual(["app", "switch", "web"]);
    world.writes.length = 0;
    await world.admin.patchMerge(Site, key, { spec: { text: "off" } });
    await world.settle();
    expect(await world.names()).toEqual(["switch"]);
    const configMaps = "/api/v1/namespaces/demo/configmaps";
    expect(world.writes.filter((write) => write.startsWith("DELETE"))).toEqual([
      `DELETE ${configMaps}/web`,
      `DELETE ${configMaps}/app`,
    ]);
    expect(await world.condition("Ready")).toMatchObject({ status: "True" });
    await world.admin.patchMerge(Site, key, { spec: { text: "hello" } });
    await world.settle();
    expect(await world.names()).toEqual(["app", "switch", "web"]);
  });

  test("keep a child that must not be pruned, even when its owner goes", async () => {
    const world = await siteWorld();
    await world.start(maintenance);
    await world.admin.create(Site, site({ size: 2 }));
    await world.settle();
    await world.admin.patchMerge(Site, key, { spec: { text: "off" } });
    await world.settle();
    expect(await world.names()).toEqual(["app", "switch"]);
    await world.admin.delete(Site, key);
    await world.settle(60_000);
    expect(await world.admin.find(Site, key)).toBeUndefined();
    expect(await world.names()).toEqual(["app"]);
  });
});

describe("deletion", () => {
  const holding = (finalizers: readonly string[]) => ({ metadata: { finalizers: [...finalizers] } });

  test("waits for what depends on a child to be gone, pruned or with the owner", async () => {
    const world = await siteWorld();
    await world.start(chain);
    await world.admin.create(Site, site());
    await world.settle();
    for (const name of ["db", "app"]) {
      await world.admin.patchMerge(ConfigMap, at(name), { data: { ready: "yes" } });
      await world.settle();
    }
    await world.admin.patchMerge(ConfigMap, at("web"), holding(["example.com/web"]));
    await world.settle();
    // No longer desired: the order is known from what was recorded.
    await world.admin.patchMerge(Site, key, { spec: { parts: ["no-web", "no-app"] } });
    await world.settle();
    expect(await world.names()).toEqual(["app", "db", "web"]);
    expect((await world.admin.get(ConfigMap, at("web"))).metadata.deletionTimestamp).toBeDefined();
    expect(await world.condition("Ready")).toMatchObject({
      status: "False",
      message: expect.stringContaining("configmaps/demo/app is deleted when configmaps/demo/web is gone"),
    });
    await world.admin.patchMerge(ConfigMap, at("web"), holding([]));
    await world.settle();
    expect(await world.names()).toEqual(["db"]);

    await world.admin.patchMerge(Site, key, { spec: { parts: [] } });
    await world.settle();
    await world.admin.patchMerge(ConfigMap, at("app"), { data: { ready: "yes" } });
    await world.settle();
    await world.admin.patchMerge(ConfigMap, at("app"), holding(["example.com/app"]));
    await world.settle();
    await world.admin.delete(Site, key);
    await world.settle();
    expect(await world.names()).toEqual(["app", "db"]);
    expect(await world.condition("Ready")).toMatchObject({ reason: "Deleting" });
    await world.admin.patchMerge(ConfigMap, at("app"), holding([]));
    await world.settle();
    expect(await world.admin.find(Site, key)).toBeUndefined();
    expect(await world.names()).toEqual([]);
  });

  test("takes a child as deleted by the definition's own word", async () => {
    const world = await siteWorld();
    await world.start({
      children: [ConfigMap],
      desired: () => [
        configMap("db"),
        child(configMap("app"), { dependsOn: ["ConfigMap/db"] }),
        child(configMap("data"), { prune: false }),
      ],
      deletedWhen: (live) => live.metadata.annotations?.["drained"] === "true" || "is not drained",
    });
    await world.admin.create(Site, site());
    await world.settle();
    await world.admin.patchMerge(ConfigMap, at("app"), holding(["example.com/app"]));
    await world.admin.delete(Site, key);
    await world.settle();
    expect(await world.names()).toEqual(["app", "data", "db"]);
    expect(await world.condition("Ready")).toMatchObject({ reason: "Deleting" });
    await world.admin.patchMerge(ConfigMap, at("app"), { metadata: { annotations: { drained: "true" } } });
    await world.settle();
    expect(await world.names()).toEqual(["app", "data"]);
    expect(await world.admin.find(Site, key)).toBeUndefined();
  });

  test("goes on where records of different versions of a controller form a cycle", async () => {
    const world = await siteWorld();
    const both = (first: string, second: string): SiteDefinition => ({
      children: [ConfigMap],
      desired: ({ spec }) =>
        spec.size === 0 ? [] : [child(configMap(first), { dependsOn: [`ConfigMap/${second}`] }), configMap(second)],
    });
    const old = await world.start(both("x", "y"));
    await world.admin.create(Site, site());
    await world.settle();
    await old.stop();
    // The newer one got as far as turning one of the two around.
    await world.admin.patchMerge(ConfigMap, at("y"), {
      metadata: { annotations: { "homeostat.dev/depends-on": "configmaps/demo/x" } },
    });
    await world.admin.patchMerge(Site, key, { spec: { size: 0 } });
    await world.start(both("y", "x"));
    await world.settle();
    expect(await world.names()).toEqual([]);
  });
});

describe("conditions of one's own", () => {
  test("stand beside the usual ones, or in their place", async () => {
    const world = await siteWorld();
    await world.start({
      children: [ConfigMap, Secret, Deployment],
      desired: () => [configMap("one")],
      conditions: (object, observed) => [
        { type: "Available", status: observed.ready ? "True" : "False", reason: "Children", message: object.spec.text },
        { type: "Ready", status: "Unknown", reason: "Mine" },
      ],
    });
    await world.admin.create(Site, site());
    await world.settle();
    expect(await world.condition("Available")).toMatchObject({
      status: "True",
      message: "hello",
      observedGeneration: 1,
      lastTransitionTime: expect.any(String),
    });
    expect(await world.condition("Ready")).toMatchObject({ status: "Unknown", reason: "Mine" });
    const writes = world.writes.length;
    await world.settle(60_000);
    expect(world.writes.length).toBe(writes);
  });
});
