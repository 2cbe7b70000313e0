import { findCondition, isConditionTrue, Lease, Node, Pod, type Stored } from "@homeostat/api";
import { afterEach, describe, expect, it } from "vitest";
import { createWorld, type World } from "../workloads/world.test-support.ts";

let world: World;
afterEach(() => world.stop());

const pod = (name: string, spec: object = {}, behavior?: string): Pod => ({
  metadata: { name, ...(behavior === undefined ? {} : { annotations: { "dev.homeostat/behavior": behavior } }) },
  spec: { containers: [{ name: "app", image: "app:1" }], ...spec },
});

const ready = ({ status }: Stored<Pod>): boolean => isConditionTrue(status?.conditions, "Ready");

describe("nodes", () => {
  it("are two and ready, with what clients look at", async () => {
    world = await createWorld();
    const { items } = await world.client.list(Node);
    expect(items.map(({ metadata }) => metadata.name)).toEqual(["node-1", "node-2"]);
    for (const { metadata, spec, status } of items) {
      expect(isConditionTrue(status?.conditions, "Ready")).toBe(true);
      expect(metadata.labels).toMatchObject({ "kubernetes.io/hostname": metadata.name, "kubernetes.io/os": "linux" });
      expect(status?.allocatable?.["pods"]).toBe("110");
      expect(spec?.podCIDR).toMatch(/^10\.244\./);
      expect(status?.addresses?.[0]?.type).toBe("InternalIP");
    }
    // Heartbeats would wake every watch for nothing.
    expect((await world.client.list(Lease, { namespace: "kube-node-lease" })).items).toEqual([]);
  });
});

describe("nodes that go bad", () => {
  it("lose their pods when these have tolerated it for long enough", async () => {
    world = await createWorld();
    await world.create(Pod, pod("web"));
    const up = await world.until(Pod, "web", ready, "is ready");
    const node = await world.client.get(Node, { name: up.spec!.nodeName! });
    const conditions = node.status!.conditions!.map((each) =>
      each.type === "Ready" ? { ...each, status: "Unknown" } : { ...each },
    );
    const start = world.clock.now();
    await world.client.status.patchMerge(Node, node.metadata, { status: { conditions } });
    const changes = await world.history(Pod);
    await world.clock.until(async () => (await world.find(Pod, "web")) === undefined, "the pod is gone");
    expect(world.clock.now() - start).toBeGreaterThanOrEqual(299_000);
    expect(findCondition(changes.at(-1)!.object.status?.conditions, "DisruptionTarget")).toMatchObject({
      status: "True",
      reason: "DeletionByTaintManager",
    });
    const tainted = await world.client.get(Node, node.metadata);
    expect(tainted.spec?.taints?.map(({ key, effect }) => `${key}:${effect}`)).toEqual([
      "node.kubernetes.io/unreachable:NoSchedule",
      "node.kubernetes.io/unreachable:NoExecute",
    ]);
  });

  it("lose pods that do not tolerate a new taint at once", async () => {
    world = await createWorld();
    await world.create(Pod, pod("web"));
    const up = await world.until(Pod, "web", ready, "is ready");
    const start = world.clock.now();
    await world.client.patchMerge(
      Node,
      { name: up.spec!.nodeName! },
      { spec: { taints: [{ key: "broken", effect: "NoExecute" }] } },
    );
    await world.clock.until(async () => (await world.find(Pod, "web")) === undefined, "the pod is gone");
    expect(world.clock.now()).toBe(start);
  });

  it("take their pods with them when they are deleted", async () => {
    world = await createWorld();
    await world.create(Pod, pod("web"));
    const up = await world.until(Pod, "web", ready, "is ready");
    const changes = await world.history(Pod);
    await world.client.delete(Node, { name: up.spec!.nodeName! });
    await world.clock.until(async () => (await world.find(Pod, "web")) === undefined, "the pod is gone");
    expect(changes.at(-1)!.object.status).toMatchObject({ phase: "Failed" });
  });

  it("carry a taint while they are cordoned", async () => {
    world = await createWorld();
    const tainted = async () => (await world.client.get(Node, { name: "node-1" })).spec?.taints ?? [];
    await world.client.patchMerge(Node, { name: "node-1" }, { spec: { unschedulable: true } });
    await world.clock.until(async () => (await tainted()).length === 1, "the taint is there");
    expect(await tainted()).toEqual([{ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }]);
    await world.client.patchMerge(Node, { name: "node-1" }, { spec: { unschedulable: null } });
    await world.clock.until(async () => (await tainted()).length === 0, "the taint is gone");
  });
});
