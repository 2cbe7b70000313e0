import { type KubeObject, PersistentVolume, PersistentVolumeClaim, Pod, type Stored } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import type { DevCluster } from "../create-dev-cluster.ts";
import { expectApplied, expectEvent, expectExists, expectGone } from "../kit/expect.ts";
import { startCluster } from "../kit/with-cluster.test-support.ts";
import { findVolume } from "./volume-match.ts";

const controllers = ["persistentvolume-binder", "persistentvolume", "pvc-protection"];
const key = { namespace: "default", name: "data" };

const claim = (spec: object = {}): KubeObject =>
  ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { ...key },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
  }) as KubeObject;

const volume = (name: string, storage: string, spec: object = {}): KubeObject =>
  ({
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    spec: {
      capacity: { storage },
      accessModes: ["ReadWriteOnce"],
      persistentVolumeReclaimPolicy: "Retain",
      hostPath: { path: "/data" },
      ...spec,
    },
  }) as KubeObject;

const pod = (nodeName: string): KubeObject =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "user", namespace: "default" },
    spec: {
      nodeName,
      containers: [{ name: "user", image: "user" }],
      volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
    },
  }) as KubeObject;

const expectBound = (cluster: DevCluster): Promise<Stored<PersistentVolumeClaim>> =>
  expectExists(cluster, PersistentVolumeClaim, key, ({ status }) => status?.phase === "Bound");

