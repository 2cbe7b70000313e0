import {
  ConfigMap,
  CustomResourceDefinition,
  Deployment,
  type KubeObject,
  Pod,
  type Resource,
  Secret,
  Service,
} from "@homeostat/api";
import {
  expectApplied,
  expectCondition,
  expectExists,
  expectGone,
  type FaultRule,
  faults,
} from "@homeostat/devcluster";
import { deriveRules } from "@homeostat/runtime";
import { describe, expect, test } from "vitest";
import { TempoMonolithic } from "../src/api/tempo-monolithic.ts";
import { TempoStack, type TempoStackSpec } from "../src/api/tempo-stack.ts";
import { type TempoControllersOptions, tempoControllers } from "../src/controller/controllers.ts";
import { permissions } from "../src/permissions.ts";
import { PrometheusRule, ServiceMonitor } from "../src/platform/kinds.ts";
import { communitySettings } from "../src/settings/operator-settings.ts";
import {
  key,
  kinds,
  labelSelector,
  minio,
  namespace,
  stackKey,
  startWorld,
  type TempoWorld,
} from "./world.test-support.ts";

const objects = async ({ cluster }: TempoWorld) =>
  (await Promise.all(kinds.map(async (kind) => (await cluster.client.list(kind, { labelSelector })).items))).flatMap(
    (items, at) => items.map((object: KubeObject) => `${kinds[at]!.kind} ${object.metadata!.name}`),
  );

const ready = ({ cluster }: TempoWorld) => expectCondition(cluster, TempoStack, stackKey, "Ready", "True");
const conditionOf = async ({ cluster }: TempoWorld, type: string) =>
  (await cluster.client.get(TempoStack, stackKey)).status?.conditions?.find((each) => each.type === type);

describe("an unreliable API server", () => {
  const rules: readonly FaultRule[] = [
    { type: "conflict", probability: 0.05 },
    { type: "tooManyRequests", probability: 0.03 },
    { type: "internalError", probability: 0.05 },
    { type: "connectionLost", probability: 0.03 },
    { type: "answerLost", probability: 0.05 },
    { type: "watchDropped", probability: 0.3 },
  ];
  test.each([1, 2, 3])("keeps no stack from its end, and heats no loop, seed %i", { timeout: 60_000 }, async (seed) => {
    const world = await startWorld();
    await world.stop();
    const plan = faults({ seed, rules, clock: world.clock });
    await world.start({}, { interceptors: [plan.interceptor] });
    await world.secret("minio", minio);
    await world.stack();
    await world.settle(600_000);
    await world.secret("minio", { ...minio, bucket: "tempo2" });
    await world.cluster.client.delete(Service, key("tempo-simplest-querier"));
    await world.settle(600_000);
    expect(plan.injected.length).toBeGreaterThan(10);
    await ready(world);
    const { data } = await world.cluster.client.get(ConfigMap, key("tempo-simplest"));
    expect(data!["tempo.yaml"]).toContain("bucket: tempo2\n");
    await expectExists(world.cluster, Service, key("tempo-simplest-querier"));
    expect(world.reconciles("simplest")).toBeLessThan(120);
    plan.stop();
    await world.settle(60_000);
    const count = world.reconciles("simplest");
    await world.settle(30 * 60_000);
    expect(world.reconciles("simplest")).toBe(count);
    expect(await world.manager.metrics.text()).toContain('homeostat_loop_guard_loops_total{controller="tempostack"} 0');
    // Nor is a pod missed, or told of that is gone.
    const { status } = await world.cluster.client.get(TempoStack, stackKey);
    const told = Object.values(status?.components ?? {}).flatMap(
      ({ Ready = [] }: { Ready?: readonly string[] }) => Ready,
    );
    const { items } = await world.cluster.client.list(Pod, { namespace });
    expect(told.toSorted()).toEqual(items.map(({ metadata }) => metadata.name).toSorted());
    await world.cluster.client.delete(TempoStack, stackKey);
    await expectGone(world.cluster, TempoStack, stackKey);
    await world.settle();
    expect(await objects(world)).toEqual([]);
  });
});

