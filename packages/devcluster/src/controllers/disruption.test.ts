import { type KubeObject, type Pod, PodDisruptionBudget, type Stored } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { expectApplied, expectCondition, expectEvent, expectExists } from "../kit/expect.ts";
import { startCluster } from "../kit/with-cluster.test-support.ts";
import { disruptionNumbers } from "./disruption-plan.ts";

const controllers = ["disruption"];
const key = { namespace: "default", name: "web" };

const budget = (spec: object): KubeObject =>
  ({
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { ...key },
    spec: { selector: { matchLabels: { app: "web" } }, ...spec },
  }) as KubeObject;

const pod = (name: string, ready: boolean, metadata: object = {}): KubeObject =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", labels: { app: "web" }, ...metadata },
    spec: { containers: [{ name: "web", image: "web" }] },
    status: { phase: "Running", conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  }) as KubeObject;

describe("disruption budgets", () => {
  test("a budget of a number counts the pods there are", async () => {
    const cluster = await startCluster({ controllers });
    await expectApplied(cluster, budget({ minAvailable: 1 }), pod("a", true), pod("b", true), pod("c", false));
    const { status } = await expectCondition(
      cluster,
      PodDisruptionBudget,
      key,
      "DisruptionAllowed",
      "True",
      "SufficientPods",
    );
    expect(status).toMatchObject({ observedGeneration: 1 });
    await expectExists(
      cluster,
      PodDisruptionBudget,
      key,
      (now) =>
        now.status?.expectedPods === 3 &&
        now.status.currentHealthy === 2 &&
        now.status.desiredHealthy === 1 &&
        now.status.disruptionsAllowed === 1,
    );
  });

  test("a budget of what may be missing asks the controllers of its pods", async () => {
    const cluster = await startCluster({ controllers });
    const [set] = await expectApplied(cluster, {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: { name: "web", namespace: "default" },
      spec: {
        replicas: 4,
        selector: { matchLabels: { app: "web" } },
        template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "web" }] } },
      },
    } as KubeObject);
    const { uid } = set!.metadata;
    const ownerReferences = [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid, controller: true }];
    const pods = ["a", "b", "c"].map((name) => pod(name, true, { ownerReferences }));
    await expectApplied(cluster, ...pods, budget({ maxUnavailable: "50%" }));
    const { status } = await expectExists(cluster, PodDisruptionBudget, key, (now) => now.status?.currentHealthy === 3);
    expect(status).toMatchObject({ expectedPods: 4, desiredHealthy: 2, disruptionsAllowed: 1 });
  });

  test("a budget whose pods have no controller to ask allows nothing, and an event says why", async () => {
    const cluster = await startCluster({ controllers });
    await expectApplied(cluster, pod("alone", true), budget({ maxUnavailable: 1 }));
    const { status } = await expectCondition(
      cluster,
      PodDisruptionBudget,
      key,
      "DisruptionAllowed",
      "False",
      "InsufficientPods",
    );
    expect(status).toMatchObject({ expectedPods: 0, currentHealthy: 1, disruptionsAllowed: 0 });
    const message = /\(selector: app=web\) were found to be unmanaged/;
    await expectEvent(cluster, PodDisruptionBudget, key, { type: "Warning", reason: "UnmanagedPods", message });
  });

  test("a budget whose pods belong to what has no scale does not know its numbers", async () => {
    const cluster = await startCluster({ controllers });
    const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: "c", uid: "u", controller: true }];
    await expectApplied(cluster, pod("odd", true, { ownerReferences }), budget({ maxUnavailable: 1 }));
    const found = ["DisruptionAllowed", "False", "SyncFailed"] as const;
    const { status } = await expectCondition(cluster, PodDisruptionBudget, key, ...found);
    expect(status?.disruptionsAllowed).toBe(0);
    expect(status?.conditions?.[0]?.message).toContain("ConfigMap default/c has no scale");
    const message = /ConfigMap default\/c has no scale/;
    const reason = "CalculateExpectedPodCountFailed";
    await expectEvent(cluster, PodDisruptionBudget, key, { type: "Warning", reason, message });
  });

  test("a budget that selects nothing says so", async () => {
    const cluster = await startCluster({ controllers });
    await expectApplied(cluster, budget({ maxUnavailable: 1 }));
    const message = "No matching pods found";
    await expectEvent(cluster, PodDisruptionBudget, key, { type: "Normal", reason: "NoPods", message });
  });
});

const numbersOf = (spec: object, pods: KubeObject[], scale?: number, disruptedPods: Record<string, string> = {}) =>
  disruptionNumbers({
    budget: { ...budget(spec), status: { disruptedPods } } as unknown as Stored<PodDisruptionBudget>,
    pods: pods as Stored<Pod>[],
    scale,
    now: Date.parse("2026-01-01T00:01:00Z"),
  });
const ready = ["a", "b", "c"].map((name) => pod(name, true));

test.for<[string, ReturnType<typeof numbersOf>, object]>([
  ["percentages round up", numbersOf({ minAvailable: "50%" }, ready, 3), { desiredHealthy: 2, disruptionsAllowed: 1 }],
  ["what may be missing rounds up, too", numbersOf({ maxUnavailable: "30%" }, ready, 3), { desiredHealthy: 2 }],
  ["no pods allow no disruption", numbersOf({ minAvailable: 0 }, []), { expectedPods: 0, disruptionsAllowed: 0 }],
  [
    "a pod that is going is not healthy",
    numbersOf({ minAvailable: 1 }, [pod("a", true, { deletionTimestamp: "2026-01-01T00:00:59Z" }), ...ready.slice(1)]),
    { currentHealthy: 2 },
  ],
  [
    "an eviction under way counts against the budget",
    numbersOf({ minAvailable: 1 }, ready, undefined, { a: "2026-01-01T00:00:59Z" }),
    { currentHealthy: 2, disruptedPods: { a: "2026-01-01T00:00:59Z" } },
  ],
  [
    "an eviction that has not shown for two minutes is forgotten",
    numbersOf({ minAvailable: 1 }, ready, undefined, { a: "2025-12-31T23:58:00Z" }),
    { currentHealthy: 3, disruptedPods: {} },
  ],
])("%s", ([, numbers, wanted]) => expect(numbers).toMatchObject(wanted));
