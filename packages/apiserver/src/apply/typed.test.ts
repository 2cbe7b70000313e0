import type { Json, JsonObject } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import type { TypeSchema } from "../schema/type-schema.ts";
import { checkConfiguration } from "./check-configuration.ts";
import { compare } from "./compare.ts";
import { type FieldSet, pathsOf } from "./field-set.ts";
import { parseFieldsV1 } from "./fields-v1.ts";
import { merge } from "./merge.ts";
import { showPath } from "./path-element.ts";
import { extractItems, removeItems } from "./remove-items.ts";
import { TypedError } from "./typed-error.ts";
import {
  atomicList,
  integer,
  keyedList,
  mapOf,
  setList,
  struct,
  text,
  widget,
  withDefault,
} from "./types.test-support.ts";
import { fieldSetOf } from "./value-set.ts";

const paths = (set: FieldSet): string[] => [...pathsOf(set)].map(showPath).sort();

const type = struct({
  leaf: text,
  number: integer,
  map: mapOf(text),
  nested: mapOf(mapOf(text)),
  atomicMap: mapOf(text, true),
  struct: struct({ a: text, inner: struct({ b: text }) }),
  atomicStruct: struct({ a: text, b: text }, { atomic: true }),
  list: atomicList(text),
  set: setList(text),
  one: keyedList(struct({ name: text, value: text, set: setList(text) }), "name"),
  two: keyedList(struct({ port: integer, protocol: withDefault(text, "TCP"), value: text }), "port", "protocol"),
  free: { kind: "untyped" },
  present: { type: struct({ a: text }), alwaysPresent: true },
  presentList: { type: keyedList(struct({ name: text }), "name"), alwaysPresent: true },
});

describe("fieldSetOf", () => {
  const table: [title: string, value: JsonObject, wanted: string[]][] = [
    ["a scalar", { leaf: "x" }, [".leaf"]],
    [
      "fields of structs without the structs",
      { struct: { a: "1", inner: { b: "2" } } },
      [".struct.a", ".struct.inner.b"],
    ],
    ["keys of maps without the map", { map: { x: "1", y: "2" } }, [".map.x", ".map.y"]],
    ["keys of maps of maps themselves too", { nested: { x: { y: "1" } } }, [".nested.x", ".nested.x.y"]],
    ["an empty map itself", { map: {}, struct: {} }, [".map", ".struct"]],
    ["null itself", { leaf: null, map: null, list: null, one: null }, [".leaf", ".list", ".map", ".one"]],
    [
      "atomic maps, structs and lists as a whole",
      { atomicMap: { x: "1" }, atomicStruct: { a: "1" }, list: ["x"] },
      [".atomicMap", ".atomicStruct", ".list"],
    ],
    ["items of a set", { set: ["x", "y"] }, ['.set[="x"]', '.set[="y"]']],
    [
      "items of a list by key",
      { one: [{ name: "x", value: "1" }] },
      ['.one[name="x"]', '.one[name="x"].name', '.one[name="x"].value'],
    ],
    [
      "items of a list by two keys, with the default of a missing one",
      { two: [{ port: 80 }] },
      ['.two[port=80,protocol="TCP"]', '.two[port=80,protocol="TCP"].port'],
    ],
    ["nothing of an empty list", { one: [], set: [] }, []],
    [
      "duplicates as a group",
      {
        one: [
          { name: "x", value: "1" },
          { name: "x", value: "2" },
        ],
      },
      ['.one[name="x"]'],
    ],
    [
      "what is not declared by what it looks like",
      { free: { a: 1, b: { c: [1, 2] }, d: null } },
      [".free.a", ".free.b", ".free.b.c", ".free.d"],
    ],
  ];
  it.each(table)("holds %s", (_title, value, wanted) => {
    expect(paths(fieldSetOf(value, type))).toEqual(wanted);
  });

  it("refuses an item without its key", () => {
    expect(() => fieldSetOf({ one: [{ value: "1" }] }, type)).toThrow(/omits key field "name"/);
  });
});

