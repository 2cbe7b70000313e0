import { EventsV1Event, Pod } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { eventually } from "./kit/expect.ts";
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
});
