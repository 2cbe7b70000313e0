import type { JsonObject } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { managedFieldsFromScale, managedFieldsToScale } from "./scale-ownership.ts";
import { integer, struct, text } from "./types.test-support.ts";
import { recordUpdate } from "./updater.ts";

const deployment = { apiVersion: "apps/v1", replicasPath: ["spec", "replicas"] };
const scaleType = struct({
  apiVersion: text,
  kind: text,
  metadata: struct({ name: text }),
  spec: struct({ replicas: integer }),
});
const entry = (manager: string, operation: string, fieldsV1: JsonObject, more: JsonObject = {}): JsonObject => ({
  manager,
  operation,
  apiVersion: "apps/v1",
  time: "2026-01-01T00:00:00Z",
  fieldsType: "FieldsV1",
  fieldsV1,
  ...more,
});
const parent = [
  entry("alice", "Apply", { "f:spec": { "f:replicas": {}, "f:paused": {} } }),
  entry("bob", "Update", { "f:spec": { "f:selector": {} } }),
];
const scaleOf = (replicas: number, managedFields: JsonObject[]): JsonObject => ({
  apiVersion: "autoscaling/v1",
  kind: "Scale",
  metadata: { name: "web", managedFields },
  spec: { replicas },
});

const scaled = (entries: JsonObject[], manager: string, from: number, to: number): JsonObject[] => {
  const inScale = managedFieldsToScale(entries, deployment);
  const after = recordUpdate({
    live: scaleOf(from, inScale),
    updated: scaleOf(to, inScale),
    type: scaleType,
    manager,
    apiVersion: "autoscaling/v1",
    subresource: "scale",
    now: "2026-01-02T00:00:00Z",
  });
  return managedFieldsFromScale(entries, (after["metadata"] as JsonObject)["managedFields"], deployment);
};

describe("ownership of replicas", () => {
  it("B162 shows a Scale only who owns the replicas", () => {
    expect(managedFieldsToScale(parent, deployment)).toEqual([
      { ...entry("alice", "Apply", { "f:spec": { "f:replicas": {} } }), apiVersion: "autoscaling/v1" },
    ]);
  });

  it("B162 moves replicas to who scales, under the object's apiVersion and the subresource scale", () => {
    expect(scaled(parent, "hpa", 1, 5)).toEqual([
      entry("alice", "Apply", { "f:spec": { "f:paused": {} } }),
      entry("bob", "Update", { "f:spec": { "f:selector": {} } }),
      entry(
        "hpa",
        "Update",
        { "f:spec": { "f:replicas": {} } },
        { subresource: "scale", time: "2026-01-02T00:00:00Z" },
      ),
    ]);
  });

  it("B162 keeps one entry when the same manager scales again", () => {
    const once = scaled(parent, "hpa", 1, 5);
    expect(scaled(once, "hpa", 5, 6)).toEqual(once);
  });

  it("B162 leaves the entries alone when the number stays", () => {
    expect(scaled(parent, "hpa", 1, 1)).toEqual(parent);
  });
});
