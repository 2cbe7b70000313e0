import type { Json, JsonObject } from "@homeostat/api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultDefinition, initialDefinitionStatus, storedVersionsOf } from "./crd-defaults.ts";
import { approvalCondition, definitionProblems, definitionStatusProblems } from "./crd-validation.ts";
import type { DefinitionParts } from "./test-definitions.ts";
import { webAppDefinition, webAppVersion } from "./test-definitions.ts";

async function problems(parts: DefinitionParts, old?: JsonObject): Promise<string[]> {
  return (await definitionProblems(webAppDefinition(parts), old)).map((cause) => `${cause.field}: ${cause.message}`);
}

const path = "spec.versions[0].schema.openAPIV3Schema";

/** Problems of a schema for `spec`, without the path to it. */
async function problemsOfSpec(spec: Json): Promise<string[]> {
  const texts = await problems({ schema: { type: "object", properties: { spec } } });
  return texts.map((text) => text.replace(`${path}.properties[spec]`, ""));
}

describe("definitionProblems", () => {
  it("accepts the WebApp", async () => {
    expect(await problems({})).toEqual([]);
  });

  it("B169 wants the name to be plural and group, a version, one of them for storage, and schemas", async () => {
    expect(await problems({ metadata: { name: "x" } })).toEqual([
      'metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group',
    ]);
    expect(await problems({ versions: [] })).toEqual(["spec.versions: Required value: must have at least one version"]);
    expect((await problems({ versions: [webAppVersion(undefined, { storage: false })] }))[0]).toContain(
      "must have exactly one version marked as storage version",
    );
    expect(
      (await problems({ versions: [webAppVersion(), webAppVersion(undefined, { storage: false })] }))[0],
    ).toContain("must contain unique version names");
    expect(await problems({ version: { schema: {} } })).toEqual([`${path}: Required value: schemas are required`]);
    expect(await problems({ spec: { scope: "Galaxy" } })).toEqual([
      'spec.scope: Unsupported value: "Galaxy": supported values: "Cluster", "Namespaced"',
    ]);
    expect((await problems({ group: "nodots" }))[0]).toContain("should be a domain with at least one dot");
  });

  it("B170 fills the names a definition may leave out", async () => {
    const crd = webAppDefinition({ spec: { names: { plural: "webapps", kind: "WebApp" }, conversion: null } });
    defaultDefinition(crd);
    expect(crd["spec"]).toMatchObject({
      names: { singular: "webapp", listKind: "WebAppList" },
      conversion: { strategy: "None" },
    });
    expect(await definitionProblems(crd)).toEqual([]);
  });

  it("B172 keeps every version that objects may be stored at", async () => {
    const crd = webAppDefinition({
      versions: [webAppVersion(undefined, { name: "v2" })],
      status: { storedVersions: ["v1"] },
    });
    expect(storedVersionsOf(crd)).toEqual(["v1", "v2"]);
    expect(initialDefinitionStatus(webAppDefinition())).toMatchObject({ storedVersions: ["v1"] });
    expect((await definitionProblems(crd, webAppDefinition())).map((cause) => cause.field)).toContain(
      "status.storedVersions[0]",
    );
    expect(definitionStatusProblems(webAppDefinition({ status: { storedVersions: ["v1"] } }))).toEqual([]);
  });

  it("B175 keeps scope and kind of an established definition", async () => {
    const old = webAppDefinition({
      status: { storedVersions: ["v1"], conditions: [{ type: "Established", status: "True" }] },
    });
    expect(await problems({ spec: { scope: "Cluster" }, status: old["status"] as JsonObject }, old)).toEqual([
      'spec.scope: Invalid value: "Cluster": field is immutable',
    ]);
    expect(await problems({ spec: { scope: "Cluster" } }, webAppDefinition())).toEqual([]);
  });

  it("B177 wants approval for groups of the project itself", async () => {
    expect((await problems({ group: "apps.k8s.io" }))[0]).toContain(
      "metadata.annotations[api-approved.kubernetes.io]: Required value",
    );
    const approved = {
      group: "apps.k8s.io",
      metadata: { annotations: { "api-approved.kubernetes.io": "https://github.com/kubernetes/kubernetes/pull/1" } },
    };
    expect(await problems(approved)).toEqual([]);
    expect(approvalCondition(webAppDefinition(approved))).toMatchObject({ status: "True" });
    expect(approvalCondition(webAppDefinition())).toBeUndefined();
  });

  it.each<[Json, string]>([
    [{}, ".type: Required value: must not be empty for specified object fields"],
    [{ type: "array", items: {} }, ".items.type: Required value: must not be empty for specified array items"],
    [{ type: "array" }, ".items: Required value: must be specified"],
    [
      { type: "strnig" },
      '.type: Unsupported value: "strnig": supported values: "array", "boolean", "integer", "number", "object", "string"',
    ],
    [{ type: "object", $ref: "#/x" }, ".$ref: Forbidden: $ref is not supported"],
    [
      { type: "object", additionalProperties: false },
      ".additionalProperties: Forbidden: additionalProperties cannot be set to false",
    ],
    [
      { type: "object", properties: { a: { type: "string" } }, additionalProperties: { type: "string" } },
      ".additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive",
    ],
    [
      { type: "string", uniqueItems: true },
      ".uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
    ],
    [{ type: "string", anyOf: [{ type: "string" }] }, ".anyOf[0].type: Forbidden: must be empty to be structural"],
    [{ type: "string", not: { default: "x" } }, ".not.default: Forbidden: must be undefined to be structural"],
    [
      { type: "object", oneOf: [{ properties: { a: { minimum: 1 } } }] },
      ".oneOf[0].properties[a]: Required value: must also be specified outside allOf, anyOf, oneOf and not",
    ],
    [
      { type: "string", "x-kubernetes-list-type": "set" },
      '.type: Invalid value: "string": must be array if x-kubernetes-list-type is specified',
    ],
    [
      { type: "array", "x-kubernetes-list-type": "map", items: { type: "object" } },
      ".x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map",
    ],
    [
      { type: "string", "x-kubernetes-int-or-string": true },
      '.type: Invalid value: "string": must be empty if x-kubernetes-int-or-string is true',
    ],
  ])("B178 refuses %j", async (schema, text) => {
    expect(await problemsOfSpec(schema)).toEqual([text]);
  });

  it("B178 accepts what is structural", async () => {
    expect(
      await problemsOfSpec({
        type: "object",
        properties: {
          port: { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] },
          any: { "x-kubernetes-preserve-unknown-fields": true },
          a: { type: "string" },
          map: { type: "object", additionalProperties: { type: "string" } },
        },
        oneOf: [{ required: ["a"] }, { properties: { a: { minLength: 3 } } }],
      }),
    ).toEqual([]);
  });

  it("B178 lets metadata restrict names only", async () => {
    const of = (metadata: JsonObject): Promise<string[]> =>
      problems({ schema: { type: "object", properties: { metadata } } });
    expect(await of({ type: "object", properties: { name: { type: "string", maxLength: 5 } } })).toEqual([]);
    expect(await of({ type: "object", properties: { labels: { type: "object" } } })).toEqual([
      `${path}.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified`,
    ]);
  });

  it("B181 wants defaults to be valid and known to the schema", async () => {
    expect(await problemsOfSpec({ type: "integer", minimum: 2, default: 1 })).toEqual([
      expect.stringContaining(".default: Invalid value: 1:"),
    ]);
    expect(await problemsOfSpec({ type: "object", default: { a: 1 } })).toEqual([
      '.default: Invalid value: {"a":1}: must not have unknown fields',
    ]);
    expect(
      await problemsOfSpec({
        type: "object",
        default: {},
        required: ["a"],
        properties: { a: { type: "string", default: "x" } },
      }),
    ).toEqual([]);
  });

  it("B183 refuses patterns that RE2 does not know", async () => {
    expect((await problemsOfSpec({ type: "string", pattern: "(?=a)b" }))[0]).toContain(".pattern: Invalid value");
    expect(await problemsOfSpec({ type: "string", pattern: "(a)\\1" })).toHaveLength(1);
  });

  it("B184 wants the keys of keyed lists to be required or defaulted", async () => {
    const list = (items: JsonObject): Promise<string[]> =>
      problemsOfSpec({
        type: "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        items: { type: "object", ...items },
      });
    expect(await list({ properties: { name: { type: "string" } } })).toEqual([
      ".items.properties[name].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
    ]);
    expect(await list({ properties: { name: { type: "string" } }, required: ["name"] })).toEqual([]);
    expect(await list({ properties: { name: { type: "string", default: "x" } } })).toEqual([]);
    expect((await list({ properties: { other: { type: "string" } } }))[0]).toContain(
      "entries must all be names of item properties",
    );
  });

  it("B190 checks printer columns", async () => {
    const of = (column: JsonObject): Promise<string[]> => problems({ version: { additionalPrinterColumns: [column] } });
    expect(await of({ name: "A", type: "string", jsonPath: ".spec.a" })).toEqual([]);
    expect(await of({ name: "A", type: "text", jsonPath: ".spec[" })).toEqual([
      'spec.versions[0].additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
      expect.stringContaining("spec.versions[0].additionalPrinterColumns[0].jsonPath: Invalid value"),
    ]);
    expect(await of({})).toHaveLength(3);
  });

  it("B189 checks the paths of the scale subresource", async () => {
    const of = (scale: JsonObject): Promise<string[]> => problems({ version: { subresources: { scale } } });
    expect(await of({ specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" })).toEqual([]);
    expect(await of({ specReplicasPath: ".status.replicas", statusReplicasPath: "" })).toHaveLength(2);
  });

  it("B192 checks selectable fields against the schema", async () => {
    const of = (jsonPath: string): Promise<string[]> => problems({ version: { selectableFields: [{ jsonPath }] } });
    expect(await of(".spec.mode")).toEqual([]);
    expect(await of(".spec.nothing")).toHaveLength(1);
    expect(await of(".status.conditions")).toHaveLength(1);
  });

  it("B193 knows the conversion strategies", async () => {
    expect(await problems({ spec: { conversion: { strategy: "Magic" } } })).toHaveLength(1);
    expect(await problems({ spec: { conversion: { strategy: "Webhook" } } })).toHaveLength(2);
  });

  it("B198 refuses rules that do not compile, at their place", async () => {
    const schema: JsonObject = {
      type: "object",
      properties: { spec: { type: "object", "x-kubernetes-validations": [{ rule: "self.x > 1" }] } },
    };
    const [problem] = await problems({ schema });
    expect(problem).toContain(
      `${path}.properties[spec].x-kubernetes-validations[0].rule: Invalid value: "self.x > 1": compilation failed: ERROR: <input>:1:6: no such key: x`,
    );
  });

  it("B199 refuses preserveUnknownFields on create and tolerates it on update", async () => {
    const parts = { spec: { preserveUnknownFields: true } };
    expect((await problems(parts))[0]).toContain("spec.preserveUnknownFields: Invalid value: true");
    expect(await problems(parts, webAppDefinition(parts))).toEqual([]);
  });

  it.each<Json>([
    null,
    1,
    "x",
    [],
    {},
    { spec: null },
    { spec: { versions: [1, null], names: [] } },
    { spec: { versions: [{ schema: { openAPIV3Schema: 5 } }] } },
  ])("finds something wrong with %j without throwing", async (value) => {
    const crd = (value !== null && typeof value === "object" && !Array.isArray(value) ? value : {}) as JsonObject;
    expect((await definitionProblems(crd)).length).toBeGreaterThan(0);
  });

  it("never throws, whatever stands in a schema", async () => {
    const keyword = fc.constantFrom(
      ...[
        "type",
        "properties",
        "items",
        "additionalProperties",
        "default",
        "required",
        "enum",
        "pattern",
        "anyOf",
        "not",
      ],
      ...[
        "x-kubernetes-validations",
        "x-kubernetes-list-type",
        "x-kubernetes-list-map-keys",
        "nullable",
        "format",
        "a",
      ],
    );
    const { value } = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom<Json>("object", "array", "string", "map", true, false, null, 1, "(", { rule: "self" }),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(keyword, tie("value"), { maxKeys: 5 }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(keyword, value, { maxKeys: 6 }), async (schema) => {
        await definitionProblems(
          webAppDefinition({ schema: { type: "object", properties: { spec: schema as Json } } }),
        );
        await definitionProblems(webAppDefinition({ schema: schema as JsonObject }));
      }),
      { numRuns: 500 },
    );
  });
});
