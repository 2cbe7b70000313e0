import type { Json, JsonObject } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { createCustomSchema } from "./custom-schema.ts";
import { objectMeta, webAppVersion } from "./test-definitions.ts";

const kind = { group: "example.dev", version: "v1", kind: "WebApp" };

function webApp(parts: JsonObject = {}): JsonObject {
  return { apiVersion: "example.dev/v1", kind: "WebApp", metadata: { name: "a" }, spec: { message: "hi" }, ...parts };
}

function schemaOf(openAPIV3Schema?: JsonObject) {
  return createCustomSchema(webAppVersion(openAPIV3Schema), { objectMeta: objectMeta(), kind });
}

/** Decodes, fills and checks, as a create does. */
async function create(object: JsonObject, openAPIV3Schema?: JsonObject): Promise<string[]> {
  const schema = schemaOf(openAPIV3Schema);
  schema.decode(object);
  schema.default(object);
  return (await schema.validate(object)).map((cause) => `${cause.field}: ${cause.message}`);
}

describe("createCustomSchema", () => {
  it("fills the defaults of a WebApp and accepts it", async () => {
    const object = webApp();
    expect(await create(object)).toEqual([]);
    expect(object["spec"]).toEqual({ message: "hi", replicas: 1 });
  });

  it("B179 reports unknown fields of the spec and of metadata", async () => {
    const object = webApp({ metadata: { name: "a", nickname: "b" }, spec: { message: "hi", lastReconciled: "x" } });
    expect(schemaOf().decode(object)).toEqual({ unknown: ["spec.lastReconciled", "metadata.nickname"] });
    expect(object["metadata"]).toEqual({ name: "a" });
  });

  it("B179 names the first value of metadata that is of a wrong type", async () => {
    const { mismatch } = schemaOf().decode(webApp({ metadata: { name: "a", labels: { x: 1 } } }));
    expect(mismatch).toContain("cannot unmarshal number into Go struct field ObjectMeta.labels of type string");
    expect(schemaOf().decode(webApp({ metadata: 5 })).mismatch).toContain("metadata");
  });

  it("keeps managed fields, owners and finalizers as they are", async () => {
    const metadata: JsonObject = {
      name: "a",
      finalizers: ["example.dev/a"],
      ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "p", uid: "u", controller: false }],
      managedFields: [
        {
          manager: "m",
          operation: "Apply",
          apiVersion: "v1",
          time: "2026-01-01T00:00:00Z",
          fieldsType: "FieldsV1",
          fieldsV1: { "f:spec": { "f:x": {} } },
        },
      ],
    };
    const object = webApp({ metadata: structuredClone(metadata) });
    expect(schemaOf().decode(object)).toEqual({ unknown: [] });
    expect(object["metadata"]).toEqual(metadata);
  });

  it("B187 refuses another kind", async () => {
    expect(await create(webApp({ kind: "Other" }))).toEqual(['kind: Invalid value: "Other": must be WebApp']);
  });

  it("B184 refuses duplicates in keyed lists and sets", async () => {
    const conditions: Json = [
      { type: "Ready", status: "True" },
      { type: "Ready", status: "False" },
    ];
    expect(await create(webApp({ status: { conditions } }))).toEqual([
      'status.conditions[1]: Duplicate value: {"type":"Ready"}',
    ]);
    const set: JsonObject = {
      type: "object",
      properties: { spec: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" } },
    };
    expect(await create(webApp({ spec: ["a", "b", "a"] }), set)).toEqual(['spec[2]: Duplicate value: "a"']);
  });

  it("B185 lets an object be updated that had duplicates before", async () => {
    const conditions: Json = [
      { type: "Ready", status: "True" },
      { type: "Ready", status: "False" },
    ];
    expect(
      await schemaOf().validate(webApp({ status: { conditions, replicas: 1 } }), webApp({ status: { conditions } })),
    ).toEqual([]);
  });

  it("B179 wants embedded resources to say what they are", async () => {
    const template: JsonObject = {
      type: "object",
      "x-kubernetes-embedded-resource": true,
      "x-kubernetes-preserve-unknown-fields": true,
    };
    const schema: JsonObject = { type: "object", properties: { spec: template } };
    expect(await create(webApp({ spec: { kind: "Pod" } }), schema)).toEqual([
      "spec.apiVersion: Required value: must not be empty",
    ]);
    const object = webApp({ spec: { apiVersion: "v1", kind: "Pod", metadata: { wrong: 1, name: "x" }, other: 1 } });
    expect(schemaOf(schema).decode(object).unknown).toEqual(["spec.metadata.wrong"]);
  });

  it("B208 does not run rules on what is structurally wrong, and says so", async () => {
    const schema: JsonObject = {
      type: "object",
      properties: {
        spec: {
          type: "object",
          properties: { n: { type: "integer" } },
          "x-kubernetes-validations": [{ rule: "self.n > 5" }],
        },
      },
    };
    expect(await create(webApp({ spec: { n: 1 } }), schema)).toEqual([
      'spec: Invalid value: "object": failed rule: self.n > 5',
    ]);
    expect(await create(webApp({ spec: { n: "x" } }), schema)).toEqual([
      'spec.n: Invalid value: "string": spec.n in body must be of type integer: "string"',
      '<nil>: Invalid value: "null": some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
    ]);
  });

  it("gives server-side apply the types of lists, maps and metadata", async () => {
    const { type } = schemaOf();
    const field = (at: typeof type, name: string) => (at.kind === "struct" ? at.field(name)?.type : undefined)!;
    const conditions = field(field(type, "status"), "conditions");
    expect(conditions).toMatchObject({ kind: "list", listType: "map", keys: ["type"] });
    expect(field(type, "metadata")).toBe(objectMeta());
    const spec = field(type, "spec");
    expect(spec.kind === "struct" && spec.field("replicas")).toMatchObject({ default: 1, type: { scalar: "integer" } });
    expect(spec.kind === "struct" && spec.field("message")).toMatchObject({ required: true });
  });

  it("gives server-side apply what may hold anything", async () => {
    const schema: JsonObject = {
      type: "object",
      properties: {
        any: { "x-kubernetes-preserve-unknown-fields": true },
        open: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        labels: { type: "object", additionalProperties: { type: "string" }, "x-kubernetes-map-type": "atomic" },
        port: { "x-kubernetes-int-or-string": true },
        template: {
          type: "object",
          "x-kubernetes-embedded-resource": true,
          "x-kubernetes-preserve-unknown-fields": true,
        },
      },
    };
    const { type } = schemaOf(schema);
    const field = (name: string) => (type.kind === "struct" ? type.field(name)!.type : undefined);
    expect(field("any")).toEqual({ kind: "untyped" });
    expect(field("open")).toMatchObject({ kind: "struct", preserveUnknown: true });
    expect(field("labels")).toMatchObject({ kind: "map", atomic: true, value: { scalar: "string" } });
    expect(field("port")).toMatchObject({ scalar: "intOrString" });
    expect(field("template")).toMatchObject({ kind: "struct", names: ["apiVersion", "kind", "metadata"] });
  });
});
