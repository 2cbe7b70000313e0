import {
  ControllerRevision,
  isConditionTrue,
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
  type Stored,
} from "@homeostat/api";
import { afterEach, describe, expect, it } from "vitest";
import { createWorld, namespace, template, type World } from "../world.test-support.ts";

const labels = { app: "db" };
const key = { namespace, name: "db" };
let world: World;
afterEach(() => world.stop());

const statefulSet = (replicas: number, extra: object = {}): StatefulSet => ({
  metadata: { name: "db" },
  spec: { replicas, serviceName: "db", selector: { matchLabels: labels }, template: template(labels), ...extra },
});

/** What `kubectl rollout status` waits for. */
const rolledOut = ({ metadata, spec, status }: Stored<StatefulSet>): boolean =>
  (status?.observedGeneration ?? 0) >= metadata.generation! &&
  (status?.readyReplicas ?? 0) >= spec!.replicas! &&
  status?.updateRevision === status?.currentRevision;

const setImage = (image: string) =>
  world.client.patchStrategic(StatefulSet, key, {
    spec: { template: { spec: { containers: [{ name: "app", image }] } } },
  });

const images = async (): Promise<Record<string, string | undefined>> =>
  Object.fromEntries((await world.list(Pod)).map(({ metadata, spec }) => [metadata.name, spec!.containers[0]!.image]));

const names = (pods: readonly Stored<Pod>[]): string[] => pods.map(({ metadata }) => metadata.name).sort();

