import { ConfigMap, forbidden, type Interceptor, Secret } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { child } from "./child.ts";
import { at, configMap, key, Site, type SiteDefinition, site, siteWorld } from "./site.test-support.ts";

/** A ConfigMap for each part; those with a slash name their namespace. */
const parts: SiteDefinition = {
  children: [ConfigMap],
  desired: ({ spec }) =>
    spec.parts.map((part) => {
      const [name = "", namespace] = part.split("/").reverse();
      return configMap(name, {}, namespace === undefined ? {} : { namespace });
    }),
};

describe("children in other namespaces", () => {
  test("are pruned, and go with their owner, though it was deleted while the operator was down", async () => {
    const world = await siteWorld();
    const first = await world.start(parts);
    await world.admin.create(Site, site({ parts: ["x", "other/x", "other/y"] }));
    await world.settle();
    expect(await world.names()).toEqual(["x", "x", "y"]);
    await world.admin.patchMerge(Site, key, { spec: { parts: ["x", "other/x"] } });
    await world.settle();
    expect(await world.names()).toEqual(["x", "x"]);
    await first.stop();
    await world.admin.create(ConfigMap, configMap("z", {}, { namespace: "other" }));
    await world.admin.delete(Site, key);
    await world.settle(60_000);
    expect(await world.admin.find(Site, key)).toBeDefined();
    await world.start(parts);
    await world.settle();
    expect(await world.admin.find(Site, key)).toBeUndefined();
    expect(await world.names()).toEqual(["z"]);
  });

  test("are put back when somebody changes or deletes them", async () => {
    const world = await siteWorld();
    await world.start(parts);
    await world.admin.create(Site, site({ parts: ["other/x"] }));
    await world.settle();
    await world.admin.delete(ConfigMap, at("x", "other"));
    await world.settle();
    expect(await world.names()).toEqual(["x"]);
    const writes = world.writes.length;
    await world.settle(3_600_000);
    expect(world.writes.length).toBe(writes);
  });

  test("are found by the label before the owner may go, though the cache has not seen them", async () => {
    const world = await siteWorld();
    let frozen = false;
    const interceptor: Interceptor = (next) => async (request) => {
      const response = await next(request);
      if (!/configmaps\?.*watch=/.test(request.path)) return response;
      return {
        status: response.status,
        headers: response.headers,
        bytes: () => response.bytes(),
        pipe: (sink) => response.pipe((chunk) => (frozen ? undefined : sink(chunk))),
      };
    };
    await world.start(parts, { interceptor });
    await world.admin.create(Site, site({ parts: ["other/x"] }));
    await world.settle();
    // Made for it by another process a moment ago.
    frozen = true;
    const { uid } = (await world.admin.get(Site, key)).metadata;
    const record = {
      labels: { "homeostat.dev/owner-uid": uid },
      annotations: { "homeostat.dev/applied-for": `site/${uid}` },
    };
    await world.admin.create(ConfigMap, configMap("late", {}, { namespace: "other", ...record }));
    await world.admin.delete(Site, key);
    await world.settle();
    expect(await world.admin.find(Site, key)).toBeUndefined();
    expect(await world.names()).toEqual([]);
  });
});

describe("an operator that may not look everywhere", () => {
  test("cleans up by what it may see", async () => {
    const world = await siteWorld();
    let refused = 0;
    const body = forbidden({ group: "", plural: "configmaps" }, "", "not here").status;
    const interceptor: Interceptor = (next) => async (request) => {
      if (!/^\/api\/v1\/configmaps\?.*labelSelector/.test(request.path)) return next(request);
      refused++;
      const bytes = new TextEncoder().encode(JSON.stringify(body));
      return {
        status: 403,
        headers: { "content-type": "application/json" },
        bytes: async () => bytes,
        pipe: async (sink) => sink(bytes),
      };
    };
    await world.start(parts, { interceptor });
    await world.admin.create(Site, site({ parts: ["x", "other/x"] }));
    await world.settle();
    await world.admin.delete(Site, key);
    await world.settle();
    expect(await world.admin.find(Site, key)).toBeUndefined();
    expect(await world.names()).toEqual([]);
    expect(refused).toBeGreaterThan(0);
  });
});

