import { ConfigMap, Job, ownerReference, Secret } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { controllerFor } from "../controller/builder.ts";
import { child } from "./child.ts";
import { reference } from "./definition.ts";
import { plan, plannedChanges } from "./plan.ts";
import { planText } from "./plan-text.ts";
import { at, configMap, key, Site, type SiteDefinition, site, siteController, siteWorld } from "./site.test-support.ts";

const definition: SiteDefinition = {
  children: [ConfigMap, Secret, Job],
  desired: ({ spec }) => [
    configMap("config", { text: spec.text }),
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "token" },
      stringData: { token: `secret-${spec.text}` },
    } as never,
    ...spec.parts.map((name) => configMap(name)),
  ],
};

const actions = (steps: readonly { readonly action: string; readonly id: string }[]) =>
  steps.map(({ action, id }) => `${action} ${id}`).sort();

const job = (image: string) => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name: "migrate" },
  spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image }] } } },
});

describe("plan", () => {
  test("shows creates for an object that does not exist yet, and writes nothing", async () => {
    const world = await siteWorld();
    await (await world.start(definition)).stop();
    const before = await world.names();
    const planned = await plan(siteController(definition), site({ parts: ["x"] }), { client: world.admin });
    expect(actions(planned.steps)).toEqual([
      "create configmaps/demo/config",
      "create configmaps/demo/x",
      "create secrets/demo/token",
    ]);
    expect(plannedChanges(planned)).toBe(3);
    expect(await world.names()).toEqual(before);
    expect(await world.admin.find(Secret, at("token"))).toBeUndefined();
  });

  test("shows patches, deletes and what stays, and hides values of Secrets", async () => {
    const world = await siteWorld();
    await world.start(definition);
    await world.admin.create(Site, site({ parts: ["old", "same"] }));
    await world.settle();
    const live = await world.admin.get(Site, key);
    const edited = { ...live, spec: { ...live.spec, text: "bye", parts: ["same", "new"] } };
    const planned = await plan(siteController(definition), edited, { client: world.admin });
    expect(actions(planned.steps)).toEqual([
      "create configmaps/demo/new",
      "delete configmaps/demo/old",
      "keep configmaps/demo/same",
      "patch configmaps/demo/config",
      "patch secrets/demo/token",
    ]);
    const config = planned.steps.find(({ id }) => id === "configmaps/demo/config")!;
    expect(config.changes).toEqual([{ op: "replace", path: ["data", "text"], old: "hello", new: "bye" }]);
    const text = planText(planned);
    expect(text).toContain('~ patch configmaps/demo/config\n    data.text: "hello" → "bye"');
    expect(text).toContain('~ patch secrets/demo/token\n    data.token: "(hidden)" → "(hidden, changed)"\n');
    expect(text).toMatch(/- delete configmaps\/demo\/old\n1 to create, 2 to patch, 1 to delete, 1 unchanged$/);
    expect(text).not.toMatch(/secret-|c2VjcmV0/);
    expect(planText(planned, { colors: true })).toContain("\u001b[31m- delete configmaps/demo/old\u001b[0m");

    // What it said comes true.
    world.writes.length = 0;
    await world.admin.patchMerge(Site, key, { spec: { text: "bye", parts: ["same", "new"] } });
    await world.settle();
    const configMaps = "/api/v1/namespaces/demo/configmaps";
    expect(world.writes.filter((write) => !write.includes("sites")).sort()).toEqual([
      `DELETE ${configMaps}/old`,
      `PATCH ${configMaps}/config`,
      `PATCH ${configMaps}/new`,
      "PATCH /api/v1/namespaces/demo/secrets/token",
    ]);
    const after = await plan(siteController(definition), await world.admin.get(Site, key), { client: world.admin });
    expect(plannedChanges(after)).toBe(0);
    expect(planText(after)).toBe("4 unchanged");
  });

  test("shows what would be refused, left alone, made anew, and what waits", async () => {
    const world = await siteWorld();
    const rules: SiteDefinition = {
      children: [ConfigMap, Job],
      desired: ({ spec }) => [
        configMap("taken"),
        configMap("paused"),
        child(job(spec.text), { immutable: spec.size > 1 ? "recreate" : "fail" }),
        child(configMap("after"), { dependsOn: ["Job/migrate"] }),
        child(configMap("never"), { when: false }),
      ],
    };
    await world.start(rules);
    await world.admin.create(Site, site({ text: "v1" }));
    await world.settle();
    const stranger = await world.admin.create(Secret, { metadata: at("boss") });
    await world.admin.delete(ConfigMap, at("taken"));
    await world.admin.patchMerge(ConfigMap, at("paused"), {
      data: { mine: "yes" },
      metadata: { annotations: { "homeostat.dev/reconcile": "false" } },
    });
    await world.admin.patchMerge(ConfigMap, at("taken"), {
      metadata: { ownerReferences: [{ ...ownerReference(stranger, { controller: true }) }] },
    });
    const live = await world.admin.get(Site, key);
    const planned = async (spec: object) =>
      plan(siteController(rules), { ...live, spec: { ...live.spec, ...spec } }, { client: world.admin });
    const { steps } = await planned({ text: "v2" });
    expect(steps).toEqual([
      expect.objectContaining({ id: "configmaps/demo/taken", action: "refuse", reason: "AlreadyOwned" }),
      expect.objectContaining({
        id: "configmaps/demo/paused",
        action: "leave",
        message: expect.stringMatching("paused"),
      }),
      expect.objectContaining({ id: "jobs.batch/demo/migrate", action: "refuse", reason: "ImmutableField" }),
      expect.objectContaining({
        id: "configmaps/demo/after",
        action: "create",
        message: expect.stringMatching("waits for Job migrate"),
      }),
    ]);
    const anew = (await planned({ text: "v2", size: 2 })).steps.find(({ action }) => action === "recreate");
    expect(anew?.changes).toContainEqual({
      op: "replace",
      path: ["spec", "template", "spec", "containers", 0, "image"],
      old: "v1",
      new: "v2",
    });
  });

  test("says what is missing where references are required", async () => {
    const world = await siteWorld();
    const referring: SiteDefinition = {
      ...definition,
      references: [reference(Secret, ({ spec }) => spec.secret, { required: true })],
    };
    await (await world.start(referring)).stop();
    const planned = await plan(siteController(referring), site({ secret: "s" }), { client: world.admin });
    expect(planned).toMatchObject({ steps: [], message: "waits for Secret demo/s" });
    expect(planText(planned)).toBe("waits for Secret demo/s\nnothing to do");
  });

  test("says that a paused object is left alone, and that all goes with one that is deleted", async () => {
    const world = await siteWorld();
    const manager = await world.start(definition);
    await world.admin.create(Site, site());
    await world.settle();
    await manager.stop();
    const live = await world.admin.get(Site, key);
    const paused = { ...live.metadata, annotations: { "homeostat.dev/reconcile": "false" } };
    const planned = await plan(siteController(definition), { ...live, metadata: paused }, { client: world.admin });
    expect(planned).toMatchObject({ steps: [], message: expect.stringMatching(/^it is paused: /) });
    await world.admin.patchMerge(Site, key, { metadata: { finalizers: ["example.com/hold"] } });
    await world.admin.delete(Site, key);
    const deleted = await plan(siteController(definition), await world.admin.get(Site, key), { client: world.admin });
    expect(actions(deleted.steps)).toEqual(["delete configmaps/demo/config", "delete secrets/demo/token"]);
  });

  test("refuses a controller that is not declarative", async () => {
    const world = await siteWorld();
    const imperative = controllerFor(Site).reconcile(async () => {});
    await expect(plan(imperative, site(), { client: world.admin })).rejects.toThrow(
      'controller "site" cannot be planned',
    );
  });
});
