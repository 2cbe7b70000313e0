import { isConditionTrue, Job, type LabelSelector, Pod, type Stored } from "@homeostat/api";
import { afterEach, describe, expect, it } from "vitest";
import { createWorld, type World } from "../../workloads/world.test-support.ts";
import { type PodStage, spreadOf, stageLabel, stageOf } from "./stages.ts";

let world: World | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

const pod = (name: string, labels: Record<string, string>): Pod => ({
  metadata: { name, labels },
  spec: { containers: [{ name: "app", image: "app:1" }] },
});
const inStage = (name: string): Pod => pod("web", { [stageLabel]: name });
const ready = ({ status }: Stored<Pod>): boolean => isConditionTrue(status?.conditions, "Ready");
const crashes = ({ status }: Stored<Pod>): boolean =>
  status?.containerStatuses?.[0]?.state?.waiting?.reason === "CrashLoopBackOff";

describe("a pod in a stage", () => {
  it("starts late when it is delayed", async () => {
    world = await createWorld();
    const start = world.clock.now();
    await world.create(Pod, inStage("delayed"));
    await world.until(Pod, "web", ready, "is ready");
    const tookMs = world.clock.now() - start;
    expect([tookMs >= 4_000, tookMs <= 10_000]).toEqual([true, true]);
  });

  it("starts at once when it is instant, however slow the cluster", async () => {
    world = await createWorld({ speed: "real" });
    await world.create(Pod, inStage("instant"));
    const start = world.clock.now();
    await world.until(Pod, "web", ready, "is ready");
    expect(world.clock.now() - start).toBeLessThan(1_000);
  });

  it("fails for good when it is failing, whatever its restart policy", async () => {
    world = await createWorld();
    await world.create(Pod, inStage("failing"));
    const { status } = await world.until(Pod, "web", (each) => each.status?.phase === "Failed", "has failed");
    expect(status?.containerStatuses?.[0]).toMatchObject({ restartCount: 0, state: { terminated: { exitCode: 1 } } });
  });

  it("crashes from when it is moved to crash-looping, and recovers when it is moved away", async () => {
    world = await createWorld();
    await world.create(Pod, pod("web", {}));
    await world.until(Pod, "web", ready, "is ready");
    const key = { namespace: "demo", name: "web" };
    const move = (name: string | null) =>
      world!.client.patchMerge(Pod, key, { metadata: { labels: { [stageLabel]: name } } });
    await move("crash-looping");
    await world.until(Pod, "web", crashes, "crashes");
    await move(null);
    await world.until(Pod, "web", ready, "is ready again");
  });

  it("goes by it where the others wait for somebody to write their status", async () => {
    world = await createWorld({ speed: "manual" });
    await world.create(Pod, inStage("instant"));
    await world.until(Pod, "web", ready, "is ready");
  });

  it("says so when there is no such stage, and runs", async () => {
    world = await createWorld();
    await world.create(Pod, inStage("sideways"));
    await world.until(Pod, "web", ready, "is ready");
    expect((await world.events("web")).find((event) => event.startsWith("UnknownStage"))).toContain(
      "there is no stage sideways; there are instant, delayed",
    );
  });

  it("is chosen by the labels of a template, too: a Job fails", async () => {
    world = await createWorld({ stages: [{ name: "down", selector: tier("batch"), behavior: "exit=3" }] });
    const template = {
      metadata: { labels: { tier: "batch" } },
      spec: { restartPolicy: "Never" as const, containers: [{ name: "app", image: "app:1" }] },
    };
    await world.create(Job, { metadata: { name: "work" }, spec: { backoffLimit: 0, template } });
    await world.until(Job, "work", ({ status }) => isConditionTrue(status?.conditions, "Failed"), "has failed");
  });
});

const tier = (name: string): LabelSelector => ({ matchLabels: { tier: name } });

describe("the choice of a stage", () => {
  const stored = (index: number, labels: Record<string, string>): Stored<Pod> =>
    ({ metadata: { name: "p", uid: `uid-${index}`, labels } }) as unknown as Stored<Pod>;
  const chosen = (index: number, labels: Record<string, string>, stages: readonly PodStage[]): string => {
    const choice = stageOf(stored(index, labels), stages);
    return choice.type === "stage" ? choice.stage.name : choice.type;
  };

  it("draws by weight among those that match, always the same for a pod", () => {
    const stages: PodStage[] = [
      { name: "good", selector: tier("web"), weight: 3 },
      { name: "bad", selector: tier("web") },
      { name: "never", selector: tier("web"), weight: 0 },
      { name: "other", selector: tier("db") },
    ];
    const draws = Array.from({ length: 2_000 }, (_, index) => chosen(index, { tier: "web" }, stages));
    expect(draws).toEqual(draws.map((_, index) => chosen(index, { tier: "web" }, stages)));
    const share = draws.filter((name) => name === "good").length / draws.length;
    expect([share > 0.7, share < 0.8, new Set(draws)]).toEqual([true, true, new Set(["good", "bad"])]);
    expect(chosen(1, { tier: "cache" }, stages)).toBe("none");
  });

  it("lets a pod name its stage, whatever selectors say, and a stage replace a built-in one", () => {
    const stages: PodStage[] = [{ name: "delayed", selector: tier("web"), delayMs: 1 }];
    expect(chosen(1, { tier: "web", [stageLabel]: "failing" }, stages)).toBe("failing");
    expect(stageOf(stored(1, { [stageLabel]: "delayed" }), stages)).toEqual({ type: "stage", stage: stages[0] });
  });

  it("spreads pods evenly", () => {
    const values = Array.from({ length: 1_000 }, (_, index) => spreadOf(`pod-${index}`));
    const mean = values.reduce((total, value) => total + value, 0) / values.length;
    expect([mean > 0.45, mean < 0.55]).toEqual([true, true]);
  });
});
