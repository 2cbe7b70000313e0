import { type CustomResourceDefinition, Deployment, type KubeObject } from "@homeostat/api";
import { expectApplied } from "@homeostat/devcluster";
import { describe, expect, test } from "vitest";
import { secretProviderClassHash } from "../src/content/hash.ts";
import { SecretProviderClass, SecretProviderClassPodStatus } from "../src/engine/mount-book.ts";
import type { ReloaderOperatorOptions } from "../src/operator.ts";
import { auto, key, type ReloaderWorld, rolls, startWorld, variables, workload } from "./world.test-support.ts";

/** The driver's kinds, without a schema of their own. */
async function installDriver({ cluster }: ReloaderWorld): Promise<void> {
  for (const { group, version, kind, plural, singular, listKind } of [
    SecretProviderClass,
    SecretProviderClassPodStatus,
  ]) {
    const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
    const versions = [{ name: version, served: true, storage: true, schema }];
    const names = { kind, plural, singular: singular!, listKind: listKind! };
    const spec = { group, scope: "Namespaced", names, versions };
    const metadata = { name: `${plural}.${group}` };
    await expectApplied(cluster, {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata,
      spec,
    } as CustomResourceDefinition);
  }
}

const driver = "secrets-store.csi.x-k8s.io/v1";

/** What the driver says of a pod that mounts the class `vault`. */
async function mounted({ cluster }: ReloaderWorld, pod: string, version: string, labels: Record<string, string> = {}) {
  const status = { podName: pod, secretProviderClassName: "vault", objects: [{ id: "db/password", version }] };
  const metadata = { ...key(`${pod}-default-vault`), labels };
  const report = { apiVersion: driver, kind: "SecretProviderClassPodStatus", metadata, status };
  await cluster.client.apply(SecretProviderClassPodStatus, report, { fieldManager: "driver", force: true });
}

const provided = ({ cluster }: ReloaderWorld, annotations: Record<string, string> = {}) =>
  expectApplied(cluster, {
    apiVersion: driver,
    kind: "SecretProviderClass",
    metadata: { ...key("vault"), annotations },
    spec: { provider: "vault" },
  } as KubeObject);

/** A Deployment that mounts the class. */
function mounting(name: string, annotations: Record<string, string>): Deployment {
  const plain = workload(name, { annotations });
  const attributes = { secretProviderClass: "vault" };
  const volume = { name: "v", csi: { driver: "secrets-store.csi.k8s.io", volumeAttributes: attributes } };
  const container = { name: "main", image: "web", volumeMounts: [{ name: "v", mountPath: "/v" }] };
  const template = { ...plain.spec!.template, spec: { containers: [container], volumes: [volume] } };
  return { ...plain, spec: { ...plain.spec!, template } };
}

async function csiWorld(annotations: Record<string, string>, options: ReloaderOperatorOptions = {}) {
  const world = await startWorld();
  await world.manager.stop();
  // The operator looks for kinds that are missing every now and then, and runs meanwhile.
  const starting = world.start({ csi: true, ...options });
  await world.settle();
  await installDriver(world);
  await provided(world);
  await expectApplied(world.cluster, mounting("web", annotations), workload("other", { annotations: auto }));
  await mounted(world, "web-1", "1");
  await mounted(world, "web-2", "1");
  await world.settle(300_000);
  world.manager = await starting;
  const web = () => world.cluster.client.get(Deployment, key("web"));
  return { world, web };
}

describe("SecretProviderClasses", () => {
  test.each([
    ["68", auto],
    ["68", { "secretproviderclass.reloader.stakater.com/auto": "true" }],
    ["69", { "secretproviderclass.reloader.stakater.com/reload": "vault" }],
    ["69", { "secretproviderclass.reloader.stakater.com/reload": "va.*" }],
  ])("%s: a rotation that reaches pod after pod rolls once, %j", async (_, annotations) => {
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
    expect(rolls(await world.cluster.client.get(Deployment, key("other")))).toBe(0);
  });

  test("a report that changes nothing of the mount rolls nothing, and neither do pods that go or a restart", async () => {
    const { world, web } = await csiWorld(auto);
    await mounted(world, "web-1", "2");
    await world.settle();
    await mounted(world, "web-2", "1", { seen: "yes" });
    await world.cluster.client.delete(SecretProviderClassPodStatus, key("web-1-default-vault"));
    await world.settle();
    expect(rolls(await web())).toBe(1);
    await mounted(world, "web-2", "2");
    await world.settle();
    await world.manager.stop();
    world.manager = await world.start({ csi: true });
    await world.settle();
    expect(rolls(await web())).toBe(1);
  });

  test.each([[auto], [{ "secretproviderclass.reloader.stakater.com/reload": "va.*" }]])(
    "a rotation while the operator is away is found when it starts, %j",
    async (annotations) => {
      const { world, web } = await csiWorld(annotations);
      await world.manager.stop();
      await mounted(world, "web-1", "2");
      world.manager = await world.start({ csi: true });
      await world.settle();
      expect(rolls(await web())).toBe(1);
    },
  );

  test("29: a class that carries ignore rolls nothing", async () => {
    const { world, web } = await csiWorld(auto);
    await provided(world, { "reloader.stakater.com/ignore": "true" });
    await mounted(world, "web-1", "2");
    await world.settle();
    expect(rolls(await web())).toBe(0);
  });

  test("excluded classes and an operator without the flag roll nothing", async () => {
    const excluded = await csiWorld({ ...auto, "secretproviderclasses.exclude.reloader.stakater.com/reload": "vault" });
    await mounted(excluded.world, "web-1", "2");
    await excluded.world.settle();
    expect(rolls(await excluded.web())).toBe(0);
    const off = await csiWorld(auto, { csi: false });
    await mounted(off.world, "web-1", "2");
    await off.world.settle();
    expect(rolls(await off.web())).toBe(0);
  });

  test("without the driver in the cluster everything else goes on", async () => {
    const world = await startWorld();
    await world.manager.stop();
    void world.start({ csi: true });
    await world.settle();
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.settle();
    expect(rolls(await world.cluster.client.get(Deployment, key("web")))).toBe(1);
  });
});
