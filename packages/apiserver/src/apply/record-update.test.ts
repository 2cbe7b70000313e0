import type { Json, JsonObject } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { differsOnlyInTimes, managedFieldsOf } from "./managed-fields.ts";
import { type RecordUpdateOptions, recordUpdate } from "./record-update.ts";
import { widget } from "./types.test-support.ts";

const record = (options: Pick<RecordUpdateOptions, "live" | "updated"> & Partial<RecordUpdateOptions>): JsonObject => {
  const before = structuredClone([options.live ?? null, options.updated]);
  const result = recordUpdate({
    type: widget,
    manager: "bob",
    apiVersion: "acme.io/v1",
    now: "2026-01-01T00:00:00Z",
    ...options,
  });
  expect([options.live ?? null, options.updated]).toEqual(before);
  return result;
};
const entries = (object: JsonObject): JsonObject[] => (managedFieldsOf(object) ?? []) as JsonObject[];
const entryOf = (object: JsonObject, manager: string): JsonObject | undefined =>
  entries(object).find((entry) => entry["manager"] === manager);
const widgetOf = (spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: "acme.io/v1",
  kind: "Widget",
  metadata: {
    name: "a",
    namespace: "ns",
    uid: "1",
    resourceVersion: "7",
    creationTimestamp: "2026-01-01T00:00:00Z",
    generation: 1,
    ...metadata,
  },
  spec,
});
const owning = (spec: JsonObject, ...managers: JsonObject[]): JsonObject =>
  widgetOf(spec, {
    managedFields: managers.map((entry) => ({
      operation: "Update",
      apiVersion: "acme.io/v1",
      time: "2025-12-31T00:00:00Z",
      fieldsType: "FieldsV1",
      ...entry,
    })),
  });
const withSpec = (object: JsonObject, spec: JsonObject): JsonObject => ({ ...object, spec });

