import { Deployment, Pod, type PodDisruptionBudget } from "@homeostat/api";
import { eventually, expectApplied, expectCondition, faults } from "@homeostat/devcluster";
import { describe, expect, test } from "vitest";
import { ReloaderConfig } from "../src/api.ts";
import { Rollout } from "../src/kinds.ts";
import {
  config,
  deployment,
  listed,
  rollsOf,
  type Spec,
  status,
  target,
  watched,
} from "./config-world.test-support.ts";
import { serve } from "./custom-kinds.test-support.ts";
import { auto, key, rolls, startWorld, variables, workload } from "./world.test-support.ts";

describe("ReloaderConfig", () => {
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

  test("a Secret that is given the label a selector wants is not new; one that is made with it is", async () => {
    const labels = { team: "x" };
    const selecting = {
      watchedResources: { resourceSelector: { matchLabels: labels } },
      targets: [target("web")],
      reloadOnCreate: true,
    };
    const world = await watched(selecting);
    await world.secret("db", { password: "initial" }, { labels });
    await world.settle();
    expect(await rollsOf(world)).toBe(0);
    await world.secret("db", { password: "changed" }, { labels });
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
    await world.secret("second", { a: "1" }, { labels });
    await world.settle();
    expect(await rollsOf(world)).toBe(2);
  });

  test("looks into no other namespace where the operator does not allow that, and says so", async () => {
    const world = await startWorld({ configNamespaceSelectors: false });
    await expectApplied(world.cluster, { apiVersion: "v1", kind: "Namespace", metadata: { name: "vault" } });
    await world.secret("db", { a: "1" }, { namespace: "vault" });
    await world.secret("db", { a: "1" });
    const watchedResources = { secrets: ["db"], namespaceSelector: {} };
    await expectApplied(world.cluster, workload("web"), config({ watchedResources, targets: [target("web")] }));
    await expectCondition(world.cluster, ReloaderConfig, key("c"), "Degraded", "True", "InvalidSpec");
    await world.secret("db", { a: "2" }, { namespace: "vault" });
    await world.settle();
    expect(await rollsOf(world)).toBe(0);
    expect(Object.keys((await status(world)).watchedResourceHashes!)).toEqual(["default/Secret/db"]);
    await world.secret("db", { a: "2" });
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
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
    const empty = { targets: [target("web")], watchedResources: { secrets: [], enableTargetedReload: true } };
    await expect(expectApplied(world.cluster, config(empty))).rejects.toThrow("nothing is watched");
    await expectApplied(world.cluster, config({ ...empty, autoReloadAll: true }));
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

  test("Argo Rollouts are looked at as soon as their CRD is there, and restarted in their own way", async () => {
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
    await serve(cluster, Rollout);
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
