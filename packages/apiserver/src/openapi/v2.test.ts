import type { JsonObject, Resource } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { readMessage, toBytes, toText } from "../codec/wire.ts";
import { loadBuiltinResources } from "../schema/index-builtin.ts";
import { openapiV2Document } from "./v2.ts";
import { encodeOpenapiV2 } from "./v2-protobuf.ts";
import { customOpenapiV3Document, openapiV3Document } from "./v3.ts";

const resources = loadBuiltinResources();
const resource: Resource = {
  group: "example.com",
  version: "v1",
  kind: "App",
  plural: "apps",
  singular: "app",
  listKind: "AppList",
  scope: "Namespaced",
};
const schema: JsonObject = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        maybe: { type: "string", nullable: true },
        open: { type: "object", "x-kubernetes-preserve-unknown-fields": true, properties: { a: { type: "string" } } },
        either: { type: "integer", oneOf: [{ minimum: 1 }, { maximum: -1 }], default: 3 },
      },
    },
  },
};
const document = openapiV2Document([
  openapiV3Document("apps/v1", resources),
  openapiV3Document("v1", resources),
  customOpenapiV3Document("example.com", "v1", [{ resource, schema }]),
]);

function references(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value !== "object" || value === null) return found;
  for (const [key, item] of Object.entries(value)) {
    if (key === "$ref" && typeof item === "string") found.add(item);
    else references(item, found);
  }
  return found;
}

describe("OpenAPI v2", () => {
  it("B264 joins all group versions and refers only to definitions it has", () => {
    const names = new Set(Object.keys(document.definitions).map((name) => `#/definitions/${name}`));
    expect(document.paths).toHaveProperty(["/api/v1/namespaces/{namespace}/pods"]);
    expect(document.paths).toHaveProperty(["/apis/example.com/v1/namespaces/{namespace}/apps/{name}"]);
    expect([...references(document)].filter((reference) => !names.has(reference))).toEqual([]);
  });

  it("names every group version of the kinds they share", () => {
    const kinds = document.definitions["io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"]?.[
      "x-kubernetes-group-version-kind"
    ] as JsonObject[];
    expect(kinds.map(({ group }) => group).sort()).toEqual(["", "apps", "example.com"]);
  });

  it("puts bodies and types of parameters where v2 has them", () => {
    const patch = (document.paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]?.["patch"] ??
      {}) as JsonObject;
    const parameters = patch["parameters"] as JsonObject[];
    expect(parameters.find(({ in: place }) => place === "body")).toMatchObject({
      required: true,
      schema: { $ref: "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.Patch" },
    });
    expect(parameters.find(({ name }) => name === "force")).toMatchObject({
      in: "query",
      type: "boolean",
      uniqueItems: true,
    });
    expect(patch["consumes"]).toContain("application/strategic-merge-patch+json");
    expect(patch["x-kubernetes-action"]).toBe("patch");
  });

  it("shows old clients less of custom kinds where they would validate wrongly", () => {
    const app = document.definitions["com.example.v1.App"] as unknown as {
      properties: { spec: { properties: unknown } };
    };
    expect(app.properties.spec.properties).toEqual({
      maybe: {},
      open: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      either: { type: "integer" },
    });
  });

  it("shows quantities and int-or-strings as strings", () => {
    expect(document.definitions["io.k8s.apimachinery.pkg.util.intstr.IntOrString"]).toMatchObject({
      type: "string",
      format: "int-or-string",
    });
    expect(document.definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"]).toMatchObject({ type: "string" });
  });
});

describe("OpenAPI v2 in protobuf", () => {
  const root = readMessage(encodeOpenapiV2(document));

  /** Entries of a list of names and values. */
  const entries = (message: Uint8Array, number: number) =>
    new Map(
      (readMessage(message).get(number) ?? []).map((entry) => {
        const pair = readMessage(toBytes(entry));
        return [toText(pair.get(1)?.[0]), toBytes(pair.get(2)?.[0])] as const;
      }),
    );

  it("holds every definition and path by its name", () => {
    expect(toText(root.get(1)?.[0])).toBe("2.0");
    expect([...entries(toBytes(root.get(9)?.[0]), 1).keys()]).toEqual(Object.keys(document.definitions));
    expect([...entries(toBytes(root.get(8)?.[0]), 2).keys()]).toEqual(Object.keys(document.paths));
  });

  it("writes type, properties, references and extensions of a schema under their numbers", () => {
    const definitions = entries(toBytes(root.get(9)?.[0]), 1);
    const deployment = definitions.get("io.k8s.api.apps.v1.Deployment")!;
    expect(toText(readMessage(toBytes(readMessage(deployment).get(22)?.[0])).get(1)?.[0])).toBe("object");
    const spec = entries(toBytes(readMessage(deployment).get(25)?.[0]), 1).get("spec")!;
    expect(toText(readMessage(spec).get(1)?.[0])).toBe("#/definitions/io.k8s.api.apps.v1.DeploymentSpec");
    const kinds = entries(deployment, 31).get("x-kubernetes-group-version-kind")!;
    expect(JSON.parse(toText(readMessage(kinds).get(2)?.[0]))).toEqual([
      { group: "apps", kind: "Deployment", version: "v1" },
    ]);
  });
});
