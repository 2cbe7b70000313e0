import { CronJob, Job, type Stored } from "@homeostat/api";
import { afterEach, describe, expect, it } from "vitest";
import { createWorld, namespace, type World } from "../world.test-support.ts";

const key = { namespace, name: "tick" };
const minute = 60_000;
let world: World;
afterEach(() => world.stop());

const cronJob = (seconds: number | "infinity", extra: object = {}): CronJob => ({
  metadata: { name: "tick" },
  spec: {
    schedule: "*/5 * * * *",
    jobTemplate: {
      metadata: { labels: { from: "tick" } },
      spec: {
        template: {
          spec: {
            restartPolicy: "Never",
            containers: [{ name: "c", image: "busybox", command: ["sleep", String(seconds)] }],
          },
        },
      },
    },
    ...extra,
  },
});

const names = (jobs: readonly Stored<Job>[]): string[] => jobs.map(({ metadata }) => metadata.name).sort();

describe("CronJobs", () => {
  it("make a Job when they are due, and note when it succeeded", async () => {
    world = await createWorld();
    const start = world.clock.now();
    const made = await world.create(CronJob, cronJob(10));
    const [job] = await world.untilAll(Job, (jobs) => jobs.length === 1, "are made");
    expect(world.clock.now() - start).toBe(5 * minute);
    expect(job!.metadata.name).toBe(`tick-${(start + 5 * minute) / minute}`);
    expect(job!.metadata).toMatchObject({
      labels: { from: "tick" },
      annotations: { "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-01-01T00:05:00Z" },
      ownerReferences: [{ uid: made.metadata.uid, controller: true }],
    });
    const running = await world.until(CronJob, "tick", ({ status }) => status?.active?.length === 1, "is active");
    expect(running.status?.lastScheduleTime).toBe("2026-01-01T00:05:00Z");
    const done = await world.until(CronJob, "tick", ({ status }) => status?.lastSuccessfulTime, "has succeeded");
    expect(done.status?.active ?? []).toEqual([]);
    expect(await world.events("tick")).toEqual(
      expect.arrayContaining([
        `SuccessfulCreate Created job ${job!.metadata.name}`,
        `SawCompletedJob Saw completed job: ${job!.metadata.name}, condition: Complete`,
      ]),
    );
  });

  it.each<[string, number, number]>([
    ["Allow", 3, 3],
    ["Forbid", 1, 1],
  ])("with %s run %i at once after three times", async (concurrencyPolicy, jobs, active) => {
    world = await createWorld();
    await world.create(CronJob, cronJob("infinity", { concurrencyPolicy }));
    await world.clock.advance(16 * minute);
    expect(await world.list(Job)).toHaveLength(jobs);
    expect((await world.get(CronJob, "tick")).status?.active).toHaveLength(active);
  });

  it("with Replace put the new Job in place of the old", async () => {
    world = await createWorld();
    await world.create(CronJob, cronJob("infinity", { concurrencyPolicy: "Replace" }));
    const [first] = await world.untilAll(Job, (jobs) => jobs.length === 1, "are one");
    await world.clock.advance(6 * minute);
    const jobs = await world.list(Job);
    expect(names(jobs)).not.toContain(first!.metadata.name);
    expect(jobs).toHaveLength(1);
  });

  it("keep as many ended Jobs as the history may hold", async () => {
    world = await createWorld();
    await world.create(CronJob, cronJob(1, { successfulJobsHistoryLimit: 2 }));
    await world.clock.advance(21 * minute);
    expect(
      (await world.list(Job)).map(
        ({ metadata }) => metadata.annotations?.["batch.kubernetes.io/cronjob-scheduled-timestamp"],
      ),
    ).toEqual(["2026-01-01T00:15:00Z", "2026-01-01T00:20:00Z"]);
  });

  it("make nothing while suspended, and only the last of what was missed afterwards", async () => {
    world = await createWorld();
    await world.create(CronJob, cronJob(1, { suspend: true }));
    await world.clock.advance(60 * minute);
    expect(await world.list(Job)).toEqual([]);
    await world.client.patchMerge(CronJob, key, { spec: { suspend: false } });
    const jobs = await world.untilAll(Job, (all) => all.length === 1, "are made");
    expect(jobs[0]!.metadata.annotations?.["batch.kubernetes.io/cronjob-scheduled-timestamp"]).toBe(
      "2026-01-01T01:00:00Z",
    );
  });

  it("leave out what was missed for longer than the deadline", async () => {
    world = await createWorld();
    await world.create(CronJob, cronJob(1, { suspend: true, startingDeadlineSeconds: 30 }));
    await world.clock.advance(63 * minute);
    await world.client.patchMerge(CronJob, key, { spec: { suspend: false } });
    const [job] = await world.untilAll(Job, (all) => all.length === 1, "are made");
    expect(job!.metadata.annotations?.["batch.kubernetes.io/cronjob-scheduled-timestamp"]).toBe("2026-01-01T01:05:00Z");
  });

  it("tell their Jobs the time in their own zone", async () => {
    world = await createWorld();
    await world.create(CronJob, cronJob(1, { schedule: "0 6 * * *", timeZone: "Asia/Kolkata" }));
    const [job] = await world.untilAll(Job, (all) => all.length === 1, "are made");
    expect(job!.metadata.annotations?.["batch.kubernetes.io/cronjob-scheduled-timestamp"]).toBe(
      "2026-01-01T06:00:00+05:30",
    );
  });

  it("warn of Jobs that are theirs and that they did not start", async () => {
    world = await createWorld();
    const made = await world.create(CronJob, cronJob(1, { suspend: true }));
    const { apiVersion, kind } = { apiVersion: "batch/v1", kind: "CronJob" };
    const ownerReferences = [{ apiVersion, kind, name: "tick", uid: made.metadata.uid, controller: true }];
    await world.create(Job, {
      metadata: { name: "by-hand", ownerReferences },
      spec: cronJob("infinity").spec.jobTemplate.spec!,
    });
    await world.untilAll(Job, (all) => all.some(({ status }) => status?.active === 1), "runs");
    expect(await world.events("tick")).toContain(
      "UnexpectedJob Saw a job that the controller did not create or forgot: by-hand",
    );
  });
});
