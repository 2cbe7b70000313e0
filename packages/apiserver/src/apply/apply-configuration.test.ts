import { ApiError, type Json, type JsonObject } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { managedFieldsOf } from "./managed-fields.ts";
import { TypedError } from "./typed-error.ts";
import { widget } from "./types.test-support.ts";
import { applyConfiguration, recordUpdate } from "./updater.ts";

/** An object written by several managers, each step at a later second. */
class Story {
  object: JsonObject | undefined;
  #second = 0;

  constructor(object?: JsonObject) {
    this.object = object;
  }

  get now(): string {
    return `2026-01-01T00:00:${String(this.#second).padStart(2, "0")}Z`;
  }

  apply(
    manager: string,
    body: JsonObject,
    options: { force?: boolean; subresource?: string; reset?: string[][] } = {},
  ): boolean {
    this.#second++;
    const config = { apiVersion: "acme.io/v1", kind: "Widget", ...body };
    const before = structuredClone([this.object ?? null, config]);
    const { object, changed } = applyConfiguration({
      live: this.object,
      config,
      type: widget,
      manager,
      apiVersion: "acme.io/v1",
      now: this.now,
      force: options.force ?? false,
      ...(options.subresource ? { subresource: options.subresource } : {}),
      ...(options.reset ? { reset: options.reset } : {}),
    });
    expect([this.object ?? null, config]).toEqual(before);
    this.object = object;
    return changed;
  }

  update(manager: string, body: JsonObject, subresource?: string): void {
    this.#second++;
    const kept = this.object ? managedFieldsOf(this.object) : undefined;
    const updated = { apiVersion: "acme.io/v1", kind: "Widget", ...body } as JsonObject;
    if (kept) updated["metadata"] = { ...(updated["metadata"] as JsonObject), managedFields: kept };
    this.object = recordUpdate({
      live: this.object,
      updated,
      type: widget,
      manager,
      apiVersion: "acme.io/v1",
      now: this.now,
      ...(subresource ? { subresource } : {}),
    });
  }

  get metadata(): JsonObject {
    return this.object!["metadata"] as JsonObject;
  }

  get spec(): Json | undefined {
    return this.object?.["spec"];
  }

  /** What a manager owns, by operation. */
  owned(manager: string, operation = "Apply"): Json | undefined {
    return ((managedFieldsOf(this.object) ?? []) as JsonObject[]).find(
      (entry) => entry["manager"] === manager && entry["operation"] === operation,
    )?.["fieldsV1"];
  }

  get managers(): string[] {
    return ((managedFieldsOf(this.object) ?? []) as JsonObject[]).map(
      (entry) => `${entry["manager"]} ${entry["operation"]} ${entry["time"]}`,
    );
  }
}