describe("recordUpdate", () => {
  it("B138 B141 B142 gives a created object's fields to the creator, but for those never tracked", () => {
    const result = record({
      live: undefined,
      updated: widgetOf(
        { replicas: 1, containers: [{ name: "web", ports: [{ port: 80, protocol: "TCP" }] }] },
        { labels: { app: "x" } },
      ),
    });
    expect(entries(result)).toEqual([
      {
        manager: "bob",
        operation: "Update",
        apiVersion: "acme.io/v1",
        time: "2026-01-01T00:00:00Z",
        fieldsType: "FieldsV1",
        fieldsV1: {
          "f:metadata": { "f:labels": { ".": {}, "f:app": {} } },
          "f:spec": {
            ".": {},
            "f:containers": {
              ".": {},
              'k:{"name":"web"}': {
                ".": {},
                "f:name": {},
                "f:ports": { ".": {}, 'k:{"port":80,"protocol":"TCP"}': { ".": {}, "f:port": {}, "f:protocol": {} } },
              },
            },
            "f:replicas": {},
          },
        },
      },
    ]);
  });

  it("B142 moves changed fields to the writer and adds them to what it had", () => {
    const live = owning(
      { replicas: 1, paused: true, order: ["x"] },
      { manager: "alice", fieldsV1: { "f:spec": { "f:replicas": {}, "f:paused": {} } } },
      { manager: "bob", fieldsV1: { "f:spec": { "f:order": {} } } },
    );
    const result = record({ live, updated: withSpec(live, { replicas: 2, paused: true, order: ["x"] }) });
    expect(entryOf(result, "alice")).toMatchObject({
      time: "2025-12-31T00:00:00Z",
      fieldsV1: { "f:spec": { "f:paused": {} } },
    });
    expect(entryOf(result, "bob")).toMatchObject({
      time: "2026-01-01T00:00:00Z",
      fieldsV1: { "f:spec": { "f:order": {}, "f:replicas": {} } },
    });
  });

  it("B142 takes removed fields from all and drops who has nothing left", () => {
    const live = owning(
      { replicas: 1, paused: true },
      { manager: "alice", fieldsV1: { "f:spec": { "f:replicas": {} } } },
      { manager: "bob", fieldsV1: { "f:spec": { "f:paused": {} } } },
    );
    expect(
      entries(record({ live, updated: withSpec(live, { paused: true }) })).map((entry) => entry["manager"]),
    ).toEqual(["bob"]);
  });

  it("B142 takes ownership from appliers too", () => {
    const live = owning(
      { replicas: 1 },
      { manager: "alice", operation: "Apply", fieldsV1: { "f:spec": { "f:replicas": {} } } },
    );
    const result = record({ live, updated: withSpec(live, { replicas: 2 }) });
    expect(entryOf(result, "alice")).toBeUndefined();
    expect(entryOf(result, "bob")).toMatchObject({ fieldsV1: { "f:spec": { "f:replicas": {} } } });
  });

  it("B146 leaves everything, times too, when nothing changes", () => {
    const live = owning({ replicas: 1 }, { manager: "bob", fieldsV1: { "f:spec": { "f:replicas": {} } } });
    expect(record({ live, updated: structuredClone(live) })).toEqual(live);
  });

  it("B146 tells a change of times from a real one", () => {
    const at = (time: string, fields: JsonObject): JsonObject =>
      owning(
        { replicas: 1 },
        { manager: "bob", time, fieldsV1: fields },
        { manager: "alice", fieldsV1: { "f:spec": {} } },
      );
    const owned = { "f:spec": { "f:replicas": {} } };
    expect(differsOnlyInTimes(at("2025-01-01T00:00:00Z", owned), at("2026-01-01T00:00:00Z", owned))).toBe(true);
    expect(differsOnlyInTimes(at("2025-01-01T00:00:00Z", owned), at("2025-01-01T00:00:00Z", {}))).toBe(false);
  });

  it("B141 counts nothing of fields the write cannot set", () => {
    const updated = { ...widgetOf({ replicas: 1 }), status: { ready: 1 } };
    expect(entries(record({ live: undefined, updated, reset: [["status"]] }))[0]!["fieldsV1"]).toEqual({
      "f:spec": { ".": {}, "f:replicas": {} },
    });
  });

  it("B157 clears managed fields by one empty entry, and tracks nothing until the first apply", () => {
    const live = owning({ replicas: 1 }, { manager: "alice", fieldsV1: { "f:spec": { "f:replicas": {} } } });
    const cleared = record({
      live,
      updated: { ...live, metadata: { ...(live["metadata"] as JsonObject), managedFields: [{}] } },
    });
    expect(managedFieldsOf(cleared)).toBeUndefined();
    expect(managedFieldsOf(record({ live: cleared, updated: withSpec(cleared, { replicas: 2 }) }))).toBeUndefined();
  });

  it.each<[string, Json | undefined]>([
    ["an empty list", []],
    ["no list", undefined],
    ["entries that cannot be read", [{ operation: "Bogus" }]],
  ])("B157 keeps the stored entries when a client sends %s", (_what, managedFields) => {
    const live = owning({ replicas: 1 }, { manager: "alice", fieldsV1: { "f:spec": { "f:replicas": {} } } });
    const { managedFields: _, ...metadata } = live["metadata"] as JsonObject;
    const updated: JsonObject = {
      ...live,
      metadata: managedFields === undefined ? metadata : { ...metadata, managedFields },
    };
    expect(managedFieldsOf(record({ live, updated }))).toEqual(managedFieldsOf(live));
  });

  it("takes entries a client rewrites, but not through a subresource", () => {
    const live = owning({ replicas: 1 }, { manager: "old", fieldsV1: { "f:spec": { "f:replicas": {} } } });
    const updated = owning({ replicas: 1 }, { manager: "new", fieldsV1: { "f:spec": { "f:replicas": {} } } });
    expect(entries(record({ live, updated })).map((entry) => entry["manager"])).toEqual(["new"]);
    expect(entries(record({ live, updated, subresource: "status" })).map((entry) => entry["manager"])).toEqual(["old"]);
  });

  it("B161 records a subresource in an entry of its own", () => {
    const live = owning({ replicas: 1 }, { manager: "bob", fieldsV1: { "f:spec": { "f:replicas": {} } } });
    const result = record({
      live,
      updated: { ...live, status: { ready: 1 } },
      subresource: "status",
      reset: [["spec"]],
    });
    expect(entries(result).map((entry) => [entry["manager"], entry["subresource"], entry["fieldsV1"]])).toEqual([
      ["bob", undefined, { "f:spec": { "f:replicas": {} } }],
      ["bob", "status", { "f:status": { ".": {}, "f:ready": {} } }],
    ]);
  });

  it("B158 merges the oldest of more than ten updaters into ancient-changes", () => {
    const managers = Array.from({ length: 10 }, (_, index) => ({
      manager: `m${index}`,
      time: `2025-01-01T00:00:${String(index).padStart(2, "0")}Z`,
      fieldsV1: { "f:spec": { "f:free": { [`f:k${index}`]: {} } } },
    }));
    const free = Object.fromEntries(managers.map((_, index) => [`k${index}`, index]));
    const live = owning({ free }, ...managers);
    const once = record({ live, updated: withSpec(live, { free, replicas: 1 }) });
    expect(entries(once).map((entry) => entry["manager"])).toEqual([
      "ancient-changes",
      ...managers.slice(2).map((entry) => entry.manager),
      "bob",
    ]);
    expect(entryOf(once, "ancient-changes")).toMatchObject({
      time: "2025-01-01T00:00:01Z",
      fieldsV1: { "f:spec": { "f:free": { "f:k0": {}, "f:k1": {} } } },
    });

    const twice = record({
      live: once,
      updated: withSpec(once, { free, replicas: 1, paused: true }),
      manager: "carol",
    });
    expect(entries(twice)).toHaveLength(10);
    expect(entryOf(twice, "ancient-changes")).toMatchObject({
      fieldsV1: { "f:spec": { "f:free": { "f:k0": {}, "f:k1": {}, "f:k2": {} } } },
    });
  });

  it("sorts appliers first, then by time, then by name", () => {
    const fieldsV1 = { "f:spec": { "f:replicas": {} } };
    const live = owning(
      { replicas: 1 },
      { manager: "b", fieldsV1 },
      { manager: "a", fieldsV1 },
      { manager: "early", time: "2025-01-01T00:00:00Z", fieldsV1 },
      { manager: "z", operation: "Apply", fieldsV1 },
    );
    const result = record({ live, updated: withSpec(live, { replicas: 1, paused: true }) });
    expect(entries(result).map((entry) => entry["manager"])).toEqual(["z", "early", "a", "b", "bob"]);
  });

  it("B167 goes on without managed fields when a list cannot be told apart", () => {
    const live = owning({ replicas: 1 }, { manager: "alice", fieldsV1: { "f:spec": { "f:replicas": {} } } });
    const result = record({ live, updated: withSpec(live, { containers: [{ image: "nameless" }] }) });
    expect(managedFieldsOf(result)).toBeUndefined();
    expect(result["spec"]).toEqual({ containers: [{ image: "nameless" }] });
  });

  it("calls a writer without a name unknown", () => {
    expect(entries(record({ live: undefined, updated: widgetOf({ replicas: 1 }), manager: "" }))[0]!["manager"]).toBe(
      "unknown",
    );
  });
});
