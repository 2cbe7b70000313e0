import {
  CronJob,
  Deployment,
  type Deployment as DeploymentObject,
  Event,
  Job,
  type KubeObject,
  Pod,
  type PodTemplateSpec,
} from "@homeostat/api";
import { eventually, expectApplied, expectExists, faults } from "@homeostat/devcluster";
import { describe, expect, test } from "vitest";
import {
  configMapFingerprints,
  deletedHash,
  secretFingerprints,
  secretProviderClassHash,
} from "../src/content/hash.ts";
import { Rollout } from "../src/kinds.ts";
import type { ReloaderOperatorOptions } from "../src/operator.ts";
import { annotationRows, using } from "./annotation-rows.test-support.ts";
import { csiWorld, mounted } from "./csi.test-support.ts";
import { serve } from "./custom-kinds.test-support.ts";
import { auto, key, type ReloaderWorld, rolls, Secret, startWorld, variables, workload } from "./world.test-support.ts";

const covered = new Set<number>();
/** A test of a row of the table of decisions, by its number. */
function row(numbers: number | readonly number[], what: string, body: () => Promise<void>, timeoutMs?: number): void {
  for (const number of [numbers].flat()) covered.add(number);
  test(`row ${[numbers].flat().join(", row ")}: ${what}`, body, timeoutMs);
}

const web = ({ cluster }: ReloaderWorld, name = "web") => cluster.client.get(Deployment, key(name));
const rollsOf = async (world: ReloaderWorld, name = "web") => rolls(await web(world, name));
const named = (name: string) => ({ "secret.reloader.stakater.com/reload": name });
const payloadOf = ({ spec }: DeploymentObject) =>
  JSON.parse(spec!.template.metadata?.annotations?.["reloader.stakater.com/last-reloaded-from"] ?? "null");
const hashOf = (data: Record<string, string>): string =>
  secretFingerprints({
    data: Object.fromEntries(
      Object.entries(data).map(([name, value]) => [name, Buffer.from(value).toString("base64")]),
    ),
  }).reloader;

async function reasons({ cluster }: ReloaderWorld, name = "web", type?: string): Promise<(string | undefined)[]> {
  const { items } = await cluster.client.list(Event, { fieldSelector: `involvedObject.name=${name}` });
  return items.filter((event) => type === undefined || event.type === type).map(({ reason }) => reason);
}

/** Secret db and a Deployment web that uses it and asks by annotations for what it uses; all known to the operator. */
async function known(options: ReloaderOperatorOptions = {}, annotations: Record<string, string> = auto) {
  const world = await startWorld(options);
  await world.secret("db", { a: "1" });
  await expectApplied(world.cluster, workload("web", { annotations, secrets: ["db"] }));
  await world.settle();
  expect(await rollsOf(world)).toBe(0);
  return world;
}

describe("what workload and resource say", () => {
  for (const [id, what, reload, situation] of annotationRows) {
    const number = Number.parseInt(id, 10);
    if (situation.apart === "story") continue;
    covered.add(number);
    test(`row ${id}: ${what}: ${reload ? "rolls" : "does not roll"}`, async () => {
      const { on = {}, template: annotations = {}, pod: spec = using, container = "main", warns = [] } = situation;
      const world = await startWorld({ autoReloadAll: situation.autoReloadAll ?? false });
      const { kind, name } = situation.changed ?? { kind: "ConfigMap", name: "app" };
      const put = (value: string) =>
        (kind === "Secret" ? world.secret : world.configMap)(name, { a: value }, { annotations: situation.resource });
      await put("1");
      const { spec: plain, ...rest } = workload("web", { annotations: on });
      const template = { metadata: { labels: { app: "web" }, annotations }, spec } as PodTemplateSpec;
      await expectApplied(world.cluster, { ...rest, spec: { ...plain!, template } } as KubeObject);
      await world.settle();
      const before = await web(world);
      await put("2");
      await world.settle();
      const after = await web(world);
      expect(rolls(after)).toBe(reload ? 1 : 0);
      if (reload) {
        const containers = after.spec!.template.spec!.containers.filter(({ env }) =>
          env?.some((variable) => variable.name.startsWith("STAKATER_")),
        );
        expect(containers.map((each) => each.name)).toEqual([container]);
        const hash = kind === "Secret" ? hashOf({ a: "2" }) : configMapFingerprints({ data: { a: "2" } }).reloader;
        const variable = `STAKATER_${name.toUpperCase().replaceAll("-", "_")}_${kind.toUpperCase()}`;
        expect(containers[0]!.env).toContainEqual({ name: variable, value: hash });
      } else expect(after.spec?.template).toEqual(before.spec?.template);
      expect([...new Set(await reasons(world, "web", "Warning"))]).toEqual(warns);
    });
  }
});

