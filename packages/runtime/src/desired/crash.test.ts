import { ConfigMap, type Interceptor, Job } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { isWrite } from "../leader-election/fence.ts";
import { child } from "./child.ts";
import { at, configMap, key, Site, type SiteDefinition, site, siteWorld } from "./site.test-support.ts";

/**
 * A process that dies between any two of its requests, at any point of a life with everything in it: order, children in
 * another namespace, a child that is made anew, pruning, deletion in reverse order. Whoever comes after it must come to
 * the same world.
 */
const definition: SiteDefinition = {
  children: [ConfigMap, Job],
  immutable: "recreate",
  desired: ({ spec }) => [
    configMap("base", { text: spec.text }),
    child(
      {
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: { name: "migrate" },
        spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image: spec.text }] } } },
      },
      { dependsOn: ["ConfigMap/base"], readyWhen: () => true },
    ),
    child(configMap("far", { text: spec.text }, { namespace: "other" }), { dependsOn: ["Job/migrate"] }),
    ...spec.parts.map((name) => child(configMap(name), { dependsOn: ["ConfigMap/base"] })),
  ],
};

type World = Awaited<ReturnType<typeof siteWorld>>;

const steps: readonly ((world: World) => Promise<unknown>)[] = [
  ({ admin }) => admin.create(Site, site({ text: "one", parts: ["x", "y"] })),
  ({ admin }) => admin.patchMerge(Site, key, { spec: { text: "two", parts: ["y", "z"] } }),
  ({ admin }) => admin.delete(ConfigMap, at("base")),
  ({ admin }) => admin.patchMerge(ConfigMap, at("far", "other"), { data: { text: "by hand" } }),
  ({ admin }) => admin.delete(Site, key),
];

/** What is there, without what differs from run to run. */
async function picture({ admin, names }: World): Promise<unknown> {
  const { items } = await admin.list(ConfigMap);
  const jobs = (await admin.list(Job)).items;
  const found = await admin.find(Site, key);
  return {
    names: await names(),
    data: items
      .filter(({ metadata }) => ["demo", "other"].includes(metadata.namespace!))
      .map(({ metadata, data }) => [metadata.namespace, metadata.name, data, metadata.deletionTimestamp]),
    jobs: jobs.map(({ metadata, spec }) => [metadata.name, spec?.template.spec?.containers[0]?.image]),
    conditions: found?.status?.conditions?.map(({ type, status, reason }) => [type, status, reason]),
    observed: found?.status?.observedGeneration === found?.metadata.generation,
    finalizers: found?.metadata.finalizers,
  };
}

/** Lives through all steps; the process dies at each request that `dies` says. */
async function live(
  dies: (request: number) => boolean,
): Promise<{ pictures: unknown[]; requests: number; deaths: number }> {
  const world = await siteWorld();
  let requests = 0;
  let deaths = 0;
  let dead = false;
  const born = async (): Promise<void> => {
    dead = false;
    // Every request of one that is dead is lost; the one it died of may have got through, or not.
    let gone = false;
    const interceptor: Interceptor = (next) => async (request) => {
      if (gone) throw new Error("the process is dead");
      // Questions change nothing, so nothing hangs on dying of one.
      if (!isWrite(request)) return next(request);
      if (!dies(requests++)) return next(request);
      gone = true;
      dead = true;
      deaths++;
      if (requests % 2 === 0) await next(request);
      throw new Error("the process has died");
    };
    const manager = await world.start(definition, { interceptor });
    stop = () => manager.stop();
  };
  let stop: () => Promise<unknown> = async () => {};
  await born();
  const pictures: unknown[] = [];
  for (const step of steps) {
    await step(world);
    for (let rounds = 0; rounds < 50; rounds++) {
      await world.settle(2_000);
      if (!dead) break;
      // What is left of it must end, too, before there is another.
      const ending = stop();
      await world.settle(65_000);
      await ending.catch(() => {});
      await born();
    }
    await world.settle(20_000);
    pictures.push(await picture(world));
  }
  return { pictures, requests, deaths };
}

/** Numbers in [0, 1) that follow from the seed. */
function numbers(seed: number): () => number {
  let state = seed * 2_654_435_761 + 1;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) | 0;
    return (Math.imul(state ^ (state >>> 12), 0x297a2d39) >>> 0) / 2 ** 32;
  };
}

describe("an operator that dies", () => {
  test("comes to the same world, at whichever of its writes that was", { timeout: 60_000 }, async () => {
    const undisturbed = await live(() => false);
    expect(undisturbed.pictures).toMatchObject([
      { names: ["base", "far", "x", "y"], jobs: [["migrate", "one"]], observed: true },
      { names: ["base", "far", "y", "z"], jobs: [["migrate", "two"]] },
      { names: ["base", "far", "y", "z"] },
      { names: ["base", "far", "y", "z"] },
      { names: [], jobs: [], conditions: undefined },
    ]);
    for (let fatal = 0; fatal < undisturbed.requests; fatal++) {
      const { pictures, deaths } = await live((request) => request === fatal);
      expect(deaths, `deaths at write ${fatal}`).toBe(1);
      expect(pictures, `after a death at write ${fatal}`).toEqual(undisturbed.pictures);
    }
  });

  test("leaves nothing behind when its object is deleted while it is dead", { timeout: 60_000 }, async () => {
    for (let fatal = 0, died = true; died; fatal++) {
      const world = await siteWorld();
      died = false;
      let requests = 0;
      const interceptor: Interceptor = (next) => async (request) => {
        if (died) throw new Error("the process is dead");
        if (!isWrite(request) || requests++ !== fatal) return next(request);
        died = true;
        await next(request);
        throw new Error("the process has died");
      };
      const manager = await world.start(definition, { interceptor });
      await world.admin.create(Site, site({ text: "one", parts: ["x", "y"] }));
      await world.settle();
      const ending = manager.stop();
      await world.settle(65_000);
      await ending;
      await world.admin.delete(Site, key);
      await world.start(definition);
      await world.settle(20_000);
      expect(await picture(world), `after a death at write ${fatal}`).toMatchObject({ names: [], jobs: [] });
      expect(await world.admin.find(Site, key)).toBeUndefined();
    }
  });

  test.for([1, 2, 3, 5, 8, 13])(
    "again and again comes to the same world, with seed %i",
    { timeout: 60_000 },
    async (seed) => {
      const random = numbers(seed);
      const undisturbed = await live(() => false);
      const { pictures, deaths } = await live(() => random() < 0.2);
      expect(deaths).toBeGreaterThan(2);
      expect(pictures).toEqual(undisturbed.pictures);
    },
  );
});
