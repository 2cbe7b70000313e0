import type { Json, JsonObject, StatusCause } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import type { JsonSchemaProps } from "./json-schema-props.ts";
import { webAppSchema } from "./test-definitions.ts";
import { compileValidator } from "./validate.ts";

function causesOf(schema: JsonSchemaProps, value: Json, old?: Json): StatusCause[] {
  const causes: StatusCause[] = [];
  compileValidator({ type: "object", properties: { spec: schema } })(
    { spec: value },
    old === undefined ? undefined : { spec: old },
    "",
    causes,
  );
  return causes;
}

function texts(schema: JsonSchemaProps, value: Json, old?: Json): string[] {
  return causesOf(schema, value, old).map((cause) => `${cause.field}: ${cause.message}`);
}

describe("compileValidator", () => {
  it.each<[JsonSchemaProps, Json, string]>([
    [{ type: "integer" }, "x", 'spec: Invalid value: "string": spec in body must be of type integer: "string"'],
    [
      { type: "integer", format: "int32" },
      "x",
      'spec: Invalid value: "string": spec in body must be of type integer: "string"',
    ],
    [{ type: "integer" }, 1.5, 'spec: Invalid value: "number": spec in body must be of type integer: "number"'],
    [{ type: "string" }, 1, 'spec: Invalid value: "integer": spec in body must be of type string: "integer"'],
    [{ type: "object" }, [], 'spec: Invalid value: "array": spec in body must be of type object: "array"'],
    [{ type: "string" }, null, 'spec: Invalid value: "null": spec in body must be of type string: "null"'],
    [
      { "x-kubernetes-int-or-string": true },
      true,
      'spec: Invalid value: "boolean": spec in body must be of type integer,string: "boolean"',
    ],
    [{ type: "object", required: ["message"] }, {}, "spec.message: Required value"],
    [{ type: "string", enum: ["a", "b"] }, "x", 'spec: Unsupported value: "x": supported values: "a", "b"'],
    [{ type: "integer", enum: [1, 2] }, 3, 'spec: Unsupported value: 3: supported values: "1", "2"'],
    [{ type: "integer", minimum: 1 }, 0, "spec: Invalid value: 0: spec in body should be greater than or equal to 1"],
    [
      { type: "integer", minimum: 1, exclusiveMinimum: true },
      1,
      "spec: Invalid value: 1: spec in body should be greater than 1",
    ],
    [{ type: "integer", maximum: 1 }, 2, "spec: Invalid value: 2: spec in body should be less than or equal to 1"],
    [
      { type: "number", maximum: 1.5, exclusiveMaximum: true },
      1.5,
      "spec: Invalid value: 1.5: spec in body should be less than 1.5",
    ],
    [{ type: "integer", multipleOf: 5 }, 7, "spec: Invalid value: 7: spec in body should be a multiple of 5"],
    [{ type: "string", minLength: 2 }, "😀", 'spec: Invalid value: "😀": spec in body should be at least 2 chars long'],
    [{ type: "string", pattern: "^a$" }, "b", "spec: Invalid value: \"b\": spec in body should match '^a$'"],
    [{ type: "array", minItems: 1 }, [], "spec: Invalid value: 0: spec in body should have at least 1 items"],
    [{ type: "array", maxItems: 1 }, [1, 2], "spec: Too many: 2: must have at most 1 items"],
    [
      { type: "object", minProperties: 1 },
      {},
      "spec: Invalid value: 0: spec in body should have at least 1 properties",
    ],
    [{ type: "object", maxProperties: 1 }, { a: 1, b: 2 }, "spec: Too many: 2: must have at most 1 items"],
    [
      { type: "string", format: "date-time" },
      "x",
      'spec: Invalid value: "x": spec in body must be of type date-time: "x"',
    ],
    [
      { type: "integer", format: "int32" },
      2 ** 31,
      "spec: Invalid value: 2147483648: Checked value must be of type integer with format int32 in spec",
    ],
    [
      { type: "object", not: { required: ["a"] } },
      { a: 1 },
      '<nil>: Invalid value: "": "spec" must not validate the schema (not)',
    ],
  ])("B182 words what %j finds in %j as upstream does", (schema, value, text) => {
    expect(texts(schema, value)).toEqual([text]);
  });

  it.each<[JsonSchemaProps, Json]>([
    [{ type: "number" }, 1],
    [{ type: "integer" }, 1.0],
    [{ type: "string", nullable: true }, null],
    [{ "x-kubernetes-int-or-string": true }, "80%"],
    [{ type: "string", maxLength: 1 }, "😀"],
    [{ type: "string", pattern: "b" }, "abc"],
    [{ type: "string", format: "made-up" }, "x"],
    [{ type: "number", multipleOf: 0.5 }, 2.5],
    [{ type: "object", additionalProperties: { type: "string" } }, { constructor: "x" }],
  ])("B182 accepts by %j the value %j", (schema, value) => {
    expect(texts(schema, value)).toEqual([]);
  });

  it("B182 says what each of several schemas wants", () => {
    const pair: JsonSchemaProps[] = [{ required: ["a"] }, { required: ["b"] }];
    const nil = '<nil>: Invalid value: "": "spec" ';
    expect(texts({ type: "object", oneOf: pair }, {})).toEqual([
      `${nil}must validate one and only one schema (oneOf). Found none valid`,
      "spec.a: Required value",
    ]);
    expect(texts({ type: "object", oneOf: pair }, { a: 1, b: 1 })).toEqual([
      `${nil}must validate one and only one schema (oneOf). Found 2 valid alternatives`,
    ]);
    expect(texts({ type: "object", anyOf: pair }, {})[0]).toBe(`${nil}must validate at least one schema (anyOf)`);
    expect(texts({ type: "object", allOf: pair }, { a: 1 })).toEqual([
      "spec.b: Required value",
      `${nil}must validate all the schemas (allOf)`,
    ]);
  });

  it("B182 gives each kind of finding its reason", () => {
    expect(causesOf({ type: "object", required: ["a"] }, {})[0]!.reason).toBe("FieldValueRequired");
    expect(causesOf({ type: "string", enum: ["a"] }, "b")[0]!.reason).toBe("FieldValueNotSupported");
    expect(causesOf({ type: "string" }, 1)[0]!.reason).toBe("FieldValueTypeInvalid");
    expect(causesOf({ type: "string", maxLength: 1 }, "ab")[0]!.reason).toBe("FieldValueTooLong");
    expect(causesOf({ type: "integer", minimum: 1 }, 0)[0]!.reason).toBe("FieldValueInvalid");
  });

  it("B182 finds everything that is wrong with a WebApp, at its path", () => {
    const causes: StatusCause[] = [];
    const validate = compileValidator(webAppSchema() as JsonSchemaProps);
    validate(
      { spec: { replicas: "x", mode: "warp", host: "A" }, status: { conditions: [{ type: "Ready" }] } },
      undefined,
      "",
      causes,
    );
    expect(causes.map((cause) => cause.field).sort()).toEqual([
      "spec.host",
      "spec.message",
      "spec.mode",
      "spec.replicas",
      "status.conditions[0].status",
    ]);
  });

  it.each([
    ["ipv4", "10.0.0.1", "10.0.0.256"],
    ["ipv6", "2001:db8::1", "2001:db8::1::2"],
    ["cidr", "10.0.0.0/8", "10.0.0.0/33"],
    ["uuid", "123e4567-e89b-12d3-a456-426614174000", "123"],
    ["byte", "YWJj", "YWJ"],
    ["date", "2024-02-29", "2023-02-29"],
    ["date-time", "2026-01-01T10:00:00.5+02:00", "2026-01-01 10:00"],
    ["duration", "1h30m", "soon"],
    ["email", "a@example.com", "a.example.com"],
    ["hostname", "a.example.com", "a b"],
    ["uri", "https://example.com/x", "x"],
    ["mac", "00:11:22:33:44:55", "00:11"],
    ["k8s-short-name", "abc-1", "Abc"],
  ])("B182 knows the format %s", (format, good, bad) => {
    expect(texts({ type: "string", format }, good)).toEqual([]);
    expect(texts({ type: "string", format }, bad)).toHaveLength(1);
  });

  it("B183 evaluates patterns in linear time", () => {
    expect(texts({ type: "string", pattern: "^(a+)+$" }, `${"a".repeat(10_000)}!`)).toHaveLength(1);
  });

  it("B185 tolerates what was wrong before and did not change", () => {
    const schema: JsonSchemaProps = {
      type: "object",
      properties: { name: { type: "string", pattern: "^[a-z]+$" }, size: { type: "integer", maximum: 5 } },
    };
    expect(texts(schema, { name: "UPPER", size: 3 }, { name: "UPPER", size: 1 })).toEqual([]);
    expect(texts(schema, { name: "OTHER", size: 1 }, { name: "UPPER", size: 1 })).toHaveLength(1);
    expect(texts(schema, { name: "UPPER", size: 6 }, { name: "UPPER", size: 1 })).toHaveLength(1);
  });

  it("B185 pairs items of keyed lists by key and others not at all", () => {
    const items: JsonSchemaProps = {
      type: "object",
      properties: { name: { type: "string" }, v: { type: "integer", maximum: 5 } },
    };
    const before: Json = [
      { name: "a", v: 9 },
      { name: "b", v: 1 },
    ];
    const after: Json = [
      { name: "b", v: 2 },
      { name: "a", v: 9 },
    ];
    const keyed: JsonSchemaProps = {
      type: "array",
      items,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
    };
    expect(texts(keyed, after, before)).toEqual([]);
    expect(texts({ type: "array", items }, after, before)).toHaveLength(1);
  });

  it("takes fields named like members of every object for what they are", () => {
    const hostile = JSON.parse('{"__proto__": {"a": 1}, "constructor": 1}') as JsonObject;
    expect(texts({ type: "object", required: ["toString"] }, hostile)).toEqual(["spec.toString: Required value"]);
  });
});
