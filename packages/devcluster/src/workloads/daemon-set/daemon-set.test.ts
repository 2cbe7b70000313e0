import { DaemonSet, Node, Pod, type Stored } from "@homeostat/api";
import { afterEach, describe, expect, it } from "vitest";
import { type Change, createWorld, namespace, template, type World } from "../world.test-support.ts";

const labels = { app: "agent" };
const key = { namespace, name: "agent" };
let world: World;
afterEach(() => world.stop());

const daemonSet = (extra: object = {}): DaemonSet => ({
  metadata: { name: "agent" },
  spec: { selector: { matchLabels: labels }, template: template(labels), ...extra },
});

/** What `kubectl rollout status` waits for. */
const rolledOut = ({ metadata, status }: Stored<DaemonSet>): boolean =>
  (status?.observedGeneration ?? 0) >= metadata.generation! &&
  status!.desiredNumberScheduled > 0 &&
  (status?.updatedNumberScheduled ?? 0) >= status!.desiredNumberScheduled &&
  (status?.numberAvailable ?? 0) >= status!.desiredNumberScheduled;

const nodesOf = async (): Promise<(string | undefined)[]> =>
  (await world.list(Pod)).map(({ spec }) => spec?.nodeName).sort();

const fewestAvailable = (changes: readonly Change<DaemonSet>[]): number =>
  Math.min(...changes.map(({ object }) => object.status?.numberAvailable ?? 0));

const setImage = (image: string) =>
  world.client.patchStrategic(DaemonSet, key, {
    spec: { template: { spec: { containers: [{ name: "app", image }] } } },
  });

describe("DaemonSets", () => {
  it("run one pod on every node", async () => {
    world = await createWorld({ nodes: { count: 3 } });
    await world.create(DaemonSet, daemonSet());
    const { status } = await world.until(DaemonSet, "agent", rolledOut, "is rolled out");
    expect(await nodesOf()).toEqual(["node-1", "node-2", "node-3"]);
    expect(status).toMatchObject({
      desiredNumberScheduled: 3,
      currentNumberScheduled: 3,
      numberReady: 3,
      numberMisscheduled: 0,
    });
  });

  it("follow nodes that come and that are cordoned", async () => {
    world = await createWorld({ nodes: { count: 1 } });
    await world.client.patchMerge(Node, { name: "node-1" }, { spec: { unschedulable: true } });
    await world.create(DaemonSet, daemonSet());
    await world.until(DaemonSet, "agent", rolledOut, "runs on the cordoned node");
    const { status, metadata: _, ...node } = await world.client.get(Node, { name: "node-1" });
    const { metadata } = await world.client.create(Node, { ...node, metadata: { name: "node-x" }, spec: {} });
    await world.client.status.patchMerge(Node, metadata, { status: { allocatable: { ...status!.allocatable } } });
    await world.until(DaemonSet, "agent", (set) => set.status?.numberAvailable === 2, "runs on both");
    expect(await nodesOf()).toEqual(["node-1", "node-x"]);
  });

  it("run only on nodes they select and whose taints they tolerate", async () => {
    world = await createWorld({ nodes: { count: 3 } });
    await world.client.patchMerge(Node, { name: "node-1" }, { metadata: { labels: { disk: "ssd" } } });
    await world.client.patchMerge(
      Node,
      { name: "node-2" },
      { metadata: { labels: { disk: "ssd" } }, spec: { taints: [{ key: "gpu", effect: "NoSchedule" }] } },
    );
    await world.create(
      DaemonSet,
      daemonSet({ template: template(labels, "app:1", { nodeSelector: { disk: "ssd" } }) }),
    );
    await world.until(DaemonSet, "agent", rolledOut, "is rolled out");
    expect(await nodesOf()).toEqual(["node-1"]);
    await world.client.patchMerge(Node, { name: "node-1" }, { metadata: { labels: { disk: null } } });
    await world.untilAll(Pod, (pods) => pods.length === 0, "leave");
  });

  it("replace pods node by node", async () => {
    world = await createWorld({ nodes: { count: 3 } });
    await world.create(DaemonSet, daemonSet());
    await world.until(DaemonSet, "agent", rolledOut, "is rolled out");
    const changes = await world.history(DaemonSet);
    await setImage("app:2");
    await world.until(DaemonSet, "agent", (set) => set.metadata.generation === 2 && rolledOut(set), "is updated");
    expect(fewestAvailable(changes)).toBe(2);
    expect((await world.list(Pod)).map(({ spec }) => spec!.containers[0]!.image)).toEqual(["app:2", "app:2", "app:2"]);
  });

  it("replace only pods that are deleted when the strategy is OnDelete", async () => {
    world = await createWorld({ nodes: { count: 2 } });
    await world.create(DaemonSet, daemonSet({ updateStrategy: { type: "OnDelete" } }));
    await world.until(DaemonSet, "agent", rolledOut, "is rolled out");
    await setImage("app:2");
    await world.clock.advance(60_000);
    const images = (pods: readonly Stored<Pod>[]) => pods.map(({ spec }) => spec!.containers[0]!.image).toSorted();
    const [first] = await world.list(Pod);
    expect(images(await world.list(Pod))).toEqual(["app:1", "app:1"]);
    await world.client.delete(Pod, first!.metadata);
    await world.untilAll(Pod, (pods) => images(pods).join() === "app:1,app:2", "are one of each");
    const set = await world.until(DaemonSet, "agent", ({ status }) => status?.numberAvailable === 2, "is available");
    expect(set.status).toMatchObject({ updatedNumberScheduled: 1, observedGeneration: 2 });
  });

  it("start new pods before old ones stop when they may surge", async () => {
    world = await createWorld({ nodes: { count: 2 } });
    await world.create(
      DaemonSet,
      daemonSet({ updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }),
    );
    await world.until(DaemonSet, "agent", rolledOut, "is rolled out");
    const changes = await world.history(DaemonSet);
    await setImage("app:2");
    await world.until(DaemonSet, "agent", (set) => set.metadata.generation === 2 && rolledOut(set), "is updated");
    expect(fewestAvailable(changes)).toBe(2);
    await world.untilAll(Pod, (pods) => pods.length === 2, "are two again");
  });

  it("make a pod again that has failed", async () => {
    world = await createWorld({ nodes: { count: 1 } });
    await world.create(DaemonSet, daemonSet());
    await world.until(DaemonSet, "agent", rolledOut, "is rolled out");
    const [first] = await world.list(Pod);
    await world.client.status.patchMerge(Pod, first!.metadata, { status: { phase: "Failed" } });
    await world.untilAll(
      Pod,
      (pods) =>
        pods.length === 1 && pods[0]!.metadata.uid !== first!.metadata.uid && pods[0]!.status?.phase === "Running",
      "are made again",
    );
    expect(
      (await world.events("agent")).some((event) => event.startsWith("FailedDaemonPod Found failed daemon pod")),
    ).toBe(true);
  });
});
