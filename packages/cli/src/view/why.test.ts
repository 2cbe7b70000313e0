import { expect, test } from "vitest";
import { noon, reconcile } from "./samples.test-support.ts";
import { toldLines, whyLines } from "./why.ts";

const asked = { kind: "webapp", namespace: "default", name: "hello" };
const write = { verb: "apply", resource: "configmaps", namespace: "default", name: "hello-config", changed: true };
const { entry, resource } = reconcile({ writes: [write] });
const failed = reconcile({ startedAt: noon + 61_000, outcome: "error", error: "boom" }).entry;

test("tells each reconcile in the order of time", () => {
  const entries = [
    { ...entry, resource },
    { ...failed, resource },
  ];
  expect(whyLines({ reconciled: true, entries }, asked)).toEqual([
    "webapp default/hello: the last 2 reconciles",
    "",
    "12:00:00  success, in 3.2 ms, by webapp for webapps/default/hello",
    "  why    found at start",
    "  wrote  apply configmaps/hello-config",
    "",
    "12:01:01  error: boom, in 3.2 ms, by webapp for webapps/default/hello",
    "  why    found at start",
    "  wrote  nothing",
  ]);
});

test("says so when the object is not reconciled itself", () => {
  const [title] = whyLines({ reconciled: false, entries: [{ ...entry, resource }] }, { ...asked, kind: "configmap" });
  expect(title).toBe("configmap default/hello: the last reconcile that it caused or that wrote it");
});

test("tells what was said about it, which is where to read why nothing was done", () => {
  const event = { at: noon, type: "Normal", reason: "ReloadSkipped", message: "it was\u001b[2J deleted", count: 3 };
  const lines = toldLines([event, { ...event, message: "again", count: 1 }]);
  expect(lines.slice(0, 2)).toEqual(["", "said about it:"]);
  expect(lines[2]).toMatch(/^12:00:00 {2}ReloadSkipped: it was.+deleted \(3 times\)$/);
  expect(lines[2]).not.toContain("\u001b");
  expect(lines[3]).toBe("12:00:00  ReloadSkipped: again");
  expect(toldLines([])).toEqual([]);
});
