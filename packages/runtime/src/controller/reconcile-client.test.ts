import { createVirtualClock } from "@homeostat/api";
import { expect, test } from "vitest";
import { FakeCluster } from "./fake-cluster.test-support.ts";
import { type ReconcileWrite, reconcileClient } from "./reconcile-client.ts";
import { Widget } from "./world.test-support.ts";

const key = { namespace: "demo", name: "a" };

async function setUp() {
  const cluster = new FakeCluster(createVirtualClock());
  await cluster.client().create(Widget, { metadata: key, spec: { size: 1 } });
  const told: ReconcileWrite[] = [];
  const abort = new AbortController();
  const client = reconcileClient({
    client: cluster.client("nobody"),
    cache: cluster.cache,
    fieldManager: "widget",
    signal: () => abort.signal,
    onWrite: (write) => told.push(write),
  });
  return { cluster, client, told };
}

test("tells writes, and whether they changed anything", async () => {
  const { client, told } = await setUp();
  await client.patchMerge(Widget, key, { spec: { size: 2 } });
  await client.patchMerge(Widget, key, { spec: { size: 2 } });
  await client.status.patchMerge(Widget, key, { status: { phase: "Ready" } });
  await client.delete(Widget, key);
  expect(told.map(({ verb, subresource, changed }) => [verb, subresource, changed])).toEqual([
    ["patch", undefined, true],
    ["patch", undefined, false],
    ["patch", "status", true],
    ["delete", undefined, true],
  ]);
  expect(told[0]).toMatchObject({
    resource: "widgets.example.com",
    kind: "Widget",
    ...key,
    object: { spec: { size: 2 } },
  });
});

test("writes in the controller's name unless told otherwise", async () => {
  const { cluster, client } = await setUp();
  await client.patchMerge(Widget, key, { spec: { size: 2 } });
  expect(cluster.cache.store(Widget)?.peek(key)?.writer).toBe("widget");
  await client.patchMerge(Widget, key, { spec: { size: 3 } }, { fieldManager: "other" });
  expect(cluster.cache.store(Widget)?.peek(key)?.writer).toBe("other");
});

test("tells nothing of writes that fail or only pretend", async () => {
  const { client, told } = await setUp();
  await client.patchMerge(Widget, { ...key, name: "gone" }, {}).catch(() => {});
  await client.patchMerge(Widget, key, { spec: { size: 2 } }, { dryRun: true });
  expect(told).toEqual([]);
});
