import type { Resource } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { loadBuiltinResources } from "../schema/index-builtin.ts";
import type { OpenapiDocument, Operation, SchemaObject } from "./document.ts";
import { customOpenapiV3Document, openapiV3Document, openapiV3Index, serializeOpenapi } from "./v3.ts";

const resources = loadBuiltinResources();
const groupVersions = [...new Set(resources.map(({ group, version }) => (group ? `${group}/${version}` : version)))];

// Written and read, as a client has it: without undefined members.
const written = (document: OpenapiDocument) => JSON.parse(JSON.stringify(document)) as OpenapiDocument;
const apps = written(openapiV3Document("apps/v1", resources));
const core = written(openapiV3Document("v1", resources));
const property = (document: OpenapiDocument, definition: string, name: string) =>
  (document.components.schemas[definition]!["properties"] as Record<string, SchemaObject>)[name]!;
const parameterNames = (operation: Operation) => (operation.parameters ?? []).map(({ name }) => name);

/** Every `$ref` in a document. */
function references(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value !== "object" || value === null) return found;
  for (const [key, item] of Object.entries(value)) {
    if (key === "$ref" && typeof item === "string") found.add(item);
    else references(item, found);
  }
  return found;
}

describe("OpenAPI v3 of built-in group versions", () => {
  it.each(groupVersions)("refers only to schemas that %s has", (groupVersion) => {
    const document = openapiV3Document(groupVersion, resources);
    const schemas = new Set(Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`));
    expect([...references(document)].filter((reference) => !schemas.has(reference))).toEqual([]);
  });

  it("gives every operation an id of its own", () => {
    const ids = groupVersions.flatMap((groupVersion) =>
      Object.values(openapiV3Document(groupVersion, resources).paths).flatMap((item) =>
        Object.entries(item)
          .filter(([key]) => key !== "parameters")
          .map(([, operation]) => (operation as Operation).operationId),
      ),
    );
    expect(ids.length).toBeGreaterThan(600);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    expect(ids).toContain("listAppsV1DeploymentForAllNamespaces");
    expect(ids).toContain("patchRbacAuthorizationV1NamespacedRole");
    expect(ids).toContain("readCoreV1NodeStatus");
  });

  it("has the paths of collections, objects and subresources", () => {
    const deployments = Object.keys(apps.paths).filter((path) => path.includes("/deployments"));
    const base = "/apis/apps/v1/namespaces/{namespace}/deployments";
    expect(new Set(deployments)).toEqual(
      new Set(["/apis/apps/v1/deployments", base, `${base}/{name}`, `${base}/{name}/scale`, `${base}/{name}/status`]),
    );
    expect(core.paths["/api/v1/namespaces/{name}/finalize"]?.put?.["x-kubernetes-action"]).toBe("put");
    expect(core.paths["/api/v1/nodes/{name}/proxy/{path}"]?.get?.["x-kubernetes-action"]).toBe("connect");
    expect(core.paths["/api/v1/namespaces/{namespace}/pods/{name}/log"]?.parameters?.map(({ name }) => name)).toContain(
      "tailLines",
    );
  });

  it("says action, kind, parameters and patch types of an operation, which kubectl probes", () => {
    const item = apps.paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]!;
    expect(item.patch).toMatchObject({
      "x-kubernetes-action": "patch",
      "x-kubernetes-group-version-kind": { group: "apps", version: "v1", kind: "Deployment" },
    });
    expect(parameterNames(item.patch!)).toEqual(["dryRun", "fieldManager", "fieldValidation", "force"]);
    expect(Object.keys(item.patch!.requestBody!.content).sort()).toEqual([
      "application/apply-patch+yaml",
      "application/json-patch+json",
      "application/merge-patch+json",
      "application/strategic-merge-patch+json",
    ]);
    expect(item.parameters?.map(({ name }) => name)).toEqual(["name", "namespace", "pretty"]);
  });

  it("gives a scale subresource the kind it has", () => {
    const scale = apps.paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"]!;
    expect(scale.get?.["x-kubernetes-group-version-kind"]).toEqual({
      group: "autoscaling",
      version: "v1",
      kind: "Scale",
    });
  });

  it("B151 shows the defaults of list keys and the rules of lists", () => {
    expect(property(core, "io.k8s.api.core.v1.ContainerPort", "protocol")).toMatchObject({
      type: "string",
      default: "TCP",
      enum: ["TCP", "UDP", "SCTP"],
    });
    expect(property(core, "io.k8s.api.core.v1.Container", "ports")).toMatchObject({
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["containerPort", "protocol"],
      "x-kubernetes-patch-strategy": "merge",
      "x-kubernetes-patch-merge-key": "containerPort",
    });
    expect(core.components.schemas["io.k8s.api.core.v1.ConfigMapKeySelector"]).toMatchObject({
      "x-kubernetes-map-type": "atomic",
    });
  });

  it("puts what stands beside a reference into allOf", () => {
    expect(property(apps, "io.k8s.api.apps.v1.Deployment", "spec")).toEqual({
      allOf: [{ $ref: "#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec" }],
      default: {},
      description: "The wanted state.",
    });
    expect(apps.components.schemas["io.k8s.api.apps.v1.Deployment"]).toMatchObject({
      "x-kubernetes-group-version-kind": [{ group: "apps", version: "v1", kind: "Deployment" }],
    });
  });

  it("does not describe a field by a name that means something else", () => {
    expect(property(core, "io.k8s.api.core.v1.ObjectReference", "kind")["description"]).toBeUndefined();
    expect(property(core, "io.k8s.api.core.v1.PodCondition", "status")["description"]).toBeUndefined();
  });

  it("is the same document each time", () => {
    expect(serializeOpenapi(openapiV3Document("apps/v1", resources))).toEqual(
      serializeOpenapi(openapiV3Document("apps/v1", resources)),
    );
  });
});

describe("OpenAPI v3 of custom resources", () => {
  const resource: Resource = {
    group: "stable.example.com",
    version: "v1",
    kind: "CronTab",
    plural: "crontabs",
    singular: "crontab",
    listKind: "CronTabList",
    scope: "Namespaced",
    subresources: ["status", "scale"],
  };
  const schema = {
    type: "object",
    description: "A tab.",
    properties: {
      metadata: { type: "object" },
      spec: { type: "object", properties: { n: { type: "integer", default: 1 } } },
    },
  };
  const document = written(customOpenapiV3Document("stable.example.com", "v1", [{ resource, schema }]));

  it("carries the definition's schema with the metadata every object has", () => {
    const name = "com.example.stable.v1.CronTab";
    expect(document.components.schemas[name]).toMatchObject({
      description: "A tab.",
      "x-kubernetes-group-version-kind": [{ group: "stable.example.com", version: "v1", kind: "CronTab" }],
    });
    expect(property(document, name, "spec")).toEqual(schema.properties.spec);
    expect(property(document, name, "metadata")["allOf"]).toEqual([
      { $ref: "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" },
    ]);
    expect(document.components.schemas["com.example.stable.v1.CronTabList"]).toMatchObject({ required: ["items"] });
  });

  it("offers no strategic merge patch", () => {
    const patch = document.paths["/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}"]?.patch;
    expect(Object.keys(patch!.requestBody!.content).sort()).toEqual([
      "application/apply-patch+yaml",
      "application/json-patch+json",
      "application/merge-patch+json",
    ]);
    expect(parameterNames(patch!)).toContain("fieldValidation");
  });

  it("refers only to schemas it has", () => {
    const schemas = new Set(Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`));
    expect([...references(document)].filter((reference) => !schemas.has(reference))).toEqual([]);
  });

  it("takes a kind without a schema for one that keeps everything", () => {
    const bare = customOpenapiV3Document("stable.example.com", "v1", [{ resource, schema: undefined }]);
    expect(bare.components.schemas["com.example.stable.v1.CronTab"]).toMatchObject({
      type: "object",
      "x-kubernetes-preserve-unknown-fields": true,
    });
  });
});

describe("index of OpenAPI v3", () => {
  it("B262 names each document with its hash", () => {
    expect(
      openapiV3Index(
        new Map([
          ["v1", "A"],
          ["apps/v1", "B"],
        ]),
      ),
    ).toEqual({
      paths: {
        "api/v1": { serverRelativeURL: "/openapi/v3/api/v1?hash=A" },
        "apis/apps/v1": { serverRelativeURL: "/openapi/v3/apis/apps/v1?hash=B" },
      },
    });
  });
});
