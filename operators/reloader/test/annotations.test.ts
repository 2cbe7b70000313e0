import { CronJob, DaemonSet, Deployment, Event, Job, StatefulSet } from "@homeostat/api";
import { eventually, expectApplied, expectExists, faults } from "@homeostat/devcluster";
import { describe, expect, test } from "vitest";
import { secretFingerprints } from "../src/content/hash.ts";
import {
  auto,
  ConfigMap,
  key,
  type ReloaderWorld,
  rolls,
  Secret,
  startWorld,
  variables,
  workload,
} from "./world.test-support.ts";

const named = (name: string) => ({ "secret.reloader.stakater.com/reload": name });
const web = ({ cluster }: ReloaderWorld) => cluster.client.get(Deployment, key("web"));

async function reasons({ cluster }: ReloaderWorld, name: string): Promise<(string | undefined)[]> {
  const { items } = await cluster.client.list(Event, { fieldSelector: `involvedObject.name=${name}` });
  return items.map(({ reason }) => reason);
}

describe("reload by annotation", () => {
  test("1, 46, 47: nothing rolls without a wish, for labels, or for equal data", async () => {
    const world = await startWorld();
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await expectApplied(world.cluster, workload("other", { secrets: ["db"] }));
    await world.settle();
    await world.secret("db", { a: "1" }, { labels: { x: "y" } });
    await world.settle();
    await world.cluster.client.patchMerge(Secret, key("db"), { metadata: { annotations: { x: "y" } } });
    await world.settle();
    expect(rolls(await web(world))).toBe(0);
    await world.secret("db", { a: "2" });
    await world.settle();
    expect(rolls(await web(world))).toBe(1);
    const other = await world.cluster.client.get(Deployment, key("other"));
    expect(rolls(other)).toBe(0);
    expect(other.metadata.annotations?.["reloader.stakater.com/reload-state"]).toBeUndefined();
  });

  test("70: a Secret and a ConfigMap that change together roll a workload once", async () => {
    const world = await startWorld();
    await world.secret("db", { a: "1" });
    await world.configMap("app", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"], configMaps: ["app"] }));
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.configMap("app", { a: "2" });
    await world.settle();
    expect(rolls(await web(world))).toBe(1);
    expect(Object.keys(variables(await web(world)))).toEqual(["STAKATER_APP_CONFIGMAP", "STAKATER_DB_SECRET"]);
  });

  test("C14: what changed while the operator was away is rolled at its start, and nothing else", async () => {
    const world = await startWorld();
    await world.secret("db", { a: "1" });
    await world.secret("same", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await expectApplied(world.cluster, workload("quiet", { annotations: auto, secrets: ["same"] }));
    await world.settle();
    await world.manager.stop();
    await world.secret("db", { a: "2" });
    await world.settle();
    await world.start();
    await world.settle();
    expect(rolls(await web(world))).toBe(1);
    expect(rolls(await world.cluster.client.get(Deployment, key("quiet")))).toBe(0);
  });

  test("a change that is taken back within the window rolls nothing", async () => {
    const world = await startWorld({ debounceMs: 2_000, quietMs: 2_000 });
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.settle(1_000);
    await world.secret("db", { a: "1" });
    await world.settle(10_000);
    expect(rolls(await web(world))).toBe(0);
  });

  test("48: what says already that it runs with this content is not rolled again", async () => {
    const world = await startWorld();
    await world.secret("db", { password: "initial" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await world.settle();
    await world.manager.stop();
    // Stakater Reloader, still running beside it, was faster.
    await world.secret("db", { password: "secret123" });
    const { reloader } = secretFingerprints({ data: { password: Buffer.from("secret123").toString("base64") } });
    const env = [{ name: "STAKATER_DB_SECRET", value: reloader }];
    await world.cluster.client.patchStrategic(Deployment, key("web"), {
      spec: { template: { spec: { containers: [{ name: "main", env }] } } },
    });
    await world.start();
    await world.settle();
    expect(rolls(await web(world))).toBe(1);
    expect(variables(await web(world))).toEqual({ STAKATER_DB_SECRET: reloader });
  });

  test("16, 50, 51: a named Secret that appears rolls only with reload-on-create", async () => {
    for (const reloadOnCreate of [false, true]) {
      const world = await startWorld({ reloadOnCreate });
      await expectApplied(world.cluster, workload("web", { annotations: named("db") }));
      await world.settle();
      await world.secret("db", { a: "1" });
      await world.settle();
      expect(rolls(await web(world))).toBe(reloadOnCreate ? 1 : 0);
      await world.secret("db", { a: "2" });
      await world.settle();
      expect(rolls(await web(world))).toBe(reloadOnCreate ? 2 : 1);
    }
  });

  test("18, 51: a Secret that a pattern meets is news with reload-on-create, whatever was there before is not", async () => {
    const world = await startWorld({ reloadOnCreate: true });
    await world.secret("app-1", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: named("app-.*") }));
    await world.settle();
    expect(rolls(await web(world))).toBe(0);
    await world.secret("app-2", { a: "1" });
    await world.settle();
    expect(rolls(await web(world))).toBe(1);
    await world.secret("app-1", { a: "2" });
    await world.settle();
    expect(rolls(await web(world))).toBe(2);
  });

  test("52: restarting the operator with reload-on-create rolls nothing", async () => {
    const world = await startWorld({ reloadOnCreate: true });
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db", "later"] }));
    await world.settle();
    await world.manager.stop();
    await world.start();
    await world.settle();
    expect(rolls(await web(world))).toBe(0);
  });

  test("53-55: a Secret that goes rolls only with reload-on-delete, and its variable goes with it", async () => {
    const off = await startWorld();
    const on = await startWorld({ reloadOnDelete: true });
    for (const world of [off, on]) {
      await world.secret("db", { a: "1" });
      await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
      await world.settle();
      await world.secret("db", { a: "2" });
      await world.settle();
      await world.cluster.client.delete(Secret, key("db"));
      await world.settle();
    }
    expect(rolls(await web(off))).toBe(1);
    expect((await reasons(off, "web")).toSorted()).toEqual(["ReloadSkipped", "Reloaded"]);
    expect(variables(await web(off))).toHaveProperty("STAKATER_DB_SECRET");
    expect(rolls(await web(on))).toBe(2);
    expect(variables(await web(on))).toEqual({});
  });

  test("57: a Secret that is deleted and made again rolls only when its content differs", async () => {
    const world = await startWorld();
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await world.settle();
    for (const [value, expected] of [
      ["1", 0],
      ["2", 1],
    ] as const) {
      await world.cluster.client.delete(Secret, key("db"));
      await world.settle();
      await world.secret("db", { a: value });
      await world.settle();
      expect(rolls(await web(world))).toBe(expected);
    }
  });

  test("71: one workload whose update is refused holds up no other, and is tried again", async () => {
    const world = await startWorld();
    await world.configMap("app", { a: "1" });
    await expectApplied(world.cluster, workload("broken", { annotations: auto, configMaps: ["app"] }));
    await expectApplied(world.cluster, workload("web", { annotations: auto, configMaps: ["app"] }));
    await world.settle();
    await world.manager.stop();
    const refusing = faults({
      seed: 1,
      rules: [{ type: "internalError", probability: 1, path: /deployments\/broken$|deployments\/broken\?f/ }],
    });
    await world.start({}, { interceptors: [refusing.interceptor] });
    await world.configMap("app", { a: "2" });
    await world.settle(20_000);
    expect(rolls(await web(world))).toBe(1);
    expect(rolls(await world.cluster.client.get(Deployment, key("broken")))).toBe(0);
    expect(refusing.injected.length).toBeGreaterThan(0);
    expect(await reasons(world, "broken")).toContain("ReloadFail");
    refusing.stop();
    await world.settle(120_000);
    expect(rolls(await world.cluster.client.get(Deployment, key("broken")))).toBe(1);
  });

  test("S4, 49: strategy annotations names what it was for", async () => {
    const world = await startWorld({ reloadStrategy: "annotations" });
    await world.configMap("app", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, configMaps: ["app"] }));
    await world.settle();
    await world.configMap("app", { a: "2" });
    await world.settle();
    const { spec, metadata } = await web(world);
    const payload = JSON.parse(spec!.template.metadata!.annotations!["reloader.stakater.com/last-reloaded-from"]!);
    expect(payload).toMatchObject({ type: "CONFIGMAP", name: "app", namespace: "default", containerRefs: ["main"] });
    expect(metadata.generation).toBe(2);
  });

  test("2: StatefulSets and DaemonSets roll, too", async () => {
    const world = await startWorld();
    await world.configMap("app", { a: "1" });
    await expectApplied(world.cluster, workload("db", { kind: "StatefulSet", annotations: auto, configMaps: ["app"] }));
    await expectApplied(
      world.cluster,
      workload("agent", { kind: "DaemonSet", annotations: auto, configMaps: ["app"] }),
    );
    await world.settle();
    await world.configMap("app", { a: "2" });
    await world.settle();
    expect((await world.cluster.client.get(StatefulSet, key("db"))).metadata.generation).toBe(2);
    expect((await world.cluster.client.get(DaemonSet, key("agent"))).metadata.generation).toBe(2);
  });

  test("63: a CronJob runs once more with the new content, and stays as it is", async () => {
    const world = await startWorld();
    await world.configMap("app", { a: "1" });
    const template = {
      spec: {
        restartPolicy: "Never",
        containers: [{ name: "main", image: "job", envFrom: [{ configMapRef: { name: "app" } }] }],
      },
    };
    await expectApplied(world.cluster, {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { ...key("nightly"), annotations: auto },
      spec: { schedule: "0 3 * * *", jobTemplate: { metadata: { labels: { a: "b" } }, spec: { template } } },
    } as CronJob);
    await world.settle();
    await world.configMap("app", { a: "2" });
    await world.settle();
    const { items } = await world.cluster.client.list(Job, { namespace: "default" });
    expect(items).toHaveLength(1);
    const [job] = items;
    expect(job!.metadata).toMatchObject({
      labels: { a: "b" },
      annotations: { "cronjob.kubernetes.io/instantiate": "manual" },
      ownerReferences: [{ kind: "CronJob", name: "nightly", controller: true }],
    });
    expect(job!.spec!.template.spec!.containers[0]!.env).toMatchObject([{ name: "STAKATER_APP_CONFIGMAP" }]);
    const cronJob = await world.cluster.client.get(CronJob, key("nightly"));
    expect(cronJob.spec!.jobTemplate.spec!.template.spec!.containers[0]!.env).toBeUndefined();
  });

  test("64: a Job is run again under its name", async () => {
    const world = await startWorld({}, "all");
    await world.configMap("app", { a: "1" });
    await expectApplied(world.cluster, {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { ...key("migrate"), annotations: auto, labels: { team: "x" } },
      spec: {
        template: {
          spec: {
            restartPolicy: "Never",
            containers: [{ name: "main", image: "job", envFrom: [{ configMapRef: { name: "app" } }] }],
          },
        },
      },
    } as Job);
    const before = await expectExists(world.cluster, Job, key("migrate"));
    await world.settle();
    await world.configMap("app", { a: "2" });
    const after = await expectExists(
      world.cluster,
      Job,
      key("migrate"),
      (job) => job.metadata.uid !== before.metadata.uid,
    );
    expect(after.metadata.labels).toEqual({ team: "x" });
    expect(after.spec?.suspend).toBe(false);
    expect(after.spec?.template.spec?.containers[0]?.env).toMatchObject([{ name: "STAKATER_APP_CONFIGMAP" }]);
    await eventually(world.cluster, async () => {
      const { items } = await world.cluster.client.list(Job, { namespace: "default" });
      expect(items.map(({ metadata }) => metadata.name)).toEqual(["migrate"]);
    });
    await world.settle(60_000);
    expect((await world.cluster.client.get(Job, key("migrate"))).metadata.uid).toBe(after.metadata.uid);
  });

  test("22, 31, 62: what has no effect is a Warning on the workload", async () => {
    const world = await startWorld();
    const annotations = {
      "secret.reloader.stakater.com/reload": "app[,db",
      "reloader.stakater.com/ignore": "true",
      "deployment.reloader.stakater.com/pause-period": "5 minutes",
    };
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations }));
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.settle();
    const deployment = await web(world);
    expect(rolls(deployment)).toBe(1);
    expect(deployment.spec?.paused).not.toBe(true);
    expect((await reasons(world, "web")).toSorted()).toEqual([
      "IgnoreHasNoEffect",
      "InvalidPattern",
      "InvalidPausePeriod",
      "Reloaded",
    ]);
  });

  test("29: a refused change says why, once, and does not count later", async () => {
    const world = await startWorld();
    const ignore = { annotations: { "reloader.stakater.com/ignore": "true" } };
    await world.secret("db", { a: "1" }, ignore);
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await world.settle();
    await world.secret("db", { a: "2" }, ignore);
    await world.settle();
    expect(await reasons(world, "web")).toEqual(["ReloadSkipped"]);
    await world.cluster.client.patchMerge(Secret, key("db"), {
      metadata: { annotations: { "reloader.stakater.com/ignore": null } },
    });
    await world.settle();
    expect(rolls(await web(world))).toBe(0);
    await world.secret("db", { a: "3" });
    await world.settle();
    expect(rolls(await web(world))).toBe(1);
  });

  test("follows annotations and references as they change", async () => {
    const world = await startWorld();
    await world.secret("db", { a: "1" });
    await world.secret("other", { a: "1" });
    await expectApplied(world.cluster, workload("web", { secrets: ["db"] }));
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.settle();
    expect(variables(await web(world))).toEqual({});
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db", "other"] }));
    await world.settle();
    expect(variables(await web(world))).toEqual({});
    await world.secret("other", { a: "2" });
    await world.settle();
    expect(Object.keys(variables(await web(world)))).toEqual(["STAKATER_OTHER_SECRET"]);
  });

  test("a record that somebody broke is begun anew, which rolls nothing", async () => {
    const world = await startWorld();
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await world.settle();
    for (const text of ["{", "[]", '{"contents":7}', null]) {
      const annotations = { "reloader.stakater.com/reload-state": text };
      await world.cluster.client.patchMerge(Deployment, key("web"), { metadata: { annotations } });
      await world.settle();
      expect(rolls(await web(world))).toBe(0);
    }
    await world.secret("db", { a: "2" });
    await world.settle();
    expect(rolls(await web(world))).toBe(1);
  });

  test("writes last-hash on what something depends on, and on nothing else", async () => {
    const world = await startWorld();
    await world.secret("db", { password: "secret123" });
    await world.secret("lonely", { password: "secret123" });
    await world.configMap("app", { key1: "value1", key2: "value2" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"], configMaps: ["app"] }));
    await world.settle();
    const hash = "reloader.stakater.com/last-hash";
    const { client } = world.cluster;
    expect((await client.get(Secret, key("db"))).metadata.annotations?.[hash]).toBe(
      "d76b86529169b8606158a3084c058f3d338b13dc09771a3682551beb4aa2341c",
    );
    expect((await client.get(ConfigMap, key("app"))).metadata.annotations?.[hash]).toMatch(/^fee42f0ecaeaa90d/);
    expect((await client.get(Secret, key("lonely"))).metadata.annotations?.[hash]).toBeUndefined();
  });
});

