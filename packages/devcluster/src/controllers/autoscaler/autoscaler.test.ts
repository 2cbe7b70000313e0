import { Deployment, HorizontalPodAutoscaler, type KubeObject, type Stored } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import type { DevCluster } from "../../create-dev-cluster.ts";
import { expectApplied, expectExists } from "../../kit/expect.ts";
import { startCluster } from "../../kit/with-cluster.test-support.ts";
import { metricsAnnotation } from "./metrics.ts";

const key = { namespace: "default", name: "web" };

async function startScaled(replicas: number, spec: object = {}): Promise<Awaited<ReturnType<typeof startCluster>>> {
  const cluster = await startCluster();
  const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "app", image: "app:1" }] } };
  const deployment = { replicas, selector: { matchLabels: { app: "web" } }, template };
  await cluster.client.create(Deployment, { metadata: key, spec: deployment });
  await expectApplied(cluster, {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: key,
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      maxReplicas: 10,
      metrics: [
        { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } },
      ],
      ...spec,
    },
  } as KubeObject);
  return cluster;
}

const measure = (cluster: DevCluster, value: string) =>
  cluster.client.patchMerge(Deployment, key, { metadata: { annotations: { [metricsAnnotation]: value } } });

const states = ({ status }: Stored<HorizontalPodAutoscaler>): string[] =>
  (status?.conditions ?? []).map((condition) => `${condition.type}=${condition.status} ${condition.reason}`).sort();

const expectStates = (cluster: DevCluster, wanted: readonly string[]) =>
  expectExists(cluster, HorizontalPodAutoscaler, key, (each) => states(each).join() === wanted.join());

const expectReplicas = (cluster: DevCluster, replicas: number) =>
  expectExists(cluster, Deployment, key, ({ spec }) => spec?.replicas === replicas);

describe("autoscaler", () => {
  test("says that there are no metrics, as where there is no metrics server", async () => {
    const cluster = await startScaled(2);
    const { status } = await expectStates(cluster, [
      "AbleToScale=True SucceededGetScale",
      "ScalingActive=False FailedGetResourceMetric",
    ]);
    expect(status).toMatchObject({ currentReplicas: 2, desiredReplicas: 0 });
    expect(status?.conditions?.find(({ type }) => type === "ScalingActive")?.message).toContain(
      "unable to fetch metrics from resource metrics API",
    );
  });

  test("grows as the use of the pods asks for, no faster than it may and not beyond its maximum", async () => {
    const cluster = await startScaled(2);
    await measure(cluster, "cpu=100%");
    await expectReplicas(cluster, 4);
    // Each size has twice the use that is wanted.
    await expectReplicas(cluster, 8);
    await expectReplicas(cluster, 10);
    const { status } = await expectStates(cluster, [
      "AbleToScale=True ReadyForNewScale",
      "ScalingActive=True ValidMetricFound",
      "ScalingLimited=True TooManyReplicas",
    ]);
    expect(status).toMatchObject({
      desiredReplicas: 10,
      currentMetrics: [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: 100 } } }],
    });
  });

  test("shrinks only when use has been low for five minutes", async () => {
    const cluster = await startScaled(4);
    await measure(cluster, "cpu=50%");
    await expectStates(cluster, [
      "AbleToScale=True ReadyForNewScale",
      "ScalingActive=True ValidMetricFound",
      "ScalingLimited=False DesiredWithinRange",
    ]);
    await measure(cluster, "cpu=10%");
    await cluster.clock.advance(280_000);
    await expectStates(cluster, [
      "AbleToScale=True ScaleDownStabilized",
      "ScalingActive=True ValidMetricFound",
      "ScalingLimited=False DesiredWithinRange",
    ]);
    expect((await cluster.client.get(Deployment, key)).spec?.replicas).toBe(4);
    await cluster.clock.advance(40_000);
    await expectReplicas(cluster, 1);
  });

  test("leaves a target alone that was scaled to nothing, and brings others into their bounds", async () => {
    const cluster = await startScaled(1, { minReplicas: 3 });
    await expectReplicas(cluster, 3);
    await cluster.client.scale.set(Deployment, key, 0);
    await expectExists(cluster, HorizontalPodAutoscaler, key, (each) =>
      states(each).includes("ScalingActive=False ScalingDisabled"),
    );
    expect((await cluster.client.get(Deployment, key)).spec?.replicas).toBe(0);
  });

  test("says what keeps it from its target", async () => {
    const cluster = await startScaled(1, {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "other" },
    });
    await expectStates(cluster, ["AbleToScale=False FailedGetScale"]);
  });
});