describe("claims and volumes", () => {
  test("a claim without a class binds to a new volume of the standard class", async () => {
    const cluster = await startCluster({ controllers });
    await expectApplied(cluster, claim());
    const bound = await expectBound(cluster);
    expect(bound.spec).toMatchObject({ storageClassName: "standard", volumeName: `pvc-${bound.metadata.uid}` });
    expect(bound.status).toMatchObject({ capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"] });
    expect(bound.metadata.annotations).toMatchObject({
      "pv.kubernetes.io/bind-completed": "yes",
      "pv.kubernetes.io/bound-by-controller": "yes",
    });
    const made = await expectExists(
      cluster,
      PersistentVolume,
      { name: bound.spec!.volumeName! },
      ({ status }) => status?.phase === "Bound",
    );
    expect(made.spec?.claimRef).toMatchObject({ name: "data", namespace: "default", uid: bound.metadata.uid });
  });

  test("a volume made for a claim goes with it", async () => {
    const cluster = await startCluster({ controllers });
    await expectApplied(cluster, claim());
    const bound = await expectBound(cluster);
    await cluster.client.delete(PersistentVolumeClaim, key);
    await expectGone(cluster, PersistentVolumeClaim, key);
    await expectGone(cluster, PersistentVolume, { name: bound.spec!.volumeName! });
  });

  test("a claim of no class takes the smallest volume that is large enough, and gives it up as Released", async () => {
    const cluster = await startCluster({ controllers });
    await expectApplied(cluster, volume("large", "10Gi"), volume("fits", "2Gi"), volume("small", "500Mi"));
    await expectExists(cluster, PersistentVolume, { name: "fits" }, ({ status }) => status?.phase === "Available");
    await expectApplied(cluster, claim({ storageClassName: "" }));
    const bound = await expectBound(cluster);
    expect(bound.spec?.volumeName).toBe("fits");
    expect(bound.status?.capacity).toEqual({ storage: "2Gi" });
    await cluster.client.delete(PersistentVolumeClaim, key);
    await expectExists(cluster, PersistentVolume, { name: "fits" }, ({ status }) => status?.phase === "Released");
  });

  test("a claim waits for a volume, and takes it when it comes", async () => {
    const cluster = await startCluster({ controllers });
    await expectApplied(cluster, claim({ storageClassName: "" }));
    await cluster.clock.advance(60_000);
    expect((await cluster.client.get(PersistentVolumeClaim, key)).status?.phase).toBe("Pending");
    await expectApplied(cluster, volume("late", "1Gi"));
    await expectBound(cluster);
  });

  test("a claim of a class that waits for its first consumer binds when there is one", async () => {
    const cluster = await startCluster({ controllers });
    await expectApplied(
      cluster,
      {
        apiVersion: "storage.k8s.io/v1",
        kind: "StorageClass",
        metadata: { name: "late" },
        provisioner: "example.com/disk",
        volumeBindingMode: "WaitForFirstConsumer",
      } as KubeObject,
      claim({ storageClassName: "late" }),
    );
    await cluster.clock.advance(60_000);
    expect((await cluster.client.get(PersistentVolumeClaim, key)).status?.phase).toBe("Pending");
    await expectApplied(cluster, pod("node-1"));
    await expectBound(cluster);
  });

  test("a bound claim that asks for more grows", async () => {
    const cluster = await startCluster({ controllers });
    await expectApplied(cluster, claim());
    await expectBound(cluster);
    await cluster.client.patchMerge(PersistentVolumeClaim, key, {
      spec: { resources: { requests: { storage: "5Gi" } } },
    });
    await expectExists(cluster, PersistentVolumeClaim, key, ({ status }) => status?.capacity?.["storage"] === "5Gi");
  });

  test("a claim in use stays until its pod is gone", async () => {
    const cluster = await startCluster({ controllers });
    await expectApplied(cluster, claim(), pod("node-1"));
    await expectBound(cluster);
    await cluster.client.delete(PersistentVolumeClaim, key);
    await cluster.clock.advance(60_000);
    expect(await cluster.client.find(PersistentVolumeClaim, key)).toBeDefined();
    await cluster.client.delete(Pod, { namespace: "default", name: "user" }, { gracePeriodSeconds: 0 });
    await expectGone(cluster, PersistentVolumeClaim, key);
  });

  test("a bound claim whose volume is taken away is Lost", async () => {
    const cluster = await startCluster({ controllers });
    await expectApplied(cluster, volume("only", "1Gi"), claim({ storageClassName: "" }));
    await expectBound(cluster);
    await cluster.client.delete(PersistentVolume, { name: "only" });
    await cluster.client.patchMerge(PersistentVolume, { name: "only" }, { metadata: { finalizers: [] } });
    await expectExists(cluster, PersistentVolumeClaim, key, ({ status }) => status?.phase === "Lost");
    const message = "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
    await expectEvent(cluster, PersistentVolumeClaim, key, { type: "Warning", reason: "ClaimLost", message });
  });
});

const stored = <T extends KubeObject>(object: KubeObject): Stored<T> =>
  ({
    ...object,
    metadata: { ...object.metadata, uid: object.metadata?.name, resourceVersion: "1" },
  }) as unknown as Stored<T>;

test.for<[string, object, KubeObject[], string | undefined]>([
  ["takes the smallest that is large enough", {}, [volume("big", "9Gi"), volume("fit", "1Gi")], "fit"],
  ["takes none that is too small", {}, [volume("small", "1Mi")], undefined],
  ["takes none of another class", {}, [volume("other", "1Gi", { storageClassName: "fast" })], undefined],
  ["takes none without the access mode", { accessModes: ["ReadWriteMany"] }, [volume("once", "1Gi")], undefined],
  [
    "takes the one reserved for it, though it is larger",
    {},
    [volume("fit", "1Gi"), volume("mine", "9Gi", { claimRef: key })],
    "mine",
  ],
  [
    "takes none reserved for another",
    {},
    [volume("theirs", "1Gi", { claimRef: { ...key, name: "other" } })],
    undefined,
  ],
  ["takes the one it names", { volumeName: "big" }, [volume("fit", "1Gi"), volume("big", "9Gi")], "big"],
])("a claim %s", ([, spec, volumes, name]) => {
  const wanted = stored<PersistentVolumeClaim>(claim({ storageClassName: "", ...spec }));
  expect(
    findVolume(
      wanted,
      volumes.map((each) => stored<PersistentVolume>(each)),
    )?.metadata.name,
  ).toBe(name);
});

test("a claim of a class that makes no volumes is told so", async () => {
  const cluster = await startCluster({ controllers });
  const none = {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "by-hand" },
    provisioner: "kubernetes.io/no-provisioner",
  } as KubeObject;
  await expectApplied(cluster, none, claim({ storageClassName: "by-hand" }));
  const message = "no volume plugin matched name: kubernetes.io/no-provisioner";
  await expectEvent(cluster, PersistentVolumeClaim, key, { type: "Warning", reason: "ProvisioningFailed", message });
});
