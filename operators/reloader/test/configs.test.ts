import {
  type CustomResourceDefinition,
  Deployment,
  findCondition,
  Namespace,
  Pod,
  type PodDisruptionBudget,
} from "@homeostat/api";
import { eventually, expectApplied, expectCondition, faults } from "@homeostat/devcluster";
import { describe, expect, test } from "vitest";
import { ReloaderConfig } from "../src/api.ts";
import { Rollout } from "../src/kinds.ts";
import { auto, key, type ReloaderWorld, rolls, Secret, startWorld, variables, workload } from "./world.test-support.ts";

type Spec = Parameters<typeof ReloaderConfig.object>[0]["spec"];
const config = (spec: Spec, metadata: object = {}) =>
  ReloaderConfig.object({ metadata: { ...key("c"), ...metadata }, spec });
const target = (name: string, parts: object = {}) => ({ kind: "Deployment" as const, name, ...parts });
const listed: Spec = { watchedResources: { secrets: ["db"] }, targets: [target("web")] };

const deployment = ({ cluster }: ReloaderWorld, name = "web", namespace = "default") =>
  cluster.client.get(Deployment, key(name, namespace));
const rollsOf = async (world: ReloaderWorld, name = "web", namespace = "default") =>
  rolls(await deployment(world, name, namespace));
const status = async ({ cluster }: ReloaderWorld) => (await cluster.client.get(ReloaderConfig, key("c"))).status!;

/** The config, a Deployment web that uses Secret db, and all of it known to the operator. */
async function watched(spec: Spec = listed, options: Parameters<typeof startWorld>[0] = {}) {
  const world = await startWorld(options);
  await world.secret("db", { password: "initial" });
  await expectApplied(world.cluster, workload("web", { secrets: ["db"] }), config(spec));
  await world.settle();
  expect(await rollsOf(world)).toBe(0);
  return world;
}