describe("what counts as a change", () => {
  row(46, "labels and annotations of the resource do not roll", async () => {
    const world = await known();
    await world.secret("db", { a: "1" }, { labels: { x: "y" } });
    await world.settle();
    await world.cluster.client.patchMerge(Secret, key("db"), { metadata: { annotations: { x: "y" } } });
    await world.settle();
    expect(await rollsOf(world)).toBe(0);
  });

  row(47, "equal content does not roll, however it was written", async () => {
    const world = await known();
    const { client } = world.cluster;
    await client.patchMerge(Secret, key("db"), { stringData: { a: "1" } });
    await world.settle();
    const { metadata } = await client.get(Secret, key("db"));
    await client.update(Secret, { apiVersion: "v1", kind: "Secret", metadata, data: { a: "MQ==" } });
    await world.settle();
    expect(await rollsOf(world)).toBe(0);
  });

  row(48, "a variable that has this hash already does not roll", async () => {
    const world = await known();
    await world.manager.stop();
    // Stakater Reloader, still running beside it, was faster.
    await world.secret("db", { a: "2" });
    const env = [{ name: "STAKATER_DB_SECRET", value: hashOf({ a: "2" }) }];
    await world.cluster.client.patchStrategic(Deployment, key("web"), {
      spec: { template: { spec: { containers: [{ name: "main", env }] } } },
    });
    await world.start();
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
    expect(variables(await web(world))).toEqual({ STAKATER_DB_SECRET: hashOf({ a: "2" }) });
  });

  row(49, "an annotation that names this content already does not roll", async () => {
    const world = await known({ reloadStrategy: "annotations" });
    await world.secret("db", { a: "2" });
    await world.settle();
    const rolled = await web(world);
    expect(rolls(rolled)).toBe(1);
    expect(payloadOf(rolled)).toMatchObject({
      type: "SECRET",
      name: "db",
      namespace: "default",
      containerRefs: ["main"],
    });
    expect(payloadOf(rolled).hash).toBe(hashOf({ a: "2" }));
    await world.manager.stop();
    // As if the operator had never got to remember it: it meets the very same change again.
    const remembered = "reloader.stakater.com/reload-state";
    const record = JSON.parse(rolled.metadata.annotations![remembered]!);
    record.contents["default/Secret/db"] = "of before";
    await world.cluster.client.patchMerge(Deployment, key("web"), {
      metadata: { annotations: { [remembered]: JSON.stringify(record) } },
    });
    await world.start({ reloadStrategy: "annotations" });
    await world.settle(60_000);
    expect(await rollsOf(world)).toBe(1);
    expect(payloadOf(await web(world))).toEqual(payloadOf(rolled));
  });
});

