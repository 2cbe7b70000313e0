import { ConfigMap, Deployment, type KubeObject, PersistentVolumeClaim, Secret, Service } from "@homeostat/api";
import { expectCondition, expectGone } from "@homeostat/devcluster";
import { deriveRules } from "@homeostat/runtime";
import { describe, expect, test } from "vitest";
import { TempoStack, type TempoStackSpec } from "../src/api/tempo-stack.ts";
import { type TempoControllersOptions, tempoControllers } from "../src/controller/controllers.ts";
import { permissions } from "../src/permissions.ts";
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

const ready = ({ cluster }: TempoWorld) => expectCondition(cluster, TempoStack, stackKey, "Ready", "True");
const objects = async ({ cluster }: TempoWorld) =>
  (
    await Promise.all(
      kinds.map(async (kind) =>
        (await cluster.client.list(kind, { labelSelector })).items.map((object) => ({ kind, object })),
      ),
    )
  ).flat();
const uids = async (world: TempoWorld) =>
  (await objects(world)).map(({ kind, object }) => `${kind.kind} ${object.metadata.name} ${object.metadata.uid}`);

/** With what a gateway in mode openshift needs of its maker. */
const asItself = (options: TempoControllersOptions) => ({
  identity: { rules: [...deriveRules(tempoControllers(options)).rules, ...permissions.metricsAuth] },
});

/** As the Go operator leaves them: no annotations of ours, written by updates of its binary, `manager`. */
async function asOfTheGoOperator(world: TempoWorld): Promise<void> {
  const all = await objects(world);
  await world.stop();
  for (const { kind, object } of all) {
    const { uid: _, resourceVersion: __, managedFields: ___, creationTimestamp: ____, ...metadata } = object.metadata;
    const { status: _____, ...rest } = object as KubeObject & { status?: unknown };
    const [annotations, labels] = [theirs(metadata.annotations), theirs(metadata.labels)];
    await world.cluster.client.delete(kind, object.metadata, { propagationPolicy: "Background" });
    await expectGone(world.cluster, kind, object.metadata);
    await world.cluster.client.create(kind, { ...rest, metadata: { ...metadata, annotations, labels } } as KubeObject, {
      fieldManager: "manager",
    });
  }
  await world.settle(30_000);
}

const theirs = (strings: Readonly<Record<string, string>> = {}) =>
  Object.fromEntries(Object.entries(strings).filter(([name]) => !name.startsWith("homeostat.dev/")));

async function migrated(
  spec: Partial<TempoStackSpec> = {},
  options: TempoControllersOptions = {},
): Promise<TempoWorld> {
  const world = await startWorld(options);
  await world.stop();
  await world.start(options, asItself(options));
  await world.secret("minio", minio);
  await world.stack(spec, { finalizers: ["tempo.grafana.com/finalizer"] });
  await ready(world);
  await world.settle();
  await asOfTheGoOperator(world);
  return world;
}

describe("objects of the Go operator", () => {
  test("are taken over as they are, none is deleted", async () => {
    const world = await migrated();
    const before = await uids(world);
    expect(before.length).toBeGreaterThan(25);
    await world.start();
    await world.settle(60_000);
    await ready(world);
    expect(await uids(world)).toEqual(before);
    for (const { object } of await objects(world))
      expect(object.metadata.annotations).toHaveProperty(["homeostat.dev/applied-for"]);
    const count = world.reconciles("simplest");
    await world.settle(30 * 60_000);
    expect(world.reconciles("simplest")).toBe(count);
  });

  test("lose what the spec wants no more, although another program wrote it", async () => {
    const world = await migrated({
      env: [{ name: "COLOUR", value: "red" }],
      template: { queryFrontend: { jaegerQuery: { enabled: true } } },
    });
    await world.start();
    await world.settle(60_000);
    await world.stack({});
    await world.cluster.client.patchMerge(TempoStack, stackKey, { spec: { env: null, template: null } });
    await world.settle(60_000);
    const { client } = world.cluster;
    const { spec } = await client.get(Deployment, key("tempo-simplest-query-frontend"));
    const pod = spec!.template.spec!;
    expect(pod.containers.map(({ name }) => name)).toEqual(["tempo"]);
    expect(pod.containers[0]!.env?.map(({ name }) => name) ?? []).not.toContain("COLOUR");
    expect(pod.volumes?.map(({ name }) => name)).not.toContain("tempo-tmp-storage-query");
    const service = await client.get(Service, key("tempo-simplest-query-frontend"));
    expect(service.spec?.ports?.map(({ name }) => name)).toEqual(["http", "grpc"]);
    const { data } = await client.get(ConfigMap, key("tempo-simplest"));
    expect(Object.keys(data!)).not.toContain("tempo-query.yaml");
    await ready(world);
  });

  test("outside of namespaces, which no owner reference ties, are taken over and go with their stack", async () => {
    const options = { settings: { ...communitySettings, baseDomain: "apps.example.com" } };
    const openshiftMode = {
      tenants: { mode: "openshift", authentication: [{ tenantName: "dev", tenantId: "1" }] },
      template: { gateway: { enabled: true, ingress: { type: "none" } } },
    } as Partial<TempoStackSpec>;
    const world = await migrated(openshiftMode, options);
    const before = await uids(world);
    expect(before.filter((each) => each.startsWith("ClusterRole"))).toHaveLength(2);
    const cookies = async () =>
      (await world.cluster.client.get(Secret, key("tempo-simplest-gateway"))).data!["tenants.yaml"];
    const known = await cookies();
    await world.start(options, asItself(options));
    await world.settle(60_000);
    await ready(world);
    expect(await uids(world)).toEqual(before);
    expect(await cookies()).toBe(known);
    await world.cluster.client.delete(TempoStack, stackKey);
    await expectGone(world.cluster, TempoStack, stackKey);
    await world.settle();
    expect(await objects(world)).toEqual([]);
  });

  test("go with their stack, and its finalizer is taken off", async () => {
    const world = await migrated();
    await world.start();
    await world.settle(60_000);
    await world.cluster.client.delete(TempoStack, stackKey);
    await expectGone(world.cluster, TempoStack, stackKey);
    await world.settle();
    expect(await objects(world)).toEqual([]);
    expect((await world.cluster.client.list(PersistentVolumeClaim, { namespace })).items).toHaveLength(1);
  });

  test("go with a stack that is Unmanaged, and its finalizer is taken off", async () => {
    const world = await migrated();
    await world.cluster.client.patchMerge(TempoStack, stackKey, { spec: { managementState: "Unmanaged" } });
    await world.start();
    await world.settle(60_000);
    for (const { object } of await objects(world))
      expect(object.metadata.annotations ?? {}).not.toHaveProperty(["homeostat.dev/applied-for"]);
    await world.cluster.client.delete(TempoStack, stackKey);
    await expectGone(world.cluster, TempoStack, stackKey);
    await world.settle();
    expect(await objects(world)).toEqual([]);
  });
});
