import type { Stored } from "@homeostat/api";
import { expect, test } from "vitest";
import { objectRow } from "./object-row.ts";

const metadata = { name: "hello", namespace: "default", uid: "u", resourceVersion: "1", generation: 3 };
const stored = (more: object): Stored => ({ apiVersion: "v1", kind: "X", metadata, ...more }) as Stored;

test("reads phase, the Ready condition and generations by the conventions", () => {
  const status = {
    phase: "Pending",
    observedGeneration: 2,
    conditions: [
      { type: "Other", status: "True" },
      { type: "Ready", status: "False", message: "waits for\x1b[2J a pod" },
    ],
  };
  expect(objectRow("WebApp", stored({ status }))).toMatchObject({
    kind: "WebApp",
    phase: "Pending",
    ready: "False",
    message: "waits for [2J a pod",
    generation: 3,
    observedGeneration: 2,
    deleting: false,
  });
});

test("takes the observed generation from the condition where the status has none", () => {
  const status = { conditions: [{ type: "Ready", status: "True", observedGeneration: 3, message: "all is well" }] };
  expect(objectRow("X", stored({ status }))).toMatchObject({ observedGeneration: 3, message: undefined });
});

test.each([[{}], [{ status: null }], [{ status: "odd" }], [{ status: { phase: 7, conditions: "none" } }]])(
  "makes nothing up for %j",
  (more) => {
    expect(objectRow("X", stored(more))).toMatchObject({
      phase: undefined,
      ready: undefined,
      observedGeneration: undefined,
    });
  },
);

test("tells what is being deleted", () => {
  const object = stored({ metadata: { ...metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } });
  expect(objectRow("X", object).deleting).toBe(true);
});
