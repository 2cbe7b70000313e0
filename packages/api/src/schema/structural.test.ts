import { describe, expect, it } from "vitest";
import { z } from "zod";
import { SchemaError } from "../errors.ts";
import {
  anyJson,
  conditions,
  duration,
  embeddedResource,
  immutable,
  intOrString,
  listMap,
  listSet,
  preserveUnknownFields,
  quantity,
  rules,
} from "./field-types.ts";
import { structuralSchema } from "./structural.ts";

const schemaOf = (schema: z.ZodType) => structuralSchema(schema, "spec");

describe("structuralSchema", () => {
  it.each<[string, z.ZodType, object]>([
    ["a boolean", z.boolean(), { type: "boolean" }],
    ["a number", z.number(), { type: "number" }],
    ["an integer", z.number().int(), { type: "integer", format: "int64" }],
    ["an unsigned integer", z.uint32(), { type: "integer", format: "int64", minimum: 0, maximum: 4294967295 }],
    [
      "the tightest of several bounds",
      z.number().min(1).gt(1).min(0).lt(9).max(8),
      { type: "number", minimum: 1, exclusiveMinimum: true, maximum: 8 },
    ],
    [
      "a class with signs and a code point",
      z.string().regex(/^[(?=!]\u00e9\\1$/),
      { type: "string", pattern: "^[(?=!]\\x{00e9}\\\\1$" },
    ],
    [
      "int beside string with limits",
      z.union([z.int().min(1), z.string().max(5)]),
      {
        "x-kubernetes-int-or-string": true,
        anyOf: [{ type: "integer" }, { type: "string" }],
        minimum: 1,
        maxLength: 5,
      },
    ],
    ["bounds", z.number().gt(0).lte(5), { type: "number", minimum: 0, exclusiveMinimum: true, maximum: 5 }],
    ["a multiple", z.int().multipleOf(5), { type: "integer", format: "int64", multipleOf: 5 }],
    ["lengths", z.string().min(1).max(63), { type: "string", minLength: 1, maxLength: 63 }],
    ["an exact length", z.string().length(3), { type: "string", minLength: 3, maxLength: 3 }],
    ["a pattern", z.string().regex(/^[a-z/]+$/), { type: "string", pattern: "^[a-z/]+$" }],
    [
      "two patterns",
      z.string().regex(/^a/).endsWith("."),
      { type: "string", pattern: "^a", allOf: [{ pattern: "\\.$" }] },
    ],
    ["an address of the web", z.url(), { type: "string", format: "uri" }],
    ["a time", z.iso.datetime(), { type: "string", format: "date-time" }],
    ["bytes", z.base64(), { type: "string", format: "byte" }],
    ["a literal", z.literal("a"), { type: "string", enum: ["a"] }],
    ["numbers as enum", z.literal([1, 2]), { type: "integer", enum: [1, 2] }],
    ["enums as one", z.union([z.enum(["a", "b"]), z.literal("c")]), { type: "string", enum: ["a", "b", "c"] }],
    ["null beside a type", z.union([z.string(), z.null()]), { type: "string", nullable: true }],
    ["a nullable", z.string().nullable(), { type: "string", nullable: true }],
    [
      "a map",
      z.record(z.string(), z.int32()),
      { type: "object", additionalProperties: { type: "integer", format: "int32" } },
    ],
    [
      "a list",
      z.array(z.string()).min(1).max(3),
      { type: "array", items: { type: "string" }, minItems: 1, maxItems: 3 },
    ],
    ["anything", z.unknown(), { "x-kubernetes-preserve-unknown-fields": true }],
    ["any JSON", anyJson(), { "x-kubernetes-preserve-unknown-fields": true }],
    [
      "an object of any fields",
      preserveUnknownFields(),
      { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    ],
    ["a strict object", z.strictObject({}), { type: "object" }],
    [
      "int beside string",
      z.union([z.int(), z.string()]),
      { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] },
    ],
    ["a set", listSet(z.string()), { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" }],
  ])("says %s", (_, schema, expected) => {
    expect(schemaOf(schema)).toEqual(expected);
  });

  it("keeps known fields typed beside kept unknown ones", () => {
    expect(schemaOf(preserveUnknownFields(z.object({ a: z.string() })))).toEqual({
      type: "object",
      properties: { a: { type: "string" } },
      required: ["a"],
      "x-kubernetes-preserve-unknown-fields": true,
    });
  });

  it("requires fields without a default that are not optional", () => {
    const schema = z.object({
      a: z.string(),
      b: z.string().optional(),
      c: z.string().default("x"),
      d: z.string().nullable(),
    });
    expect(schemaOf(schema).required).toEqual(["a", "d"]);
  });

  it("B180 carries an object's defaults down when it is prefaulted", () => {
    const schema = z.object({ limits: z.object({ cpu: z.string().default("1") }).prefault({}) });
    expect(schemaOf(schema)).toEqual({
      type: "object",
      properties: { limits: { type: "object", properties: { cpu: { type: "string", default: "1" } }, default: {} } },
    });
  });

  it("keeps descriptions and rules through wrappers and later checks", () => {
    const schema = rules(z.string().describe("a name"), [{ rule: "self != 'x'" }])
      .min(1)
      .optional();
    expect(schemaOf(schema)).toEqual({
      description: "a name",
      type: "string",
      minLength: 1,
      "x-kubernetes-validations": [{ rule: "self != 'x'" }],
    });
  });

  it("B200 adds rules to those given earlier", () => {
    const schema = immutable(rules(z.string(), [{ rule: "self != ''", message: "empty" }]));
    expect(schemaOf(schema)["x-kubernetes-validations"]).toEqual([
      { rule: "self != ''", message: "empty" },
      { rule: "self == oldSelf", message: "field is immutable" },
    ]);
  });

  it("joins rules of a wrapper with those of what it wraps", () => {
    const schema = rules(rules(z.string(), [{ rule: "self != 'a'" }]).optional(), [{ rule: "self != 'b'" }]);
    expect(schemaOf(schema)["x-kubernetes-validations"]).toEqual([{ rule: "self != 'a'" }, { rule: "self != 'b'" }]);
  });

  it("says an embedded resource", () => {
    expect(schemaOf(embeddedResource())).toMatchObject({
      type: "object",
      "x-kubernetes-embedded-resource": true,
      "x-kubernetes-preserve-unknown-fields": true,
    });
  });

  it("says conditions as a list map by type with the API's limits", () => {
    expect(schemaOf(conditions().optional())).toMatchObject({
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["type"],
      items: {
        required: ["type", "status", "lastTransitionTime", "reason", "message"],
        properties: {
          status: { enum: ["True", "False", "Unknown"] },
          lastTransitionTime: { type: "string", format: "date-time" },
        },
      },
    });
  });

  it("B178 says a union of objects as fields outside and bare validations inside", () => {
    const schema = z.discriminatedUnion("type", [
      z.object({ type: z.literal("S3"), name: z.string(), bucket: z.string() }),
      z.object({ type: z.literal("PVC"), name: z.string(), size: z.string().optional() }),
    ]);
    expect(schemaOf(schema)).toEqual({
      type: "object",
      properties: {
        type: { type: "string", enum: ["S3", "PVC"] },
        name: { type: "string" },
        bucket: { type: "string" },
        size: { type: "string" },
      },
      required: ["type", "name"],
      anyOf: [
        { properties: { type: { enum: ["S3"] } }, required: ["bucket"] },
        { properties: { type: { enum: ["PVC"] } } },
      ],
    });
  });

  it("joins intersections of objects", () => {
    expect(schemaOf(z.object({ a: z.string() }).and(z.object({ b: z.string().optional() })))).toEqual({
      type: "object",
      properties: { a: { type: "string" }, b: { type: "string" } },
      required: ["a"],
    });
  });
});

describe("what a CRD cannot say", () => {
  it.each<[string, z.ZodType, RegExp]>([
    ["transform", z.object({ a: z.string().transform(Number) }), /^spec\.a: .*convert where it is used/],
    ["date", z.object({ a: z.array(z.date()) }), /^spec\.a\[\]: .*z\.iso\.datetime\(\)/],
    ["bigint", z.record(z.string(), z.bigint()), /^spec\{\}: .*z\.int\(\)/],
    ["recursion", z.object({ a: z.lazy(() => z.string()) }), /^spec\.a: recursive/],
    ["a getter that recurs", recursiveObject(), /^spec\.child.*recursive/],
    ["keys that are no strings", z.record(z.enum(["a"]), z.string()), /plain strings/],
    ["keys with a pattern", z.record(z.string().regex(/a/), z.string()), /cannot check the keys/],
    ["a tuple", z.tuple([z.string()]), /one type of element/],
    ["refine", z.string().refine((text) => text !== ""), /rules\(schema/],
    ["trim", z.string().trim(), /cannot change values/],
    ["a lookahead", z.string().regex(/^(?!a)/), /lookaround.*RE2/],
    ["a backreference", z.string().regex(/(a)\1/), /backreference/],
    ["pattern flags", z.string().regex(/a/i), /\(\?i:/],
    ["mixed scalars", z.union([z.boolean(), z.string()]), /cannot be one of boolean, string/],
    ["typed rest beside fields", z.object({ a: z.string() }).catchall(z.int()), /z\.record\(\)/],
    [
      "a field of two schemas in a union",
      z.union([z.object({ a: z.string() }), z.object({ a: z.int() })]),
      /^spec\.a: the alternatives/,
    ],
    [
      "a map in a union",
      z.union([z.object({ a: z.string() }), z.record(z.string(), z.string())]),
      /cannot carry additionalProperties/,
    ],
    ["a default that does not fit", z.string().min(5).default("x"), /default "x" does not fit/],
    ["an ISO duration", z.iso.duration(), /use duration\(\)/],
    ["custom", z.custom<string>(), /cannot be seen into/],
    [
      "a list key that may be absent",
      listMap(z.object({ name: z.string().optional() }), ["name"]),
      /^spec\[\]\.name: a list key/,
    ],
  ])("refuses %s, naming the path and a way out", (_, schema, message) => {
    expect(() => schemaOf(schema)).toThrow(SchemaError);
    expect(() => schemaOf(schema)).toThrow(message);
  });
});

function recursiveObject(): z.ZodType {
  const node = z.object({
    get child() {
      return node.optional();
    },
  });
  return node as unknown as z.ZodType;
}

describe("field types", () => {
  it.each<[z.ZodType, unknown[], unknown[]]>([
    [quantity(), ["500m", "1Gi", "1.5", "1e3", ".5", 2, "-1"], ["1 Gi", "", "1GB", 1.5]],
    [duration(), ["1h30m", "300ms", "0.5s"], ["", "1d", "5"]],
    [intOrString(), [80, "http", "50%"], [1.5, true]],
  ])("accepts what the API accepts (%#)", (schema, good, bad) => {
    expect(good.filter((value) => !schema.safeParse(value).success)).toEqual([]);
    expect(bad.filter((value) => schema.safeParse(value).success)).toEqual([]);
  });
});
