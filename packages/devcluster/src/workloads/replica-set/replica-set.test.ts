import { forbidden, type Interceptor, Pod, ReplicaSet, ReplicationController } from "@homeostat/api";
import { afterEach, describe, expect, it } from "vitest";
import { createWorld, template, type World } from "../world.test-support.ts";

const labels = { app: "web" };
let world: World;
afterEach(() => world.stop());

const replicaSet = (replicas: number, extra: object = {}): ReplicaSet => ({
  metadata: { name: "web" },
  spec: { replicas, selector: { matchLabels: labels }, template: template(labels), ...extra },
});

/** As a ResourceQuota does. */
const refuseCreatedPods: Interceptor = (next) => async (request) => {
  if (request.method !== "POST" || !/\/pods(\?|$)/.test(request.path)) return next(request);
  const { status } = forbidden({ group: "", plural: "pods" }, "web-", "exceeded quota");
  const body = new TextEncoder().encode(JSON.stringify(status));
  return {
    status: 403,
    headers: { "content-type": "application/json" },
    bytes: async () => body,
    pipe: async (sink) => sink(body),
  };
};

describe("ReplicaSets", () => {
  it("make the wanted number of pods, which become ready", async () => {
    world = await createWorld();
    await world.create(ReplicaSet, replicaSet(3));
    const { status } = await world.until(
      ReplicaSet,
      "web",
      (set) => set.status?.availableReplicas === 3,
      "is available",
    );
    expect(status).toMatchObject({ replicas: 3, fullyLabeledReplicas: 3, readyReplicas: 3, observedGeneration: 1 });
    const pods = await world.list(Pod);
    expect(pods.map(({ metadata }) => metadata.ownerReferences?.[0]?.name)).toEqual(["web", "web", "web"]);
    expect(new Set(pods.map((pod) => pod.status?.podIP)).size).toBe(3);
    const events = await world.events("web");
    expect(events.filter((event) => event.startsWith("SuccessfulCreate Created pod: web-"))).toHaveLength(3);
  });

  it("delete pods beyond the wanted number", async () => {
    world = await createWorld();
    const set = await world.create(ReplicaSet, replicaSet(3));
    await world.until(ReplicaSet, "web", (each) => each.status?.availableReplicas === 3, "is available");
    await world.client.scale.set(ReplicaSet, set.metadata, 1);
    await world.untilAll(Pod, (pods) => pods.length === 1, "shrink to one");
    await world.until(
      ReplicaSet,
      "web",
      ({ status }) => status?.replicas === 1 && status.observedGeneration === 2,
      "has one",
    );
  });

  it("work the same as ReplicationControllers, whose status is smaller", async () => {
    world = await createWorld();
    await world.create(ReplicationController, {
      metadata: { name: "rc" },
      spec: { replicas: 2, template: template(labels) },
    });
    const ready = await world.until(
      ReplicationController,
      "rc",
      (rc) => rc.status?.availableReplicas === 2,
      "is available",
    );
    expect(ready.status).toEqual({
      replicas: 2,
      fullyLabeledReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 2,
      observedGeneration: 1,
    });
    expect((await world.list(Pod)).map(({ metadata }) => metadata.ownerReferences?.[0]?.kind)).toEqual([
      "ReplicationController",
      "ReplicationController",
    ]);
  });

  it("replace a pod that is deleted", async () => {
    world = await createWorld();
    await world.create(ReplicaSet, replicaSet(1));
    const [first] = await world.untilAll(Pod, (pods) => pods[0]?.status?.phase === "Running", "run");
    await world.client.delete(Pod, first!.metadata);
    const [second] = await world.untilAll(
      Pod,
      (pods) =>
        pods.length === 1 && pods[0]?.metadata.uid !== first!.metadata.uid && pods[0]?.status?.phase === "Running",
      "are replaced",
    );
    expect(second!.metadata.name).not.toBe(first!.metadata.name);
  });

  it("adopt pods without a controller, and release those that no longer match", async () => {
    world = await createWorld();
    const spec = { containers: [{ name: "app", image: "app:1" }] };
    const orphan = await world.create(Pod, { metadata: { name: "orphan", labels }, spec });
    await world.create(ReplicaSet, replicaSet(1));
    await world.until(Pod, "orphan", ({ metadata }) => metadata.ownerReferences?.[0]?.name === "web", "is adopted");
    expect(await world.list(Pod)).toHaveLength(1);
    await world.client.patchMerge(Pod, orphan.metadata, { metadata: { labels: { app: "other" } } });
    const released = await world.until(
      Pod,
      "orphan",
      ({ metadata }) => !metadata.ownerReferences?.length,
      "is released",
    );
    expect(released.metadata.labels).toEqual({ app: "other" });
    await world.untilAll(Pod, (pods) => pods.length === 2, "are two, since a new one takes its place");
  });

  it("say in a condition why pods cannot be made", async () => {
    world = await createWorld({ interceptors: [refuseCreatedPods] });
    await world.create(ReplicaSet, replicaSet(2));
    const { status } = await world.until(ReplicaSet, "web", (set) => set.status?.conditions?.length, "has a condition");
    expect(status?.conditions).toMatchObject([
      {
        type: "ReplicaFailure",
        status: "True",
        reason: "FailedCreate",
        message: 'pods "web-" is forbidden: exceeded quota',
      },
    ]);
    expect((await world.events("web")).some((event) => event.startsWith("FailedCreate Error creating: "))).toBe(true);
  });

  it("count a pod as available when it has been ready for minReadySeconds", async () => {
    world = await createWorld();
    await world.create(ReplicaSet, replicaSet(1, { minReadySeconds: 30 }));
    await world.until(ReplicaSet, "web", (set) => set.status?.readyReplicas === 1, "is ready");
    expect((await world.get(ReplicaSet, "web")).status?.availableReplicas ?? 0).toBe(0);
    const start = world.clock.now();
    await world.until(ReplicaSet, "web", (set) => set.status?.availableReplicas === 1, "is available");
    expect(world.clock.now() - start).toBeGreaterThanOrEqual(29_000);
  });
});