describe("ReloaderConfig", () => {
  test("C1: a listed Secret rolls the target, and the status tells", async () => {
    const world = await watched();
    const before = await status(world);
    expect(before.reloadCount).toBe(0);
    await world.secret("db", { password: "secret123" });
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
    expect(variables(await deployment(world))).toHaveProperty("STAKATER_DB_SECRET");
    const after = await status(world);
    expect(after.watchedResourceHashes).toEqual({
      "default/Secret/db": "d76b86529169b8606158a3084c058f3d338b13dc09771a3682551beb4aa2341c",
    });
    expect(after).toMatchObject({
      observedGeneration: 1,
      reloadCount: 1,
      lastReloadTime: expect.any(String),
      targetStatus: [{ kind: "Deployment", name: "web", namespace: "default", reloadCount: 1 }],
    });
    await world.secret("db", { password: "again" });
    await world.settle();
    expect((await status(world)).reloadCount).toBe(2);
  });

  test("C2, C3: labels of the Secret and a ConfigMap of its name roll nothing", async () => {
    const world = await watched();
    await world.secret("db", { password: "initial" }, { labels: { a: "b" } });
    await world.configMap("db", { a: "1" });
    await world.settle();
    await world.configMap("db", { a: "2" });
    await world.settle();
    expect(await rollsOf(world)).toBe(0);
  });

  test("C4: a missing target is named, and the other one rolls", async () => {
    const world = await watched({ ...listed, targets: [target("gone"), target("web")] });
    await expectCondition(world.cluster, ReloaderConfig, key("c"), "Degraded", "True", "TargetNotFound");
    await world.secret("db", { password: "changed" });
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
    expect((await status(world)).targetStatus).toMatchObject([
      { name: "gone", lastError: "Deployment default/gone is not there" },
      { name: "web", reloadCount: 1 },
    ]);
    await expectApplied(world.cluster, workload("gone"));
    await expectCondition(world.cluster, ReloaderConfig, key("c"), "Degraded", "False");
  });

  test("C5, D9: a missing Secret is named while the config stays available", async () => {
    const world = await watched({ watchedResources: { secrets: ["db", "nowhere"] }, targets: [target("web")] });
    const { status } = await expectCondition(
      world.cluster,
      ReloaderConfig,
      key("c"),
      "Degraded",
      "True",
      "ResourceNotFound",
    );
    expect(findCondition(status!.conditions, "Degraded")?.message).toContain("default/Secret/nowhere");
    expect(findCondition(status!.conditions, "Available")?.status).toBe("True");
    expect(findCondition(status!.conditions, "Progressing")?.status).toBe("False");
  });

  test("C6: autoReloadAll rolls the target that refers, and not the other", async () => {
    const world = await watched({ autoReloadAll: true, targets: [target("web"), target("b")] });
    await expectApplied(world.cluster, workload("b"));
    await world.settle();
    await world.secret("db", { password: "changed" });
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
    expect(await rollsOf(world, "b")).toBe(0);
  });

  test("S8: autoReloadAll follows what a target refers to, without an edit of the config", async () => {
    const world = await watched({ autoReloadAll: true, targets: [target("web")] });
    await world.configMap("later", { a: "1" });
    await expectApplied(world.cluster, workload("web", { secrets: ["db"], configMaps: ["later"] }));
    await world.settle();
    expect(Object.keys((await status(world)).watchedResourceHashes!)).toEqual([
      "default/ConfigMap/later",
      "default/Secret/db",
    ]);
    await world.configMap("later", { a: "2" });
    await world.settle();
    expect(await rollsOf(world)).toBe(2);
  });

  test("C8, S14: matchLabels are looked at when a change happens", async () => {
    const world = await watched({ ...listed, matchLabels: { team: "x" } });
    const change = async (password: string, labels: object) => {
      await world.secret("db", { password }, { labels });
      await world.settle();
    };
    await change("1", {});
    expect(await rollsOf(world)).toBe(0);
    await change("1", { team: "x" });
    expect(await rollsOf(world)).toBe(0);
    await change("2", { team: "x" });
    expect(await rollsOf(world)).toBe(1);
  });

  test("C9: within a pause period a change waits, and is rolled at its end", async () => {
    const world = await watched({ ...listed, targets: [target("web", { pausePeriod: "1m" })] });
    await world.secret("db", { password: "1" });
    await world.settle(10_000);
    expect(await rollsOf(world)).toBe(1);
    expect((await status(world)).targetStatus?.[0]?.pausedUntil).toBeDefined();
    await world.secret("db", { password: "2" });
    await world.settle(30_000);
    await world.secret("db", { password: "3" });
    expect(await rollsOf(world)).toBe(1);
    await world.settle(25_000);
    expect(await rollsOf(world)).toBe(2);
    expect((await deployment(world)).spec?.paused).not.toBe(true);
    await world.settle(120_000);
    expect(await rollsOf(world)).toBe(2);
    expect((await status(world)).targetStatus?.[0]?.pausedUntil).toBeUndefined();
  });

  test("C9: a pause period outlives the operator", async () => {
    const world = await watched({ ...listed, targets: [target("web", { pausePeriod: "1m" })] });
    await world.secret("db", { password: "1" });
    await world.settle(5_000);
    await world.manager.stop();
    await world.secret("db", { password: "2" });
    await world.start();
    await world.settle(20_000);
    expect(await rollsOf(world)).toBe(1);
    await world.settle(60_000);
    expect(await rollsOf(world)).toBe(2);
  });

  test("C10: a config and an annotation together roll once", async () => {
    const world = await startWorld();
    await world.secret("db", { password: "initial" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }), config(listed));
    await expectApplied(world.cluster, config(listed, { name: "second" }));
    await world.settle();
    await world.secret("db", { password: "changed" });
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
  });

  test("C11, S15: a target in another namespace rolls only after that namespace has granted it", async () => {
    const world = await startWorld();
    await expectApplied(world.cluster, { apiVersion: "v1", kind: "Namespace", metadata: { name: "apps" } });
    await world.secret("db", { password: "initial" });
    await expectApplied(
      world.cluster,
      workload("web", { namespace: "apps" }),
      config({ ...listed, targets: [target("web", { namespace: "apps" })] }),
    );
    await expectCondition(world.cluster, ReloaderConfig, key("c"), "Degraded", "True", "InvalidSpec");
    await world.secret("db", { password: "1" });
    await world.settle();
    expect(await rollsOf(world, "web", "apps")).toBe(0);
    await world.cluster.client.patchMerge(
      Namespace,
      { name: "apps" },
      { metadata: { annotations: { "reloader.stakater.com/allow-targets-from": "default" } } },
    );
    await expectCondition(world.cluster, ReloaderConfig, key("c"), "Degraded", "False");
    await world.settle();
    await world.secret("db", { password: "2" });
    await world.settle();
    expect(await rollsOf(world, "web", "apps")).toBe(1);
  });

  test("C12, C13: reloadOnCreate rolls for a Secret that appears, and not again at a restart", async () => {
    const world = await startWorld();
    await expectApplied(world.cluster, workload("web"), config({ ...listed, reloadOnCreate: true }));
    await world.settle();
    await world.secret("db", { password: "new" });
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
    expect((await status(world)).watchedResourceHashes).toHaveProperty(["default/Secret/db"]);
    await world.manager.stop();
    await world.start();
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
  });

  test("C14, C16: what changed while the operator was away rolls; what it did not know does not", async () => {
    const world = await watched();
    await world.manager.stop();
    await world.secret("db", { password: "changed" });
    await world.start();
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
    expect((await status(world)).reloadCount).toBe(1);
  });

  test("C15, S12: reloadOnDelete rolls, and the Secret leaves the status", async () => {
    const world = await watched({ ...listed, reloadOnDelete: true });
    await world.cluster.client.delete(Secret, key("db"));
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
    expect((await status(world)).watchedResourceHashes).toEqual({});
  });

  test("a reload that fails is named in the status, until it succeeds", async () => {
    const world = await watched();
    await world.manager.stop();
    const refusing = faults({
      seed: 1,
      rules: [{ type: "internalError", probability: 1, path: /deployments\/web\?f/ }],
    });
    await world.start({}, { interceptors: [refusing.interceptor] });
    await world.secret("db", { password: "changed" });
    await expectCondition(world.cluster, ReloaderConfig, key("c"), "Degraded", "True", "ReloadFailed");
    expect(await status(world)).toMatchObject({
      reloadCount: 0,
      targetStatus: [{ name: "web", lastError: expect.stringContaining("injected fault") }],
    });
    refusing.stop();
    await expectCondition(world.cluster, ReloaderConfig, key("c"), "Degraded", "False");
    await world.settle(20_000);
    expect((await status(world)).targetStatus).toEqual([expect.not.objectContaining({ lastError: expect.anything() })]);
    expect((await status(world)).reloadCount).toBe(1);
  });

  test("S6: the target's strategy wins over the spec's, and the spec's over the flag", async () => {
    const spec = { ...listed, reloadStrategy: "env-vars" as const };
    const world = await watched(
      { ...spec, targets: [target("web", { reloadStrategy: "annotations" }), target("b")] },
      {
        reloadStrategy: "annotations",
      },
    );
    await expectApplied(world.cluster, workload("b"));
    await world.settle();
    await world.secret("db", { password: "changed" });
    await world.settle();
    expect(variables(await deployment(world))).toEqual({});
    expect((await deployment(world)).spec?.template.metadata?.annotations).toHaveProperty([
      "reloader.stakater.com/last-reloaded-from",
    ]);
    expect(variables(await deployment(world, "b"))).toHaveProperty("STAKATER_DB_SECRET");
  });

  test("S13: ignoreResources wins over autoReloadAll", async () => {
    const world = await startWorld();
    await world.configMap("trust", { a: "1" });
    const spec = {
      autoReloadAll: true,
      targets: [target("web")],
      ignoreResources: [{ kind: "ConfigMap" as const, name: "trust" }],
    };
    await expectApplied(world.cluster, workload("web", { configMaps: ["trust"] }), config(spec));
    await world.settle();
    await world.configMap("trust", { a: "2" });
    await world.settle();
    expect(await rollsOf(world)).toBe(0);
  });

  test("watches a Secret in a selected namespace", async () => {
    const world = await startWorld();
    const labels = { shared: "yes" };
    await expectApplied(world.cluster, { apiVersion: "v1", kind: "Namespace", metadata: { name: "vault", labels } });
    const spec = {
      watchedResources: { secrets: ["db"], namespaceSelector: { matchLabels: labels } },
      targets: [target("web")],
    };
    await world.secret("db", { a: "1" }, { namespace: "vault" });
    await expectApplied(world.cluster, workload("web"), config(spec));
    await world.settle();
    await world.secret("db", { a: "2" }, { namespace: "vault" });
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
    expect((await status(world)).watchedResourceHashes).toHaveProperty(["vault/Secret/db"]);
  });

  test("the server refuses a config that watches nothing, and a sink with no address", async () => {
    const world = await startWorld();
    await expect(expectApplied(world.cluster, config({ targets: [target("web")] }))).rejects.toThrow(
      "nothing is watched",
    );
    const alerts = { slack: {} };
    await expect(expectApplied(world.cluster, config({ ...listed, alerts }))).rejects.toThrow(
      "either url or secretRef",
    );
    const bad = config({ ...listed, targets: [target("web", { pausePeriod: "1d" })] });
    await expect(expectApplied(world.cluster, bad)).rejects.toThrow("pausePeriod");
  });
});