describe("compare", () => {
  const table: [
    title: string,
    before: JsonObject,
    after: JsonObject,
    added: string[],
    modified: string[],
    removed: string[],
  ][] = [
    ["nothing", { leaf: "1", one: [{ name: "x" }] }, { one: [{ name: "x" }], leaf: "1" }, [], [], []],
    ["a leaf", { leaf: "1" }, { leaf: "2" }, [], [".leaf"], []],
    ["a new struct with all below", {}, { struct: { a: "1" } }, [".struct", ".struct.a"], [], []],
    [
      "a struct that is gone with all below",
      { struct: { inner: { b: "1" } } },
      {},
      [],
      [],
      [".struct", ".struct.inner", ".struct.inner.b"],
    ],
    ["a key of a map", { map: { x: "1" } }, { map: { x: "2", y: "3" } }, [".map.y"], [".map.x"], []],
    ["an atomic map", { atomicMap: { x: "1" } }, { atomicMap: { y: "1" } }, [], [".atomicMap"], []],
    ["an atomic list", { list: ["x"] }, { list: ["x", "y"] }, [], [".list"], []],
    ["items of a set", { set: ["x", "y"] }, { set: ["y", "z"] }, ['.set[="z"]'], [], ['.set[="x"]']],
    ["no order of a set", { set: ["x", "y"] }, { set: ["y", "x"] }, [], [], []],
    [
      "a field of an item",
      { one: [{ name: "x", value: "1" }] },
      { one: [{ name: "x", value: "2" }] },
      [],
      ['.one[name="x"].value'],
      [],
    ],
    [
      "a set within an item",
      { one: [{ name: "x", set: ["a"] }] },
      { one: [{ name: "x", set: ["a", "b"] }] },
      ['.one[name="x"].set[="b"]'],
      [],
      [],
    ],
    [
      "an item that is new",
      { two: [] },
      { two: [{ port: 1, protocol: "UDP" }] },
      ['.two[port=1,protocol="UDP"]', '.two[port=1,protocol="UDP"].port', '.two[port=1,protocol="UDP"].protocol'],
      [],
      [],
    ],
    [
      "duplicates that change as one",
      {
        one: [
          { name: "x", value: "1" },
          { name: "x", value: "2" },
        ],
      },
      {
        one: [
          { name: "x", value: "1" },
          { name: "x", value: "3" },
        ],
      },
      [],
      ['.one[name="x"]'],
      [],
    ],
    [
      "no duplicates that stay",
      {
        one: [
          { name: "x", value: "1" },
          { name: "x", value: "2" },
        ],
      },
      {
        one: [
          { name: "x", value: "1" },
          { name: "x", value: "2" },
        ],
      },
      [],
      [],
      [],
    ],
    [
      "duplicates that become one",
      { one: [{ name: "x" }, { name: "x" }] },
      { one: [{ name: "x" }] },
      ['.one[name="x"].name'],
      ['.one[name="x"]'],
      [],
    ],
    [
      "one that becomes duplicates",
      { one: [{ name: "x" }] },
      { one: [{ name: "x" }, { name: "x" }] },
      [],
      ['.one[name="x"]'],
      ['.one[name="x"].name'],
    ],
    ["an empty map and null as leaves", { map: {} }, { map: null }, [], [".map"], []],
    [
      "a deduced map that becomes a scalar",
      { free: { a: { b: 1 } } },
      { free: { a: 1 } },
      [],
      [".free.a"],
      [".free.a.b"],
    ],
    [
      "a deduced scalar that becomes a map",
      { free: { a: 1 } },
      { free: { a: { b: 1 } } },
      [".free.a.b"],
      [".free.a"],
      [],
    ],
    ["a deduced list as a whole", { free: [1] }, { free: [1, 2] }, [], [".free"], []],
    ["no existence of a struct that is always there", {}, { present: { a: "1" } }, [".present.a"], [], []],
    [
      "no existence of a list that is always there",
      { presentList: [{ name: "x" }] },
      {},
      [],
      [],
      ['.presentList[name="x"]', '.presentList[name="x"].name'],
    ],
  ];
  it.each(table)("finds %s", (_title, before, after, added, modified, removed) => {
    const result = compare(before, after, type);
    expect({ added: paths(result.added), modified: paths(result.modified), removed: paths(result.removed) }).toEqual({
      added,
      modified,
      removed,
    });
  });
});

