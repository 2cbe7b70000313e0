import { findCondition, isConditionTrue, Node, Pod, type Stored } from "@homeostat/api";
import { afterEach, describe, expect, it } from "vitest";
import { createWorld, namespace, type World } from "../../workloads/world.test-support.ts";

let world: World;
afterEach(() => world.stop());

const pod = (name: string, spec: object = {}, behavior?: string): Pod => ({
  metadata: { name, ...(behavior === undefined ? {} : { annotations: { "dev.homeostat/behavior": behavior } }) },
  spec: { containers: [{ name: "app", image: "app:1" }], ...spec },
});

const ready = ({ status }: Stored<Pod>): boolean => isConditionTrue(status?.conditions, "Ready");

describe("the scheduler", () => {
  it("spreads pods and says where it put them", async () => {
    world = await createWorld();
    await world.create(Pod, pod("a"));
    await world.create(Pod, pod("b"));
    const pods = await world.untilAll(Pod, (all) => all.length === 2 && all.every(ready), "are ready");
    expect(pods.map(({ spec }) => spec?.nodeName).sort()).toEqual(["node-1", "node-2"]);
    expect(await world.events("a")).toContain(`Scheduled Successfully assigned demo/a to ${pods[0]!.spec!.nodeName}`);
  });

  it("says why a pod fits nowhere, and tries again when nodes change", async () => {
    world = await createWorld();
    await world.create(Pod, pod("picky", { nodeSelector: { disk: "ssd" } }));
    const refused = await world.until(Pod, "picky", ({ status }) => status?.conditions?.length, "has a condition");
    const message = "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.";
    expect(findCondition(refused.status?.conditions, "PodScheduled")).toMatchObject({
      status: "False",
      reason: "Unschedulable",
      message,
    });
    expect(await world.events("picky")).toContain(`FailedScheduling ${message}`);
    await world.client.patchMerge(Node, { name: "node-2" }, { metadata: { labels: { disk: "ssd" } } });
    const placed = await world.until(Pod, "picky", ready, "is ready");
    expect(placed.spec?.nodeName).toBe("node-2");
    expect(isConditionTrue(placed.status?.conditions, "PodScheduled")).toBe(true);
  });

  it("keeps pods apart that dislike each other, and brings those together that belong together", async () => {
    world = await createWorld();
    const term = (app: string) => ({
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { app } } },
      ],
    });
    const labelled = (name: string, app: string, affinity: object): Pod => ({
      ...pod(name, { affinity }),
      metadata: { name, labels: { app } },
    });
    for (const name of ["a", "b", "c"]) await world.create(Pod, labelled(name, "db", { podAntiAffinity: term("db") }));
    const refused = await world.until(Pod, "c", ({ status }) => status?.conditions?.length, "has a condition");
    expect(refused.status?.conditions?.[0]?.message).toBe(
      "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.",
    );
    // The first of its kind has nobody to be near to, and goes anyway; the others follow it.
    for (const name of ["x", "y", "z"]) await world.create(Pod, labelled(name, "web", { podAffinity: term("web") }));
    const together = await world.untilAll(Pod, (all) => all.filter(ready).length === 5, "are placed");
    const places = (app: string) =>
      together
        .filter(({ metadata, spec }) => metadata.labels?.["app"] === app && spec?.nodeName)
        .map(({ spec }) => spec!.nodeName);
    expect(new Set(places("web")).size).toBe(1);
    expect(new Set(places("db")).size).toBe(2);
  });

  it("leaves a full node alone until there is room", async () => {
    world = await createWorld({ nodes: { count: 1, pods: 1 } });
    const first = await world.create(Pod, pod("first"));
    await world.until(Pod, "first", ready, "is ready");
    await world.create(Pod, pod("second"));
    const refused = await world.until(Pod, "second", ({ status }) => status?.conditions?.length, "has a condition");
    expect(refused.status?.conditions?.[0]?.message).toBe("0/1 nodes are available: 1 Too many pods.");
    await world.client.delete(Pod, first.metadata);
    await world.until(Pod, "second", ready, "takes its place");
  });

  it("leaves pods with scheduling gates and with another scheduler alone", async () => {
    world = await createWorld();
    await world.create(Pod, pod("gated", { schedulingGates: [{ name: "example.com/wait" }] }));
    await world.create(Pod, pod("foreign", { schedulerName: "other" }));
    await world.clock.advance(60_000);
    const pods = await world.list(Pod);
    expect(pods.map(({ spec }) => spec?.nodeName)).toEqual([undefined, undefined]);
    await world.client.patchMerge(Pod, { namespace, name: "gated" }, { spec: { schedulingGates: null } });
    await world.until(Pod, "gated", ready, "is ready without its gate");
  });
});