describe("pruning", () => {
  test("and applying work for many children of one object", async () => {
    const world = await siteWorld();
    await world.start(parts);
    const names = Array.from({ length: 300 }, (_, index) => `part-${String(index).padStart(3, "0")}`);
    await world.admin.create(Site, site({ parts: names }));
    await world.settle();
    expect(await world.names()).toEqual(names);
    expect(await world.condition("Ready")).toMatchObject({ status: "True" });
    const writes = world.writes.length;
    await world.settle(3_600_000);
    expect(world.writes.length).toBe(writes);
    await world.admin.patchMerge(Site, key, { spec: { parts: names.slice(0, 10) } });
    await world.settle();
    expect(await world.names()).toEqual(names.slice(0, 10));
    expect(world.writes.slice(writes).filter((write) => write.startsWith("DELETE"))).toHaveLength(290);
  });

  test("leaves alone what is protected by an annotation", async () => {
    const world = await siteWorld();
    await world.start(parts);
    await world.admin.create(Site, site({ parts: ["x", "y"] }));
    await world.settle();
    await world.admin.patchMerge(ConfigMap, at("x"), { metadata: { annotations: { "homeostat.dev/prune": "false" } } });
    await world.admin.patchMerge(Site, key, { spec: { parts: [] } });
    await world.settle();
    expect(await world.names()).toEqual(["x"]);
    await world.admin.patchMerge(ConfigMap, at("x"), { metadata: { annotations: { "homeostat.dev/prune": null } } });
    await world.settle();
    expect(await world.names()).toEqual([]);
  });

  test("finds children of kinds that are not watched whole, and passes over kinds that do not exist", async () => {
    const world = await siteWorld();
    const manager = await world.start({
      children: [ConfigMap, Secret],
      desired: ({ spec }) => [
        configMap("x"),
        ...spec.parts.map((name) => ({ apiVersion: "v1", kind: "Secret", metadata: { name } })),
      ],
    });
    await world.admin.create(Site, site({ parts: ["old"] }));
    await world.settle();
    await manager.stop();
    await world.admin.patchMerge(Site, key, { spec: { parts: [] } });
    // The kind is not watched whole any more, by the user's own wish.
    const { controllerFor } = await import("../controller/builder.ts");
    const narrow = controllerFor(Site)
      .owns(Secret, { labelSelector: "app=web" })
      .desired({ children: [ConfigMap, Secret], desired: () => [configMap("x")] });
    await world.cluster.run({ name: "narrow", resources: [Site], controllers: [narrow] });
    await world.settle();
    expect(await world.admin.find(Secret, at("old"))).toBeUndefined();
  });
});

describe("a paused child", () => {
  const pause = { metadata: { annotations: { "homeostat.dev/reconcile": "false" } } };
  const resume = { metadata: { annotations: { "homeostat.dev/reconcile": null } } };
  const one: SiteDefinition = {
    children: [ConfigMap, Secret],
    desired: ({ spec }) =>
      spec.size === 0
        ? []
        : [
            configMap("one", { text: spec.text }),
            child({ apiVersion: "v1", kind: "Secret", metadata: { name: "two" } }, { dependsOn: ["ConfigMap/one"] }),
          ],
  };

  test("is left alone and told, and caught up with afterwards", async () => {
    const world = await siteWorld();
    await world.start(one);
    await world.admin.create(Site, site());
    await world.settle();
    await world.admin.patchMerge(ConfigMap, at("one"), { ...pause, data: { text: "by hand" } });
    await world.admin.patchMerge(Site, key, { spec: { text: "new" } });
    await world.settle();
    expect((await world.admin.get(ConfigMap, at("one"))).data).toEqual({ text: "by hand" });
    expect(await world.condition("Ready")).toMatchObject({
      status: "True",
      message: expect.stringContaining('ConfigMap one (its annotation homeostat.dev/reconcile is "false")'),
    });
    await world.admin.patchMerge(Site, key, { spec: { size: 0 } });
    await world.settle();
    expect(await world.names()).toEqual(["one"]);
    await world.admin.patchMerge(Site, key, { spec: { size: 1 } });
    await world.admin.patchMerge(ConfigMap, at("one"), resume);
    await world.settle();
    expect((await world.admin.get(ConfigMap, at("one"))).data).toEqual({ text: "new" });
  });

  test("is every one of a kind that an annotation of the owner names", async () => {
    const world = await siteWorld();
    await world.start(one);
    const annotations = { "homeostat.dev/reconcile.configmaps": "false" };
    const { metadata, ...rest } = site();
    await world.admin.create(Site, { ...rest, metadata: { ...metadata, annotations } });
    await world.settle();
    expect(await world.names()).toEqual([]);
    expect(await world.admin.find(Secret, at("two"))).toBeUndefined();
    expect(await world.condition("Ready")).toMatchObject({
      status: "False",
      message: expect.stringContaining("ConfigMap one: is not made: annotation homeostat.dev/reconcile.configmaps"),
    });
    await world.admin.patchMerge(Site, key, {
      metadata: { annotations: { "homeostat.dev/reconcile.configmaps": null } },
    });
    await world.settle();
    expect(await world.names()).toEqual(["one"]);
    expect(await world.admin.find(Secret, at("two"))).toBeDefined();
  });

  test("does not keep its owner from going", async () => {
    const world = await siteWorld();
    await world.start(one);
    await world.admin.create(Site, site());
    await world.settle();
    await world.admin.patchMerge(ConfigMap, at("one"), pause);
    await world.admin.delete(Site, key);
    await world.settle();
    expect(await world.admin.find(Site, key)).toBeUndefined();
    expect(await world.names()).toEqual([]);
  });
});
