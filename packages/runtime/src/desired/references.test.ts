import { ConfigMap, Namespace, Secret } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { type DesiredDefinition, reference } from "./definition.ts";
import { at, configMap, key, Site, site, siteWorld } from "./site.test-support.ts";

const secret = (name: string, password: string, namespace = "demo") => ({
  metadata: at(name, namespace),
  stringData: { password },
});

/** Keeps the size of a Secret's password in a ConfigMap. */
const copier = (required: boolean): DesiredDefinition<Site, number | undefined> => ({
  children: [ConfigMap],
  references: [
    reference(Secret, ({ spec }) => spec.secret, { required }),
    reference(Namespace, () => "other"),
    reference(ConfigMap, ({ spec }) => [...spec.parts, { namespace: "other", name: "shared" }]),
  ],
  inputs: async ({ object, client }) => {
    if (!object.spec.secret) return undefined;
    const found = await client.find(Secret, at(object.spec.secret));
    return found ? atob(found.data?.["password"] ?? "").length : undefined;
  },
  desired: ({ spec }, length) => [configMap("copy", { length: `${length}`, text: spec.text })],
});

const length = async (world: Awaited<ReturnType<typeof siteWorld>>) =>
  (await world.admin.find(ConfigMap, at("copy")))?.data?.["length"];

describe("references", () => {
  test("wake the object when what it refers to appears, changes or goes", async () => {
    const world = await siteWorld();
    await world.start(copier(false));
    await world.admin.create(Site, site({ secret: "s" }));
    await world.settle();
    expect(await length(world)).toBe("undefined");
    await world.admin.create(Secret, secret("s", "four"));
    await world.settle();
    expect(await length(world)).toBe("4");
    await world.admin.patchMerge(Secret, at("s"), { stringData: { password: "twelve chars" } });
    await world.settle();
    expect(await length(world)).toBe("12");
    await world.admin.delete(Secret, at("s"));
    await world.settle();
    expect(await length(world)).toBe("undefined");
  });

  test("follow the object to another name, and wake nobody else", async () => {
    const world = await siteWorld();
    const manager = await world.start(copier(false));
    await world.admin.create(Secret, secret("s", "four"));
    await world.admin.create(Secret, secret("t", "seven77"));
    await world.admin.create(Site, site({ secret: "s" }));
    await world.settle();
    await world.admin.patchMerge(Site, key, { spec: { secret: "t" } });
    await world.settle();
    expect(await length(world)).toBe("7");
    const before = manager.ledger.entries().length;
    await world.admin.patchMerge(Secret, at("s"), { stringData: { password: "changed" } });
    await world.admin.create(Secret, secret("t", "namesake", "other"));
    await world.settle();
    expect(manager.ledger.entries().length).toBe(before);
    await world.admin.patchMerge(Secret, at("t"), { stringData: { password: "!" } });
    await world.settle();
    expect(await length(world)).toBe("1");
  });

  test("may be cluster-scoped, several, or in another namespace", async () => {
    const world = await siteWorld();
    const manager = await world.start(copier(false));
    await world.admin.create(Site, site({ parts: ["p", "q"] }));
    await world.settle();
    const wakes = async (change: Promise<unknown>): Promise<boolean> => {
      const before = manager.ledger.entries().length;
      await change;
      await world.settle();
      return manager.ledger.entries().length > before;
    };
    expect(await wakes(world.admin.create(ConfigMap, configMap("q", {}, { namespace: "demo" })))).toBe(true);
    expect(await wakes(world.admin.create(ConfigMap, configMap("shared", {}, { namespace: "other" })))).toBe(true);
    expect(
      await wakes(world.admin.patchMerge(Namespace, { name: "other" }, { metadata: { labels: { a: "b" } } })),
    ).toBe(true);
    expect(await wakes(world.admin.create(ConfigMap, configMap("shared", {}, { namespace: "demo" })))).toBe(false);
    expect(await wakes(world.admin.patchMerge(Namespace, { name: "demo" }, { metadata: { labels: { a: "b" } } }))).toBe(
      false,
    );
  });

  test("keep the object waiting where they are required, without an error and without a retry", async () => {
    const world = await siteWorld();
    const manager = await world.start(copier(true));
    await world.admin.create(Site, site({ secret: "s" }));
    await world.settle();
    expect(await world.names()).toEqual([]);
    expect(await world.condition("Ready")).toMatchObject({
      status: "False",
      reason: "ReferenceNotFound",
      message: "waits for Secret demo/s",
    });
    const before = manager.ledger.entries();
    await world.settle(3_600_000);
    expect(manager.ledger.entries()).toHaveLength(before.length);
    expect(before.every(({ error }) => error === undefined)).toBe(true);
    await world.admin.create(Secret, secret("s", "four"));
    await world.settle();
    expect(await length(world)).toBe("4");
  });

  test("are followed whatever predicates the controller has", async () => {
    const world = await siteWorld();
    const { controllerFor } = await import("../controller/builder.ts");
    const controller = controllerFor(Site)
      .withPredicates((event) => event.type === "added")
      .desired(copier(false));
    await world.cluster.run({ name: "sites", resources: [Site], controllers: [controller] });
    await world.admin.create(Site, site({ secret: "s" }));
    await world.settle();
    await world.admin.patchMerge(Site, key, { spec: { secret: "t" } });
    await world.settle();
    await world.admin.create(Secret, secret("t", "four"));
    await world.settle();
    expect(await length(world)).toBe("4");
  });
});
