import { Deployment, findCondition, Pod, ReplicaSet, type Stored } from "@homeostat/api";
import { afterEach, describe, expect, it } from "vitest";
import { createWorld, template, type World } from "../world.test-support.ts";

const labels = { app: "web" };
let world: World;
afterEach(() => world.stop());

const deployment = (replicas: number, image = "app:1", extra: object = {}): Deployment => ({
  metadata: { name: "web", labels },
  spec: { replicas, selector: { matchLabels: labels }, template: template(labels, image), ...extra },
});

/** What `kubectl rollout status` waits for. */
const rolledOut = ({ metadata, spec, status }: Stored<Deployment>): boolean =>
  (status?.observedGeneration ?? 0) >= metadata.generation! &&
  (status?.updatedReplicas ?? 0) >= spec!.replicas! &&
  status?.replicas === status?.updatedReplicas &&
  (status?.availableReplicas ?? 0) >= (status?.updatedReplicas ?? 0);

const progressing = ({ status }: Stored<Deployment>) => findCondition(status?.conditions, "Progressing");

const setImage = (image: string) =>
  world.client.patchStrategic(
    Deployment,
    { namespace: "demo", name: "web" },
    { spec: { template: { spec: { containers: [{ name: "app", image }] } } } },
  );

const revisions = async (): Promise<Record<string, string | undefined>> =>
  Object.fromEntries(
    (await world.list(ReplicaSet)).map(({ spec, metadata }) => [
      spec!.template!.spec!.containers[0]!.image,
      metadata.annotations?.["deployment.kubernetes.io/revision"],
    ]),
  );

