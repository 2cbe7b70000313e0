import type { JsonObject } from "@homeostat/api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  difference,
  emptySet,
  equalSets,
  type FieldSet,
  hasPath,
  intersection,
  isEmpty,
  leafSet,
  leaves,
  nodeOf,
  pathsOf,
  recursiveDifference,
  setOfFields,
  union,
  withAtomicsWhole,
  withNamedFields,
} from "./field-set.ts";
import { formatFieldsV1, parseFieldsV1 } from "./fields-v1.ts";
import { fieldElement, keyElement, showPath, valueElement } from "./path-element.ts";
import { TypedError } from "./typed-error.ts";
import { widget } from "./types.test-support.ts";

const set = (json: JsonObject): FieldSet => parseFieldsV1(json);
const shown = (fields: FieldSet): string[] => [...pathsOf(fields)].map(showPath);

const element = fc.oneof(
  fc.string({ maxLength: 5 }).map(fieldElement),
  fc
    .record({ name: fc.string({ maxLength: 3 }), port: fc.integer({ min: 0, max: 9 }) }, { minKeys: 1 } as object)
    .map((keys) => keyElement(keys)),
  fc.oneof(fc.string({ maxLength: 3 }), fc.integer(), fc.boolean()).map(valueElement),
  fc.nat(5).map((index) => `i:${index}`),
);
const anySet: fc.Arbitrary<FieldSet> = fc
  .array(fc.array(element, { minLength: 1, maxLength: 4 }), { maxLength: 8 })
  .map((paths) =>
    paths.reduce<FieldSet>(
      (all, path) =>
        union(
          all,
          path.reduceRight<FieldSet>((below, step) => nodeOf(false, new Map([[step, below]])), leafSet),
        ),
      emptySet,
    ),
  );

describe("fieldsV1", () => {
  it("B140 reads every kind of path", () => {
    const fields = set({
      "f:metadata": { "f:labels": { ".": {}, "f:app": {} }, "f:finalizers": { 'v:"a/b"': {} } },
      "f:spec": { "f:ports": { 'k:{"protocol":"TCP","port":80}': { ".": {}, "f:port": {} } }, "f:args": { "i:0": {} } },
    });
    expect(shown(fields)).toEqual([
      ".metadata.labels",
      ".metadata.labels.app",
      '.metadata.finalizers[="a/b"]',
      '.spec.ports[port=80,protocol="TCP"]',
      '.spec.ports[port=80,protocol="TCP"].port',
      ".spec.args[0]",
    ]);
  });

  it("B140 writes keys sorted and fields in order", () => {
    const fields = set({
      "f:b": { 'k:{"z":1,"a":2}': {}, 'k:{"a":2,"y":1}': {} },
      "f:a": {},
      "v:10": {},
      "v:9": {},
      "i:1": {},
    });
    expect(JSON.stringify(formatFieldsV1(fields))).toBe(
      '{"f:a":{},"f:b":{"k:{\\"a\\":2,\\"y\\":1}":{},"k:{\\"a\\":2,\\"z\\":1}":{}},"v:9":{},"v:10":{},"i:1":{}}',
    );
  });

  it("leaves out kinds of path elements it does not know", () => {
    expect(formatFieldsV1(set({ "f:a": {}, "x:new": { "f:b": {} } }))).toEqual({ "f:a": {} });
  });

  it.each<[string, JsonObject]>([
    ["a name without a kind", { spec: {} }],
    ["keys that are no JSON", { "k:{": {} }],
    ["keys that are no object", { "k:1": {} }],
    ["a value that is no object", { "f:a": 1 }],
  ])("refuses %s", (_what, json) => {
    expect(() => set(json)).toThrow(TypedError);
  });

  it("round-trips every set", () => {
    fc.assert(
      fc.property(anySet, (fields) =>
        equalSets(parseFieldsV1(JSON.parse(JSON.stringify(formatFieldsV1(fields)))), fields),
      ),
    );
  });
});

describe("sets of fields", () => {
  const ab = set({ "f:a": { ".": {}, "f:x": {}, "f:y": {} }, "f:b": {} });
  const ac = set({ "f:a": { "f:x": {} }, "f:c": {} });

  it("unites", () => {
    expect(formatFieldsV1(union(ab, ac))).toEqual({ "f:a": { ".": {}, "f:x": {}, "f:y": {} }, "f:b": {}, "f:c": {} });
  });

  it("intersects", () => {
    expect(formatFieldsV1(intersection(ab, ac))).toEqual({ "f:a": { "f:x": {} } });
  });

  it("subtracts exact paths only", () => {
    expect(formatFieldsV1(difference(ab, set({ "f:a": {} })))).toEqual({ "f:a": { "f:x": {}, "f:y": {} }, "f:b": {} });
  });

  it("subtracts what lies below too when asked to", () => {
    expect(formatFieldsV1(recursiveDifference(ab, set({ "f:a": {} })))).toEqual({ "f:b": {} });
    expect(formatFieldsV1(recursiveDifference(ab, ac))).toEqual({ "f:a": { ".": {}, "f:y": {} }, "f:b": {} });
  });

  it("keeps members with nothing below as leaves", () => {
    expect(formatFieldsV1(leaves(ab))).toEqual({ "f:a": { "f:x": {}, "f:y": {} }, "f:b": {} });
  });

  it("makes declared fields on the way members, but no map keys and no list items", () => {
    const fields = set({
      "f:metadata": { "f:labels": { "f:app": {} } },
      "f:spec": { "f:containers": { 'k:{"name":"web"}': { "f:image": {} } }, "f:free": { "f:deep": { "f:er": {} } } },
    });
    expect(formatFieldsV1(withNamedFields(fields, widget))).toEqual({
      "f:metadata": { ".": {}, "f:labels": { ".": {}, "f:app": {} } },
      "f:spec": {
        ".": {},
        "f:containers": { ".": {}, 'k:{"name":"web"}': { "f:image": {} } },
        "f:free": { ".": {}, "f:deep": { "f:er": {} } },
      },
    });
  });

  it("turns parts of what has become atomic into the whole", () => {
    const fields = set({
      "f:spec": {
        "f:selector": { ".": {}, "f:app": {} },
        "f:order": { 'v:"a"': {} },
        "f:free": { "f:deep": {} },
        "f:replicas": {},
      },
    });
    expect(formatFieldsV1(withAtomicsWhole(fields, widget))).toEqual({
      "f:spec": { "f:free": { "f:deep": {} }, "f:order": {}, "f:replicas": {}, "f:selector": {} },
    });
  });

  it("finds paths of fields", () => {
    const fields = setOfFields([["status"], ["spec", "replicas"]]);
    expect(hasPath(fields, ["f:spec", "f:replicas"])).toBe(true);
    expect(hasPath(fields, ["f:spec"])).toBe(false);
    expect(hasPath(fields, ["f:status", "f:ready"])).toBe(false);
  });

  it("obeys the laws of sets", () => {
    fc.assert(
      fc.property(anySet, anySet, (a, b) => {
        expect(equalSets(union(a, b), union(b, a))).toBe(true);
        expect(equalSets(union(difference(a, b), intersection(a, b)), a)).toBe(true);
        expect(isEmpty(intersection(difference(a, b), b))).toBe(true);
        expect(isEmpty(difference(a, a))).toBe(true);
        expect(isEmpty(difference(recursiveDifference(a, b), difference(a, b)))).toBe(true);
      }),
    );
  });
});
