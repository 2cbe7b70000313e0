import {
  type Condition,
  ConfigMap,
  Deployment,
  type KubeObject,
  Namespace,
  Secret,
  serviceUnavailable,
} from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { controllerFor } from "../controller/builder.ts";
import { TerminalError } from "../controller/reconciler.ts";
import { createWorld, Widget, type World } from "../controller/world.test-support.ts";
import type { DesiredDefinition } from "./definition.ts";

const key = { namespace: "demo", name: "a" };

const configMap = (name: string, data: Record<string, string>): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data,
});

async function start(
  definition: Partial<DesiredDefinition<Widget>>,
  options: Parameters<typeof controllerFor>[1] = {},
): Promise<World> {
  const world = createWorld();
  await world.widget("a", { spec: { size: 1 } });
  await world.run(
    controllerFor(Widget, options).desired({
      children: [ConfigMap],
      desired: ({ spec }) => [configMap("a", { size: `${spec?.size}` })],
      ...definition,
    }),
  );
  await world.clock.advance(100);
  return world;
}

const conditions = (world: World): Record<string, Condition> => {
  const found = (world.cluster.object(Widget, key)?.status?.["conditions"] ?? []) as Condition[];
  return Object.fromEntries(found.map((condition) => [condition.type, condition]));
};

