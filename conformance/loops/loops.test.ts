import type { ControllerDefinition } from "@homeostat/runtime";
import { type Bug, WebApp, webAppOperator } from "@homeostat/webapp";
import { describe, expect, test } from "vitest";
import { createWebAppWorld, isLoop, onlyFor, type WebAppWorld } from "../support/webapp-world.ts";

/** What each bug of the WebApp operator must be told as: the field or object, and the writers. */
const cases: readonly { readonly bug: Bug; readonly controllers: readonly string[]; readonly names: RegExp[] }[] = [
  {
    bug: "status-timestamp",
    controllers: ["webapp"],
    names: [/"webapp" writes status\.lastReconciled of WebApp default\/looping /],
  },
  {
    bug: "spec-write",
    controllers: ["webapp"],
    names: [/"webapp" writes spec\.replicas of WebApp default\/looping /],
  },
  {
    bug: "recreate-child",
    controllers: ["webapp"],
    names: [/"webapp" deletes and creates ConfigMap default\/looping-config /],
  },
  {
    bug: "rivals",
    controllers: ["webapp", "webapp-rival"],
    names: [
      /"webapp" \(this controller\) and "webapp-rival" both write data\.message of ConfigMap default\/looping-config /,
      /"webapp-rival" \(this controller\) and "webapp" both write data\.message of ConfigMap default\/looping-config /,
    ],
  },
];

/** A world in which the object `looping`, and no other, is reconciled by a controller with a bug. */
async function loopingWorld(bug: Bug): Promise<WebAppWorld & { readonly metrics: () => Promise<string> }> {
  const world = await createWebAppWorld();
  const controllers = webAppOperator.controllers({ bug }) as ControllerDefinition<WebApp>[];
  const manager = await world.start(onlyFor("looping", controllers));
  await world.create("looping");
  return { ...world, metrics: () => manager.metrics.text(), [Symbol.asyncDispose]: world[Symbol.asyncDispose] };
}

const of = (world: WebAppWorld, name: string) => world.reconciles.filter((entry) => entry.name === name);

describe.each(cases)("the bug $bug", ({ bug, controllers, names }) => {
  test("is caught within 20 iterations, named by object, field and writers", async () => {
    await using world = await loopingWorld(bug);
    await world.clock.until(() => world.lines.filter(isLoop).length >= names.length, "the loop to be found", 10_000);
    expect(of(world, "looping").length).toBeLessThanOrEqual(20);
    const reasons = world.lines.filter(isLoop).map(({ fields }) => String(fields["reason"]));
    for (const name of names) expect(reasons).toContainEqual(expect.stringMatching(name));
    expect(world.lines.find(isLoop)?.fields).toMatchObject({ namespace: "default", name: "looping" });
  });

  test("is told as a Warning event that kubectl shows, and by a metric", async () => {
    await using world = await loopingWorld(bug);
    await world.clock.until(async () => (await world.events("ReconcileLoop")).length >= names.length, "events", 10_000);
    const events = await world.events("ReconcileLoop");
    for (const name of names) expect(events.map(({ message }) => message)).toContainEqual(expect.stringMatching(name));
    expect(new Set(events.map(({ type, object }) => `${type} ${object}`))).toEqual(new Set(["Warning webapp/looping"]));
    const metrics = await world.metrics();
    for (const controller of controllers) {
      expect(metrics).toContain(`homeostat_loop_guard_loops_total{controller="${controller}"} 1\n`);
      expect(metrics).toContain(`homeostat_loop_guard_slowed_keys{controller="${controller}"} 1\n`);
    }
  });

  test("is slowed, more with time, to a few passes in ten minutes", async () => {
    await using world = await loopingWorld(bug);
    await world.clock.advance(5_000);
    const early = of(world, "looping").length;
    await world.clock.advance(600_000);
    // 5 s, then 10, 20, 40 … up to 300: eight passes of each controller at most.
    expect(of(world, "looping").length - early).toBeLessThanOrEqual(8 * controllers.length);
    expect(of(world, "looping").length).toBeGreaterThan(early);
  });

  test("does not hold up other objects, which are made and edited at once", async () => {
    await using world = await loopingWorld(bug);
    await world.clock.advance(1_000);
    const before = of(world, "looping").length;
    await world.create("calm");
    expect(await world.untilConverged("calm")).toBe(0);
    await world.edit("calm", "edited");
    expect(await world.untilConverged("calm")).toBe(0);
    expect((await world.configMap("calm"))?.data).toEqual({ message: "edited" });
    expect(of(world, "looping").length).toBe(before);
    const regarding = (await world.events("ReconcileLoop")).map(({ object }) => object);
    expect(new Set(regarding)).toEqual(new Set(["webapp/looping"]));
  });

  test("is forgotten when the object is deleted", async () => {
    await using world = await loopingWorld(bug);
    await world.clock.advance(1_000);
    await world.cluster.client.delete(WebApp, { namespace: "default", name: "looping" });
    // Twice the delay of the slowed key: whoever waits has waited, and finds nothing.
    await world.clock.advance(60_000);
    const after = of(world, "looping").length;
    await world.clock.advance(600_000);
    expect(of(world, "looping").length).toBe(after);
    expect(await world.metrics()).toContain('homeostat_loop_guard_slowed_keys{controller="webapp"} 0\n');
  });
});
