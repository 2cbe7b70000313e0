import { ConfigMap } from "@homeostat/api";
import { expectCondition } from "@homeostat/devcluster";
import { expect, test } from "vitest";
import { TempoStack, type TempoStackSpec } from "../src/api/tempo-stack.ts";
import { key, minio, namespace, stackKey, startWorld, type TempoWorld } from "./world.test-support.ts";

/** A stack that fails for as long as somebody else's ConfigMap stands in its place. */
async function startFailing(reconciliation: TempoStackSpec["reconciliation"]): Promise<TempoWorld> {
  const world = await startWorld();
  await world.secret("minio", minio);
  const metadata = { name: "tempo-simplest", namespace };
  await world.cluster.client.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata });
  await world.stack({ reconciliation } as Partial<TempoStackSpec>);
  await expectCondition(world.cluster, TempoStack, stackKey, "Failed", "True");
  return world;
}

const attemptsIn = async (world: TempoWorld, ms: number): Promise<number> => {
  const before = world.reconciles("simplest");
  await world.settle(ms);
  return world.reconciles("simplest") - before;
};

test("gives up after maxRetries, and starts anew with a change", async () => {
  const world = await startFailing({ maxRetries: 3, retryBackoff: "constant" });
  await world.settle(60_000);
  expect(await attemptsIn(world, 600_000)).toBe(0);
  const { outcome, error } = world.manager.ledger
    .entries()
    .filter(({ name }) => name === "simplest")
    .at(-1)!;
  expect(outcome).toBe("terminal_error");
  expect(error).toContain("gave up after 3 retries (spec.reconciliation.maxRetries)");
  await world.cluster.client.delete(ConfigMap, key("tempo-simplest"));
  await expectCondition(world.cluster, TempoStack, stackKey, "Ready", "True");
});

test("tries again at constant intervals", async () => {
  const world = await startFailing({ retryBackoff: "constant" });
  await world.settle(60_000);
  expect(await attemptsIn(world, 60_000)).toBe(60);
});

test("waits longer by the same each time where the backoff is linear", async () => {
  const world = await startFailing({ retryBackoff: "linear" });
  await world.settle(5 * 60_000);
  // After n retries n(n+1)/2 seconds have passed: 24 in five minutes, 34 in ten.
  expect(await attemptsIn(world, 5 * 60_000)).toBeGreaterThanOrEqual(8);
  expect(await attemptsIn(world, 5 * 60_000)).toBeLessThanOrEqual(10);
});

test("looks again at every interval, without a cause", async () => {
  const world = await startWorld();
  await world.secret("minio", minio);
  await world.stack({ reconciliation: { interval: "30s" } } as Partial<TempoStackSpec>);
  await expectCondition(world.cluster, TempoStack, stackKey, "Ready", "True");
  await world.settle(60_000);
  expect(await attemptsIn(world, 300_000)).toBe(10);
});

test("counts the retries of a changed object anew", async () => {
  const world = await startFailing({ maxRetries: 3, retryBackoff: "linear" });
  await world.settle(2_500);
  const before = world.reconciles("simplest");
  await world.cluster.client.patchMerge(TempoStack, stackKey, { spec: { timeout: "31s" } });
  await world.settle(600_000);
  expect(world.reconciles("simplest") - before).toBeGreaterThanOrEqual(4);
});