describe("desired", () => {
  test("applies children as the object's own, and says Ready", async () => {
    const world = await start({ status: (_, { ready }) => ({ phase: ready ? "Ready" : "Pending" }) });
    const owner = world.cluster.object(Widget, key)!;
    expect(world.cluster.object(ConfigMap, key)).toMatchObject({
      data: { size: "1" },
      metadata: {
        ownerReferences: [
          { apiVersion: "example.com/v1", kind: "Widget", name: "a", uid: owner.metadata.uid, controller: true },
        ],
        annotations: { "homeostat.dev/applied-for": `widget/${owner.metadata.uid}` },
      },
    });
    expect(owner.status).toMatchObject({ phase: "Ready", observedGeneration: 1 });
    expect(conditions(world)).toMatchObject({ Ready: { status: "True", reason: "Ready", observedGeneration: 1 } });
  });

  test("sends nothing while everything is as it should be", async () => {
    const world = await start({}, { resyncMs: 1_000 });
    const before = world.cluster.requests.length;
    await world.clock.advance(10_500);
    expect(world.ledger.entries().length).toBeGreaterThan(10);
    expect(world.cluster.requests.slice(before)).toEqual([]);
  });

  test("follows the object and reverts drift, but leaves alone what others add", async () => {
    const world = await start({});
    const alice = world.cluster.client("alice");
    await alice.patchMerge(ConfigMap, key, { data: { size: "999", extra: "mine" } });
    await world.clock.advance(10);
    expect(world.cluster.object(ConfigMap, key)?.data).toEqual({ size: "1", extra: "mine" });
    await alice.patchMerge(Widget, key, { spec: { size: 5 } });
    await world.clock.advance(10);
    expect(world.cluster.object(ConfigMap, key)?.data).toEqual({ size: "5", extra: "mine" });
    await alice.delete(ConfigMap, key);
    await world.clock.advance(10);
    expect(world.cluster.object(ConfigMap, key)?.data).toEqual({ size: "5" });
  });

  test("takes back a field that is no longer desired", async () => {
    const world = await start({
      desired: ({ spec }) => [configMap("a", spec?.size === 1 ? { one: "1", two: "2" } : { one: "1" })],
    });
    await world.cluster.client().patchMerge(Widget, key, { spec: { size: 2 } });
    await world.clock.advance(10);
    expect(world.cluster.object(ConfigMap, key)?.data).toEqual({ one: "1" });
  });

  test("prunes what is no longer desired, and nothing that only looks like its own", async () => {
    const world = await start({
      children: [ConfigMap, Secret],
      desired: ({ spec }) => Array.from({ length: spec?.size ?? 0 }, (_, index) => configMap(`part-${index}`, {})),
    });
    const client = world.cluster.client();
    await client.patchMerge(Widget, key, { spec: { size: 3 } });
    await world.clock.advance(10);
    const part = world.cluster.object(ConfigMap, { namespace: "demo", name: "part-2" })!;
    const { ownerReferences, annotations } = part.metadata;
    // Owned, but not applied by us; and with our annotations, but not owned.
    await client.create(ConfigMap, {
      metadata: { name: "owned", namespace: "demo", ownerReferences: ownerReferences! },
    });
    await client.create(ConfigMap, { metadata: { name: "copied", namespace: "demo", annotations: annotations! } });
    await client.patchMerge(Widget, key, { spec: { size: 1 } });
    await world.clock.advance(10);
    expect(
      world.cluster
        .list(ConfigMap)
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual(["copied", "owned", "part-0"]);
  });

  test("applies in the order of kinds and hands children to status in the order of desired", async () => {
    let seen: readonly string[] = [];
    const deployment: Deployment = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "a" },
      spec: { replicas: 1 } as never,
    };
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "a" } };
    const world = await start({
      children: [Deployment, ConfigMap, Secret],
      desired: () => [deployment, secret, configMap("a", {})],
      status: (_, { children }) => {
        seen = children.map(({ object }) => object.kind);
        return {};
      },
    });
    const applied = world.cluster.requests
      .filter((request) => request.verb === "create")
      .map((request) => request.resource);
    expect(applied.slice(1)).toEqual(["secrets", "configmaps", "deployments.apps"]);
    expect(seen).toEqual(["Deployment", "Secret", "ConfigMap"]);
  });

  test("is not ready until its children are, and says why", async () => {
    const deployment: Deployment = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "a" },
      spec: { replicas: 2 } as never,
    };
    const world = await start({ children: [Deployment], desired: () => [deployment] });
    const kubelet = world.cluster.client("kubelet");
    await kubelet.status.patchMerge(Deployment, key, {
      status: { observedGeneration: 1, updatedReplicas: 2, replicas: 2, availableReplicas: 1 },
    });
    await world.clock.advance(10);
    expect(conditions(world)).toMatchObject({
      Ready: { status: "False", reason: "Progressing", message: "Deployment a: 1 of 2 replicas are available" },
      Reconciling: { status: "True" },
    });
    await kubelet.status.patchMerge(Deployment, key, { status: { availableReplicas: 2 } });
    await world.clock.advance(10);
    expect(Object.keys(conditions(world))).toEqual(["Ready"]);
    expect(conditions(world)["Ready"]?.status).toBe("True");
  });

  test("waits for more where only the status of a child changed, and for nothing else", async () => {
    const deployment = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "a" }, spec: { replicas: 2 } };
    const desired = () => [deployment as never as Deployment];
    const world = await start({ children: [Deployment], statusSettleMs: 200, desired });
    await world.clock.advance(1_000);
    const before = world.ledger.entries().length;
    const kubelet = world.cluster.client("kubelet");
    for (const availableReplicas of [0, 1, 2]) {
      const status = { observedGeneration: 1, updatedReplicas: 2, replicas: 2, availableReplicas };
      await kubelet.status.patchMerge(Deployment, key, { status });
      await world.clock.advance(50);
    }
    expect(world.ledger.entries().length).toBe(before);
    await world.clock.advance(150);
    expect(world.ledger.entries().length).toBe(before + 1);
    expect(conditions(world)["Ready"]?.status).toBe("True");
    await kubelet.delete(Deployment, key);
    await world.clock.advance(10);
    expect(world.cluster.object(Deployment, key)?.spec?.replicas).toBe(2);
  });

  test("turns an error into conditions, keeps trying, and clears them", async () => {
    let broken = true;
    const world = await start({
      inputs: async () => {
        if (broken) throw serviceUnavailable("registry is away");
        return undefined;
      },
    });
    expect(conditions(world)).toMatchObject({
      Ready: { status: "False", reason: "ServiceUnavailable", message: expect.stringContaining("registry is away") },
      Reconciling: { status: "True", reason: "Retrying" },
    });
    broken = false;
    await world.clock.advance(60_000);
    expect(Object.keys(conditions(world))).toEqual(["Ready"]);
  });

  test.each<[string, readonly KubeObject[], string]>([
    [
      "a kind that is not declared",
      [{ apiVersion: "v1", kind: "Secret", metadata: { name: "a" } }],
      "not among children",
    ],
    ["an object without a name", [{ apiVersion: "v1", kind: "ConfigMap", metadata: {} }], "without metadata.name"],
    ["one object twice", [configMap("a", {}), configMap("a", {})], "twice"],
  ])("stalls when desired returns %s", async (_, objects, message) => {
    const world = await start({ desired: () => objects });
    expect(conditions(world)).toMatchObject({ Stalled: { status: "True", message: expect.stringContaining(message) } });
    const before = world.ledger.entries().length;
    await world.clock.advance(3_600_000);
    expect(world.ledger.entries().length).toBe(before);
  });

  test("stalls on a terminal error of its own", async () => {
    const world = await start({
      desired: () => {
        throw new TerminalError("spec.size must be even");
      },
    });
    expect(conditions(world)).toMatchObject({
      Ready: { status: "False", reason: "InvalidConfiguration", message: "spec.size must be even" },
    });
  });

  test("says of a failure what its definition says, beside and in place of the usual conditions", async () => {
    const world = await start({
      inputs: async () => {
        throw new TerminalError("no bucket");
      },
      failed: (_, error) => ({
        status: { phase: (error as Error).message },
        conditions: [
          { type: "Ready", status: "False", reason: "BadStorage", message: "see ConfigurationError" },
          { type: "ConfigurationError", status: "True", reason: "BadStorage", message: "no bucket" },
        ],
      }),
    });
    expect(world.cluster.object(Widget, key)?.status).toMatchObject({ phase: "no bucket" });
    expect(conditions(world)).toMatchObject({
      Ready: { reason: "BadStorage", observedGeneration: 1 },
      ConfigurationError: { status: "True" },
      Stalled: { status: "True", reason: "InvalidConfiguration" },
    });
  });

  test("is found to be paused in its status, and goes on when it is not", async () => {
    const world = await start({});
    const client = world.cluster.client();
    await client.patchMerge(Widget, key, {
      metadata: { annotations: { "homeostat.dev/reconcile": "false" } },
      spec: { size: 7 },
    });
    await world.clock.advance(10);
    expect(conditions(world)).toMatchObject({
      Ready: { status: "True", observedGeneration: 1 },
      Paused: { status: "True" },
    });
    expect(world.cluster.object(ConfigMap, key)?.data).toEqual({ size: "1" });
    await client.patchMerge(Widget, key, { metadata: { annotations: { "homeostat.dev/reconcile": null } } });
    await world.clock.advance(10);
    expect(Object.keys(conditions(world))).toEqual(["Ready"]);
    expect(world.cluster.object(ConfigMap, key)?.data).toEqual({ size: "7" });
  });

  test("keeps conditions and status fields of others", async () => {
    const world = await start({ status: () => ({ phase: "Ready" }) });
    const foreign = {
      type: "Audited",
      status: "True",
      reason: "Ok",
      message: "",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    };
    const mine = Object.values(conditions(world)) as unknown as Record<string, string>[];
    await world.cluster
      .client("auditor")
      .status.patchMerge(Widget, key, { status: { conditions: [...mine, foreign], audit: "ok" } });
    await world.cluster.client().patchMerge(Widget, key, { spec: { size: 2 } });
    await world.clock.advance(10);
    expect(Object.keys(conditions(world))).toEqual(["Ready", "Audited"]);
    expect(world.cluster.object(Widget, key)?.status).toMatchObject({
      phase: "Ready",
      audit: "ok",
      observedGeneration: 2,
    });
  });

  test("cleans up cluster-scoped children, which no garbage collector would", async () => {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "sandbox" } };
    const world = await start({ children: [Namespace], desired: () => [namespace] });
    const uid = world.cluster.object(Widget, key)!.metadata.uid;
    expect(world.cluster.object(Namespace, { name: "sandbox" })?.metadata).toMatchObject({
      labels: { "homeostat.dev/owner-uid": uid },
    });
    await world.cluster
      .client()
      .patchMerge(Namespace, { name: "sandbox" }, { metadata: { labels: { "homeostat.dev/owner-uid": "lost" } } });
    await world.clock.advance(10);
    await world.cluster.client().delete(Widget, key);
    await world.clock.advance(10);
    expect(world.cluster.object(Namespace, { name: "sandbox" })).toBeUndefined();
    expect(world.cluster.object(Widget, key)).toBeUndefined();
  });
});