describe("merge", () => {
  const one = (...names: string[]): JsonObject => ({ one: names.map((name) => ({ name })) });
  const table: [title: string, live: JsonObject, config: JsonObject, wanted: JsonObject][] = [
    ["sets a leaf", { leaf: "1", number: 1 }, { leaf: "2" }, { leaf: "2", number: 1 }],
    [
      "merges maps and structs",
      { map: { x: "1" }, struct: { a: "1" } },
      { map: { y: "2" }, struct: { inner: { b: "2" } } },
      { map: { x: "1", y: "2" }, struct: { a: "1", inner: { b: "2" } } },
    ],
    [
      "replaces what is atomic",
      { atomicMap: { x: "1" }, list: ["x"], atomicStruct: { a: "1" } },
      { atomicMap: { y: "2" }, list: ["y"], atomicStruct: { b: "1" } },
      { atomicMap: { y: "2" }, list: ["y"], atomicStruct: { b: "1" } },
    ],
    [
      "unites sets in the configured order",
      { set: ["a", "b", "c"] },
      { set: ["c", "d", "a"] },
      { set: ["b", "c", "d", "a"] },
    ],
    [
      "merges items by key",
      { one: [{ name: "x", value: "1" }] },
      { one: [{ name: "x", set: ["a"] }] },
      { one: [{ name: "x", value: "1", set: ["a"] }] },
    ],
    [
      "merges items by two keys, one defaulted",
      {
        two: [
          { port: 1, protocol: "TCP", value: "a" },
          { port: 1, protocol: "UDP", value: "b" },
        ],
      },
      { two: [{ port: 1, value: "c" }] },
      {
        two: [
          { port: 1, protocol: "TCP", value: "c" },
          { port: 1, protocol: "UDP", value: "b" },
        ],
      },
    ],
    ["appends new items", one("a", "b"), one("c"), one("a", "b", "c")],
    ["keeps the place of live items between shared ones", one("a", "x", "b"), one("a", "b"), one("a", "x", "b")],
    [
      "puts new items where the configuration has them",
      one("a", "x", "b"),
      one("a", "n", "b"),
      one("a", "x", "n", "b"),
    ],
    ["takes the configured order of shared items", one("a", "b", "c"), one("c", "b", "a"), one("c", "b", "a")],
    ["keeps an empty map over nothing", {}, { map: {} }, { map: {} }],
    ["keeps live fields against an empty map", { map: { x: "1" } }, { map: {} }, { map: { x: "1" } }],
    ["keeps live fields against a null map", { map: { x: "1" } }, { map: null }, { map: { x: "1" } }],
    ["keeps live items against a null list", { one: [{ name: "x" }] }, { one: null }, { one: [{ name: "x" }] }],
    ["B164 takes null over a scalar", { leaf: "1" }, { leaf: null }, { leaf: null }],
    [
      "B164 takes null over what is atomic",
      { list: ["x"], atomicMap: { x: "1" } },
      { list: null, atomicMap: null },
      { list: null, atomicMap: null },
    ],
    ["takes a deduced list over another", { free: { a: [1] } }, { free: { a: [2] } }, { free: { a: [2] } }],
    ["takes a deduced scalar over a map", { free: { a: { b: 1 } } }, { free: { a: 1 } }, { free: { a: 1 } }],
    [
      "B152 keeps live duplicates it does not name",
      {
        one: [
          { name: "x", value: "1" },
          { name: "x", value: "2" },
        ],
      },
      { one: [{ name: "y" }] },
      { one: [{ name: "x", value: "1" }, { name: "x", value: "2" }, { name: "y" }] },
    ],
    [
      "B152 replaces live duplicates it names",
      {
        one: [
          { name: "x", value: "1" },
          { name: "x", value: "2" },
        ],
      },
      { one: [{ name: "x" }] },
      { one: [{ name: "x" }] },
    ],
  ];
  it.each(table)("%s", (_title, live, config, wanted) => {
    const before = structuredClone([live, config]);
    const merged = merge(live, config, type);
    expect(merged).toEqual(wanted);
    expect([live, config]).toEqual(before);
  });

  it("B152 refuses duplicates in the configuration", () => {
    expect(() => merge({}, one("a", "a"), type)).toThrow(TypedError);
  });
});