const openshiftMode: Partial<TempoStackSpec> = {
  tenants: { mode: "openshift", authentication: [{ tenantName: "dev", tenantId: "1" }] },
  template: { gateway: { enabled: true, ingress: { type: "none" } } },
} as Partial<TempoStackSpec>;
const withDomain: TempoControllersOptions = { settings: { ...communitySettings, baseDomain: "apps.example.com" } };
const mayReviewTokens = {
  rules: [...deriveRules(tempoControllers(withDomain)).rules, ...permissions.metricsAuth],
};

describe("a TempoStack", () => {
  test.each([1, 2, 5, 9, 14, 25, 38])(
    "that is deleted at the write number %i of its reconcile leaves nothing behind",
    async (nth) => {
      const world = await startWorld(withDomain);
      await world.stop();
      let count = 0;
      await world.start(withDomain, {
        identity: mayReviewTokens,
        interceptors: [
          (next) => async (request) => {
            if (request.method !== "GET" && !/events|reviews/.test(request.path) && ++count === nth)
              await world.cluster.client.delete(TempoStack, stackKey);
            return next(request);
          },
        ],
      });
      await world.secret("minio", minio);
      await world.stack(openshiftMode);
      await world.settle(60_000);
      expect(count).toBeGreaterThanOrEqual(nth);
      await expectGone(world.cluster, TempoStack, stackKey);
      await world.settle(60_000);
      expect(await objects(world)).toEqual([]);
    },
  );

  test("whose gateway is switched off loses all of it, roles outside of its namespace among that", async () => {
    const world = await startWorld(withDomain);
    await world.stop();
    await world.start(withDomain, { identity: mayReviewTokens });
    await world.secret("minio", minio);
    await world.stack();
    await ready(world);
    await world.settle();
    const before = await objects(world);
    await world.stack(openshiftMode);
    await expectExists(world.cluster, Deployment, key("tempo-simplest-gateway"));
    await world.settle();
    expect((await objects(world)).filter((each) => !before.includes(each)).toSorted()).toEqual([
      "ClusterRole tempo-simplest-gateway-default",
      "ClusterRoleBinding tempo-simplest-gateway-default",
      "ConfigMap tempo-simplest-gateway",
      "Deployment tempo-simplest-gateway",
      "NetworkPolicy tempo-simplest-gateway",
      "PodDisruptionBudget tempo-simplest-gateway",
      "Secret tempo-simplest-gateway",
      "Service tempo-simplest-gateway",
      "ServiceAccount tempo-simplest-gateway",
    ]);
    await world.cluster.client.patchMerge(TempoStack, stackKey, { spec: { tenants: null, template: null } });
    await world.settle(60_000);
    expect(await objects(world)).toEqual(before);
  });

  test("keeps its certificates where a later operator issues none", async () => {
    const world = await startWorld();
    await world.secret("minio", minio);
    await world.stack();
    await ready(world);
    const before = await objects(world);
    await world.stop();
    const gates = { ...communitySettings.gates, builtInCertManagement: false };
    await world.start({ settings: { ...communitySettings, gates } });
    await world.settle(60_000);
    expect(await objects(world)).toEqual(before);
    await world.cluster.client.delete(TempoStack, stackKey);
    await expectGone(world.cluster, TempoStack, stackKey);
    await world.settle();
    expect(await objects(world)).toEqual([]);
  });

  test("goes on when its Secret comes back, and keeps telling how its pods are meanwhile", async () => {
    const world = await startWorld();
    await world.secret("minio", minio);
    await world.stack();
    await ready(world);
    await world.settle();
    await world.cluster.client.delete(Secret, key("minio"));
    await expectCondition(world.cluster, TempoStack, stackKey, "ConfigurationError", "True");
    await world.cluster.client.patchMerge(Deployment, key("tempo-simplest-querier"), {
      spec: { template: { metadata: { annotations: { restarted: "now" } } } },
    });
    await world.settle(60_000);
    const { status } = await world.cluster.client.get(TempoStack, stackKey);
    const { items } = await world.cluster.client.list(Pod, {
      namespace,
      labelSelector: "app.kubernetes.io/component=querier",
    });
    // The new one waits for the Secret.
    const names = (waits: boolean) =>
      items.filter(({ status: now }) => (now?.phase === "Pending") === waits).map(({ metadata }) => metadata.name);
    expect(status?.components?.querier).toEqual({ Pending: names(true), Ready: names(false) });
    expect(items).toHaveLength(2);
    await world.secret("minio", minio);
    await ready(world);
  });

  test("yields to an older TempoMonolithic of its name, and takes the place when that is gone", async () => {
    const world = await startWorld();
    await expectApplied(world.cluster, TempoMonolithic.object({ metadata: stackKey, spec: {} }));
    await expectCondition(world.cluster, TempoMonolithic, stackKey, "Ready", "True");
    await world.settle();
    await world.secret("minio", minio);
    await world.stack();
    await expectCondition(world.cluster, TempoStack, stackKey, "ConfigurationError", "True");
    expect((await conditionOf(world, "ConfigurationError"))?.message).toContain("TempoMonolithic");
    // The one that was there first is not to suffer.
    await world.cluster.client.patchMerge(TempoMonolithic, stackKey, { spec: { timeout: "31s" } });
    await world.settle();
    await expectCondition(world.cluster, TempoMonolithic, stackKey, "Ready", "True");
    await world.cluster.client.delete(TempoMonolithic, stackKey);
    await ready(world);
  });
});

