import { ConfigMap, createVirtualClock, Deployment, Job } from "@homeostat/api";
import { createDevCluster, expectApplied, expectCondition, expectExists, expectGone } from "@homeostat/devcluster";
import { plan, planText } from "@homeostat/runtime";
import { expect, onTestFinished, test } from "vitest";
import { operator, Shop, shops } from "./operator.ts";

const key = { namespace: "default", name: "corner" };
const named = (name: string) => ({ namespace: "default", name });
const shop = (version: string, cache = false) => Shop.object({ metadata: key, spec: { version, cache } });

async function setUp(speed: "instant" | "manual" = "instant") {
  const cluster = await createDevCluster({ clock: createVirtualClock(), speed });
  onTestFinished(() => cluster.stop());
  await cluster.run(operator);
  return cluster;
}

test("starts the web servers when the migration is through, not before", async () => {
  const cluster = await setUp("manual");
  await expectApplied(cluster, shop("1"));
  await expectCondition(cluster, Shop, key, "Ready", "False", "Progressing");
  await expectExists(cluster, Job, named("corner-migration"));
  await expectExists(cluster, ConfigMap, key);
  expect(await cluster.client.find(Deployment, named("corner-web"))).toBeUndefined();
});

test("opens, makes the migration anew for another version, and prunes the cache nobody wants", async () => {
  const cluster = await setUp();
  await expectApplied(cluster, shop("1", true));
  await expectCondition(cluster, Shop, key, "Ready", "True");
  await expectExists(cluster, Deployment, named("corner-cache"));
  const first = await expectExists(cluster, Job, named("corner-migration"));

  await expectApplied(cluster, shop("2"));
  await expectGone(cluster, Deployment, named("corner-cache"));
  await expectExists(
    cluster,
    Deployment,
    named("corner-web"),
    ({ spec }) => spec?.template.spec?.containers[0]?.image === "shop:2",
  );
  const second = await expectExists(cluster, Job, named("corner-migration"));
  expect(second.metadata.uid).not.toBe(first.metadata.uid);
  await expectExists(cluster, Shop, key, ({ status }) => status?.phase === "Open");

  await cluster.client.delete(Shop, key);
  await expectGone(cluster, Deployment, named("corner-web"));
  await expectGone(cluster, Job, named("corner-migration"));
});

test("tells what an edit would do, and does none of it", async () => {
  const cluster = await setUp();
  await expectApplied(cluster, shop("1", true));
  const live = await expectCondition(cluster, Shop, key, "Ready", "True");
  const edited = { ...live, spec: { version: "2", cache: false } };
  const text = planText(await plan(shops, edited, { client: cluster.client }));
  expect(text).toContain("configmaps/default/corner");
  expect(text).toMatch(/version: .*1.* → .*2/);
  expect(text).toContain("corner-cache");
  const untouched = await expectExists(cluster, ConfigMap, key);
  expect(untouched.data).toEqual({ version: "1" });
});