describe("removeItems and extractItems", () => {
  const value: JsonObject = {
    leaf: "1",
    map: { x: "1", y: "2" },
    set: ["a", "b"],
    one: [
      { name: "x", value: "1", set: ["s"] },
      { name: "y", value: "2" },
    ],
    struct: { a: "1", inner: { b: "2" } },
  };
  const fields = parseFieldsV1({
    "f:leaf": {},
    "f:map": { "f:x": {} },
    "f:set": { 'v:"a"': {} },
    "f:one": { 'k:{"name":"x"}': { "f:value": {} }, 'k:{"name":"y"}': { ".": {}, "f:name": {} } },
    "f:struct": { "f:inner": {} },
  });

  it("removes members with all below and keeps the rest", () => {
    expect(removeItems(value, fields, type)).toEqual({
      map: { y: "2" },
      set: ["b"],
      one: [{ name: "x", set: ["s"] }],
      struct: { a: "1" },
    });
  });

  it("keeps what is emptied but is no member", () => {
    expect(removeItems({ map: { x: "1" }, set: ["a"] }, fields, type)).toEqual({ map: {}, set: [] });
  });

  it("extracts members with the keys of their items", () => {
    expect(extractItems(value, fields, type)).toEqual({
      leaf: "1",
      map: { x: "1" },
      set: ["a"],
      one: [{ name: "x", value: "1" }, { name: "y" }],
      struct: { inner: {} },
    });
  });
});

describe("checkConfiguration", () => {
  const table: [title: string, type: TypeSchema, value: Json, wanted: string[]][] = [
    [
      "passes what fits",
      widget,
      { spec: { replicas: 1, selector: { a: "b" }, free: { x: [1] }, open: { extra: 1 } } },
      [],
    ],
    ["passes null anywhere", widget, { spec: { replicas: null, containers: null, selector: null } }, []],
    [
      "B102 names a field that is not declared",
      widget,
      { spec: { foo: 1 } },
      [".spec.foo: field not declared in schema"],
    ],
    [
      "B102 names a field within an item",
      widget,
      { spec: { containers: [{ name: "web", imaeg: "x" }] } },
      ['.spec.containers[name="web"].imaeg: field not declared in schema'],
    ],
    [
      "names a number where text belongs",
      widget,
      { metadata: { labels: { a: 1 } } },
      [".metadata.labels.a: expected string, got &value.valueUnstructured{Value:1}"],
    ],
    [
      "names text where a number belongs",
      widget,
      { spec: { replicas: "1" } },
      [".spec.replicas: expected numeric (int or float), got string"],
    ],
    [
      "names a scalar where a map belongs",
      widget,
      { spec: { strategy: "x" } },
      [".spec.strategy: expected map, got a string"],
    ],
    [
      "names a map where a list belongs",
      widget,
      { spec: { containers: {} } },
      [".spec.containers: expected list, got an object"],
    ],
    [
      "B151 names an item without a key",
      widget,
      { spec: { containers: [{ image: "x" }] } },
      [
        '.spec.containers: element 0: associative list with keys has an element that omits key field "name" (and doesn\'t have default value)',
      ],
    ],
    [
      "B152 names an item that stands twice",
      widget,
      { spec: { containers: [{ name: "a" }, { name: "a" }] } },
      ['.spec.containers: duplicate entries for key [name="a"]'],
    ],
    [
      "B152 finds two items the same by a defaulted key",
      widget,
      { spec: { containers: [{ name: "a", ports: [{ port: 1 }, { port: 1, protocol: "TCP" }] }] } },
      ['.spec.containers[name="a"].ports: duplicate entries for key [port=1,protocol="TCP"]'],
    ],
    [
      "finds all",
      widget,
      { spec: { foo: 1, replicas: "x" } },
      [".spec.foo: field not declared in schema", ".spec.replicas: expected numeric (int or float), got string"],
    ],
  ];
  it.each(table)("%s", (_title, schema, value, wanted) => {
    expect(checkConfiguration(value, schema)).toEqual(wanted);
  });
});