describe("what appears and goes", () => {
  row(50, "a resource that appears does not roll while reload-on-create is off", async () => {
    const world = await startWorld();
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await world.settle();
    await world.secret("db", { a: "1" });
    await world.settle();
    expect(await rollsOf(world)).toBe(0);
    await world.secret("db", { a: "2" });
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
  });

  row(51, "a resource that appears rolls once with reload-on-create", async () => {
    const world = await startWorld({ reloadOnCreate: true });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await expectApplied(world.cluster, workload("pattern", { annotations: named("d.") }));
    await world.settle();
    await world.secret("db", { a: "1" });
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
    expect(await rollsOf(world, "pattern")).toBe(1);
  });

  row(52, "what was there before the operator started does not roll with reload-on-create", async () => {
    const world = await startWorld({ reloadOnCreate: true });
    await world.manager.stop();
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await expectApplied(world.cluster, workload("pattern", { annotations: named("d.") }));
    for (let start = 1; start <= 2; start++) {
      world.manager = await world.start();
      await world.settle();
      await world.manager.stop();
    }
    expect(await rollsOf(world)).toBe(0);
    expect(await rollsOf(world, "pattern")).toBe(0);
  });

  row(53, "a resource that goes does not roll while reload-on-delete is off", async () => {
    const world = await known();
    await world.cluster.client.delete(Secret, key("db"));
    await world.settle();
    expect(await rollsOf(world)).toBe(0);
    expect(await reasons(world)).toEqual(["ReloadSkipped"]);
  });

  row(54, "a resource that goes takes its variable along with reload-on-delete", async () => {
    const world = await known({ reloadOnDelete: true });
    await world.secret("db", { a: "2" });
    await world.settle();
    expect(variables(await web(world))).toHaveProperty("STAKATER_DB_SECRET");
    await world.cluster.client.delete(Secret, key("db"));
    await world.settle();
    expect(await rollsOf(world)).toBe(2);
    expect(variables(await web(world))).toEqual({});
  });

  row(55, "a resource that goes rolls with reload-on-delete, though it had no variable", async () => {
    const world = await known({ reloadOnDelete: true });
    await world.cluster.client.delete(Secret, key("db"));
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
    expect(variables(await web(world))).toEqual({});
  });

  row(56, "a resource that goes is named by the marker's hash with strategy annotations", async () => {
    const world = await known({ reloadOnDelete: true, reloadStrategy: "annotations" });
    await world.cluster.client.delete(Secret, key("db"));
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
    expect(payloadOf(await web(world))).toMatchObject({ name: "db", hash: deletedHash });
  });

  row(57, "a resource that goes and comes back within the window counts as one change, or none", async () => {
    const world = await known({ reloadOnCreate: true, reloadOnDelete: true, debounceMs: 1_000, quietMs: 500 });
    const again = async (value: string, afterMs: number) => {
      await world.cluster.client.delete(Secret, key("db"));
      await world.settle(afterMs);
      await world.secret("db", { a: value });
      await world.settle();
      return rollsOf(world);
    };
    expect(await again("1", 200)).toBe(0);
    expect(await again("2", 200)).toBe(1);
    // Slower than the window, each is a change of its own.
    expect(await again("2", 5_000)).toBe(3);
  });

  row(58, "a resource of another namespace does not roll, whatever it is called", async () => {
    const world = await startWorld();
    const { cluster } = world;
    await expectApplied(cluster, { apiVersion: "v1", kind: "Namespace", metadata: { name: "other" } });
    const annotations = named("db,default/db,other/db");
    await expectApplied(cluster, workload("web", { namespace: "other", annotations }));
    await world.secret("db", { a: "1" });
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.settle();
    expect(rolls(await cluster.client.get(Deployment, key("web", "other")))).toBe(0);
  });
});

describe("pauses", () => {
  const pausePeriod = "deployment.reloader.stakater.com/pause-period";

  row(59, "a Deployment that a person paused is patched, and stays paused", async () => {
    const world = await known({}, { ...auto, [pausePeriod]: "5m" });
    await world.cluster.client.patchMerge(Deployment, key("web"), { spec: { paused: true } });
    await world.secret("db", { a: "2" });
    await world.settle(3_600_000);
    expect((await web(world)).spec?.paused).toBe(true);
    expect(variables(await web(world))).toHaveProperty("STAKATER_DB_SECRET");
  });

  row(60, "two changes roll once, one period after the first, with everything", async () => {
    const world = await known({}, { ...auto, [pausePeriod]: "5m" });
    const paused = async () => (await web(world)).spec?.paused === true;
    await world.secret("db", { a: "2" });
    await world.settle(2_000);
    expect(await paused()).toBe(true);
    await world.settle(200_000);
    await world.secret("db", { a: "3" });
    await world.settle(90_000);
    expect(await paused()).toBe(true);
    await world.settle(10_000);
    const { spec, metadata } = await web(world);
    expect(spec?.paused).not.toBe(true);
    expect(metadata.annotations).not.toHaveProperty(["deployment.reloader.stakater.com/paused-at"]);
    expect(variables(await web(world))).toEqual({ STAKATER_DB_SECRET: hashOf({ a: "3" }) });
  });

  row(61, "a period on the pod template only is honoured", async () => {
    const world = await startWorld();
    await world.secret("db", { a: "1" });
    await expectApplied(
      world.cluster,
      workload("web", { annotations: auto, template: { [pausePeriod]: "5m" }, secrets: ["db"] }),
    );
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.settle(2_000);
    expect((await web(world)).spec?.paused).toBe(true);
    await world.settle(300_000);
    expect((await web(world)).spec?.paused).not.toBe(true);
  });

  row(62, "a period that is none rolls without a pause, with a Warning, and others are not held up", async () => {
    const world = await known({}, { ...auto, [pausePeriod]: "5 minutes" });
    await expectApplied(world.cluster, workload("zweite", { annotations: auto, secrets: ["db"] }));
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
    expect(await rollsOf(world, "zweite")).toBe(1);
    expect((await web(world)).spec?.paused).not.toBe(true);
    expect(await reasons(world, "web", "Warning")).toEqual(["InvalidPausePeriod"]);
  });
});

