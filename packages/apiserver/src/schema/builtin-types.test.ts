import { describe, expect, it } from "vitest";
import { findBuiltinResource, loadBuiltinResources } from "./builtin-resource.ts";
import { builtinKindType, builtinType, createBuiltinTypes } from "./builtin-types.ts";
import { builtinSchemaType } from "./index-builtin.ts";
import type { Field, ListType, StructType, TypeSchema } from "./type-schema.ts";

/** Follows field names; `*` is the element of a list or map. */
function field(type: TypeSchema, path: string): Field {
  let at: Field = { type };
  for (const step of path.split(".")) {
    const { type: here } = at;
    if (step === "*") at = { type: here.kind === "list" ? here.item : here.kind === "map" ? here.value : here };
    else {
      const next = here.kind === "struct" ? here.field(step) : undefined;
      if (!next) throw new Error(`no field ${step} in ${path}`);
      at = next;
    }
  }
  return at;
}

const deployment = builtinType("io.k8s.api.apps.v1.Deployment");

describe("types of built-in kinds", () => {
  it("B150 says how lists are owned", () => {
    const list = (path: string) => field(deployment, path).type as ListType;
    expect(list("spec.template.spec.containers.*.ports")).toMatchObject({
      listType: "map",
      keys: ["containerPort", "protocol"],
    });
    expect(list("metadata.finalizers")).toMatchObject({ listType: "set", keys: [] });
    expect(list("spec.template.spec.containers.*.args")).toMatchObject({ listType: "atomic", keys: [] });
  });

  it("B151 has the defaults that stand in for missing list keys", () => {
    expect(field(deployment, "spec.template.spec.containers.*.ports.*.protocol").default).toBe("TCP");
    expect(field(builtinKindType("v1", "Service")!, "spec.ports.*.protocol").default).toBe("TCP");
  });

  it("says what strategic merge needs", () => {
    expect(field(deployment, "spec.template.spec.volumes")).toMatchObject({
      patchStrategy: ["merge", "retainKeys"],
      patchMergeKey: "name",
    });
    expect(field(deployment, "spec.strategy").patchStrategy).toEqual(["retainKeys"]);
  });

  it("knows which structs and maps are owned as a whole", () => {
    expect((field(deployment, "spec.selector").type as StructType).atomic).toBe(true);
    expect(field(deployment, "metadata.labels").type).toMatchObject({ kind: "map", atomic: false });
    expect(field(deployment, "spec.template.spec.nodeSelector").type).toMatchObject({ kind: "map", atomic: true });
  });

  it("lets a field say otherwise than its definition", () => {
    const claimRef = field(builtinKindType("v1", "PersistentVolume")!, "spec.claimRef").type as StructType;
    const definition = builtinType("io.k8s.api.core.v1.ObjectReference") as StructType;
    expect([claimRef.name, claimRef.atomic]).toEqual([definition.name, false]);
    expect(definition.atomic).toBe(true);
  });

  it("names scalars by what they hold", () => {
    const scalar = (path: string) => field(deployment, path).type;
    expect(scalar("spec.replicas")).toEqual({ kind: "scalar", scalar: "integer" });
    expect(scalar("spec.strategy.rollingUpdate.maxSurge")).toEqual({ kind: "scalar", scalar: "intOrString" });
    expect(scalar("metadata.creationTimestamp")).toEqual({ kind: "scalar", scalar: "time" });
    expect(scalar("spec.template.spec.containers.*.resources.limits.*")).toEqual({
      kind: "scalar",
      scalar: "quantity",
    });
    expect(scalar("metadata.managedFields.*.fieldsV1")).toEqual({ kind: "scalar", scalar: "any" });
  });

  it("follows types that contain themselves", () => {
    const crd = builtinKindType("apiextensions.k8s.io/v1", "CustomResourceDefinition")!;
    expect(field(crd, "spec.versions.*.schema.openAPIV3Schema.properties.*.properties.*.type").type).toEqual({
      kind: "scalar",
      scalar: "string",
    });
    expect(field(crd, "spec.versions.*.schema.openAPIV3Schema.items").type).toEqual({ kind: "untyped" });
  });

  it("lists fields in the order in which Kubernetes writes them", () => {
    expect((deployment as StructType).names).toEqual(["kind", "apiVersion", "metadata", "spec", "status"]);
  });

  it("does not know kinds by names of Object.prototype, nor what is not served", () => {
    const types = createBuiltinTypes();
    for (const [apiVersion, kind] of [
      ["v1", "constructor"],
      ["__proto__", "Pod"],
      ["apps/v1beta1", "Deployment"],
      ["../x", "Pod"],
    ] as const) {
      expect(types.ofKind(apiVersion, kind)).toBeUndefined();
    }
    expect(types.find("io.k8s.api.core.v1.toString")).toBeUndefined();
    expect(types.find("nonsense")).toBeUndefined();
    expect(() => types.get("io.k8s.api.core.v1.Nope")).toThrow("is not in the tables");
  });
});

describe("built-in resources", () => {
  const resources = loadBuiltinResources();

  it("serves the stable group versions of Kubernetes 1.36 in the order of discovery", () => {
    const versions = [...new Set(resources.map(({ group, version }) => `${group}/${version}`))];
    expect(versions.slice(0, 3)).toEqual(["/v1", "apiregistration.k8s.io/v1", "apps/v1"]);
    expect(versions).toHaveLength(22);
    expect(versions.indexOf("autoscaling/v2")).toBeLessThan(versions.indexOf("autoscaling/v1"));
    expect(versions.filter((version) => /alpha|beta/.test(version))).toEqual([]);
  });

  it("says everything discovery does of a resource", () => {
    expect(findBuiltinResource(resources, "apps/v1", "deployments")).toEqual({
      group: "apps",
      version: "v1",
      plural: "deployments",
      singular: "deployment",
      kind: "Deployment",
      listKind: "DeploymentList",
      namespaced: true,
      shortNames: ["deploy"],
      categories: ["all"],
      verbs: ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
      subresources: [
        {
          name: "scale",
          group: "autoscaling",
          version: "v1",
          kind: "Scale",
          verbs: ["get", "patch", "update"],
          definition: "io.k8s.api.autoscaling.v1.Scale",
        },
        {
          name: "status",
          group: "apps",
          version: "v1",
          kind: "Deployment",
          verbs: ["get", "patch", "update"],
          definition: "io.k8s.api.apps.v1.Deployment",
        },
      ],
      definition: "io.k8s.api.apps.v1.Deployment",
      listDefinition: "io.k8s.api.apps.v1.DeploymentList",
    });
  });

  it("has a type for every resource", () => {
    for (const resource of resources) expect(builtinSchemaType(resource).kind).toBe("struct");
  });
});
