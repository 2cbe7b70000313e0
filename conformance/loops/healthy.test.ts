import { ConfigMap } from "@homeostat/api";
import { WebApp } from "@homeostat/webapp";
import { describe, expect, test } from "vitest";
import {
  configMapKey,
  createWebAppWorld,
  isLoop,
  namespace,
  pseudoRandom,
  type WebAppWorld,
} from "../support/webapp-world.ts";

/** No loop was told of in any way, and the operator has come to rest. */
async function expectAtRest(world: WebAppWorld): Promise<void> {
  await world.clock.advance(1_000);
  const settled = world.reconciles.length;
  await world.clock.advance(600_000);
  expect(world.reconciles.length).toBe(settled);
  expect(world.lines.filter(isLoop)).toEqual([]);
  expect(await world.events("ReconcileLoop")).toEqual([]);
}

describe("the healthy operator is never taken for a loop", () => {
  test("when a WebApp is edited 300 times, faster than it can be reconciled", async () => {
    await using world = await createWebAppWorld();
    await world.start();
    await world.create("busy");
    for (let edit = 0; edit < 300; edit++) {
      await world.edit("busy", `edit ${edit}`);
      if (edit % 7 === 0) await world.clock.advance(10);
    }
    await world.untilConverged("busy");
    expect((await world.configMap("busy"))?.data).toEqual({ message: "edit 299" });
    await expectAtRest(world);
  });

  test("when its ConfigMap is deleted 50 times in a row", async () => {
    await using world = await createWebAppWorld();
    await world.start();
    await world.create("busy");
    for (let round = 0; round < 50; round++) {
      await world.untilConverged("busy");
      await world.cluster.client.delete(ConfigMap, configMapKey("busy"));
      await world.clock.advance(100);
    }
    await world.untilConverged("busy");
    await expectAtRest(world);
  });

  test("when a person edits its ConfigMap now and then", async () => {
    await using world = await createWebAppWorld();
    await world.start();
    await world.create("busy");
    for (let round = 0; round < 30; round++) {
      await world.untilConverged("busy");
      const data = { message: `edit ${round}` };
      await world.cluster.client.patchMerge(
        ConfigMap,
        configMapKey("busy"),
        { data },
        { fieldManager: "kubectl-edit" },
      );
      await world.clock.advance(15_000);
    }
    expect(await world.converged("busy")).toBe(true);
    await expectAtRest(world);
  });

  test("when WebApps are made, changed and deleted at random", async () => {
    await using world = await createWebAppWorld({ controllers: ["garbage-collector"] });
    await world.start();
    const random = pseudoRandom(20);
    const left = new Set<string>();
    for (let step = 0; step < 400; step++) {
      const name = `app-${Math.floor(random() * 12)}`;
      if (!left.has(name)) {
        await world.create(name);
        left.add(name);
      } else if (random() < 0.2) {
        await world.cluster.client.delete(WebApp, { namespace, name });
        left.delete(name);
      } else {
        await world.edit(name, `step ${step}`);
      }
      if (random() < 0.5) await world.clock.advance(random() * 500);
    }
    for (const name of left) await world.untilConverged(name);
    expect(left.size).toBeGreaterThan(3);
    await expectAtRest(world);
  });

  test("when it is restarted 20 times, and converged objects are not written again", async () => {
    await using world = await createWebAppWorld();
    let manager = await world.start();
    for (const name of ["a", "b", "c"]) await world.create(name);
    for (const name of ["a", "b", "c"]) await world.untilConverged(name);
    const written = await versions(world);
    for (let restart = 0; restart < 20; restart++) {
      await Promise.all([manager.stop(), world.clock.advance(100)]);
      manager = await world.start();
      await world.clock.advance(1_000);
    }
    expect(await versions(world)).toEqual(written);
    await expectAtRest(world);
  });
});

describe("a foreign writer", () => {
  test("who keeps writing the spec is named within 20 rounds, and the object is not slowed", async () => {
    await using world = await createWebAppWorld();
    await world.start();
    await world.create("busy");
    for (let round = 0; round < 20; round++) {
      const spec = { replicas: round };
      await world.cluster.client.patchMerge(
        WebApp,
        { namespace, name: "busy" },
        { spec },
        { fieldManager: "cron-job" },
      );
      await world.clock.advance(1_000);
      expect(await world.converged("busy")).toBe(true);
    }
    const [event, ...more] = await world.events("BusyObject");
    expect(event).toMatchObject({ type: "Normal", object: "webapp/busy" });
    expect(event?.message).toContain('"cron-job" keeps writing spec.replicas of');
    expect(more).toEqual([]);
    expect(await world.events("ReconcileLoop")).toEqual([]);
  });

  test("who undoes a repair again and again is named with the field, and only that object is slowed", async () => {
    await using world = await createWebAppWorld();
    await world.start();
    await world.create("contested");
    await world.create("calm");
    await world.untilConverged("contested");
    for (let round = 0; round < 20; round++) {
      const data = { message: "no, this" };
      await world.cluster.client.patchMerge(
        ConfigMap,
        configMapKey("contested"),
        { data },
        { fieldManager: "cron-job" },
      );
      await world.clock.advance(500);
    }
    const [event] = await world.events("ReconcileLoop");
    expect(event).toMatchObject({ type: "Warning", object: "webapp/contested" });
    expect(event?.message).toContain(
      '"webapp" (this controller) and "cron-job" both write data.message of ConfigMap default/contested-config',
    );
    await world.edit("calm", "at once");
    expect(await world.untilConverged("calm")).toBe(0);
    // When the other one gives up, so does the guard.
    expect(await world.untilConverged("contested", 600_000)).toBeGreaterThan(0);
  });
});

/** resourceVersions of all WebApps and ConfigMaps. */
async function versions(world: WebAppWorld): Promise<readonly string[]> {
  const { client } = world.cluster;
  const lists = [await client.list(WebApp, { namespace }), await client.list(ConfigMap, { namespace })];
  return lists.flatMap(({ items }) => items.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`));
}
