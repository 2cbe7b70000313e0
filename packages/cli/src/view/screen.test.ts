import { describe, expect, test } from "vitest";
import { type LiveEvent, LiveModel } from "./live-state.ts";
import { createPalette, noColors } from "./palette.ts";
import { finding, noon, reconcile, webApp } from "./samples.test-support.ts";
import { renderScreen, type ScreenFacts } from "./screen.ts";
import { textWidth } from "./text.ts";

const facts: ScreenFacts = {
  url: "https://127.0.0.1:6443",
  hints: ["export KUBECONFIG=/tmp/kubeconfig", "kubectl get webapps  # have a look"],
  bootMs: 312.4,
  startedAt: noon - 70_000,
};

function model(...events: LiveEvent[]): LiveModel {
  const state = new LiveModel();
  for (const event of events) state.observe(event);
  return state;
}

const screen = (state: LiveModel, columns = 100, rows = 20): string[] =>
  renderScreen(state, facts, { columns, rows }, noon, noColors);

const write = { verb: "apply", resource: "configmaps", namespace: "default", name: "hello-config", changed: true };
const typical = model(
  { type: "object", object: webApp },
  { type: "reconciled", row: reconcile({ writes: [write] }) },
  { type: "reconciled", row: reconcile({ startedAt: noon + 1_000, outcome: "error", error: "it broke" }) },
);

test("shows the cluster, what to try, objects, reconciles newest first, and totals at the bottom", () => {
  expect(screen(typical)).toEqual([
    "homeostat  https://127.0.0.1:6443                             booted in 312 ms, up 70s, Ctrl-C stops",
    "",
    "  export KUBECONFIG=/tmp/kubeconfig",
    "  kubectl get webapps  # have a look",
    "",
    "  KIND    OBJECT         PHASE  READY  GENERATION  AGE  MESSAGE",
    "  WebApp  default/hello  Ready  True   1           65s",
    "",
    "  TIME      CONTROLLER  RECONCILED     OUTCOME            TOOK  WRITES  WHY",
    "  12:00:01  webapp      default/hello  error: it broke  3.2 ms       -  found at start",
    "  12:00:00  webapp      default/hello  success          3.2 ms       1  found at start",
    ...Array<string>(8).fill(""),
    "1 object, 2 reconciles, 1 write, 1 error, 0 loops",
  ]);
});

test("says how often something repeated itself", () => {
  const repeated = model(...Array.from({ length: 5 }, (): LiveEvent => ({ type: "reconciled", row: reconcile() })));
  expect(screen(repeated).filter((line) => line.includes("12:00:00"))).toEqual([
    "  12:00:00  webapp      default/hello  success  3.2 ms       -  5× found at start",
  ]);
});

test("names the operators that are not up yet", () => {
  const operator = (name: string, running: boolean): LiveEvent => ({
    type: "operator",
    operator: { name, running, at: noon },
  });
  const both = [operator("webapp", false), operator("reloader", false)];
  expect(screen(model(...both))).toContain("  starting: webapp, reloader");
  expect(screen(model(...both, operator("webapp", true)))).toContain("  starting: reloader");
  const none = model(...both, operator("webapp", true), operator("reloader", true));
  expect(screen(none)).toContain("  no objects of the operators' kinds");
});

test("names the writes where there is room", () => {
  expect(screen(typical, 140).find((line) => line.includes("12:00:00"))).toContain("apply configmaps/hello-config");
});

test("tells what a loop guard found, in words", () => {
  const lines = screen(model({ type: "finding", finding }), 60);
  expect(lines).toContain("  LOOP webapp default/hello, 2s ago: the controller calls");
  expect(lines).toContain('    itself: "webapp" writes spec.replicas in every pass');
});

test("says so when there is nothing yet", () => {
  const lines = screen(model());
  expect(lines).toContain("  no objects of the operators' kinds");
  expect(lines).toContain("  nothing was reconciled yet");
});

test("shows those first that are not ready, where not all objects fit", () => {
  const events = Array.from({ length: 50 }, (_, n): LiveEvent => {
    const number = (n * 7) % 50;
    const name = `app-${String(number).padStart(2, "0")}`;
    return { type: "object", object: { ...webApp, name, ready: number === 49 ? "False" : "True" } };
  });
  const lines = screen(model(...events));
  const objects = lines.filter((line) => line.includes("WebApp"));
  expect(objects.map((line) => /app-\d+/.exec(line)?.[0])).toEqual(
    ["app-49", "app-00", "app-01", "app-02"].slice(0, objects.length),
  );
  expect(objects.length).toBeGreaterThan(1);
  expect(lines).toContain(`  and ${50 - objects.length} more; 49 of 50 are ready`);
});

test("marks deletion and a generation not seen yet", () => {
  const object = { ...webApp, deleting: true, generation: 2 };
  expect(screen(model({ type: "object", object }))[6]).toBe(
    "  WebApp  default/hello  Deleting  True   2 (1 seen)  65s",
  );
});

test("ends with the last warning", () => {
  const warning = { at: noon, text: "Watch does not work: forbidden" };
  expect(screen(model({ type: "warning", warning })).at(-1)).toMatch(/0 loops {3}Watch does not work: forbidden$/);
});

describe("on a terminal of any size", () => {
  const busy = model(
    ...Array.from({ length: 30 }, (_, n): LiveEvent => ({ type: "object", object: { ...webApp, name: `app-${n}` } })),
    ...Array.from(
      { length: 99 },
      (): LiveEvent => ({ type: "reconciled", row: reconcile({ writes: [write, write] }) }),
    ),
    { type: "finding", finding },
    { type: "finding", finding: { ...finding, name: "other" } },
  );
  const sizes = [20, 40, 60, 79, 80, 132, 200].flatMap((columns) =>
    [1, 2, 5, 8, 12, 24, 60].map((rows) => [columns, rows] as const),
  );
  test.each(sizes)("fits into %i columns and %i rows", (columns, rows) => {
    const lines = renderScreen(busy, facts, { columns, rows }, noon, noColors);
    expect(lines).toHaveLength(rows);
    expect(Math.max(...lines.map(textWidth))).toBeLessThanOrEqual(columns);
    expect(lines.at(-1)).toMatch(/^30 objects/);
  });

  test("shows some of everything from 24 rows on", () => {
    const text = screen(busy, 100, 24).join("\n");
    for (const part of ["KUBECONFIG", "WebApp", "12:00:00", "LOOP"]) expect(text).toContain(part);
  });
});

test("uses colour only for what the words say already", () => {
  const coloured = renderScreen(typical, facts, { columns: 100, rows: 20 }, noon, createPalette({ colors: true }));
  const bare = coloured.map((line) => line.replace(/\x1b\[\d+m/g, "").trimEnd());
  expect(coloured.join("")).toContain("\x1b[31m");
  expect(bare).toEqual(screen(typical));
});
