import {
  ConfigMap,
  CronJob,
  Deployment,
  type Interceptor,
  invalid,
  Job,
  RoleBinding,
  Service,
  type StatusCause,
} from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { child } from "./child.ts";
import { isImmutableChange } from "./immutable.ts";
import { at, configMap, key, Site, type SiteDefinition, site, siteWorld } from "./site.test-support.ts";

const job = (image: string) => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name: "migrate" },
  spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image }] } } },
});

const migration = (rules: Partial<SiteDefinition> = {}): SiteDefinition => ({
  children: [Job, ConfigMap],
  desired: ({ spec }) => [
    job(spec.text),
    child(configMap("app"), { dependsOn: ["Job/migrate"], readyWhen: () => true }),
  ],
  ...rules,
});

const imageOf = async (world: Awaited<ReturnType<typeof siteWorld>>) => {
  const found = await world.admin.find(Job, at("migrate"));
  return found?.spec?.template.spec?.containers[0]?.image;
};

describe("a field that cannot change", () => {
  test("stalls the object with the way out, and sends nothing more", async () => {
    const world = await siteWorld();
    await world.start(migration());
    await world.admin.create(Site, site({ text: "v1" }));
    await world.settle();
    await world.admin.patchMerge(Site, key, { spec: { text: "v2" } });
    await world.settle();
    const said = {
      reason: "ImmutableField",
      message: expect.stringMatching(
        /jobs\.batch\/demo\/migrate: spec\.template cannot be changed.*immutable: "recreate"/,
      ),
    };
    expect(await world.condition("Ready")).toMatchObject({ status: "False", ...said });
    expect(await world.condition("Stalled")).toMatchObject({ status: "True", ...said });
    const writes = world.writes.length;
    await world.settle(3_600_000);
    expect(world.writes.length).toBe(writes);
    // The way out, one of them.
    await world.admin.delete(Job, at("migrate"), { propagationPolicy: "Background" });
    await world.settle();
    expect(await imageOf(world)).toBe("v2");
    expect(await world.condition("Stalled")).toBeUndefined();
  });

  test("has the child made anew where that is declared, by the definition or of the child", async () => {
    for (const declared of [
      migration({ immutable: "recreate" }),
      migration({ desired: ({ spec }) => [child(job(spec.text), { immutable: "recreate" })] }),
    ]) {
      const world = await siteWorld();
      await world.start(declared);
      await world.admin.create(Site, site({ text: "v1" }));
      await world.settle();
      const old = (await world.admin.get(Job, at("migrate"))).metadata.uid;
      await world.admin.patchMerge(Job, at("migrate"), { metadata: { finalizers: ["example.com/hold"] } });
      await world.admin.patchMerge(Site, key, { spec: { text: "v2" } });
      await world.settle(3_600_000);
      const going = await world.admin.get(Job, at("migrate"));
      expect(going.metadata.deletionTimestamp).toBeDefined();
      expect(await world.condition("Ready")).toMatchObject({ status: "False", reason: "Progressing" });
      await world.admin.patchMerge(Job, at("migrate"), { metadata: { finalizers: null } });
      await world.settle(10_000);
      const made = await world.admin.get(Job, at("migrate"));
      expect(made.metadata.uid).not.toBe(old);
      expect(await imageOf(world)).toBe("v2");
      const deletes = world.writes.filter((write) => write.startsWith("DELETE"));
      expect(deletes).toEqual(["DELETE /apis/batch/v1/namespaces/demo/jobs/migrate"]);
    }
  });

  test("does not have a child made anew for ever when something changes it on its way", async () => {
    const world = await siteWorld();
    // An admission webhook with a mind of its own: what is stored is never what was sent.
    const interceptor: Interceptor = (next) => (request) => {
      const body = typeof request.body === "string" ? request.body : undefined;
      if (!request.path.includes("/jobs/migrate") || !body?.includes('"v2"')) return next(request);
      return next({ ...request, body: body.replace('"v2"', `"v2-${world.writes.length}"`) });
    };
    const first = await world.start(migration({ immutable: "recreate" }), { interceptor });
    await world.admin.create(Site, site({ text: "v1" }));
    await world.settle();
    await world.admin.patchMerge(Site, key, { spec: { text: "v2" } });
    await world.settle(3_600_000);
    expect(world.writes.filter((write) => write.startsWith("DELETE"))).toHaveLength(1);
    // One that does not remember what the server made of it.
    await first.stop();
    await world.start(migration({ immutable: "recreate" }), { interceptor });
    await world.settle(3_600_000);
    expect(world.writes.filter((write) => write.startsWith("DELETE"))).toHaveLength(1);
    expect(await world.condition("Stalled")).toMatchObject({ reason: "ImmutableField" });
  });
});

describe("isImmutableChange", () => {
  const refused = (...causes: string[]) =>
    invalid(
      Job,
      "a",
      causes.map((message): StatusCause => ({ reason: "FieldValueInvalid", field: "spec", message })),
    );

  test.each([
    ["Invalid value: {}: field is immutable", true],
    ['Invalid value: "x": may not change once set', true],
    ["Invalid value: {}: cannot change roleRef", true],
    ["Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals' are forbidden", true],
    ["Forbidden: spec is immutable after creation except resources.requests", true],
    ['Invalid value: "object": Value is immutable', true],
    ["Invalid value: -1: must be greater than or equal to 0", false],
    ["Required value", false],
  ])("tells by %j: %s", (message, expected) => {
    expect(isImmutableChange(refused(message))).toBe(expected);
  });

  test("knows the words of the server for kinds that have such fields", async () => {
    const world = await siteWorld();
    const { admin } = world;
    const labels = { matchLabels: { app: "a" } };
    const template = { metadata: { labels: { app: "a" } }, spec: { containers: [{ name: "main", image: "x" }] } };
    await admin.create(Deployment, { metadata: at("a"), spec: { selector: labels, template } });
    await admin.create(Service, { metadata: at("a"), spec: { ports: [{ port: 80 }] } });
    await admin.create(RoleBinding, {
      metadata: at("a"),
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "a" },
    });
    await admin.create(ConfigMap, { metadata: at("a"), immutable: true, data: { a: "1" } });
    const changes = [
      admin.patchMerge(Deployment, at("a"), {
        spec: { selector: { matchLabels: { app: "b" } }, template: { metadata: { labels: { app: "b" } } } },
      }),
      admin.patchMerge(Service, at("a"), { spec: { clusterIP: "10.0.0.99", clusterIPs: ["10.0.0.99"] } }),
      admin.patchMerge(RoleBinding, at("a"), { roleRef: { name: "b" } }),
      admin.patchMerge(ConfigMap, at("a"), { data: { a: "2" } }),
    ];
    const outcomes = await Promise.all(changes.map((change) => change.then(() => "done", isImmutableChange)));
    expect(outcomes).toEqual([true, true, true, true]);
    const bad = admin.create(CronJob, { metadata: at("a"), spec: { schedule: "never" } } as CronJob);
    expect(await bad.then(() => "done", isImmutableChange)).toBe(false);
  });
});
