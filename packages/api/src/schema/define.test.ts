import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import type { Condition } from "../conditions.ts";
import { SchemaError } from "../errors.ts";
import type { Pod } from "../groups/core-v1.ts";
import type { KubeObject } from "../object.ts";
import type { ObjectOf } from "../resource.ts";
import { ApiError } from "../status.ts";
import { customResourceDefinition } from "./crd.ts";
import { ageColumn, conditionColumn, defineResource, type InputOf } from "./define.ts";
import {
  anyJson,
  conditions,
  embeddedResource,
  intOrString,
  listMap,
  preserveUnknownFields,
  quantity,
  rules,
} from "./field-types.ts";

const WebApp = defineResource({
  group: "example.com",
  version: "v1",
  kind: "WebApp",
  shortNames: ["wa"],
  categories: ["all"],
  description: "A web application",
  spec: z.object({
    image: z.string().min(1).describe("Container image"),
    replicas: z.int32().min(0).default(1),
    port: intOrString().optional(),
    memory: quantity().optional(),
    strategy: z.enum(["Recreate", "RollingUpdate"]).default("RollingUpdate"),
    ports: listMap(z.object({ name: z.string(), port: z.int() }), ["name"]).optional(),
  }),
  status: z.object({ readyReplicas: z.int().optional(), conditions: conditions().optional() }),
  printerColumns: [conditionColumn("Ready"), ageColumn],
  subresources: { scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.readyReplicas" } },
  rules: [{ rule: "self.metadata.name.size() < 40", message: "name is too long" }],
});
type WebApp = ObjectOf<typeof WebApp>;

describe("defineResource", () => {
  it("fills in the names that follow from the kind", () => {
    expect(WebApp).toMatchObject({
      group: "example.com",
      version: "v1",
      kind: "WebApp",
      plural: "webapps",
      singular: "webapp",
      listKind: "WebAppList",
      scope: "Namespaced",
      subresources: ["scale", "status"],
    });
  });

  it.each([
    ["Policy", "policies"],
    ["Gateway", "gateways"],
    ["Ingress", "ingresses"],
    ["Box", "boxes"],
    ["Tempo", "tempos"],
  ])("names the plural of %s %s", (kind, plural) => {
    expect(defineResource({ group: "example.com", version: "v1", kind, spec: z.object({}) }).plural).toBe(plural);
  });

  it("yields a whole custom resource definition", () => {
    const crd = WebApp.crd();
    expect(crd.metadata?.name).toBe("webapps.example.com");
    expect(crd.spec.names).toEqual({
      plural: "webapps",
      singular: "webapp",
      shortNames: ["wa"],
      kind: "WebApp",
      listKind: "WebAppList",
      categories: ["all"],
    });
    const [version] = crd.spec.versions;
    expect(version).toMatchObject({
      name: "v1",
      served: true,
      storage: true,
      subresources: { status: {}, scale: { specReplicasPath: ".spec.replicas" } },
      additionalPrinterColumns: [
        { name: "Ready", type: "string" },
        { name: "Age", type: "date" },
      ],
    });
    expect(version?.schema?.openAPIV3Schema).toMatchObject({
      description: "A web application",
      required: ["spec"],
      "x-kubernetes-validations": [{ rule: "self.metadata.name.size() < 40", message: "name is too long" }],
    });
    expect(version?.schema?.openAPIV3Schema?.properties?.["spec"]).toEqual({
      type: "object",
      required: ["image"],
      properties: {
        image: { type: "string", minLength: 1, description: "Container image" },
        replicas: { type: "integer", format: "int32", minimum: 0, default: 1 },
        port: { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] },
        memory: {
          "x-kubernetes-int-or-string": true,
          anyOf: [{ type: "integer" }, { type: "string" }],
          pattern: expect.stringContaining("KMGTPE"),
        },
        strategy: { type: "string", enum: ["Recreate", "RollingUpdate"], default: "RollingUpdate" },
        ports: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
          items: {
            type: "object",
            required: ["name", "port"],
            properties: { name: { type: "string" }, port: { type: "integer", format: "int64" } },
          },
        },
      },
    });
  });

  it("is plain JSON: what the server would read is what is there", () => {
    expect(JSON.parse(JSON.stringify(WebApp.crd()))).toEqual(WebApp.crd());
  });

  it("hands out definitions that can be changed without harm to the next", () => {
    const schema = WebApp.crd().spec.versions[0]?.schema?.openAPIV3Schema as Record<string, unknown>;
    delete schema["properties"];
    expect(WebApp.crd().spec.versions[0]?.schema?.openAPIV3Schema?.properties).toBeDefined();
  });

  it("does not require a spec that is optional", () => {
    const Marker = defineResource({
      group: "example.com",
      version: "v1",
      kind: "Marker",
      spec: z.object({}).optional(),
    });
    expect(Marker.schema.required).toBeUndefined();
    expect(Marker.subresources).toBeUndefined();
  });

  it("completes an object to be written without filling in defaults", () => {
    expect(WebApp.object({ metadata: { name: "shop" }, spec: { image: "shop:1" } })).toEqual({
      apiVersion: "example.com/v1",
      kind: "WebApp",
      metadata: { name: "shop" },
      spec: { image: "shop:1" },
    });
  });
});