describe("conditions", () => {
  test("6.8: change their time with their status, and not otherwise", async () => {
    const world = await startWorld();
    await world.secret("minio", minio);
    await world.stack();
    await ready(world);
    await world.settle();
    const since = (await conditionOf(world, "Ready"))!.lastTransitionTime;
    await world.settle(60_000);
    await world.stack({ search: { defaultResultLimit: 30 } } as Partial<TempoStackSpec>);
    await world.settle(60_000);
    await ready(world);
    const pending = (await conditionOf(world, "Pending"))!;
    const again = (await conditionOf(world, "Ready"))!.lastTransitionTime;
    expect(pending.status).toBe("False");
    expect(Date.parse(again!)).toBeGreaterThan(Date.parse(since!));
    expect(pending.lastTransitionTime).toBe(again);
    await world.settle(60_000);
    await world.cluster.client.delete(Secret, key("minio"));
    await world.settle();
    expect((await conditionOf(world, "Pending"))!.lastTransitionTime).toBe(again);
  });
});

describe("ServiceMonitors", () => {
  const gates = { ...communitySettings.gates, prometheusOperator: true };
  const watching: TempoControllersOptions = { settings: { ...communitySettings, gates } };
  const observability = { metrics: { createServiceMonitors: true, createPrometheusRules: true } };
  const monitors = async ({ cluster }: TempoWorld) =>
    (await cluster.client.list(ServiceMonitor, { namespace })).items.map(({ metadata }) => metadata.name);

  test("6.4: go when the spec wants them no more, and stay where a later operator knows no such kind", async () => {
    const world = await startWorld();
    await world.stop();
    await installKinds(world, [ServiceMonitor, PrometheusRule]);
    await world.start(watching);
    await world.secret("minio", minio);
    await world.stack({ observability } as Partial<TempoStackSpec>);
    await ready(world);
    expect(await monitors(world)).toHaveLength(5);
    await world.stop();
    // Without the gate the kind is not looked at: what is there stays, and the stack says what is wrong with it.
    await world.start({});
    await expectCondition(world.cluster, TempoStack, stackKey, "ConfigurationError", "True");
    expect((await conditionOf(world, "ConfigurationError"))?.message).toContain("prometheusOperator");
    expect(await monitors(world)).toHaveLength(5);
    await world.stop();
    await world.start(watching);
    await ready(world);
    await world.cluster.client.patchMerge(TempoStack, stackKey, { spec: { observability: null } });
    await world.settle();
    expect(await monitors(world)).toEqual([]);
    await ready(world);
  });
});

/** Definitions that take anything, as the tests are not about what is in it. */
async function installKinds({ cluster, settle }: TempoWorld, resources: readonly Resource[]): Promise<void> {
  for (const { group, version, kind, plural } of resources) {
    const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } } as const;
    const definition: CustomResourceDefinition = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        scope: "Namespaced",
        names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
        versions: [{ name: version, served: true, storage: true, schema }],
      },
    };
    await cluster.client.create(CustomResourceDefinition, definition);
  }
  await settle();
}
