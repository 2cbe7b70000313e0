import type { Json, JsonObject } from "@homeostat/api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCustomSchema } from "./custom-schema.ts";
import { applyDefaults } from "./defaulting.ts";
import { prune } from "./prune.ts";
import { compileStructural } from "./structural-schema.ts";
import { objectMeta, webAppVersion } from "./test-definitions.ts";
import { compileValidator } from "./validate.ts";

function pruned(schema: JsonObject, object: JsonObject): { readonly object: JsonObject; readonly gone: string[] } {
  const copy = structuredClone(object);
  return { gone: prune(copy, compileStructural(schema)), object: copy };
}

function defaulted(properties: JsonObject, object: JsonObject): JsonObject {
  const copy = structuredClone(object);
  applyDefaults(copy, compileStructural({ type: "object", properties }));
  return copy;
}

describe("prune", () => {
  it("B179 drops undeclared fields and names them", () => {
    const schema: JsonObject = {
      type: "object",
      properties: {
        spec: {
          type: "object",
          properties: { list: { type: "array", items: { type: "object", properties: { a: { type: "string" } } } } },
        },
      },
    };
    const { object, gone } = pruned(schema, {
      kind: "K",
      metadata: { x: 1 },
      spec: { lastReconciled: "now", list: [{ a: "1", b: "2" }] },
      extra: 1,
    });
    expect(gone).toEqual(["spec.lastReconciled", "spec.list[0].b", "extra"]);
    expect(object).toEqual({ kind: "K", metadata: { x: 1 }, spec: { list: [{ a: "1" }] } });
  });

  it("B179 keeps everything below preserve-unknown-fields but prunes declared objects in it again", () => {
    const schema: JsonObject = {
      type: "object",
      properties: {
        spec: {
          type: "object",
          "x-kubernetes-preserve-unknown-fields": true,
          properties: { strict: { type: "object", properties: { a: { type: "string" } } } },
        },
      },
    };
    const { object, gone } = pruned(schema, { spec: { any: { thing: 1 }, strict: { a: "1", b: 2 } } });
    expect(gone).toEqual(["spec.strict.b"]);
    expect(object).toEqual({ spec: { any: { thing: 1 }, strict: { a: "1" } } });
  });

  it("B179 keeps apiVersion, kind and metadata of embedded resources", () => {
    const embedded: JsonObject = {
      type: "object",
      "x-kubernetes-embedded-resource": true,
      properties: { spec: { type: "object" } },
    };
    const schema: JsonObject = { type: "object", properties: { template: embedded } };
    const { gone } = pruned(schema, {
      template: { apiVersion: "v1", kind: "Pod", metadata: { name: "a" }, spec: {}, other: 1 },
    });
    expect(gone).toEqual(["template.other"]);
  });

  it("B179 keeps the keys of maps and prunes their values", () => {
    const schema: JsonObject = {
      type: "object",
      properties: {
        map: { type: "object", additionalProperties: { type: "object", properties: { a: { type: "string" } } } },
        any: { type: "object", additionalProperties: true },
      },
    };
    const { object, gone } = pruned(schema, { map: { x: { a: "1", b: 1 } }, any: { x: { y: 1 } } });
    expect(gone).toEqual(["map.x.b"]);
    expect(object).toEqual({ map: { x: { a: "1" } }, any: { x: { y: 1 } } });
  });
});

