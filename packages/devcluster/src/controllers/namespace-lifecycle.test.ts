import { ConfigMap, Namespace, ServiceAccount } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { expectApplied, expectCondition, expectExists, expectGone } from "../kit/expect.ts";
import { configMap, startCluster } from "../kit/with-cluster.test-support.ts";
import { namespaceConditions } from "./namespace-conditions.ts";
import { nextLookMs } from "./namespace-lifecycle.ts";

const shop = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } };
const key = { name: "shop" };

describe("namespace lifecycle", () => {
  test("B271 deletes everything in a namespace, then the namespace", async () => {
    const cluster = await startCluster();
    await expectApplied(cluster, shop, configMap("stock", { namespace: "shop" }));
    await expectExists(cluster, ServiceAccount, { namespace: "shop", name: "default" });
    await cluster.client.delete(Namespace, key);
    await expectGone(cluster, Namespace, key);
    expect((await cluster.client.list(ConfigMap, { namespace: "shop" })).items).toEqual([]);
    expect((await cluster.client.list(ServiceAccount, { namespace: "shop" })).items).toEqual([]);
  });

  test("B272 B274 a namespace with a stuck finalizer stays Terminating and says why", async () => {
    const cluster = await startCluster({ controllers: ["namespace"] });
    await expectApplied(cluster, shop, configMap("stuck", { namespace: "shop", finalizers: ["example.com/hold"] }));
    await cluster.client.delete(Namespace, key);
    const stuck = await expectCondition(cluster, Namespace, key, "NamespaceFinalizersRemaining", "True");
    expect(stuck.status?.phase).toBe("Terminating");
    const said = Object.fromEntries(stuck.status?.conditions?.map((each) => [each.type, each]) ?? []);
    expect(said["NamespaceFinalizersRemaining"]?.message).toBe(
      "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
    );
    expect(said["NamespaceContentRemaining"]).toMatchObject({
      status: "True",
      reason: "SomeResourcesRemain",
      message: "Some resources are remaining: configmaps. has 1 resource instances",
    });
    expect(said["NamespaceDeletionDiscoveryFailure"]).toMatchObject({ status: "False", reason: "ResourcesDiscovered" });
    await cluster.clock.advance(600_000);
    expect(await cluster.client.find(Namespace, key)).toBeDefined();
    await cluster.client.patchMerge(ConfigMap, { namespace: "shop", name: "stuck" }, { metadata: { finalizers: [] } });
    await expectGone(cluster, Namespace, key);
  });

  test("writes nothing while nothing changes for a stuck namespace", async () => {
    const cluster = await startCluster({ controllers: ["namespace"] });
    await expectApplied(cluster, shop, configMap("stuck", { namespace: "shop", finalizers: ["example.com/hold"] }));
    await cluster.client.delete(Namespace, key);
    const before = await expectCondition(cluster, Namespace, key, "NamespaceFinalizersRemaining", "True");
    await cluster.clock.advance(600_000);
    const after = await cluster.client.get(Namespace, key);
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });
});

describe("namespace conditions", () => {
  const clean = { discoveryFailures: [], deletionFailures: [], remaining: [], finalizers: {} };

  test("returns the conditions themselves when nothing changed", () => {
    const first = namespaceConditions(undefined, clean, 0);
    expect(namespaceConditions(first, clean, 60_000)).toBe(first);
    expect(first.map(({ status }) => status)).toEqual(["False", "False", "False", "False", "False"]);
  });

  test("moves the time of the transition with the status only", () => {
    const one = { ...clean, remaining: [{ resource: { group: "apps", plural: "deployments" }, count: 1 }] };
    const two = { ...clean, remaining: [{ resource: { group: "apps", plural: "deployments" }, count: 2 }] };
    const first = namespaceConditions(undefined, one, 0);
    const second = namespaceConditions(first, two, 60_000);
    const content = second.find(({ type }) => type === "NamespaceContentRemaining");
    expect(content).toMatchObject({
      message: "Some resources are remaining: deployments.apps has 2 resource instances",
      lastTransitionTime: "1970-01-01T00:00:00Z",
    });
    const last = namespaceConditions(second, clean, 120_000);
    expect(last.find(({ type }) => type === "NamespaceContentRemaining")?.lastTransitionTime).toBe(
      "1970-01-01T00:02:00Z",
    );
  });

  test("names groups that could not be discovered", () => {
    const failing = { ...clean, discoveryFailures: [{ groupVersion: "metrics.k8s.io/v1", message: "no answer" }] };
    const [discovery] = namespaceConditions(undefined, failing, 0);
    expect(discovery).toMatchObject({ status: "True", reason: "DiscoveryFailed" });
    expect(discovery?.message).toContain("metrics.k8s.io/v1: no answer");
  });
});

test.for([
  [0, 50],
  [400, 100],
  [3_600_000, 5_000],
] as const)("after %i ms looks at a stuck namespace again in %i", ([going, next]) =>
  expect(nextLookMs(going)).toBe(next),
);
