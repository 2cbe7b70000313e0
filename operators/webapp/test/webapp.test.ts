import { ConfigMap, createVirtualClock } from "@homeostat/api";
import {
  createDevCluster,
  type DevCluster,
  expectApplied,
  expectCondition,
  expectExists,
  expectGone,
} from "@homeostat/devcluster";
import { deriveRules, type Manager } from "@homeostat/runtime";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebApp } from "../src/api.ts";
import { webAppOperator } from "../src/operator.ts";

const key = { namespace: "default", name: "shop" };
const configKey = { namespace: "default", name: "shop-config" };
const shop = (message: string, metadata: object = {}): WebApp =>
  WebApp.object({ metadata: { ...key, ...metadata }, spec: { message } });

describe("webapp operator", () => {
  const clock = createVirtualClock();
  let cluster: DevCluster;
  let manager: Manager;

  beforeEach(async () => {
    cluster = await createDevCluster({ clock, random: () => 0.5 });
    // Not as an administrator: with what its manifests grant, so that a missing rule shows here.
    manager = await cluster.run(webAppOperator, { identity: deriveRules(webAppOperator.controllers()) });
  });
  afterEach(() => cluster.stop());

  const message = ({ data }: ConfigMap): string | undefined => data?.["message"];
  const ready = () => expectCondition(cluster, WebApp, key, "Ready", "True");

  test("keeps the message of a WebApp in a ConfigMap it owns, and says so in status", async () => {
    await expectApplied(cluster, shop("open"));
    const config = await expectExists(cluster, ConfigMap, configKey, (map) => message(map) === "open");
    expect(config.metadata.ownerReferences).toMatchObject([{ kind: "WebApp", name: "shop", controller: true }]);
    const { status, metadata } = await ready();
    expect(status).toMatchObject({
      configMapName: "shop-config",
      phase: "Ready",
      observedGeneration: metadata.generation,
    });
  });

  test("follows a message that changes", async () => {
    await expectApplied(cluster, shop("open"));
    await ready();
    await expectApplied(cluster, shop("closed"));
    await expectExists(cluster, ConfigMap, configKey, (map) => message(map) === "closed");
    const { status } = await expectExists(cluster, WebApp, key, (app) => app.status?.observedGeneration === 2);
    expect(status?.phase).toBe("Ready");
  });

  test("makes a deleted ConfigMap anew", async () => {
    await expectApplied(cluster, shop("open"));
    const { metadata } = await expectExists(cluster, ConfigMap, configKey);
    await cluster.client.delete(ConfigMap, configKey);
    await expectExists(
      cluster,
      ConfigMap,
      configKey,
      (map) => map.metadata.uid !== metadata.uid && message(map) === "open",
    );
  });

  test("puts an edited ConfigMap back, and leaves alone what others added to it", async () => {
    await expectApplied(cluster, shop("open"));
    await ready();
    await cluster.client.patchMerge(ConfigMap, configKey, { data: { message: "sabotage", note: "mine" } });
    const { data } = await expectExists(cluster, ConfigMap, configKey, (map) => message(map) === "open");
    expect(data).toEqual({ message: "open", note: "mine" });
  });

  test("lets the ConfigMap go with its WebApp", async () => {
    await expectApplied(cluster, shop("open"));
    await ready();
    await cluster.client.delete(WebApp, key);
    await expectGone(cluster, WebApp, key);
    await expectGone(cluster, ConfigMap, configKey);
  });

  test("stays terminating until a foreign finalizer is taken off, and makes nothing meanwhile", async () => {
    await expectApplied(cluster, shop("open", { finalizers: ["example.com/wait"] }));
    await ready();
    await cluster.client.delete(WebApp, key);
    await cluster.client.delete(ConfigMap, configKey);
    await clock.advance(60_000);
    const { metadata } = await cluster.client.get(WebApp, key);
    expect(metadata.deletionTimestamp).toBeDefined();
    await expectGone(cluster, ConfigMap, configKey);
    await cluster.client.patchJson(WebApp, key, [{ op: "remove", path: "/metadata/finalizers" }]);
    await expectGone(cluster, WebApp, key);
  });

  test("writes nothing once everything is as it should be", async () => {
    await expectApplied(cluster, shop("open"));
    await ready();
    await clock.advance(5_000);
    const config = await cluster.client.get(ConfigMap, configKey);
    // An annotation wakes the operator and changes nothing it cares for.
    const { metadata } = await cluster.client.patchMerge(WebApp, key, { metadata: { annotations: { seen: "yes" } } });
    await clock.advance(600_000);
    expect(manager.ledger.entries({ name: "shop" }).at(-1)).toMatchObject({ outcome: "success", writes: [] });
    expect((await cluster.client.get(WebApp, key)).metadata.resourceVersion).toBe(metadata.resourceVersion);
    expect(await cluster.client.get(ConfigMap, configKey)).toEqual(config);
  });

  test("leaves a WebApp alone that is paused, and catches up afterwards", async () => {
    await expectApplied(cluster, shop("open"));
    await ready();
    await cluster.client.patchMerge(WebApp, key, {
      metadata: { annotations: { "homeostat.dev/reconcile": "false" } },
      spec: { message: "closed" },
    });
    await clock.advance(60_000);
    expect(message(await cluster.client.get(ConfigMap, configKey))).toBe("open");
    await cluster.client.patchMerge(WebApp, key, { metadata: { annotations: { "homeostat.dev/reconcile": null } } });
    await expectExists(cluster, ConfigMap, configKey, (map) => message(map) === "closed");
  });
});
