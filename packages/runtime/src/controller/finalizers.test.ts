import { ConfigMap, createVirtualClock } from "@homeostat/api";
import { createDevCluster } from "@homeostat/devcluster";
import { describe, expect, onTestFinished, test } from "vitest";
import { Finalizers } from "./finalizers.ts";

async function setUp() {
  const cluster = await createDevCluster({ clock: createVirtualClock(), controllers: "none" });
  onTestFinished(() => cluster.stop());
  const { client } = cluster;
  const key = { namespace: "default", name: "settings" };
  const object = await client.create(ConfigMap, { metadata: { ...key, finalizers: ["other.example.com/keep"] } });
  return { client, key, object };
}

const names = ["example.com/disk", "example.com/dns"] as const;

describe("finalizers", () => {
  test("U07 are put on a live object, and nothing is written when they are there", async () => {
    const { client, object } = await setUp();
    const finalizers = new Finalizers(ConfigMap).register(names[0], () => {}).register(names[1], () => {});
    const first = await finalizers.finalize(client, object);
    expect(first).toMatchObject({
      updated: true,
      object: { metadata: { finalizers: ["other.example.com/keep", ...names] } },
    });
    expect(await finalizers.finalize(client, first.object!)).toEqual({ updated: false, object: first.object });
  });

  test("U07 run for an object that is being deleted: successes go, failures stay and are all told", async () => {
    const { client, key, object } = await setUp();
    let broken = true;
    const fail = (what: string) => () => {
      if (broken) throw new Error(`${what} is busy`);
    };
    const finalizers = new Finalizers(ConfigMap)
      .register(names[0], fail("disk"))
      .register("example.com/cache", () => {})
      .register(names[1], fail("dns"));
    await finalizers.finalize(client, object);
    await client.delete(ConfigMap, key);
    const deleting = await client.get(ConfigMap, key);
    await expect(finalizers.finalize(client, deleting)).rejects.toThrow(
      "cleanup of ConfigMap default/settings: disk is busy; dns is busy",
    );
    const left = await client.get(ConfigMap, key);
    expect(left.metadata.finalizers).toEqual(["other.example.com/keep", ...names]);
    broken = false;
    const { object: rest, updated } = await finalizers.finalize(client, left);
    expect(updated).toBe(true);
    expect(rest?.metadata.finalizers).toEqual(["other.example.com/keep"]);
  });

  test("U07 let the object go with the last one", async () => {
    const { client, key, object } = await setUp();
    const finalizers = new Finalizers(ConfigMap).register(names[0], () => {});
    await finalizers.finalize(client, object);
    await client.patchMerge(ConfigMap, key, { metadata: { finalizers: [names[0]] } });
    await client.delete(ConfigMap, key);
    expect((await finalizers.finalize(client, await client.get(ConfigMap, key))).object).toBeUndefined();
    expect(await client.find(ConfigMap, key)).toBeUndefined();
  });

  test("U07 are registered once each", () => {
    const finalizers = new Finalizers(ConfigMap).register(names[0], () => {});
    expect(() => finalizers.register(names[0], () => {})).toThrow("is registered already");
  });
});