describe("restart instead of roll-out", () => {
  const restarting: Spec = { ...listed, rolloutStrategy: "restart" };

  test("D7, 67: every pod is replaced once, the template stays, and a disruption budget is respected", async () => {
    const world = await startWorld({}, "all");
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { replicas: 3, secrets: ["db"] }), config(restarting));
    await expectApplied(world.cluster, {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: key("web"),
      spec: { minAvailable: 2, selector: { matchLabels: { app: "web" } } },
    } as PodDisruptionBudget);
    const pods = async () => (await world.cluster.client.list(Pod, { labelSelector: "app=web" })).items;
    const ready = () =>
      eventually(world.cluster, async () => {
        const { status } = await deployment(world);
        expect(status?.readyReplicas).toBe(3);
        return (await pods()).map(({ metadata }) => metadata.uid);
      });
    const before = await ready();
    await world.settle(30_000);
    await world.secret("db", { a: "2" });
    await world.settle(120_000);
    const after = await ready();
    expect(after).toHaveLength(3);
    expect(after.filter((uid) => before.includes(uid))).toEqual([]);
    expect(await rollsOf(world)).toBe(0);
    await world.settle(600_000);
    expect(await ready()).toEqual(after);
  });

  const rolloutDefinition = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "rollouts.argoproj.io" },
    spec: {
      group: "argoproj.io",
      names: { kind: "Rollout", plural: "rollouts", singular: "rollout", listKind: "RolloutList" },
      scope: "Namespaced",
      versions: [
        {
          name: "v1alpha1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
        },
      ],
    },
  } as CustomResourceDefinition;

  test("65, 66: Argo Rollouts are looked at as soon as their CRD is there, and restarted in their own way", async () => {
    const world = await startWorld();
    const { cluster } = world;
    await world.manager.stop();
    const starting = world.start({ argoRollouts: true });
    await world.secret("db", { a: "1" });
    await expectApplied(cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await world.settle(60_000);
    // Nobody waits for the Rollouts meanwhile.
    await world.secret("db", { a: "2" });
    await world.settle(60_000);
    expect(await rollsOf(world)).toBe(1);
    await expectApplied(cluster, rolloutDefinition);
    await starting;
    const { spec } = workload("canary", { secrets: ["db"] });
    const rollout = (name: string, annotations: object, its: object = spec!) => ({
      apiVersion: "argoproj.io/v1alpha1",
      kind: "Rollout",
      metadata: { ...key(name), annotations: { ...auto, ...annotations } },
      spec: its,
    });
    const named = { "secret.reloader.stakater.com/reload": "db" };
    await expectApplied(
      cluster,
      rollout("canary", { "reloader.stakater.com/rollout-strategy": "restart" }) as never,
      rollout("rolling", {}) as never,
      rollout("referring", named, { workloadRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } }) as never,
    );
    const spec2 = { ...listed, targets: [{ kind: "Rollout" as const, name: "rolling" }] };
    await expectApplied(cluster, config(spec2));
    await world.settle();
    await world.secret("db", { a: "3" });
    await world.settle(30_000);
    const canary = await cluster.client.get(Rollout, key("canary"));
    expect(canary.spec?.restartAt).toMatch(/^2026-01-01T/);
    expect(canary.spec?.template).toEqual(spec!.template);
    const rolling = await cluster.client.get(Rollout, key("rolling"));
    expect(rolling.spec?.restartAt).toBeUndefined();
    expect(rolling.spec?.template?.spec?.containers[0]?.env).toMatchObject([{ name: "STAKATER_DB_SECRET" }]);
    expect((await cluster.client.get(Rollout, key("referring"))).spec?.template).toBeUndefined();
    expect(await status(world)).toMatchObject({ reloadCount: 1, targetStatus: [{ kind: "Rollout", name: "rolling" }] });
  });
});

