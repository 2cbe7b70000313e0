import { findCondition, isConditionTrue, Lease, Node, Pod, type Stored } from "@homeostat/api";
import { afterEach, describe, expect, it } from "vitest";
import { createWorld, type World } from "../workloads/world.test-support.ts";

let world: World;
afterEach(() => world.stop());

const pod = (name: string, spec: object = {}, behavior?: string): Pod => ({
  metadata: { name, ...(behavior === undefined ? {} : { annotations: { "dev.homeostat/behavior": behavior } }) },
  spec: { containers: [{ name: "app", image: "app:1" }], ...spec },
});

/** Says of a node whether it is ready, as the node controller does when its kubelet falls silent. */
async function declare(name: string, value: string): Promise<void> {
  const node = await world.client.get(Node, { name });
  const conditions = node.status!.conditions!.map((each) =>
    each.type === "Ready" ? { ...each, status: value } : { ...each },
  );
  await world.client.status.patchMerge(Node, { name }, { status: { conditions } });
}

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

describe("nodes with heartbeats", () => {
  const namespace = "kube-node-lease";
  const lease = (name: string) => world.client.get(Lease, { namespace, name });

  it("B280 have leases that are renewed every ten seconds", async () => {
    world = await createWorld({ heartbeats: true });
    await world.clock.settle();
    const node = await world.client.get(Node, { name: "node-1" });
    const { metadata, spec } = await lease("node-1");
    expect(metadata.ownerReferences).toEqual([
      { apiVersion: "v1", kind: "Node", name: "node-1", uid: node.metadata.uid },
    ]);
    expect(spec).toMatchObject({ holderIdentity: "node-1", leaseDurationSeconds: 40 });
    await world.clock.advance(9_999);
    expect(await lease("node-1")).toMatchObject({ spec });
    await world.clock.advance(60_001);
    for (const name of ["node-1", "node-2"]) {
      const age = world.clock.now() - Date.parse((await lease(name)).spec!.renewTime!);
      expect(age).toBeLessThanOrEqual(10_000);
    }
  });

  it("B280 write their status every five minutes only", async () => {
    world = await createWorld({ heartbeats: true });
    await world.clock.settle();
    const changes = await world.history(Node);
    const before = changes.length;
    await world.clock.advance(299_000);
    expect(changes.length).toBe(before);
    await world.clock.advance(15_000);
    expect(changes.length).toBe(before + 2);
    const { status, metadata } = changes.at(-1)!.object;
    for (const { lastHeartbeatTime, lastTransitionTime } of status!.conditions!) {
      expect(Date.parse(lastHeartbeatTime!) - Date.parse(lastTransitionTime!)).toBeGreaterThanOrEqual(300_000);
    }
    expect(metadata.generation).toBe((await world.client.get(Node, metadata)).metadata.generation);
  });

  it("B280 are silent when they are unreachable, and speak again afterwards", async () => {
    world = await createWorld({ heartbeats: true });
    await declare("node-1", "Unknown");
    await world.clock.advance(10_000);
    const { spec } = await lease("node-1");
    await world.clock.advance(60_000);
    expect(await lease("node-1")).toMatchObject({ spec });
    await declare("node-1", "True");
    await world.clock.advance(10_000);
    expect(Date.parse((await lease("node-1")).spec!.renewTime!)).toBeGreaterThan(Date.parse(spec!.renewTime!));
  });

  it("B280 make a lease again that is deleted", async () => {
    world = await createWorld({ heartbeats: true });
    await world.clock.settle();
    await world.client.delete(Lease, { namespace, name: "node-2" });
    await world.clock.advance(10_000);
    expect(await lease("node-2")).toMatchObject({ spec: { holderIdentity: "node-2" } });
  });
});

describe("nodes that go bad", () => {
  it("give their pods up when these have tolerated it for long enough", async () => {
    world = await createWorld();
    await world.create(Pod, pod("web"));
    const up = await world.until(Pod, "web", ready, "is ready");
    const start = world.clock.now();
    await declare(up.spec!.nodeName!, "Unknown");
    const going = await world.until(Pod, "web", ({ metadata }) => metadata.deletionTimestamp, "is being deleted");
    expect(world.clock.now() - start).toBeGreaterThanOrEqual(299_000);
    expect(findCondition(going.status?.conditions, "DisruptionTarget")).toMatchObject({
      status: "True",
      reason: "DeletionByTaintManager",
    });
    const tainted = await world.client.get(Node, { name: up.spec!.nodeName! });
    expect(tainted.spec?.taints?.map(({ key, effect }) => `${key}:${effect}`)).toEqual([
      "node.kubernetes.io/unreachable:NoSchedule",
      "node.kubernetes.io/unreachable:NoExecute",
    ]);
  });

  it("leave their pods unready while nobody can reach them, and have them back afterwards", async () => {
    world = await createWorld();
    await world.create(Pod, pod("web"));
    const up = await world.until(Pod, "web", ready, "is ready");
    await declare(up.spec!.nodeName!, "Unknown");
    const lost = await world.until(Pod, "web", (each) => !ready(each), "is not ready");
    expect(lost.status).toMatchObject({ phase: "Running", containerStatuses: [{ ready: true }] });
    expect(isConditionTrue(lost.status?.conditions, "ContainersReady")).toBe(true);
    await world.clock.advance(60_000);
    expect(ready(await world.get(Pod, "web"))).toBe(false);
    await declare(up.spec!.nodeName!, "True");
    const { metadata } = await world.until(Pod, "web", ready, "is ready");
    expect(metadata.uid).toBe(up.metadata.uid);
  });

  it.each<[string, (name: string) => Promise<unknown>]>([
    ["they can be reached again", (name) => declare(name, "True")],
    ["they are deleted", (name) => world.client.delete(Node, { name })],
    [
      "they are declared out of service",
      (name) => {
        const taints = [{ key: "node.kubernetes.io/out-of-service", value: "nodeshutdown", effect: "NoExecute" }];
        return world.client.patchStrategic(Node, { name }, { spec: { taints } });
      },
    ],
  ])("keep a deleted pod that nobody can stop until %s", async (_, solve) => {
    world = await createWorld();
    await world.create(Pod, pod("web"));
    const up = await world.until(Pod, "web", ready, "is ready");
    await declare(up.spec!.nodeName!, "Unknown");
    await world.until(Pod, "web", (each) => !ready(each), "is not ready");
    await world.client.delete(Pod, up.metadata);
    await world.clock.advance(200_000);
    expect((await world.get(Pod, "web")).metadata.deletionTimestamp).toBeDefined();
    const before = world.clock.now();
    await solve(up.spec!.nodeName!);
    await world.clock.until(async () => (await world.find(Pod, "web")) === undefined, "the pod is gone");
    expect(world.clock.now()).toBe(before);
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
