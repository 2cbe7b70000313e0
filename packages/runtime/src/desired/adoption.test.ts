import { ConfigMap, type KubeObject, ownerReference, Secret } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { child } from "./child.ts";
import { at, configMap, key, Site, type SiteDefinition, site, siteWorld } from "./site.test-support.ts";

const one = (rules: Partial<SiteDefinition> = {}): SiteDefinition => ({
  children: [ConfigMap],
  desired: ({ spec }) => [configMap("one", { text: spec.text })],
  ...rules,
});

/** A ConfigMap `one` that somebody made before. */
const before = (metadata: object = {}): ConfigMap =>
  configMap("one", { theirs: "yes" }, { namespace: "demo", ...metadata });

const data = async (world: Awaited<ReturnType<typeof siteWorld>>) =>
  (await world.admin.find(ConfigMap, at("one")))?.data;

describe("adoption", () => {
  test("refuses what exists already and was not made for the object, and wakes when it is gone", async () => {
    const world = await siteWorld();
    await world.start(one());
    await world.admin.create(ConfigMap, before());
    await world.admin.create(Site, site());
    await world.settle();
    expect(await data(world)).toEqual({ theirs: "yes" });
    expect(await world.condition("Ready")).toMatchObject({
      status: "False",
      reason: "Conflict",
      message: expect.stringMatching(/configmaps\/demo\/one exists already .*adopt: "ownerless"/),
    });
    await world.settle(3_600_000);
    const now = world.clock.now();
    await world.admin.delete(ConfigMap, at("one"));
    await world.settle(50);
    expect(await data(world)).toEqual({ text: "hello" });
    expect(world.clock.now() - now).toBeLessThan(100);
    expect(await world.condition("Ready")).toMatchObject({ status: "True" });
  });

  test("takes over what nobody controls, where that is allowed, with the fields of others", async () => {
    const world = await siteWorld();
    await world.start(one({ adopt: "ownerless" }));
    await world.admin.create(ConfigMap, before());
    await world.admin.create(Site, site());
    await world.settle();
    expect(await data(world)).toEqual({ theirs: "yes", text: "hello" });
    await world.admin.delete(Site, key);
    await world.settle();
    expect(await world.admin.find(ConfigMap, at("one"))).toBeUndefined();
  });

  test.each(["never", "ownerless"] as const)("names the other owner, with the rule %s", async (adopt) => {
    const world = await siteWorld();
    await world.start(one({ adopt }));
    const boss = await world.admin.create(Secret, { metadata: at("boss") });
    await world.admin.create(ConfigMap, before({ ownerReferences: [ownerReference(boss, { controller: true })] }));
    await world.admin.create(Site, site());
    await world.settle();
    expect(await data(world)).toEqual({ theirs: "yes" });
    expect(await world.condition("Ready")).toMatchObject({
      reason: "AlreadyOwned",
      message: expect.stringContaining("configmaps/demo/one exists already and belongs to Secret boss"),
    });
  });

  test("names the other object of the kind, of two that want one child", async () => {
    const world = await siteWorld();
    await world.start(one());
    await world.admin.create(Site, site());
    await world.settle();
    await world.admin.create(Site, site({ text: "mine" }, "b"));
    await world.settle(3_600_000);
    expect(await data(world)).toEqual({ text: "hello" });
    expect(await world.condition("Ready", "b")).toMatchObject({
      reason: "AlreadyOwned",
      message: expect.stringContaining("belongs to Site a"),
    });
    await world.admin.delete(Site, key);
    await world.settle();
    expect(await data(world)).toEqual({ text: "mine" });
  });

  test("names the other object of the kind for children that no owner reference can tie", async () => {
    const world = await siteWorld();
    await world.start(one({ desired: ({ spec }) => [configMap("one", { text: spec.text }, { namespace: "other" })] }));
    await world.admin.create(Site, site());
    await world.settle();
    await world.admin.create(Site, site({ text: "mine" }, "b"));
    await world.settle();
    expect(await world.condition("Ready", "b")).toMatchObject({
      reason: "AlreadyOwned",
      message: expect.stringContaining("belongs to Site demo/a"),
    });
  });

  test("takes a child from another controller only where that is declared of it", async () => {
    const world = await siteWorld();
    await world.start(
      one({ desired: ({ spec }) => [child<KubeObject>(configMap("one", { text: spec.text }), { adopt: "always" })] }),
    );
    const boss = await world.admin.create(Secret, { metadata: at("boss") });
    await world.admin.create(ConfigMap, before({ ownerReferences: [ownerReference(boss, { controller: true })] }));
    await world.admin.create(Site, site());
    await world.settle();
    const taken = await world.admin.get(ConfigMap, at("one"));
    expect(taken.data).toEqual({ theirs: "yes", text: "hello" });
    expect(taken.metadata.ownerReferences).toMatchObject([{ kind: "Site", name: "a", controller: true }]);
    const writes = world.writes.length;
    await world.settle(600_000);
    expect(world.writes.length).toBe(writes);
  });

  test("goes on with children that an imperative version of the operator made", async () => {
    const world = await siteWorld();
    const imperative = await world.start(one({ desired: () => [] }));
    const owner = await world.admin.create(Site, site());
    await world.admin.create(ConfigMap, before({ ownerReferences: [ownerReference(owner, { controller: true })] }));
    await world.settle();
    expect(await world.names()).toEqual(["one"]);
    await imperative.stop();
    await world.start(one());
    await world.settle();
    expect(await data(world)).toEqual({ theirs: "yes", text: "hello" });
  });

  test("waits for garbage collection of the children of an earlier object of its name", async () => {
    const world = await siteWorld();
    const manager = await world.start(one());
    await world.admin.create(Site, site());
    await world.settle();
    await manager.stop();
    const old = (await world.admin.get(ConfigMap, at("one"))).metadata.uid;
    await world.admin.delete(Site, key);
    await world.admin.create(Site, site({ text: "again" }));
    await world.start(one());
    await world.settle(10_000);
    const now = await world.admin.get(ConfigMap, at("one"));
    expect(now.data).toEqual({ text: "again" });
    expect(now.metadata.uid).not.toBe(old);
    expect(await world.condition("Ready")).toMatchObject({ status: "True" });
  });

  test("knows its own under a former name, prunes it, and tells that of strangers", async () => {
    const world = await siteWorld();
    const both = one({ desired: () => [configMap("one", {}, { namespace: "other" }), configMap("two")] });
    const first = await world.start(both, { name: "before" });
    await world.admin.create(Site, site());
    await world.settle();
    await first.stop();
    const stranger = await world.start(both, { name: "stranger" });
    await world.settle();
    expect(await world.condition("Ready")).toMatchObject({
      reason: "AlreadyOwned",
      message: expect.stringContaining("belongs to controller before"),
    });
    await stranger.stop();
    const only = one({ desired: () => [configMap("one", { now: "yes" }, { namespace: "other" })] });
    // The finalizer is the object's, and still the one of the first.
    const finalizer = "before.homeostat.dev/cleanup";
    await world.start({ ...only, formerNames: ["before"] }, { name: "after", finalizer });
    await world.settle();
    expect(await world.names()).toEqual(["one"]);
    expect((await world.admin.get(ConfigMap, at("one", "other"))).metadata.annotations).toMatchObject({
      "homeostat.dev/applied-for": expect.stringMatching(/^after\//),
    });
    expect(await world.condition("Ready")).toMatchObject({ status: "True" });
  });
});

describe("conflicts over fields", () => {
  test("name the other manager and its fields, for a child that does not insist", async () => {
    const world = await siteWorld();
    await world.start(
      one({ desired: ({ spec }) => [child<KubeObject>(configMap("one", { text: spec.text }), { force: false })] }),
    );
    await world.admin.create(Site, site());
    await world.settle();
    const theirs = { ...configMap("one", { text: "theirs" }, { namespace: "demo" }) };
    await world.admin.apply(ConfigMap, theirs, { fieldManager: "gitops", force: true });
    await world.settle();
    expect(await data(world)).toEqual({ text: "theirs" });
    expect(await world.condition("Ready")).toMatchObject({
      status: "False",
      reason: "FieldConflict",
      message: expect.stringMatching(/configmaps\/demo\/one.*data\.text.*"gitops"/),
    });
  });
});
