import { EventsV1Event, Node, Pod } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { eventually, expectCondition, expectEvent } from "./kit/expect.ts";
import { startCluster } from "./kit/with-cluster.test-support.ts";

describe("events of a cluster", () => {
  test("name who reports them, and the kubelet's the node", async () => {
    const cluster = await startCluster();
    const metadata = { name: "web", namespace: "default" };
    await cluster.client.create(Pod, { metadata, spec: { containers: [{ name: "app", image: "app:1" }] } });
    await eventually(cluster, async () => {
      const { items } = await cluster.client.list(EventsV1Event, { namespace: "default" });
      const about = items.filter(({ regarding }) => regarding?.name === "web");
      const sources = new Map(about.map((event) => [event.reason, event]));
      const node = (await cluster.client.get(Pod, metadata)).spec?.nodeName;
      expect(sources.get("Scheduled")).toMatchObject({ reportingController: "default-scheduler" });
      expect(sources.get("Started")).toMatchObject({ reportingController: "kubelet", reportingInstance: node });
    });
  });

  test("say of a node that falls silent, and of its pods, that it is not ready", async () => {
    const cluster = await startCluster();
    const key = { name: "web", namespace: "default" };
    await cluster.client.create(Pod, { metadata: key, spec: { containers: [{ name: "app", image: "app:1" }] } });
    const { spec } = await expectCondition(cluster, Pod, key, "Ready", "True");
    const name = spec!.nodeName!;
    const node = await cluster.client.get(Node, { name });
    const conditions = node.status!.conditions!.map((each) =>
      each.type === "Ready" ? { ...each, status: "Unknown" as const } : each,
    );
    await cluster.client.status.update(Node, { ...node, status: { ...node.status, conditions } });
    const about = await expectEvent(cluster, Pod, key, { type: "Warning", reason: "NodeNotReady" });
    expect(about).toMatchObject({ message: "Node is not ready", reportingComponent: "node-controller" });
    const message = `Node ${name} status is now: NodeNotReady`;
    await expectEvent(cluster, Node, { name }, { type: "Normal", reason: "NodeNotReady", message });
  });
});
