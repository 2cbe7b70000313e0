import type { JsonObject } from "@homeostat/api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compare, isSame } from "./compare.ts";
import { difference, isEmpty } from "./field-set.ts";
import { managedFieldsOf } from "./managed-fields.ts";
import { trackable } from "./record-update.ts";
import { widget } from "./types.test-support.ts";
import { applyConfiguration, recordUpdate } from "./updater.ts";
import { fieldSetOf } from "./value-set.ts";

const name = fc.constantFrom("a", "b", "c");
const strings = fc.dictionary(name, name);
const container = fc.record(
  {
    name,
    image: name,
    args: fc.array(name, { maxLength: 2 }),
    ports: fc.uniqueArray(
      fc.record(
        { port: fc.integer({ min: 1, max: 3 }), protocol: fc.constantFrom("TCP", "UDP") },
        { requiredKeys: ["port"] },
      ),
      { maxLength: 2, selector: ({ port, protocol = "TCP" }) => `${port}${protocol}` },
    ),
  },
  { requiredKeys: ["name"] },
);
const config = fc
  .record(
    {
      replicas: fc.integer({ min: 0, max: 2 }),
      selector: strings,
      strategy: fc.record(
        { type: name, rolling: fc.record({ surge: fc.integer({ min: 0, max: 2 }) }, { requiredKeys: [] }) },
        { requiredKeys: [] },
      ),
      containers: fc.uniqueArray(container, { maxLength: 3, selector: (item) => item.name }),
      order: fc.array(name, { maxLength: 2 }),
      free: fc.dictionary(name, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }),
    },
    { requiredKeys: [] },
  )
  .chain((spec) => fc.record({ spec: fc.constant(spec), labels: strings, finalizers: fc.uniqueArray(name) }))
  .map(
    ({ spec, labels, finalizers }) =>
      JSON.parse(
        JSON.stringify({ apiVersion: "acme.io/v1", kind: "Widget", metadata: { name: "x", labels, finalizers }, spec }),
      ) as JsonObject,
  );

const apply = (live: JsonObject | undefined, body: JsonObject, manager: string, force = true, second = 0) =>
  applyConfiguration({
    live,
    config: body,
    type: widget,
    manager,
    apiVersion: "acme.io/v1",
    now: `2026-01-01T00:00:0${second}Z`,
    force,
  });
const update = (live: JsonObject | undefined, updated: JsonObject, manager: string): JsonObject =>
  recordUpdate({ live, updated, type: widget, manager, apiVersion: "acme.io/v1", now: "2026-01-01T00:00:00Z" });

describe("server-side apply", () => {
  it("is idempotent", () => {
    fc.assert(
      fc.property(config, config, config, (first, second, third) => {
        const live = apply(apply(update(undefined, first, "creator"), second, "bob").object, third, "alice").object;
        const again = apply(live, third, "alice", false, 5);
        expect(again.changed).toBe(false);
        expect(again.object).toEqual(live);
      }),
    );
  });

  it("never conflicts with the values that are there", () => {
    fc.assert(
      fc.property(config, config, (first, second) => {
        const live = update(
          update(undefined, first, "creator"),
          { ...second, metadata: { ...(second["metadata"] as JsonObject) } },
          "updater",
        );
        expect(() => apply(live, second, "alice", false)).not.toThrow();
      }),
    );
  });

  it("leaves nothing of what one manager alone applied when it applies nothing", () => {
    fc.assert(
      fc.property(config, (body) => {
        const empty = { apiVersion: "acme.io/v1", kind: "Widget", metadata: { name: "x" } };
        const { object } = apply(apply(undefined, body, "alice").object, empty, "alice");
        // An empty list by key is owned by nobody, so it may stay behind, as it does upstream.
        expect(isEmpty(trackable(fieldSetOf(object, widget)))).toBe(true);
      }),
    );
  });

  it("leaves what others own in place when a manager gives up everything", () => {
    fc.assert(
      fc.property(config, config, (mine, theirs) => {
        const empty = { apiVersion: "acme.io/v1", kind: "Widget", metadata: { name: "x" } };
        const shared = apply(apply(undefined, mine, "alice").object, theirs, "bob").object;
        const { object } = apply(shared, empty, "alice");
        expect(isEmpty(difference(fieldSetOf(theirs, widget), fieldSetOf(object, widget)))).toBe(true);
        expect(
          (managedFieldsOf(object) as JsonObject[] | undefined)?.some((entry) => entry["manager"] === "alice") ?? false,
        ).toBe(false);
      }),
    );
  });

  it("sees no difference between a value and itself, and sees what a creation sets", () => {
    fc.assert(
      fc.property(config, (body) => {
        expect(isSame(compare(body, structuredClone(body), widget))).toBe(true);
        expect(isEmpty(difference(fieldSetOf(body, widget), compare(undefined, body, widget).added))).toBe(true);
      }),
    );
  });
});
