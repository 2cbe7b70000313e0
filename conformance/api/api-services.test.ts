import { expect, it } from "vitest";
import { inTime } from "./passing.ts";
import { behaviours } from "./suite.ts";
import type { WatchLine } from "./watching.ts";

const path = "/apis/apiregistration.k8s.io/v1/apiservices";

const definition = (group: string) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `things.${group}` },
  spec: {
    group,
    scope: "Namespaced",
    names: { plural: "things", kind: "Thing" },
    versions: [
      { name: "v1beta1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } },
      { name: "v1alpha1", served: false, storage: false, schema: { openAPIV3Schema: { type: "object" } } },
    ],
  },
});

const isJudged = ({ object }: WatchLine, status: string): boolean => object.status?.conditions?.[0]?.status === status;

behaviours("api services", (world) => {
  it.runIf(world.alone)("B268 are there and available for every built-in group and version", async () => {
    const { body } = await world.api.get(path);
    const { body: groups } = await world.api.get("/apis");
    const wanted = groups.groups
      .filter(({ name }: { name: string }) => name !== "apiregistration.k8s.io")
      .flatMap(({ name, versions }: { name: string; versions: { version: string }[] }) =>
        versions.map(({ version }) => `${version}.${name}`),
      );
    const builtin = body.items.filter(
      ({ metadata }: { metadata: { labels: Record<string, string> } }) =>
        metadata.labels["kube-aggregator.kubernetes.io/automanaged"] === "onstart",
    );
    expect(builtin.map(({ metadata }: { metadata: { name: string } }) => metadata.name).sort()).toEqual(
      ["v1.", ...wanted].sort(),
    );
    const available = { type: "Available", status: "True", reason: "Local" };
    for (const { status } of body.items) expect(status.conditions).toEqual([expect.objectContaining(available)]);
    const { body: apps } = await world.api.get(`${path}/v1.apps`);
    expect(apps.spec).toEqual({ group: "apps", version: "v1", groupPriorityMinimum: 17800, versionPriority: 15 });
  });

  it("B268 come and go with the versions that definitions serve", async () => {
    const watch = world.api.watch(`${path}?fieldSelector=metadata.name%3Dv1beta1.follow.example.com`);
    await watch.opened;
    await world.define(definition("follow.example.com"));
    const object = (await watch.until((line) => isJudged(line, "True"))).at(-1)!.object;
    expect([object.metadata.labels, object.spec]).toEqual([
      { "kube-aggregator.kubernetes.io/automanaged": "true" },
      { group: "follow.example.com", version: "v1beta1", groupPriorityMinimum: 1000, versionPriority: 100 },
    ]);
    expect((await world.api.get(`${path}/v1alpha1.follow.example.com`)).status).toBe(404);
    await world.api.delete(`${path}/v1beta1.follow.example.com`);
    // It comes back, in two steps, and goes with its definition.
    const removed = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.follow.example.com";
    await watch.until(5);
    await world.api.delete(removed);
    const types = (await watch.until(6)).map(({ type }) => type);
    expect(types).toEqual(["ADDED", "MODIFIED", "DELETED", "ADDED", "MODIFIED", "DELETED"]);
    watch.stop();
  });

  it("B268 say what is missing of the Service that they point at", async () => {
    const ns = await world.namespace();
    const name = "v1beta1.absent.example.com";
    const spec = { group: "absent.example.com", version: "v1beta1", groupPriorityMinimum: 100, versionPriority: 100 };
    const watch = world.api.watch(`${path}?fieldSelector=metadata.name%3D${name}`);
    await world.api.make(path, {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name },
      spec: { ...spec, service: { namespace: ns.name, name: "absent" } },
    });
    const told = async (reason: string): Promise<string> => {
      const lines = watch.until(({ object }) => object.status?.conditions?.[0]?.reason === reason);
      return (await inTime(world, lines)).at(-1)!.object.status.conditions[0].message;
    };
    expect(await told("ServiceNotFound")).toBe(`service/absent in "${ns.name}" is not present`);
    const refused = await world.api.get("/apis/absent.example.com/v1beta1/things");
    expect([refused.status, refused.text]).toEqual([503, "service unavailable\n"]);
    await world.api.make(`${ns.core}/services`, { metadata: { name: "absent" }, spec: { ports: [{ port: 80 }] } });
    expect(await told("ServicePortError")).toBe(`service/absent in "${ns.name}" is not listening on port 443`);
    await world.api.delete(`${path}/${name}`);
    await watch.until(({ type }) => type === "DELETED");
    watch.stop();
    expect((await world.api.get("/apis/absent.example.com/v1beta1/things")).status).toBe(404);
  });

  it.each([
    ["another name", "v2.wrong.example.com", {}, 'must be `spec.version+"."+spec.group`'],
    ["no group", "v2.", { group: "", version: "v2" }, "only v1 may have an empty group"],
    ["no priority", "v1.wrong.example.com", { versionPriority: 0 }, "spec.versionPriority"],
    [
      "a bundle and none",
      "v1.wrong.example.com",
      { caBundle: "YQ==", insecureSkipTLSVerify: true },
      "caBundle is present",
    ],
    ["a service without a name", "v1.wrong.example.com", { service: { namespace: "a" } }, "spec.service.name"],
  ])("B268 are refused with %s", async (_what, name, more, why) => {
    const service = { namespace: "a", name: "b" };
    const spec = {
      group: "wrong.example.com",
      version: "v1",
      groupPriorityMinimum: 100,
      versionPriority: 100,
      service,
    };
    const { status, body } = await world.api.post(path, {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name },
      spec: { ...spec, ...more },
    });
    expect([status, body.message]).toEqual([422, expect.stringContaining(why)]);
  });
});