describe("pause of a Deployment", () => {
  const paused = { ...auto, "deployment.reloader.stakater.com/pause-period": "5m" };

  async function pausedWorld() {
    const world = await startWorld();
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: paused, secrets: ["db"] }));
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.settle(2_000);
    return world;
  }

  test("60: two changes roll it once, one period after the first, with everything", async () => {
    const world = await pausedWorld();
    expect((await web(world)).spec?.paused).toBe(true);
    const first = variables(await web(world));
    await world.settle(60_000);
    await world.secret("db", { a: "3" });
    await world.settle(2_000);
    expect((await web(world)).spec?.paused).toBe(true);
    expect(variables(await web(world))).not.toEqual(first);
    await world.settle(300_000);
    const { spec, metadata } = await web(world);
    expect(spec?.paused).not.toBe(true);
    expect(metadata.annotations).not.toHaveProperty("deployment.reloader.stakater.com/paused-at");
  });

  test("S5: an operator that was killed in the pause is followed by one that resumes on time", async () => {
    const world = await pausedWorld();
    await world.manager.stop();
    await world.settle(60_000);
    await world.start();
    await world.settle(10_000);
    expect((await web(world)).spec?.paused).toBe(true);
    await world.settle(235_000);
    expect((await web(world)).spec?.paused).not.toBe(true);
  });

  test("59: one that a person paused is patched and stays paused", async () => {
    const world = await startWorld();
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: paused, secrets: ["db"] }));
    await world.cluster.client.patchMerge(Deployment, key("web"), { spec: { paused: true } });
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.settle(3_600_000);
    const { spec } = await web(world);
    expect(spec?.paused).toBe(true);
    expect(variables(await web(world))).toHaveProperty("STAKATER_DB_SECRET");
  });
});