const conflictOf = (run: () => unknown): ApiError => {
  try {
    run();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error("there was no conflict");
};

const spec = (value: JsonObject): JsonObject => ({ metadata: { name: "a", namespace: "ns" }, spec: value });

describe("applyConfiguration", () => {
  it("B147 creates what is not there, owned by the applier", () => {
    const story = new Story();
    expect(story.apply("alice", spec({ replicas: 1, selector: { a: "b" } }))).toBe(true);
    expect(story.object).toEqual({
      apiVersion: "acme.io/v1",
      kind: "Widget",
      metadata: {
        name: "a",
        namespace: "ns",
        managedFields: [
          {
            manager: "alice",
            operation: "Apply",
            apiVersion: "acme.io/v1",
            time: "2026-01-01T00:00:01Z",
            fieldsType: "FieldsV1",
            fieldsV1: { "f:spec": { "f:replicas": {}, "f:selector": {} } },
          },
        ],
      },
      spec: { replicas: 1, selector: { a: "b" } },
    });
  });

  it("B146 changes nothing when the same is applied again", () => {
    const story = new Story();
    story.apply("alice", spec({ replicas: 1, containers: [{ name: "web", image: "x" }] }));
    const before = story.object;
    expect(story.apply("alice", spec({ replicas: 1, containers: [{ name: "web", image: "x" }] }))).toBe(false);
    expect(story.object).toEqual(before);
  });

  it("B143 replaces the manager's set by what the configuration sets", () => {
    const story = new Story();
    story.apply("alice", spec({ replicas: 1, paused: true }));
    story.apply("alice", spec({ replicas: 2 }));
    expect(story.spec).toEqual({ replicas: 2 });
    expect(story.owned("alice")).toEqual({ "f:spec": { "f:replicas": {} } });
  });

  it("B144 reports a conflict with who owns the field", () => {
    const story = new Story();
    story.apply("alice", spec({ replicas: 1 }));
    const error = conflictOf(() => story.apply("bob", spec({ replicas: 2 })));
    expect(error.status).toMatchObject({
      code: 409,
      reason: "Conflict",
      message: 'Apply failed with 1 conflict: conflict with "alice": .spec.replicas',
      details: {
        causes: [{ reason: "FieldManagerConflict", message: 'conflict with "alice"', field: ".spec.replicas" }],
      },
    });
    expect(story.spec).toEqual({ replicas: 1 });
  });

  it("B144 names the apiVersion of an updater and groups many conflicts by manager", () => {
    const story = new Story();
    story.update("kubectl-client-side-apply", spec({ replicas: 1, containers: [{ name: "web", image: "x" }] }));
    story.update("hpa", spec({ replicas: 5, containers: [{ name: "web", image: "x" }] }));
    const error = conflictOf(() =>
      story.apply("bob", spec({ replicas: 2, containers: [{ name: "web", image: "y" }] })),
    );
    expect(error.status.message).toBe(
      'Apply failed with 2 conflicts: conflicts with "hpa" using acme.io/v1:\n- .spec.replicas\nconflicts with "kubectl-client-side-apply" using acme.io/v1:\n- .spec.containers[name="web"].image',
    );
    expect(error.status.details?.causes?.map((cause) => cause.message)).toEqual([
      'conflict with "hpa" using acme.io/v1',
      'conflict with "kubectl-client-side-apply" using acme.io/v1',
    ]);
  });

  it("B145 takes the field away when forced", () => {
    const story = new Story();
    story.apply("alice", spec({ replicas: 1, paused: true }));
    story.apply("bob", spec({ replicas: 2 }), { force: true });
    expect(story.spec).toEqual({ replicas: 2, paused: true });
    expect(story.owned("alice")).toEqual({ "f:spec": { "f:paused": {} } });
    expect(story.owned("bob")).toEqual({ "f:spec": { "f:replicas": {} } });
  });

  it("B145 drops a manager that owns nothing any more", () => {
    const story = new Story();
    story.apply("alice", spec({ replicas: 1 }));
    story.apply("bob", spec({ replicas: 2 }), { force: true });
    expect(story.owned("alice")).toBeUndefined();
  });

  it("B145 shares a field when the values agree", () => {
    const story = new Story();
    story.apply("alice", spec({ replicas: 1 }));
    expect(story.apply("bob", spec({ replicas: 1 }))).toBe(true);
    expect(story.owned("alice")).toEqual(story.owned("bob"));
    expect(story.managers).toEqual(["alice Apply 2026-01-01T00:00:01Z", "bob Apply 2026-01-01T00:00:02Z"]);
  });

  it("B155 leaves a shared field to the other owner", () => {
    const story = new Story();
    story.apply("alice", spec({ replicas: 1, paused: true }));
    story.update("bob", spec({ replicas: 3, paused: true }));
    story.apply("alice", spec({ paused: true }));
    expect(story.spec).toEqual({ replicas: 3, paused: true });
    story.apply("carol", spec({ paused: true }));
    story.apply("alice", spec({ order: ["x"] }));
    expect(story.spec).toEqual({ replicas: 3, paused: true, order: ["x"] });
  });

  it("removes structs that held nothing but what is removed, and what was defaulted within", () => {
    const story = new Story();
    story.apply("alice", spec({ paused: true, strategy: { type: "Recreate" } }));
    // The server fills in a default after the merge; nobody owns it.
    (story.spec as { strategy: JsonObject }).strategy["rolling"] = { surge: 1 };
    story.apply("alice", spec({ paused: true }));
    expect(story.spec).toEqual({ paused: true });
  });

  it("keeps what another owns within a struct", () => {
    const story = new Story();
    story.apply("alice", spec({ strategy: { type: "Recreate" } }));
    story.apply("bob", spec({ strategy: { rolling: { surge: 1 } } }));
    story.apply("alice", spec({}));
    expect(story.spec).toEqual({ strategy: { rolling: { surge: 1 } } });
    expect(story.owned("alice")).toEqual({ "f:spec": {} });
  });

  it("B153 gives defaulted fields no owner, and changes nothing when applied over them", () => {
    const story = new Story();
    story.apply("alice", spec({ paused: true }));
    (story.spec as JsonObject)["replicas"] = 1;
    expect(story.apply("alice", spec({ paused: true }))).toBe(false);
    expect(story.spec).toEqual({ paused: true, replicas: 1 });
    story.apply("bob", spec({ replicas: 4 }));
    expect(story.owned("bob")).toEqual({ "f:spec": { "f:replicas": {} } });
  });

  describe("on lists by key", () => {
    it("merges items of two appliers and removes only one's own", () => {
      const story = new Story();
      story.apply(
        "alice",
        spec({
          containers: [
            { name: "web", image: "x" },
            { name: "log", image: "y" },
          ],
        }),
      );
      story.apply("bob", spec({ containers: [{ name: "proxy", image: "z" }] }));
      story.apply("alice", spec({ containers: [{ name: "web", image: "x" }] }));
      expect(story.spec).toEqual({
        containers: [
          { name: "web", image: "x" },
          { name: "proxy", image: "z" },
        ],
      });
    });

    it("removes an item of which another only changed a field", () => {
      const story = new Story();
      story.apply(
        "alice",
        spec({
          containers: [
            { name: "web", image: "x" },
            { name: "log", image: "y" },
          ],
        }),
      );
      story.update(
        "bob",
        spec({
          containers: [
            { name: "web", image: "x" },
            { name: "log", image: "z" },
          ],
        }),
      );
      story.apply("alice", spec({ containers: [{ name: "web", image: "x" }] }));
      expect(story.spec).toEqual({ containers: [{ name: "web", image: "x" }] });
      expect(story.owned("bob", "Update")).toBeUndefined();
    });

    it("keeps an item another applier names, without one's own fields", () => {
      const story = new Story();
      story.apply("alice", spec({ containers: [{ name: "web", image: "x" }] }));
      story.apply("bob", spec({ containers: [{ name: "web", args: ["a"] }] }));
      story.apply("alice", spec({ paused: true }));
      expect(story.spec).toEqual({ containers: [{ name: "web", args: ["a"] }], paused: true });
    });

    it("B163 tells items apart by all keys", () => {
      const ports = (...values: JsonObject[]): JsonObject => spec({ containers: [{ name: "web", ports: values }] });
      const story = new Story();
      story.apply("alice", ports({ port: 53, protocol: "UDP" }, { port: 53, protocol: "TCP" }));
      story.apply("bob", ports({ port: 53, protocol: "UDP", hostPort: 5353 }));
      story.apply("alice", ports({ port: 53, protocol: "TCP" }));
      expect(story.spec).toEqual({
        containers: [
          {
            name: "web",
            ports: [
              { port: 53, protocol: "UDP", hostPort: 5353 },
              { port: 53, protocol: "TCP" },
            ],
          },
        ],
      });
    });

    it("B151 fills in a missing key from the schema, in ownership only", () => {
      const story = new Story();
      story.apply("alice", spec({ containers: [{ name: "web", ports: [{ port: 80 }] }] }));
      expect(story.owned("alice")).toEqual({
        "f:spec": {
          "f:containers": {
            'k:{"name":"web"}': {
              ".": {},
              "f:name": {},
              "f:ports": { 'k:{"port":80,"protocol":"TCP"}': { ".": {}, "f:port": {} } },
            },
          },
        },
      });
      expect(story.spec).toEqual({ containers: [{ name: "web", ports: [{ port: 80 }] }] });
    });

    it("B152 refuses an item named twice, with its path", () => {
      expect(() => new Story().apply("alice", spec({ containers: [{ name: "a" }, { name: "a" }] }))).toThrow(
        'failed to create typed patch object (ns/a; acme.io/v1, Kind=Widget): .spec.containers: duplicate entries for key [name="a"]',
      );
    });

    it("B152 conflicts with the owner of live duplicates as with one item", () => {
      const story = new Story();
      story.update(
        "bob",
        spec({
          containers: [
            { name: "a", image: "1" },
            { name: "a", image: "2" },
          ],
        }),
      );
      expect(story.apply("alice", spec({ paused: true }))).toBe(true);
      expect(story.spec).toEqual({
        containers: [
          { name: "a", image: "1" },
          { name: "a", image: "2" },
        ],
        paused: true,
      });
      const error = conflictOf(() =>
        story.apply("alice", spec({ paused: true, containers: [{ name: "a", image: "3" }] })),
      );
      expect(error.status.details?.causes?.[0]?.field).toBe('.spec.containers[name="a"]');
    });
  });

  it("merges sets and removes only one's own values", () => {
    const finalizers = (...values: string[]): JsonObject => ({ metadata: { name: "a", finalizers: values } });
    const story = new Story();
    story.apply("alice", finalizers("x", "y"));
    story.apply("bob", finalizers("y", "z"));
    story.apply("alice", finalizers("x"));
    expect(story.metadata["finalizers"]).toEqual(["x", "y", "z"]);
    story.apply("bob", finalizers("z"));
    expect(story.metadata["finalizers"]).toEqual(["x", "z"]);
  });

  it("owns and replaces atomic values as a whole", () => {
    const story = new Story();
    story.apply("alice", spec({ order: ["a"], selector: { a: "1" } }));
    const error = conflictOf(() => story.apply("bob", spec({ order: ["a", "b"], selector: { b: "1" } })));
    expect(error.status.details?.causes?.map((cause) => cause.field).sort()).toEqual([".spec.order", ".spec.selector"]);
    story.apply("bob", spec({ selector: { b: "1" } }), { force: true });
    expect(story.spec).toEqual({ order: ["a"], selector: { b: "1" } });
  });

  it("B168 owns what is not declared by what it looks like", () => {
    const story = new Story();
    story.apply("alice", spec({ free: { a: 1, list: [1] } }));
    story.apply("bob", spec({ free: { b: { c: true } } }));
    expect(conflictOf(() => story.apply("bob", spec({ free: { b: { c: true }, list: [2] } }))).code).toBe(409);
    story.apply("alice", spec({ free: { a: 1 } }));
    expect(story.spec).toEqual({ free: { a: 1, b: { c: true } } });
  });

  it("B102 refuses a field that is not declared, whoever asks", () => {
    expect(() => new Story().apply("alice", spec({ foo: 1 }))).toThrow(TypedError);
    expect(() => new Story().apply("alice", spec({ foo: 1 }), { force: true })).toThrow(
      "failed to create typed patch object (ns/a; acme.io/v1, Kind=Widget): .spec.foo: field not declared in schema",
    );
  });

  it("B148 refuses managedFields and another apiVersion with 400", () => {
    expect(conflictOf(() => new Story().apply("alice", { metadata: { managedFields: [] } })).code).toBe(400);
    expect(conflictOf(() => new Story().apply("alice", { apiVersion: "acme.io/v2" })).code).toBe(400);
  });

  it("B156 puts what is there down to before-first-apply when nobody owns anything", () => {
    const story = new Story({
      apiVersion: "acme.io/v1",
      kind: "Widget",
      metadata: { name: "a", labels: { x: "1" } },
      spec: { replicas: 1 },
    });
    const error = conflictOf(() => story.apply("alice", spec({ replicas: 2 })));
    expect(error.status.message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using acme.io/v1: .spec.replicas',
    );
    story.apply("alice", spec({ replicas: 1, paused: true }));
    expect(story.owned("before-first-apply", "Update")).toEqual({
      "f:metadata": { "f:labels": { ".": {}, "f:x": {} } },
      "f:spec": { ".": {}, "f:replicas": {} },
    });
  });

  it("B159 takes over from client-side apply what it left as it was", () => {
    const applied = { apiVersion: "acme.io/v1", kind: "Widget", ...spec({ replicas: 1, paused: true }) };
    const key = "kubectl.kubernetes.io/last-applied-configuration";
    const annotations = { [key]: JSON.stringify(applied) };
    const story = new Story();
    story.update("kubectl-client-side-apply", { ...applied, metadata: { name: "a", namespace: "ns", annotations } });
    story.update("hpa", {
      ...applied,
      metadata: { name: "a", namespace: "ns", annotations },
      spec: { replicas: 5, paused: true },
    });

    const error = conflictOf(() => story.apply("kubectl", spec({ replicas: 2, paused: false })));
    expect(error.status.message).toBe(
      'Apply failed with 1 conflict: conflict with "hpa" using acme.io/v1: .spec.replicas',
    );
    expect(conflictOf(() => story.apply("alice", spec({ paused: false }))).code).toBe(409);
    story.apply("kubectl", spec({ paused: false }));
    expect(story.spec).toEqual({ replicas: 5, paused: false });
    const text = (story.metadata["annotations"] as Record<string, string>)[key]!;
    expect(JSON.parse(text)).toEqual({ apiVersion: "acme.io/v1", kind: "Widget", ...spec({ paused: false }) });
  });

  it("B141 owns nothing of fields the write cannot set", () => {
    const story = new Story();
    story.apply("alice", { ...spec({ replicas: 1 }), status: { ready: 1 } }, { reset: [["status"]] });
    expect(story.owned("alice")).toEqual({ "f:spec": { "f:replicas": {} } });
  });

  it("B161 keeps entries of a subresource apart", () => {
    const story = new Story();
    story.apply("alice", spec({ replicas: 1 }), { reset: [["status"]] });
    story.apply(
      "alice",
      { metadata: { name: "a" }, status: { conditions: [{ type: "Ready", status: "True" }] } },
      { subresource: "status", reset: [["spec"]] },
    );
    story.apply("alice", spec({ replicas: 2 }), { reset: [["status"]] });
    expect(story.object).toMatchObject({
      spec: { replicas: 2 },
      status: { conditions: [{ type: "Ready", status: "True" }] },
    });
    expect((managedFieldsOf(story.object) as JsonObject[]).map((entry) => entry["subresource"])).toEqual([
      "status",
      undefined,
    ]);
    const error = conflictOf(() =>
      story.apply(
        "bob",
        { metadata: { name: "a" }, status: { conditions: [{ type: "Ready", status: "False" }] } },
        { subresource: "status" },
      ),
    );
    expect(error.status.message).toBe(
      'Apply failed with 1 conflict: conflict with "alice" with subresource "status": .status.conditions[type="Ready"].status',
    );
  });

  it("B160 keeps an applier's entry over versions and drops those of versions that are gone", () => {
    const live: JsonObject = {
      apiVersion: "acme.io/v1",
      kind: "Widget",
      metadata: {
        name: "a",
        managedFields: [
          {
            manager: "alice",
            operation: "Apply",
            apiVersion: "acme.io/v1beta1",
            fieldsType: "FieldsV1",
            fieldsV1: { "f:spec": { "f:replicas": {}, "f:paused": {} } },
          },
          {
            manager: "bob",
            operation: "Update",
            apiVersion: "acme.io/v1alpha1",
            fieldsType: "FieldsV1",
            fieldsV1: { "f:spec": { "f:order": {} } },
          },
        ],
      },
      spec: { replicas: 1, paused: true, order: ["x"] },
    };
    const config = { apiVersion: "acme.io/v1", kind: "Widget", ...spec({ replicas: 1 }) };
    const { object } = applyConfiguration({
      live,
      config,
      type: widget,
      manager: "alice",
      apiVersion: "acme.io/v1",
      now: "2026-01-01T00:00:00Z",
      force: false,
      servedVersions: ["acme.io/v1", "acme.io/v1beta1"],
    });
    expect(object["spec"]).toEqual({ replicas: 1, order: ["x"] });
    expect(managedFieldsOf(object)).toMatchObject([
      { manager: "alice", apiVersion: "acme.io/v1", fieldsV1: { "f:spec": { "f:replicas": {} } } },
    ]);
    expect(managedFieldsOf(object)).toHaveLength(1);
  });
});
