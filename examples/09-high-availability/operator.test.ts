import { ConfigMap, createVirtualClock, Lease, Namespace, Secret, type Transport } from "@homeostat/api";
import { createDevCluster, eventually, expectExists } from "@homeostat/devcluster";
import { createManager, LeadershipLostError, silentLogger } from "@homeostat/runtime";
import { expect, onTestFinished, test } from "vitest";
import { replica } from "./operator.ts";

async function setUp() {
  const clock = createVirtualClock();
  const cluster = await createDevCluster({ clock, controllers: "none" });
  onTestFinished(() => cluster.stop());
  await cluster.client.create(Namespace, { metadata: { name: "copies" } });
  const start = async (identity: string) => {
    const reach = cluster.transport();
    let alive = true;
    /** Like a process that is killed: nothing of it arrives any more. */
    const transport: Transport = (request) => (alive ? reach(request) : Promise.reject(new Error("no connection")));
    const { operator, options } = replica(identity);
    const manager = createManager({ name: operator.name, transport, clock, log: silentLogger, ...options });
    for (const controller of operator.controllers) manager.add(controller);
    const ended = manager.ended.then(
      () => undefined,
      (error: unknown) => error,
    );
    onTestFinished(() => manager.stop().catch(() => {}));
    await manager.start();
    return { manager, ended, kill: () => (alive = false) };
  };
  const secret = (name: string) =>
    cluster.client.create(Secret, { metadata: { namespace: "default", name, labels: { copy: "yes" } } });
  const writtenBy = (name: string, who: string) =>
    expectExists(cluster, ConfigMap, { namespace: "default", name }, ({ data }) => data?.["writtenBy"] === who);
  const lead = (one: Awaited<ReturnType<typeof start>>) =>
    eventually(cluster, () => expect(one.manager.isLeader).toBe(true));
  const a = await start("a");
  await lead(a);
  const b = await start("b");
  return { clock, cluster, a, b, secret, writtenBy, lead };
}

test("one replica works, and when it is killed the other goes on within 20 seconds", async () => {
  const { clock, cluster, a, b, secret, writtenBy, lead } = await setUp();
  await secret("first");
  await writtenBy("first", "a");
  expect(b.manager.ledger.entries()).toEqual([]);

  a.kill();
  const killedAt = clock.now();
  await secret("second");
  await lead(b);
  expect(clock.now() - killedAt).toBeLessThan(20_000);
  await writtenBy("second", "b");
  const { spec } = await cluster.client.get(Lease, { namespace: "copies", name: "copies" });
  expect(spec?.holderIdentity).toBe("b");
});

test("the replica that was killed ends, and writes nothing more", async () => {
  const { clock, a, b, lead } = await setUp();
  a.kill();
  await lead(b);
  await clock.advance(1_000);
  expect(await a.ended).toBeInstanceOf(LeadershipLostError);
  const write = a.manager.client.create(ConfigMap, { metadata: { namespace: "default", name: "late" } });
  await expect(write).rejects.toMatchObject({ code: "NOT_LEADER" });
});

test("a clean stop hands over at once", async () => {
  const { clock, a, b, secret, writtenBy, lead } = await setUp();
  const stopped = a.manager.stop();
  const stoppedAt = clock.now();
  await lead(b);
  await stopped;
  expect(clock.now() - stoppedAt).toBeLessThan(5_000);
  await secret("after");
  await writtenBy("after", "b");
});
