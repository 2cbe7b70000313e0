import { ConfigMap, Secret, Service, StatefulSet } from "@homeostat/api";
import { expectCondition, expectExists } from "@homeostat/devcluster";
import { describe, expect, test } from "vitest";
import { TempoStack } from "../src/api/tempo-stack.ts";
import { key, minio, ownership, stackKey, startWorld, storage } from "./world.test-support.ts";

describe("an awkward TempoStack", () => {
  test("2.3: of a name that leaves no room for those of Services is told so once, and nothing is made of it", async () => {
    const world = await startWorld();
    const { cluster } = world;
    const name = "a".repeat(33);
    await world.secret("minio", minio);
    await world.stack({}, { name });
    const { status } = await expectCondition(cluster, TempoStack, key(name), "ConfigurationError", "True");
    expect(status?.conditions?.find(({ type }) => type === "ConfigurationError")?.message).toBe(
      `metadata.name: the name of Service tempo-${name}-query-frontend-discovery would be too long: choose a name of no more than 32 characters`,
    );
    const reconciles = world.reconciles(name);
    await world.settle(600_000);
    expect(world.reconciles(name)).toBe(reconciles);
    expect(
      (await cluster.client.list(ConfigMap, { labelSelector: `app.kubernetes.io/instance=${name}` })).items,
    ).toEqual([]);
  });

  test("6.5: has its gossip Service replaced where that has an address, as another operator made it", async () => {
    const world = await startWorld();
    const { cluster } = world;
    await world.secret("minio", minio);
    await world.stack();
    await expectCondition(cluster, TempoStack, stackKey, "Ready", "True");
    await world.stop();
    const ring = key("tempo-simplest-gossip-ring");
    const old = await cluster.client.get(Service, ring);
    await cluster.client.delete(Service, ring);
    const { labels = {} } = old.metadata;
    const metadata = { ...ring, labels, ownerReferences: ownership(old) };
    const { clusterIP: _, clusterIPs: __, ...spec } = old.spec!;
    const made = await cluster.client.create(Service, { apiVersion: "v1", kind: "Service", metadata, spec });
    expect(made.spec?.clusterIP).not.toBe("None");
    await world.start();
    await world.settle();
    expect((await cluster.client.get(Service, ring)).spec).toMatchObject({
      clusterIP: "None",
      publishNotReadyAddresses: true,
    });
  });

  test("3.1.10: mounts a CA ConfigMap and a Secret that are named as the operator's own volumes", async () => {
    const world = await startWorld();
    const { cluster } = world;
    await world.secret("minio", minio);
    await world.secret("data", { "tls.crt": "c", "tls.key": "k" });
    await cluster.client.create(ConfigMap, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: key("tempo-conf"),
      data: { "ca.crt": "ca" },
    });
    await world.stack({ storage: { ...storage, tls: { enabled: true, caName: "tempo-conf", certName: "data" } } });
    await expectCondition(cluster, TempoStack, stackKey, "Ready", "True");
    const ingester = await expectExists(cluster, StatefulSet, key("tempo-simplest-ingester"));
    const { volumes = [] } = ingester.spec!.template.spec!;
    const sources = volumes.map(({ configMap, secret }) => configMap?.name ?? secret?.secretName);
    expect(sources).toEqual([
      ...["tempo-simplest", "tempo-conf", "data", "tempo-simplest-ca-bundle", "tempo-simplest-ingester-mtls"],
    ]);
    expect(await cluster.client.find(Secret, key("data"))).toBeDefined();
  });
});