describe("StatefulSets", () => {
  it("make pods one after the other, each when the one before is ready", async () => {
    world = await createWorld();
    await world.create(StatefulSet, statefulSet(3));
    const changes = await world.history(Pod);
    const ready = await world.until(
      StatefulSet,
      "db",
      (set) => rolledOut(set) && set.status?.availableReplicas === 3,
      "is ready",
    );
    const steps = changes.flatMap(({ type, object: { metadata, status } }) => {
      if (type === "added") return [`${metadata.name} is made`];
      return isConditionTrue(status?.conditions, "Ready") ? [`${metadata.name} is ready`] : [];
    });
    expect([...new Set(steps)]).toEqual([
      "db-0 is made",
      "db-0 is ready",
      "db-1 is made",
      "db-1 is ready",
      "db-2 is made",
      "db-2 is ready",
    ]);
    expect(ready.status).toMatchObject({ replicas: 3, readyReplicas: 3, currentReplicas: 3, updatedReplicas: 3 });
    const [first] = await world.list(Pod);
    expect(first!.metadata.labels).toMatchObject({
      "statefulset.kubernetes.io/pod-name": "db-0",
      "apps.kubernetes.io/pod-index": "0",
      "controller-revision-hash": ready.status!.currentRevision,
    });
    expect(first!.spec).toMatchObject({ hostname: "db-0", subdomain: "db" });
    expect(await world.events("db")).toContain("SuccessfulCreate create Pod db-0 in StatefulSet db successful");
  });

  it("do not go past a pod that is not ready", async () => {
    world = await createWorld();
    await world.create(StatefulSet, statefulSet(2, { template: template(labels, "app:404") }));
    await world.until(
      Pod,
      "db-0",
      ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === "ImagePullBackOff",
      "waits",
    );
    await world.clock.advance(600_000);
    expect(names(await world.list(Pod))).toEqual(["db-0"]);
  });

  it("make all pods at once when they are parallel", async () => {
    world = await createWorld();
    await world.create(
      StatefulSet,
      statefulSet(3, { podManagementPolicy: "Parallel", template: template(labels, "app:404") }),
    );
    await world.untilAll(Pod, (pods) => pods.length === 3, "are all made");
  });

  it("shrink from the highest ordinal", async () => {
    world = await createWorld();
    await world.create(StatefulSet, statefulSet(3));
    await world.until(StatefulSet, "db", rolledOut, "is ready");
    const changes = await world.history(Pod);
    await world.client.scale.set(StatefulSet, key, 1);
    await world.untilAll(Pod, (pods) => pods.length === 1, "are one");
    // The next is asked to go only when the one before is gone.
    const steps = changes.filter(({ type, object }) => type === "deleted" || object.metadata.deletionTimestamp);
    expect([...new Set(steps.map(({ type, object }) => `${type} ${object.metadata.name}`))]).toEqual([
      "updated db-2",
      "deleted db-2",
      "updated db-1",
      "deleted db-1",
    ]);
  });

  it("update from the highest ordinal down to the partition, and the rest when it falls", async () => {
    world = await createWorld();
    await world.create(
      StatefulSet,
      statefulSet(3, { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } } }),
    );
    const before = await world.until(StatefulSet, "db", rolledOut, "is ready");
    await setImage("app:2");
    await world.until(
      StatefulSet,
      "db",
      ({ status }) => status?.updatedReplicas === 1 && status.readyReplicas === 3 && status.observedGeneration === 2,
      "is partly updated",
    );
    expect(await images()).toEqual({ "db-0": "app:1", "db-1": "app:1", "db-2": "app:2" });
    const partly = await world.get(StatefulSet, "db");
    expect(partly.status?.currentRevision).toBe(before.status?.currentRevision);
    // A pod below the partition comes back as it was.
    const first = await world.get(Pod, "db-0");
    await world.client.delete(Pod, first.metadata);
    await world.until(
      Pod,
      "db-0",
      ({ metadata, status }) => metadata.uid !== first.metadata.uid && status?.phase === "Running",
      "is back",
    );
    await world.until(StatefulSet, "db", ({ status }) => status?.readyReplicas === 3, "is whole again");
    expect((await images())["db-0"]).toBe("app:1");
    await world.client.patchMerge(StatefulSet, key, { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } });
    const done = await world.until(
      StatefulSet,
      "db",
      (set) => rolledOut(set) && set.status?.updatedReplicas === 3,
      "is updated",
    );
    expect(await images()).toEqual({ "db-0": "app:2", "db-1": "app:2", "db-2": "app:2" });
    expect(done.status?.currentRevision).not.toBe(before.status?.currentRevision);
  });

  it("use the revision of a template again when it comes back", async () => {
    world = await createWorld();
    await world.create(StatefulSet, statefulSet(1));
    await world.until(StatefulSet, "db", rolledOut, "is ready");
    await setImage("app:2");
    await world.until(StatefulSet, "db", (set) => set.metadata.generation === 2 && rolledOut(set), "is at 2");
    await setImage("app:1");
    await world.until(StatefulSet, "db", (set) => set.metadata.generation === 3 && rolledOut(set), "is back");
    const revisions = (await world.list(ControllerRevision)).map(({ revision }) => revision).sort();
    expect(revisions).toEqual([2, 3]);
    expect(await images()).toEqual({ "db-0": "app:1" });
  });

  it("give each pod its claims, and keep them when it goes", async () => {
    // No volumes are bound here, so the pods are never placed, which does not matter for their claims.
    world = await createWorld();
    const claim = {
      metadata: { name: "data" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    };
    await world.create(StatefulSet, statefulSet(2, { podManagementPolicy: "Parallel", volumeClaimTemplates: [claim] }));
    await world.untilAll(PersistentVolumeClaim, (claims) => claims.length === 2, "are made");
    const pod = await world.until(
      Pod,
      "db-1",
      ({ status }) => status?.conditions?.[0]?.reason === "Unschedulable",
      "is not placed",
    );
    expect(pod.status!.conditions![0]!.message).toBe(
      "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
    );
    expect(pod.spec!.volumes![0]).toMatchObject({ name: "data", persistentVolumeClaim: { claimName: "data-db-1" } });
    await world.client.scale.set(StatefulSet, key, 0);
    await world.untilAll(Pod, (pods) => pods.length === 0, "are gone");
    expect((await world.list(PersistentVolumeClaim)).map(({ metadata }) => [metadata.name, metadata.labels])).toEqual([
      ["data-db-0", labels],
      ["data-db-1", labels],
    ]);
  });

  it("make claims their own when the policy says that they go with the set", async () => {
    world = await createWorld();
    const claim = {
      metadata: { name: "data" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    };
    const { metadata } = await world.create(
      StatefulSet,
      statefulSet(1, {
        volumeClaimTemplates: [claim],
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Delete", whenScaled: "Retain" },
      }),
    );
    const [made] = await world.untilAll(PersistentVolumeClaim, (claims) => claims.length === 1, "are made");
    expect(made!.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([metadata.uid]);
  });

  it("give the claims of a pod to it when it goes for good and the policy says so", async () => {
    world = await createWorld();
    const claim = {
      metadata: { name: "data" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    };
    const policy = { whenDeleted: "Retain", whenScaled: "Delete" };
    await world.create(
      StatefulSet,
      statefulSet(2, {
        podManagementPolicy: "Parallel",
        volumeClaimTemplates: [claim],
        persistentVolumeClaimRetentionPolicy: policy,
      }),
    );
    await world.untilAll(PersistentVolumeClaim, (claims) => claims.length === 2, "are made");
    const condemned = await world.until(Pod, "db-1", () => true, "is made");
    await world.client.patchMerge(StatefulSet, key, { spec: { replicas: 1 } });
    await world.untilAll(Pod, (pods) => pods.length === 1, "are one");
    const owners = async (name: string) =>
      (await world.get(PersistentVolumeClaim, name)).metadata.ownerReferences?.map(({ kind, uid }) => [kind, uid]);
    expect([await owners("data-db-0"), await owners("data-db-1")]).toEqual([
      undefined,
      [["Pod", condemned.metadata.uid]],
    ]);
  });

  it("update no pod but those that are deleted when the strategy is OnDelete", async () => {
    world = await createWorld();
    await world.create(StatefulSet, statefulSet(2, { updateStrategy: { type: "OnDelete" } }));
    await world.until(StatefulSet, "db", ({ status }) => status?.readyReplicas === 2, "is ready");
    await setImage("app:2");
    await world.clock.advance(60_000);
    expect(await images()).toEqual({ "db-0": "app:1", "db-1": "app:1" });
    await world.client.delete(Pod, { namespace, name: "db-0" });
    await world.until(Pod, "db-0", ({ spec }) => spec?.containers[0]?.image === "app:2", "is of the new revision");
    const half = await world.until(StatefulSet, "db", ({ status }) => status?.readyReplicas === 2, "is ready");
    expect(half.status).toMatchObject({ updatedReplicas: 1, currentReplicas: 1 });
    expect(half.status?.updateRevision).not.toBe(half.status?.currentRevision);
  });

  it("replace a pod that has failed", async () => {
    world = await createWorld();
    await world.create(StatefulSet, statefulSet(1));
    const first = await world.until(Pod, "db-0", ({ status }) => status?.phase === "Running", "runs");
    await world.client.status.patchMerge(Pod, first.metadata, { status: { phase: "Failed" } });
    await world.until(
      Pod,
      "db-0",
      ({ metadata, status }) => metadata.uid !== first.metadata.uid && status?.phase === "Running",
      "runs again",
    );
    expect(await world.events("db")).toContain("RecreatingFailedPod StatefulSet demo/db is recreating failed Pod db-0");
  });
});
