import { isDeepStrictEqual } from "node:util";
import { Deployment, type KubeObject, Pod, ResourceQuota } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import type { DevCluster } from "../create-dev-cluster.ts";
import { expectApplied, expectExists } from "../kit/expect.ts";
import { configMap, startCluster } from "../kit/with-cluster.test-support.ts";

const key = { namespace: "default", name: "quota" };
const quota = (hard: Record<string, string>): KubeObject =>
  ({ apiVersion: "v1", kind: "ResourceQuota", metadata: key, spec: { hard } }) as KubeObject;

const expectUsed = (cluster: DevCluster, used: Record<string, string>) =>
  expectExists(cluster, ResourceQuota, key, ({ status }) => isDeepStrictEqual(status?.used, used));

describe("quotas", () => {
  test("B235 says what is used, as it comes and goes", async () => {
    const cluster = await startCluster();
    await expectApplied(
      cluster,
      quota({ pods: "3", "requests.cpu": "1", "count/configmaps": "9", "example.com/nonsense": "1" }),
    );
    await expectUsed(cluster, { "count/configmaps": "1", pods: "0", "requests.cpu": "0" });
    await expectApplied(cluster, configMap("a"));
    const resources = { requests: { cpu: "250m" } };
    const spec = { containers: [{ name: "app", image: "app:1", resources }] };
    await cluster.client.create(Pod, { metadata: { name: "web", namespace: "default" }, spec });
    await expectUsed(cluster, { "count/configmaps": "2", pods: "1", "requests.cpu": "250m" });
    await cluster.client.delete(Pod, { name: "web", namespace: "default" });
    await expectUsed(cluster, { "count/configmaps": "2", pods: "0", "requests.cpu": "0" });
  });

  test("B235 keeps a Deployment short, which says so", async () => {
    const cluster = await startCluster();
    await expectApplied(cluster, quota({ pods: "2" }));
    const metadata = { name: "web", namespace: "default" };
    const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "app", image: "app:1" }] } };
    await cluster.client.create(Deployment, {
      metadata,
      spec: { replicas: 3, selector: { matchLabels: { app: "web" } }, template },
    });
    const { status } = await expectExists(cluster, Deployment, metadata, (deployment) =>
      Boolean(deployment.status?.conditions?.some(({ type }) => type === "ReplicaFailure")),
    );
    const failure = status?.conditions?.find(({ type }) => type === "ReplicaFailure");
    expect([failure?.reason, failure?.message]).toEqual([
      "FailedCreate",
      expect.stringContaining("exceeded quota: quota"),
    ]);
    expect((await cluster.client.list(Pod, { namespace: "default" })).items).toHaveLength(2);
    await expectUsed(cluster, { pods: "2" });
  });
});
