import { findCondition, Job, Pod, type Stored } from "@homeostat/api";
import { afterEach, describe, expect, it } from "vitest";
import { createWorld, namespace, type World } from "../world.test-support.ts";

const key = { namespace, name: "work" };
let world: World;
afterEach(() => world.stop());

const job = (command: readonly string[], extra: object = {}, pod: object = {}): Job => ({
  metadata: { name: "work" },
  spec: {
    template: { spec: { restartPolicy: "Never", containers: [{ name: "work", image: "busybox", command }], ...pod } },
    ...extra,
  },
});

const isTrue = (type: string) => (object: Stored<Job>) =>
  findCondition(object.status?.conditions, type)?.status === "True";
const active = (pods: readonly Stored<Pod>[]) =>
  pods.filter(({ status, metadata }) => status?.phase === "Running" && !metadata.deletionTimestamp);

describe("Jobs", () => {
  it("run pods until enough have succeeded", async () => {
    world = await createWorld();
    await world.create(Job, job(["sleep", "10"], { completions: 5, parallelism: 2 }));
    let most = 0;
    const done = await world.until(
      Job,
      "work",
      async (each) => {
        most = Math.max(most, active(await world.list(Pod)).length);
        return isTrue("Complete")(each);
      },
      "is complete",
    );
    expect(most).toBe(2);
    expect(done.status).toMatchObject({ succeeded: 5, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
    expect(done.status?.active ?? 0).toBe(0);
    expect(done.status?.failed ?? 0).toBe(0);
    expect(done.status?.completionTime).toBeDefined();
    expect(findCondition(done.status?.conditions, "SuccessCriteriaMet")).toMatchObject({
      status: "True",
      reason: "CompletionsReached",
    });
    const pods = await world.list(Pod);
    expect(pods).toHaveLength(5);
    expect(pods.flatMap(({ metadata }) => metadata.finalizers ?? [])).toEqual([]);
    expect(pods[0]!.metadata.labels).toMatchObject({ "batch.kubernetes.io/job-name": "work", "job-name": "work" });
    expect(await world.events("work")).toContain("Completed Job completed");
  });

  it("fail when more pods fail than the limit allows, each after a longer wait", async () => {
    world = await createWorld();
    const start = world.clock.now();
    await world.create(Job, job(["false"], { backoffLimit: 2 }));
    const failed = await world.until(Job, "work", isTrue("Failed"), "has failed");
    expect(failed.status).toMatchObject({ failed: 3 });
    expect(findCondition(failed.status?.conditions, "Failed")).toMatchObject({
      reason: "BackoffLimitExceeded",
      message: "Job has reached the specified backoff limit",
    });
    expect(findCondition(failed.status?.conditions, "FailureTarget")?.status).toBe("True");
    expect(world.clock.now() - start).toBeGreaterThanOrEqual(28_000);
  });

  it("count restarts of containers when they are started again in place", async () => {
    world = await createWorld();
    await world.create(Job, job(["false"], { backoffLimit: 2 }, { restartPolicy: "OnFailure" }));
    const failed = await world.until(Job, "work", isTrue("Failed"), "has failed");
    expect(findCondition(failed.status?.conditions, "Failed")?.reason).toBe("BackoffLimitExceeded");
    await world.untilAll(Pod, (pods) => active(pods).length === 0, "are stopped");
  });

  it("run each index once", async () => {
    world = await createWorld();
    await world.create(Job, job(["true"], { completions: 4, parallelism: 3, completionMode: "Indexed" }));
    const done = await world.until(Job, "work", isTrue("Complete"), "is complete");
    expect(done.status).toMatchObject({ completedIndexes: "0-3", succeeded: 4 });
    const pods = await world.list(Pod);
    expect(pods.map(({ spec }) => spec?.hostname).sort()).toEqual(["work-0", "work-1", "work-2", "work-3"]);
    expect(pods[0]!.spec!.containers[0]!.env).toMatchObject([{ name: "JOB_COMPLETION_INDEX" }]);
  });

  it("fail only the index that fails when tries are counted for each", async () => {
    world = await createWorld();
    await world.create(
      Job,
      job(["sleep", "infinity"], {
        completions: 3,
        parallelism: 3,
        completionMode: "Indexed",
        backoffLimitPerIndex: 0,
      }),
    );
    const pods = await world.untilAll(Pod, (all) => active(all).length === 3, "run");
    for (const [index, pod] of pods.entries()) {
      await world.client.status.patchMerge(Pod, pod.metadata, {
        status: { phase: index === 1 ? "Failed" : "Succeeded" },
      });
    }
    const failed = await world.until(Job, "work", isTrue("Failed"), "has failed");
    const index = pods[1]!.metadata.annotations!["batch.kubernetes.io/job-completion-index"];
    expect(failed.status).toMatchObject({ failedIndexes: index, succeeded: 2, failed: 1 });
    expect(findCondition(failed.status?.conditions, "Failed")?.reason).toBe("FailedIndexes");
  });

  it("fail when they are active for too long", async () => {
    world = await createWorld();
    await world.create(Job, job(["sleep", "infinity"], { activeDeadlineSeconds: 30 }));
    const failed = await world.until(Job, "work", isTrue("Failed"), "has failed");
    expect(findCondition(failed.status?.conditions, "Failed")?.reason).toBe("DeadlineExceeded");
    await world.untilAll(Pod, (pods) => active(pods).length === 0, "are stopped");
  });

  it("stop their pods while suspended and start over when they go on", async () => {
    world = await createWorld();
    await world.create(Job, job(["sleep", "60"], { suspend: true }));
    await world.until(Job, "work", isTrue("Suspended"), "is suspended");
    expect(await world.list(Pod)).toEqual([]);
    await world.client.patchMerge(Job, key, { spec: { suspend: false } });
    await world.untilAll(Pod, (pods) => active(pods).length === 1, "run");
    await world.client.patchMerge(Job, key, { spec: { suspend: true } });
    await world.untilAll(Pod, (pods) => pods.length === 0, "are gone");
    const paused = await world.until(Job, "work", isTrue("Suspended"), "is suspended again");
    expect(paused.status?.startTime).toBeUndefined();
    expect(paused.status?.failed ?? 0).toBe(0);
    await world.client.patchMerge(Job, key, { spec: { suspend: false } });
    const done = await world.until(Job, "work", isTrue("Complete"), "is complete");
    expect(findCondition(done.status?.conditions, "Suspended")).toMatchObject({
      status: "False",
      reason: "JobResumed",
    });
    expect(await world.events("work")).toEqual(
      expect.arrayContaining(["Suspended Job suspended", "Resumed Job resumed"]),
    );
  });

  it("replace a pod that somebody deletes, and count it as failed", async () => {
    world = await createWorld();
    await world.create(Job, job(["sleep", "600"]));
    const [first] = await world.untilAll(Pod, (pods) => active(pods).length === 1, "run");
    await world.client.delete(Pod, first!.metadata);
    await world.untilAll(
      Pod,
      (pods) => pods.length === 1 && pods[0]!.metadata.uid !== first!.metadata.uid,
      "are replaced",
    );
    const done = await world.until(Job, "work", isTrue("Complete"), "is complete");
    expect(done.status).toMatchObject({ succeeded: 1, failed: 1 });
  });

  it("end at once where the failure policy says so, and do not count what it ignores", async () => {
    world = await createWorld();
    const rules = [{ action: "FailJob", onExitCodes: { operator: "In", values: [42] } }];
    await world.create(Job, job(["sh", "-c", "exit 42"], { podFailurePolicy: { rules } }));
    const failed = await world.until(Job, "work", isTrue("Failed"), "has failed");
    expect(findCondition(failed.status?.conditions, "Failed")).toMatchObject({ reason: "PodFailurePolicy" });
    expect(findCondition(failed.status?.conditions, "Failed")?.message).toMatch(
      /^Container work failed with exit code 42 for pod demo\/work-.* matching FailJob rule at index 0$/,
    );
    expect(failed.status?.failed).toBe(1);
  });

  it("are deleted when their time to live is over", async () => {
    world = await createWorld();
    await world.create(Job, job(["true"], { ttlSecondsAfterFinished: 100 }));
    await world.until(Job, "work", isTrue("Complete"), "is complete");
    const end = world.clock.now();
    // Deletion waits for the garbage collector, which is not part of this world.
    const gone = await world.until(Job, "work", ({ metadata }) => metadata.deletionTimestamp, "is deleted");
    expect(gone.metadata.finalizers).toEqual(["foregroundDeletion"]);
    expect(world.clock.now() - end).toBeGreaterThanOrEqual(99_000);
  });

  it("let their pods go when they are deleted themselves", async () => {
    world = await createWorld();
    await world.create(Job, job(["sleep", "600"]));
    const [pod] = await world.untilAll(Pod, (pods) => active(pods).length === 1, "run");
    await world.client.delete(Job, key, { propagationPolicy: "Background" });
    await world.until(Pod, pod!.metadata.name, ({ metadata }) => !metadata.finalizers?.length, "is let go");
  });
});