describe("Deployments", () => {
  it("make a ReplicaSet and become available", async () => {
    world = await createWorld();
    await world.create(Deployment, deployment(3));
    const ready = await world.until(
      Deployment,
      "web",
      (each) => progressing(each)?.reason === "NewReplicaSetAvailable",
      "is complete",
    );
    expect(rolledOut(ready)).toBe(true);
    expect(ready.status).toMatchObject({ replicas: 3, readyReplicas: 3, availableReplicas: 3, updatedReplicas: 3 });
    expect(ready.metadata.annotations?.["deployment.kubernetes.io/revision"]).toBe("1");
    expect(findCondition(ready.status?.conditions, "Available")).toMatchObject({
      status: "True",
      reason: "MinimumReplicasAvailable",
    });
    const [set] = await world.list(ReplicaSet);
    const hash = set!.metadata.labels!["pod-template-hash"];
    expect(set!.metadata.name).toBe(`web-${hash}`);
    expect(set!.spec!.selector.matchLabels).toEqual({ ...labels, "pod-template-hash": hash });
    expect(set!.metadata.annotations).toMatchObject({
      "deployment.kubernetes.io/desired-replicas": "3",
      "deployment.kubernetes.io/max-replicas": "4",
    });
    expect(await world.events("web")).toContain(`ScalingReplicaSet Scaled up replica set web-${hash} from 0 to 3`);
  });

  it("roll a new template out without falling below the available minimum", async () => {
    world = await createWorld();
    await world.create(
      Deployment,
      deployment(4, "app:1", { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } }),
    );
    await world.until(Deployment, "web", rolledOut, "is rolled out");
    const changes = await world.history(Deployment);
    await setImage("app:2");
    await world.until(
      Deployment,
      "web",
      (each) =>
        each.metadata.generation === 2 && progressing(each)?.reason === "NewReplicaSetAvailable" && rolledOut(each),
      "is rolled out again",
    );
    expect(Math.min(...changes.map(({ object }) => object.status?.availableReplicas ?? 0))).toBeGreaterThanOrEqual(3);
    expect(Math.max(...changes.map(({ object }) => object.status?.replicas ?? 0))).toBe(5);
    await world.untilAll(Pod, (all) => all.length === 4, "are four");
    const pods = await world.list(Pod);
    expect(pods.map(({ spec }) => spec!.containers[0]!.image)).toEqual(["app:2", "app:2", "app:2", "app:2"]);
    expect(await revisions()).toEqual({ "app:1": "1", "app:2": "2" });
  });

  it("give an old template that comes back the highest revision", async () => {
    world = await createWorld();
    await world.create(Deployment, deployment(1));
    await world.until(Deployment, "web", rolledOut, "is rolled out");
    await setImage("app:2");
    await world.until(Deployment, "web", (each) => each.metadata.generation === 2 && rolledOut(each), "is at 2");
    await setImage("app:1");
    const back = await world.until(
      Deployment,
      "web",
      (each) =>
        each.metadata.generation === 3 &&
        rolledOut(each) &&
        each.metadata.annotations?.["deployment.kubernetes.io/revision"] === "3",
      "is back",
    );
    expect(back.status?.updatedReplicas).toBe(1);
    expect(await revisions()).toEqual({ "app:1": "3", "app:2": "2" });
    const first = (await world.list(ReplicaSet)).find(
      ({ spec }) => spec!.template!.spec!.containers[0]!.image === "app:1",
    );
    expect(first!.metadata.annotations?.["deployment.kubernetes.io/revision-history"]).toBe("1");
  });

  it("stop old pods before starting new ones when they are recreated", async () => {
    world = await createWorld();
    await world.create(Deployment, deployment(2, "app:1", { strategy: { type: "Recreate" } }));
    await world.until(Deployment, "web", rolledOut, "is rolled out");
    const changes = await world.history(Pod);
    await setImage("app:2");
    await world.until(
      Deployment,
      "web",
      (each) => each.metadata.generation === 2 && each.status?.updatedReplicas === 2 && rolledOut(each),
      "is recreated",
    );
    const steps = changes
      .filter(({ type }) => type !== "updated")
      .map(({ type, object }) => `${type} ${object.spec!.containers[0]!.image}`);
    expect(steps).toEqual([
      "added app:1",
      "added app:1",
      "deleted app:1",
      "deleted app:1",
      "added app:2",
      "added app:2",
    ]);
  });

  it("make no ReplicaSet while paused, and go on afterwards", async () => {
    world = await createWorld();
    await world.create(Deployment, deployment(1));
    const { metadata } = await world.until(Deployment, "web", rolledOut, "is rolled out");
    await world.client.patchMerge(Deployment, metadata, { spec: { paused: true } });
    await world.until(Deployment, "web", (each) => progressing(each)?.reason === "DeploymentPaused", "says so");
    await setImage("app:2");
    await world.until(Deployment, "web", ({ status }) => status?.observedGeneration === 3, "has seen the image");
    expect(await revisions()).toEqual({ "app:1": "1" });
    await world.client.patchMerge(Deployment, metadata, { spec: { paused: false } });
    await world.until(Deployment, "web", (each) => each.metadata.generation === 4 && rolledOut(each), "goes on");
    expect(await revisions()).toEqual({ "app:1": "1", "app:2": "2" });
  });

  it("give up when nothing moves until the deadline", async () => {
    world = await createWorld();
    await world.create(Deployment, deployment(1, "app:1", { progressDeadlineSeconds: 60 }));
    await world.until(Deployment, "web", rolledOut, "is rolled out");
    const start = world.clock.now();
    await setImage("app:non-existent");
    const stuck = await world.until(Deployment, "web", (each) => progressing(each)?.status === "False", "is stuck");
    expect(progressing(stuck)?.reason).toBe("ProgressDeadlineExceeded");
    expect(world.clock.now() - start).toBeGreaterThanOrEqual(60_000);
    expect(stuck.status?.availableReplicas).toBe(1);
    await setImage("app:1");
    await world.until(
      Deployment,
      "web",
      (each) => progressing(each)?.reason === "NewReplicaSetAvailable" && rolledOut(each),
      "recovers",
    );
  });

  it("keep as many old ReplicaSets as the history may hold", async () => {
    world = await createWorld();
    await world.create(Deployment, deployment(1, "app:1", { revisionHistoryLimit: 1 }));
    await world.until(Deployment, "web", rolledOut, "is rolled out");
    for (const generation of [2, 3]) {
      await setImage(`app:${generation}`);
      await world.until(
        Deployment,
        "web",
        (each) => each.metadata.generation === generation && rolledOut(each),
        "is rolled out",
      );
    }
    await world.untilAll(ReplicaSet, (sets) => sets.length === 2, "are two");
    expect(await revisions()).toEqual({ "app:2": "2", "app:3": "3" });
  });

  it("share a new size among the ReplicaSets of a rollout that is stuck", async () => {
    world = await createWorld();
    const strategy = { rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } };
    await world.create(Deployment, deployment(10, "app:1", { strategy }));
    await world.until(Deployment, "web", rolledOut, "is rolled out");
    await setImage("app:404");
    const sizes = async (): Promise<Record<string, number>> =>
      Object.fromEntries(
        (await world.list(ReplicaSet)).map(({ spec }) => [spec!.template!.spec!.containers[0]!.image, spec!.replicas!]),
      );
    await world.clock.until(async () => (await sizes())["app:404"] === 5, "the first rollout is stuck at 8 and 5");
    expect(await sizes()).toEqual({ "app:1": 8, "app:404": 5 });
    await world.client.scale.set(Deployment, { namespace: "demo", name: "web" }, 30);
    await world.clock.until(async () => (await sizes())["app:404"] !== 5, "sizes change");
    expect(await sizes()).toEqual({ "app:1": 20, "app:404": 13 });
  });
});