describe("scope", () => {
  test("ignored namespaces, kinds and resources are left alone", async () => {
    const world = await startWorld({ ignoredNamespaces: ["quiet"], ignoredResources: ["ConfigMap"] });
    await expectApplied(world.cluster, { apiVersion: "v1", kind: "Namespace", metadata: { name: "quiet" } });
    await world.secret("db", { a: "1" }, { namespace: "quiet" });
    await world.configMap("app", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"], namespace: "quiet" }));
    await expectApplied(world.cluster, workload("web", { annotations: auto, configMaps: ["app"] }));
    await world.settle();
    await world.secret("db", { a: "2" }, { namespace: "quiet" });
    await world.configMap("app", { a: "2" });
    await world.settle();
    expect(await rollsOf(world, "web", "quiet")).toBe(0);
    expect(await rollsOf(world)).toBe(0);
  });

  test("sixty workloads of one Secret are rolled at the pace that is set", async () => {
    const world = await startWorld({ reloadsPerSecond: 10, debounceMs: 0 });
    await world.secret("db", { a: "1" });
    const names = Array.from({ length: 60 }, (_, index) => `web-${index}`);
    await expectApplied(world.cluster, ...names.map((name) => workload(name, { annotations: auto, secrets: ["db"] })));
    await world.settle();
    await world.secret("db", { a: "2" });
    const done = async () => {
      const { items } = await world.cluster.client.list(Deployment);
      return items.filter((each) => rolls(each) === 1).length;
    };
    await world.settle(1_000);
    expect(await done()).toBeLessThanOrEqual(22);
    await world.settle(10_000);
    expect(await done()).toBe(60);
  });
});