describe("parse", () => {
  it("fills in defaults and drops unknown fields", () => {
    expect(WebApp.parse({ metadata: { name: "shop" }, spec: { image: "shop:1", colour: "red" } })).toEqual({
      apiVersion: "example.com/v1",
      kind: "WebApp",
      metadata: { name: "shop" },
      spec: { image: "shop:1", replicas: 1, strategy: "RollingUpdate" },
    });
  });

  const causesOf = (object: unknown) => {
    try {
      WebApp.parse(object);
    } catch (error) {
      if (error instanceof ApiError) return error.status;
      throw error;
    }
    throw new Error("was accepted");
  };

  it("names every field at fault, as the server does", () => {
    const status = causesOf({
      metadata: { name: "shop" },
      spec: { replicas: "two", strategy: "Now", ports: [{ name: "http" }] },
    });
    expect(status.code).toBe(422);
    expect(status.message).toContain('WebApp.example.com "shop" is invalid');
    expect(status.details?.causes?.map((cause) => [cause.reason, cause.field])).toEqual([
      ["FieldValueRequired", "spec.image"],
      ["FieldValueTypeInvalid", "spec.replicas"],
      ["FieldValueNotSupported", "spec.strategy"],
      ["FieldValueRequired", "spec.ports[0].port"],
    ]);
  });

  it("B187 refuses another apiVersion with 400 and another kind with 422", () => {
    expect(causesOf({ apiVersion: "example.com/v2", kind: "WebApp", spec: { image: "a" } }).code).toBe(400);
    expect(causesOf({ apiVersion: "example.com/v1", kind: "Other", spec: { image: "a" } }).code).toBe(422);
    expect(causesOf("no object").code).toBe(400);
  });
});

describe("customResourceDefinition", () => {
  const V2 = defineResource({
    group: "example.com",
    version: "v2",
    kind: "WebApp",
    spec: z.object({ image: z.string() }),
    deprecated: "use v1",
  });

  it("puts the versions of a kind together, storing one of them", () => {
    const versions = customResourceDefinition([WebApp, V2], { storage: "v2", served: ["v1"] }).spec.versions;
    expect(
      versions.map(({ name, served, storage, deprecationWarning }) => ({ name, served, storage, deprecationWarning })),
    ).toEqual([
      { name: "v1", served: true, storage: false, deprecationWarning: undefined },
      { name: "v2", served: false, storage: true, deprecationWarning: "use v1" },
    ]);
  });

  it("refuses versions that do not belong together", () => {
    const Other = defineResource({ group: "example.com", version: "v3", kind: "Other", spec: z.object({}) });
    expect(() => customResourceDefinition([WebApp, Other])).toThrow(/another resource/);
    expect(() => customResourceDefinition([WebApp, WebApp])).toThrow(/occurs twice/);
    expect(() => customResourceDefinition([WebApp], { storage: "v9" })).toThrow(/storage version v9/);
  });
});

describe("types", () => {
  it("has defaults present when read and optional when written", () => {
    expectTypeOf<WebApp>().toExtend<KubeObject>();
    expectTypeOf<WebApp["spec"]["replicas"]>().toEqualTypeOf<number>();
    expectTypeOf<InputOf<typeof WebApp>["spec"]["replicas"]>().toEqualTypeOf<number | undefined>();
    expectTypeOf<WebApp["spec"]["port"]>().toEqualTypeOf<string | number | undefined>();
    expectTypeOf<WebApp["spec"]["strategy"]>().toEqualTypeOf<"Recreate" | "RollingUpdate">();
  });

  it("reads conditions as meta/v1 conditions", () => {
    type Conditions = NonNullable<NonNullable<WebApp["status"]>["conditions"]>;
    expectTypeOf<Conditions>().toExtend<readonly Condition[]>();
    expectTypeOf<readonly Condition[]>().toExtend<Conditions>();
  });

  it("has no status where none is defined, and is readonly", () => {
    const Plain = defineResource({
      group: "example.com",
      version: "v1",
      kind: "Plain",
      spec: z.object({ list: z.array(z.string()) }),
    });
    expectTypeOf<ObjectOf<typeof Plain>>().not.toHaveProperty("status");
    expectTypeOf<ObjectOf<typeof Plain>["spec"]["list"]>().toEqualTypeOf<readonly string[]>();
    const object = Plain.parse({ spec: { list: [] } });
    // @ts-expect-error objects are readonly
    object.spec = { list: ["a"] };
  });

  it("types kept fields and embedded resources", () => {
    const Kept = defineResource({
      group: "example.com",
      version: "v1",
      kind: "Kept",
      spec: z.object({
        values: preserveUnknownFields(),
        pod: embeddedResource<Pod>().optional(),
        any: anyJson().optional(),
      }),
    });
    const { spec } = Kept.parse({ spec: { values: { a: { b: 1 } }, any: [1] } });
    expect(spec).toEqual({ values: { a: { b: 1 } }, any: [1] });
    expectTypeOf(spec.pod).toExtend<Pod | undefined>();
    const written: InputOf<typeof Kept> = {
      spec: { values: { a: { b: [1, null] } }, pod: { spec: { containers: [] } } },
    };
    expect(Kept.object(written).spec.values).toEqual({ a: { b: [1, null] } });
  });

  it("refuses what the kind does not have", () => {
    // @ts-expect-error spec is required
    WebApp.object({ metadata: { name: "shop" } });
    // @ts-expect-error image is required
    WebApp.object({ spec: {} });
    expect(() =>
      defineResource({ group: "g.io", version: "v1", kind: "K", spec: rules(z.object({ at: z.date() }), []) }),
    ).toThrow(SchemaError);
  });
});