describe("applyDefaults", () => {
  it("B180 fills what is absent and leaves what is there", () => {
    expect(defaulted({ a: { type: "integer", default: 1 } }, {})).toEqual({ a: 1 });
    expect(defaulted({ a: { type: "integer", default: 1 } }, { a: 0 })).toEqual({ a: 0 });
  });

  it("B180 fills below a parent only where the parent is there or defaulted", () => {
    const child: JsonObject = { type: "object", properties: { b: { type: "string", default: "x" } } };
    expect(defaulted({ a: child }, {})).toEqual({});
    expect(defaulted({ a: child }, { a: {} })).toEqual({ a: { b: "x" } });
    expect(defaulted({ a: { ...child, default: {} } }, {})).toEqual({ a: { b: "x" } });
  });

  it("B180 treats null as absent where it may not be, and keeps it where it may", () => {
    expect(defaulted({ a: { type: "string", default: "x" } }, { a: null })).toEqual({ a: "x" });
    expect(defaulted({ a: { type: "string" } }, { a: null })).toEqual({});
    expect(defaulted({ a: { type: "string", nullable: true, default: "x" } }, { a: null })).toEqual({ a: null });
  });

  it("B180 fills items of lists and values of maps", () => {
    const item: JsonObject = { type: "object", properties: { protocol: { type: "string", default: "TCP" } } };
    expect(
      defaulted(
        { l: { type: "array", items: item }, m: { type: "object", additionalProperties: item } },
        { l: [{}], m: { k: {} } },
      ),
    ).toEqual({
      l: [{ protocol: "TCP" }],
      m: { k: { protocol: "TCP" } },
    });
  });

  it("gives every object its own copy of a default", () => {
    const schema = compileStructural({
      type: "object",
      properties: { a: { type: "object", default: { l: [] }, properties: { l: { type: "array" } } } },
    });
    const [first, second]: [JsonObject, JsonObject] = [{}, {}];
    applyDefaults(first, schema);
    ((first["a"] as JsonObject)["l"] as Json[]).push(1);
    applyDefaults(second, schema);
    expect(second).toEqual({ a: { l: [] } });
  });
});

const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as Json);
const name = fc.constantFrom("a", "b", "spec", "metadata", "__proto__", "constructor");
const { schema: anySchema } = fc.letrec<{ schema: JsonObject; object: JsonObject }>((tie) => ({
  schema: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<JsonObject>(
      { type: "string", default: "x" },
      { type: "integer", nullable: true },
      { "x-kubernetes-int-or-string": true },
      { "x-kubernetes-preserve-unknown-fields": true },
    ),
    fc.record({ type: fc.constant("array"), items: tie("schema") }) as fc.Arbitrary<JsonObject>,
    fc.record({ type: fc.constant("object"), additionalProperties: tie("schema") }) as fc.Arbitrary<JsonObject>,
    tie("object"),
  ),
  object: fc
    .dictionary(name, tie("schema"), { maxKeys: 4 })
    .map((properties): JsonObject => ({ type: "object", properties, default: {} })),
}));
const object = fc.dictionary(name, json);

describe("any object and any schema", () => {
  it("finds nothing to prune a second time", () => {
    fc.assert(
      fc.property(anySchema, object, (schema, value) => {
        const structural = compileStructural(schema);
        const copy = structuredClone(value) as JsonObject;
        prune(copy, structural);
        const once = structuredClone(copy);
        expect(prune(copy, structural)).toEqual([]);
        expect(copy).toEqual(once);
      }),
    );
  });

  it("fills nothing a second time", () => {
    fc.assert(
      fc.property(anySchema, object, (schema, value) => {
        const structural = compileStructural(schema);
        const copy = structuredClone(value) as JsonObject;
        applyDefaults(copy, structural);
        const once = structuredClone(copy);
        applyDefaults(copy, structural);
        expect(copy).toEqual(once);
      }),
    );
  });

  it("never throws, whatever stands in a schema or an object", async () => {
    await fc.assert(
      fc.asyncProperty(json, object, async (schema, value) => {
        const copy = structuredClone(value) as JsonObject;
        const custom = createCustomSchema(
          { name: "v1", schema: { openAPIV3Schema: schema } },
          { objectMeta: objectMeta() },
        );
        custom.decode(copy);
        custom.default(copy);
        await custom.validate(copy, value as JsonObject);
        compileValidator(custom.structural.source)(copy, undefined, "", []);
      }),
    );
  });

  it("takes any object for a WebApp without throwing", async () => {
    const custom = createCustomSchema(webAppVersion(), { objectMeta: objectMeta() });
    await fc.assert(
      fc.asyncProperty(object, object, async (value, metadata) => {
        const copy = { ...structuredClone(value), metadata: structuredClone(metadata) } as JsonObject;
        custom.decode(copy);
        custom.default(copy);
        await custom.validate(copy);
      }),
    );
  });
});
