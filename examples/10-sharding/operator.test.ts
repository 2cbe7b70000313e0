import { ConfigMap, createVirtualClock, Secret } from "@homeostat/api";
import { createDevCluster, eventually } from "@homeostat/devcluster";
import type { Manager } from "@homeostat/runtime";
import { expect, onTestFinished, test } from "vitest";
import { replica } from "./operator.ts";

const names = Array.from({ length: 60 }, (_, index) => `object-${index}`);

async function setUp() {
  const clock = createVirtualClock();
  const cluster = await createDevCluster({ clock, controllers: "none" });
  onTestFinished(() => cluster.stop());
  const start = (identity: string): Promise<Manager> => {
    const { operator, options } = replica(identity);
    return cluster.run(operator, options);
  };
  const write = async (round: number) => {
    for (const name of names)
      await cluster.client.apply(
        Secret,
        {
          apiVersion: "v1",
          kind: "Secret",
          metadata: { namespace: "default", name, labels: { digest: "yes" } },
          stringData: Object.fromEntries(Array.from({ length: round }, (_, index) => [`key-${index}`, "value"])),
        },
        { fieldManager: "test", force: true },
      );
  };
  /** How many objects each replica wrote, once all have been written in this round. */
  const shares = (round: number) =>
    eventually(cluster, async () => {
      const { items } = await cluster.client.list(ConfigMap, { namespace: "default" });
      const written = items.filter(({ data }) => data?.["keys"] === String(round));
      expect(written).toHaveLength(names.length);
      const shares: Record<string, number> = {};
      for (const { data } of written) shares[data!["writtenBy"]!] = (shares[data!["writtenBy"]!] ?? 0) + 1;
      return shares;
    });
  return { clock, start, write, shares };
}

test("three replicas share the objects, and two go on with all of them when one stops", async () => {
  const { clock, start, write, shares } = await setUp();
  const replicas = await Promise.all(["a", "b", "c"].map(start));
  await clock.advance(10_000);
  await write(1);
  const three = await shares(1);
  expect(Object.keys(three).sort()).toEqual(["a", "b", "c"]);
  for (const share of Object.values(three)) expect(share).toBeGreaterThan(5);

  await replicas[0]!.stop();
  await write(2);
  expect(Object.keys(await shares(2)).sort()).toEqual(["b", "c"]);
});

test("a replica that joins takes its share, and nothing is done by two", async () => {
  const { clock, start, write, shares } = await setUp();
  const first = await start("a");
  await clock.advance(10_000);
  await write(1);
  expect(await shares(1)).toEqual({ a: names.length });

  const second = await start("b");
  await clock.advance(10_000);
  const entries = () => [first, second].flatMap((manager) => manager.ledger.entries());
  const before = new Set(entries().map(({ reconcileID }) => reconcileID));
  await write(2);
  const two = await shares(2);
  await clock.settle(); // what wrote last is in the ledger a moment later
  expect(Object.keys(two).sort()).toEqual(["a", "b"]);
  const done = entries().filter(({ reconcileID }) => !before.has(reconcileID));
  expect(done.map(({ name }) => name).sort()).toEqual([...names].sort());
});