describe("kinds", () => {
  const jobTemplate = {
    spec: {
      restartPolicy: "Never",
      containers: [{ name: "main", image: "job", envFrom: [{ configMapRef: { name: "app" } }] }],
    },
  };
  const job = (name: string, annotations: Record<string, string>) =>
    ({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { ...key(name), annotations, labels: { team: "x" } },
      spec: { template: jobTemplate },
    }) as Job;

  row(63, "a CronJob runs once more with the new content, and stays as it is", async () => {
    const world = await startWorld();
    await world.configMap("app", { a: "1" });
    await expectApplied(world.cluster, {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { ...key("nightly"), annotations: auto },
      spec: {
        schedule: "0 3 * * *",
        jobTemplate: { metadata: { labels: { a: "b" }, annotations: { c: "d" } }, spec: { template: jobTemplate } },
      },
    } as CronJob);
    await world.settle();
    await world.configMap("app", { a: "2" });
    await world.settle();
    const { items } = await world.cluster.client.list(Job, { namespace: "default" });
    expect(items).toHaveLength(1);
    expect(items[0]!.metadata).toMatchObject({
      name: expect.stringMatching(/^nightly-/),
      labels: { a: "b" },
      annotations: { "cronjob.kubernetes.io/instantiate": "manual", c: "d" },
      ownerReferences: [{ kind: "CronJob", name: "nightly", controller: true }],
    });
    expect(items[0]!.spec!.template.spec!.containers[0]!.env).toMatchObject([{ name: "STAKATER_APP_CONFIGMAP" }]);
    const cronJob = await world.cluster.client.get(CronJob, key("nightly"));
    expect(cronJob.spec!.jobTemplate.spec!.template.spec!.containers[0]!.env).toBeUndefined();
  });

  row(64, "a Job that has ended runs again for its annotation, and not for auto-reload-all", async () => {
    const world = await startWorld({ autoReloadAll: true }, "all");
    const { cluster } = world;
    await world.configMap("app", { a: "1" });
    await expectApplied(cluster, job("asked", auto), job("flagged", {}));
    const ended = (name: string) => expectExists(cluster, Job, key(name), ({ status }) => status?.succeeded === 1);
    const uidOf = async (name: string) => (await cluster.client.get(Job, key(name))).metadata.uid;
    for (const name of ["asked", "flagged"]) {
      await eventually(cluster, async () => {
        const { items } = await cluster.client.list(Pod, { labelSelector: `job-name=${name}` });
        expect(items).toHaveLength(1);
        await cluster.client.status.patchMerge(Pod, key(items[0]!.metadata.name), { status: { phase: "Succeeded" } });
      });
      await ended(name);
    }
    const before = [await uidOf("asked"), await uidOf("flagged")];
    await world.settle(30_000);
    await world.configMap("app", { a: "2" });
    await expectExists(cluster, Job, key("asked"), ({ metadata }) => metadata.uid !== before[0]);
    await world.settle(60_000);
    const again = await cluster.client.get(Job, key("asked"));
    expect(again.metadata.labels).toEqual({ team: "x" });
    expect(again.spec?.suspend).toBe(false);
    expect(again.spec?.template.spec?.containers[0]?.env).toMatchObject([{ name: "STAKATER_APP_CONFIGMAP" }]);
    expect(await uidOf("flagged")).toBe(before[1]);
    expect(await reasons(world, "flagged")).toContain("ReloadSkipped");
    const { items } = await cluster.client.list(Job, { namespace: "default" });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(["asked", "flagged"]);
    expect(await uidOf("asked")).toBe(again.metadata.uid);
  });

  const rollout = (name: string, annotations: object, spec: object): KubeObject =>
    ({ apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", metadata: { ...key(name), annotations }, spec }) as never;

  async function withRollouts(...rollouts: readonly KubeObject[]) {
    const world = await startWorld();
    await world.manager.stop();
    await serve(world.cluster, Rollout);
    world.manager = await world.start({ argoRollouts: true });
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, ...rollouts);
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.settle(30_000);
    return { world, get: (name: string) => world.cluster.client.get(Rollout, key(name)) };
  }
  const { spec: ordinary } = workload("canary", { secrets: ["db"] });

  row(
    65,
    "a Rollout that asks for a restart gets restartAt and keeps its template; one that does not rolls",
    async () => {
      const restart = { ...auto, "reloader.stakater.com/rollout-strategy": "restart" };
      const { get } = await withRollouts(rollout("canary", restart, ordinary!), rollout("rolling", auto, ordinary!));
      const canary = await get("canary");
      expect(canary.spec?.restartAt).toMatch(/^2026-01-01T/);
      expect(canary.spec?.template).toEqual(ordinary!.template);
      const rolling = await get("rolling");
      expect(rolling.spec?.restartAt).toBeUndefined();
      expect(rolling.spec?.template?.spec?.containers[0]?.env).toMatchObject([{ name: "STAKATER_DB_SECRET" }]);
    },
  );

  row(
    66,
    "a Rollout that takes its template from elsewhere does not roll, and a Warning says where to ask",
    async () => {
      const workloadRef = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
      const { world, get } = await withRollouts(rollout("referring", named("db"), { replicas: 1, workloadRef }));
      expect((await get("referring")).spec).toEqual({ replicas: 1, workloadRef });
      const { items } = await world.cluster.client.list(Event, { fieldSelector: "involvedObject.name=referring" });
      expect(items.find(({ type }) => type === "Warning")).toMatchObject({
        reason: "NoPodTemplate",
        message: expect.stringContaining("Deployment web"),
      });
    },
  );

  row(67, "rollout-strategy restart on a Deployment replaces its pods and keeps its template", async () => {
    const world = await startWorld({}, "all");
    const { cluster } = world;
    await world.secret("db", { a: "1" });
    const annotations = { ...auto, "reloader.stakater.com/rollout-strategy": "restart" };
    await expectApplied(cluster, workload("web", { annotations, replicas: 2, secrets: ["db"] }));
    await expectApplied(cluster, workload("other", { replicas: 1, secrets: ["db"] }));
    const pods = async (app: string) =>
      (await cluster.client.list(Pod, { labelSelector: `app=${app}` })).items.map(({ metadata }) => metadata.uid);
    await eventually(cluster, async () => expect((await web(world)).status?.readyReplicas).toBe(2));
    await world.settle(30_000);
    const [before, others] = [await pods("web"), await pods("other")];
    const { spec } = await web(world);
    await world.secret("db", { a: "2" });
    await world.settle(120_000);
    const after = await pods("web");
    expect(after).toHaveLength(2);
    expect(after.filter((uid) => before.includes(uid))).toEqual([]);
    expect((await web(world)).spec).toEqual(spec);
    expect(await pods("other")).toEqual(others);
  });

  for (const [number, annotations] of [
    [68, auto],
    [68, { "secretproviderclass.reloader.stakater.com/auto": "true" }],
    [69, { "secretproviderclass.reloader.stakater.com/reload": "vault" }],
    [69, { "secretproviderclass.reloader.stakater.com/reload": "va.*" }],
  ] as const)
    row(number, `a rotation that reaches pod after pod rolls once, ${JSON.stringify(annotations)}`, async () => {
      const { world, web } = await csiWorld(annotations);
      expect(rolls(await web())).toBe(0);
      await mounted(world, "web-1", "2");
      await world.settle();
      expect(rolls(await web())).toBe(1);
      const hash = secretProviderClassHash("vault", [{ id: "db/password", version: "2" }]);
      expect(variables(await web())["STAKATER_VAULT_SECRETPROVIDERCLASS"]).toBe(hash);
      await mounted(world, "web-2", "2");
      await mounted(world, "web-3", "2");
      await world.settle();
      expect(rolls(await web())).toBe(1);
      expect(await rollsOf(world, "other")).toBe(0);
    });
});

describe("several at once", () => {
  row(70, "a Secret and a ConfigMap that change together roll a workload once", async () => {
    const world = await startWorld();
    await world.secret("db", { a: "1" });
    await world.configMap("app", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"], configMaps: ["app"] }));
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.configMap("app", { a: "2" });
    await world.settle();
    expect(await rollsOf(world)).toBe(1);
    expect(Object.keys(variables(await web(world)))).toEqual(["STAKATER_APP_CONFIGMAP", "STAKATER_DB_SECRET"]);
  });

  row(71, "one workload whose update is refused holds up no other, and is tried again", async () => {
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
    expect(await rollsOf(world)).toBe(1);
    expect(await rollsOf(world, "broken")).toBe(0);
    expect(refusing.injected.length).toBeGreaterThan(0);
    expect(await reasons(world, "broken")).toContain("ReloadFail");
    refusing.stop();
    await world.settle(120_000);
    expect(await rollsOf(world, "broken")).toBe(1);
  });
});

test("every row from 1 to 71 has a test here", () => {
  expect([...covered].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 71 }, (_, index) => index + 1));
});
