import { describe, expect, it } from "vitest";
import { mergeReports, tableOf } from "./report.ts";
import { runScenario } from "./runner.ts";
import type { Metric, Scenario, Subject } from "./scenario.ts";
import { cacheIngest } from "./scenarios/cache-ingest.ts";
import { queue } from "./scenarios/queue.ts";

interface World {
  readonly scenario: Scenario;
  /** Who was measured, in order. */
  readonly measured: string[];
  closed: boolean;
}

/** Subjects whose figure in round n is n times a number of their own. */
function world(metric: Metric, factors: Readonly<Record<string, number>>): World {
  const measured: string[] = [];
  const subjects = Object.entries(factors).map(([name, factor]): Subject => {
    let round = 0;
    return {
      name,
      role: name.startsWith("ours") ? "ours" : "beside",
      round: async () => {
        measured.push(name);
        return { [metric.name]: factor * round++ };
      },
    };
  });
  const state: World = {
    measured,
    closed: false,
    scenario: {
      name: "example",
      about: "an example",
      open: async () => ({
        comparisons: [{ title: "things", metrics: [metric], subjects }],
        [Symbol.asyncDispose]: async () => {
          state.closed = true;
        },
      }),
    },
  };
  return state;
}

const options = { rounds: 3, scale: 1 };

describe("runScenario", () => {
  it("measures the subjects in turn, each beginning once", async () => {
    const { scenario, measured } = world({ name: "time", unit: "ms" }, { ours: 2, "beside a": 1, "beside b": 4 });
    await runScenario(scenario, options);
    expect(measured.slice(3, 6)).toEqual(["ours", "beside a", "beside b"]);
    expect(measured.slice(6, 9)).toEqual(["beside a", "beside b", "ours"]);
    expect(measured).toHaveLength(12);
  });

  it("leaves out the first round of everyone and tells ratios to each beside", async () => {
    const { scenario } = world({ name: "time", unit: "ms" }, { ours: 2, "beside a": 1, "beside b": 4 });
    const [comparison] = (await runScenario(scenario, options)).comparisons;
    const [ours, besideA] = comparison!.rows;
    expect(ours).toMatchObject({ subject: "ours", median: 4, min: 2, max: 6, rounds: [2, 4, 6] });
    expect(ours!.ratios["beside a"]!.median).toBe(2);
    expect(ours!.ratios["beside b"]!.median).toBe(0.5);
    expect(besideA!.ratios).toEqual({});
  });

  it("judges targets from below for times and from above for rates", async () => {
    const time = world({ name: "time", unit: "ms", target: 3 }, { "ours slow": 2, "ours fast": 1, beside: 9 });
    const [times] = (await runScenario(time.scenario, options)).comparisons;
    expect(times!.rows.map(({ met }) => met)).toEqual([false, true, undefined]);
    const rate = world({ name: "rate", unit: "1/s", target: 3 }, { "ours fast": 2, "ours slow": 1 });
    const [rates] = (await runScenario(rate.scenario, options)).comparisons;
    expect(rates!.rows.map(({ met }) => met)).toEqual([true, false]);
  });

  it("closes the scenario when a round fails", async () => {
    const state = world({ name: "time", unit: "ms" }, {});
    const failing: Scenario = {
      ...state.scenario,
      open: async (given) => ({
        ...(await state.scenario.open(given)),
        comparisons: [
          {
            title: "broken",
            metrics: [],
            subjects: [{ name: "ours", role: "ours", round: () => Promise.reject(new Error("no server")) }],
          },
        ],
      }),
    };
    await expect(runScenario(failing, options)).rejects.toThrow("no server");
    expect(state.closed).toBe(true);
  });
});

describe("tableOf", () => {
  it("prints medians, ranges, targets and ratios in columns", async () => {
    const { scenario } = world({ name: "time", unit: "ms", target: 3 }, { ours: 2, beside: 1 });
    expect(tableOf(await runScenario(scenario, options)).split("\n")).toEqual([
      "example: an example",
      "",
      " things",
      "  ours    time  4 ms  2..6  MISSED ≤ 3  2 [2..2] × beside",
      "  beside  time  2 ms  1..3",
      "",
    ]);
  });
});

describe("mergeReports", () => {
  const machine = { cpu: "some", cores: 2, memoryGiB: 4, platform: "linux-x64", node: "v24.0.0" };
  const measured = (scenario: string, at: string) => ({ scenario, at, load: 0, about: "", comparisons: [] });

  it("keeps the scenarios that were not measured again", () => {
    const before = { machine, scenarios: [measured("boot", "morning"), measured("queue", "morning")] };
    const merged = mergeReports(before, { machine, scenarios: [measured("queue", "evening")] });
    expect(merged.scenarios.map(({ scenario, at }) => [scenario, at])).toEqual([
      ["boot", "morning"],
      ["queue", "evening"],
    ]);
  });
});

describe("scenarios", () => {
  it.each([queue, cacheIngest])("$name measures every subject and metric", async (scenario) => {
    const { comparisons } = await runScenario(scenario, { rounds: 1, scale: 0.01 });
    const figures = comparisons.flatMap(({ rows }) => rows.flatMap(({ rounds }) => rounds));
    expect(figures.length).toBeGreaterThan(5);
    for (const figure of figures) expect(figure).toBeGreaterThan(0);
  });
});
