import { expect, test } from "vitest";
import type { LiveEvent } from "./live-state.ts";
import { generationText, plainLine, stateText } from "./plain.ts";
import { finding, reconcile, webApp } from "./samples.test-support.ts";

const at = Date.UTC(2026, 0, 1, 12, 0, 0, 7);
const time = "2026-01-01T12:00:00.007Z";
const write = { verb: "apply", resource: "configmaps", namespace: "default", name: "hello-config", changed: true };

test.each<[string, LiveEvent]>([
  [`${time} object WebApp default/hello: phase Ready, ready True, generation 1`, { type: "object", object: webApp }],
  [`${time} operator webapp: is started`, { type: "operator", operator: { name: "webapp", running: false, at } }],
  [`${time} operator webapp: runs`, { type: "operator", operator: { name: "webapp", running: true, at } }],
  [`${time} object WebApp default/hello: gone`, { type: "objectGone", object: webApp }],
  [
    `${time} reconcile webapp default/hello: success in 3.0 ms; why: found at start; wrote: apply configmaps/hello-config`,
    { type: "reconciled", row: reconcile({ startedAt: at - 3, durationMs: 3, writes: [write] }) },
  ],
  [
    `${time} reconcile webapp default/hello: error: it broke in 3.0 ms; why: found at start; wrote nothing`,
    { type: "reconciled", row: reconcile({ startedAt: at - 3, durationMs: 3, outcome: "error", error: "it\nbroke" }) },
  ],
  [`${time} LOOP webapp default/hello: ${finding.message}`, { type: "finding", finding: { ...finding, at } }],
  [
    `${time} busy webapp default/hello: x`,
    { type: "finding", finding: { ...finding, at, slowed: false, message: "x" } },
  ],
  [`${time} warning a b`, { type: "warning", warning: { at, text: "a\x1bb" } }],
])("prints %s", (line, event) => {
  expect(plainLine(event, at)).toBe(line);
});

test.each([
  ["there", { phase: undefined, ready: undefined, generation: undefined }],
  ["being deleted, phase Ready, ready True, generation 1", { deleting: true }],
  [
    "ready False (no pod), generation 2 (1 seen)",
    { phase: undefined, ready: "False", message: "no pod", generation: 2 },
  ],
])("describes a state as %j", (text, change) => {
  expect(stateText({ ...webApp, ...change })).toBe(text);
});

test("marks a status that is about an older generation", () => {
  expect([
    generationText(2, 1),
    generationText(2, 2),
    generationText(2, undefined),
    generationText(undefined, 1),
  ]).toEqual(["2 (1 seen)", "2", "2", "-"]);
});
