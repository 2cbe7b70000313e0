import {
  ConfigMap,
  CustomResourceDefinition,
  defineResource,
  Event,
  type KubeObject,
  Namespace,
  type OwnerReference,
  ownerReference,
  type Stored,
} from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { DevCluster } from "../../create-dev-cluster.ts";
import { eventually, expectApplied, expectExists, expectGone } from "../../kit/expect.ts";
import { configMap, startCluster } from "../../kit/with-cluster.test-support.ts";
import { installResources } from "../../operator.ts";

const collector = { controllers: ["garbage-collector"] } as const;
const key = (name: string, namespace = "default") => ({ namespace, name });

async function family(cluster: DevCluster, options: { readonly block?: boolean; readonly finalizers?: string[] } = {}) {
  const [owner] = await expectApplied(cluster, configMap("owner"));
  const reference = ownerReference(owner!, { blockOwnerDeletion: options.block ?? false });
  await expectApplied(
    cluster,
    configMap("child", { ownerReferences: [reference], finalizers: options.finalizers ?? [] }),
  );
  return owner!;
}

describe("garbage collector", () => {
  test("deletes the children of an owner that is deleted in the background", async () => {
    const cluster = await startCluster(collector);
    await family(cluster);
    await cluster.client.delete(ConfigMap, key("owner"), { propagationPolicy: "Background" });
    expect(await cluster.client.find(ConfigMap, key("owner"))).toBeUndefined();
    await expectGone(cluster, ConfigMap, key("child"));
  });

  test("deletes grandchildren, too", async () => {
    const cluster = await startCluster(collector);
    await family(cluster);
    const child = await cluster.client.get(ConfigMap, key("child"));
    await expectApplied(cluster, configMap("grandchild", { ownerReferences: [ownerReference(child)] }));
    await cluster.client.delete(ConfigMap, key("owner"));
    await expectGone(cluster, ConfigMap, key("grandchild"));
  });

  test("keeps an owner that is deleted in the foreground until its blocking children are gone", async () => {
    const cluster = await startCluster(collector);
    await family(cluster, { block: true, finalizers: ["example.com/hold"] });
    await cluster.client.delete(ConfigMap, key("owner"), { propagationPolicy: "Foreground" });
    await expectExists(cluster, ConfigMap, key("child"), ({ metadata }) => metadata.deletionTimestamp !== undefined);
    await cluster.clock.advance(60_000);
    const owner = await cluster.client.get(ConfigMap, key("owner"));
    expect(owner.metadata.finalizers).toEqual(["foregroundDeletion"]);
    await cluster.client.patchMerge(ConfigMap, key("child"), { metadata: { finalizers: [] } });
    await expectGone(cluster, ConfigMap, key("owner"));
  });

  test("lets an owner go in the foreground though children that do not block it remain", async () => {
    const cluster = await startCluster(collector);
    await family(cluster, { finalizers: ["example.com/hold"] });
    await cluster.client.delete(ConfigMap, key("owner"), { propagationPolicy: "Foreground" });
    await expectGone(cluster, ConfigMap, key("owner"));
    expect(await cluster.client.find(ConfigMap, key("child"))).toBeDefined();
  });

  test("sets the children of an owner free that is deleted with Orphan", async () => {
    const cluster = await startCluster(collector);
    await family(cluster);
    await cluster.client.delete(ConfigMap, key("owner"), { propagationPolicy: "Orphan" });
    await expectGone(cluster, ConfigMap, key("owner"));
    await cluster.clock.advance(60_000);
    const child = await cluster.client.get(ConfigMap, key("child"));
    expect(child.metadata.ownerReferences ?? []).toEqual([]);
  });

  test("keeps a child that has another owner, and takes the reference to the one that is gone", async () => {
    const cluster = await startCluster(collector);
    const owner = await family(cluster);
    const [other] = await expectApplied(cluster, configMap("other"));
    const ownerReferences = [ownerReference(owner), ownerReference(other!)];
    await expectApplied(cluster, configMap("child", { ownerReferences }));
    await cluster.client.delete(ConfigMap, key("owner"));
    const child = await expectExists(
      cluster,
      ConfigMap,
      key("child"),
      ({ metadata }) => metadata.ownerReferences?.length === 1,
    );
    expect(child.metadata.ownerReferences?.[0]?.name).toBe("other");
  });

  test("deletes an object whose owner never was", async () => {
    const cluster = await startCluster(collector);
    const reference = { apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: "no-such-uid" };
    await expectApplied(cluster, configMap("child", { ownerReferences: [reference] }));
    await expectGone(cluster, ConfigMap, key("child"));
  });

  test("deletes an object whose owner has been replaced by a namesake", async () => {
    const cluster = await startCluster(collector);
    const [namesake] = await expectApplied(cluster, configMap("owner"));
    const former = { ...ownerReference(namesake!), uid: "of-the-former-one" };
    await expectApplied(cluster, configMap("child", { ownerReferences: [former] }));
    await expectGone(cluster, ConfigMap, key("child"));
    expect(await cluster.client.find(ConfigMap, key("owner"))).toBeDefined();
  });

  test("B118 deletes an object whose owner lives in another namespace, and says so in an event", async () => {
    const cluster = await startCluster(collector);
    const [owner] = await expectApplied(cluster, configMap("owner", { namespace: "kube-public" }));
    await cluster.clock.settle();
    await expectApplied(cluster, configMap("child", { ownerReferences: [ownerReference(owner!)] }));
    await expectGone(cluster, ConfigMap, key("child"));
    await expectWarning(cluster);
  });

  test("leaves a cluster-scoped object alone whose owner is of a namespaced kind", async () => {
    const cluster = await startCluster(collector);
    const [owner] = await expectApplied(cluster, configMap("owner"));
    await expectApplied(cluster, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "held", ownerReferences: [ownerReference(owner!)] },
    });
    await cluster.client.delete(ConfigMap, key("owner"));
    await cluster.clock.advance(120_000);
    const namespace = await cluster.client.get(Namespace, { name: "held" });
    expect(namespace.metadata.deletionTimestamp).toBeUndefined();
    await expectWarning(cluster);
  });

  test("ends a circle of owners that is deleted in the foreground", async () => {
    const cluster = await startCluster(collector);
    const [a] = await expectApplied(cluster, configMap("a"));
    const [b] = await expectApplied(cluster, configMap("b", { ownerReferences: [blocking(a!)] }));
    await expectApplied(cluster, configMap("a", { ownerReferences: [blocking(b!)] }));
    await cluster.clock.settle();
    await cluster.client.delete(ConfigMap, key("a"), { propagationPolicy: "Foreground" });
    await expectGone(cluster, ConfigMap, key("a"));
    await expectGone(cluster, ConfigMap, key("b"));
  });

  test("collects children of custom kinds that were defined after it started", async () => {
    const cluster = await startCluster(collector);
    await installResources(cluster.client, cluster.clock, [Shop]);
    const [shop] = await expectApplied(cluster, Shop.object({ metadata: key("corner"), spec: {} }));
    await expectApplied(cluster, configMap("child", { ownerReferences: [ownerReference(shop!)] }));
    await cluster.clock.advance(60_000);
    expect(await cluster.client.find(ConfigMap, key("child"))).toBeDefined();
    await cluster.client.delete(Shop, key("corner"));
    await expectGone(cluster, ConfigMap, key("child"));
  });

  test("keeps an object whose owner is of a kind that is not served, until it is", async () => {
    const cluster = await startCluster(collector);
    const reference = { apiVersion: "example.com/v1", kind: "Shop", name: "corner", uid: "no-such-uid" };
    await expectApplied(cluster, configMap("child", { ownerReferences: [reference] }));
    await cluster.clock.advance(60_000);
    expect(await cluster.client.find(ConfigMap, key("child"))).toBeDefined();
    await installResources(cluster.client, cluster.clock, [Shop]);
    await expectGone(cluster, ConfigMap, key("child"));
  });

  test("a definition that is deleted takes its objects along, and their children", async () => {
    const cluster = await startCluster(collector);
    await installResources(cluster.client, cluster.clock, [Shop]);
    const [shop] = await expectApplied(cluster, Shop.object({ metadata: key("corner"), spec: {} }));
    await expectApplied(cluster, configMap("child", { ownerReferences: [ownerReference(shop!)] }));
    await cluster.clock.advance(1_000);
    await cluster.client.delete(CustomResourceDefinition, { name: "shops.example.com" });
    await expectGone(cluster, CustomResourceDefinition, { name: "shops.example.com" });
    await installResources(cluster.client, cluster.clock, [Shop]);
    expect((await cluster.client.list(Shop)).items).toEqual([]);
    await expectGone(cluster, ConfigMap, key("child"));
  });
});

const Shop = defineResource({ group: "example.com", version: "v1", kind: "Shop", spec: z.object({}) });

async function expectWarning(cluster: DevCluster): Promise<void> {
  await eventually(cluster, async () => {
    const reasons = (await cluster.client.list(Event)).items.map(({ reason }) => reason);
    expect(reasons).toContain("OwnerRefInvalidNamespace");
  });
}

function blocking(owner: Stored<KubeObject>): OwnerReference {
  return ownerReference(owner, { blockOwnerDeletion: true });
}
