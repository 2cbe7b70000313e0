import type { Json, JsonObject } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { builtinKindType } from "../schema/builtin-types.ts";
import type { TypeSchema } from "../schema/type-schema.ts";
import { PatchError } from "./patch-error.ts";
import { applyStrategicMergePatch } from "./strategic-merge.ts";

const pod = builtinKindType("v1", "Pod")!;
const deployment = builtinKindType("apps/v1", "Deployment")!;
const service = builtinKindType("v1", "Service")!;
const node = builtinKindType("v1", "Node")!;

const spec = (type: TypeSchema, live: JsonObject, patch: JsonObject): Json | undefined => {
  const before = structuredClone(live);
  const result = applyStrategicMergePatch({ spec: live }, { spec: patch }, type)["spec"];
  expect(live).toEqual(before);
  return result;
};

const kindOfFailure = (type: TypeSchema, live: JsonObject, patch: Json): string => {
  try {
    applyStrategicMergePatch(live, patch, type);
  } catch (error) {
    if (error instanceof PatchError) return error.kind;
    throw error;
  }
  return "none";
};

const two = {
  containers: [
    { name: "web", image: "web:1" },
    { name: "log", image: "log:1" },
  ],
};

describe("applyStrategicMergePatch", () => {
  const merges: [title: string, type: TypeSchema, live: JsonObject, patch: JsonObject, wanted: JsonObject][] = [
    [
      "B073 merges containers by name",
      pod,
      two,
      { containers: [{ name: "log", image: "log:2" }] },
      {
        containers: [
          { name: "web", image: "web:1" },
          { name: "log", image: "log:2" },
        ],
      },
    ],
    [
      "B073 puts a new container first when the patch gives no order",
      pod,
      two,
      { containers: [{ name: "new", image: "new:1" }] },
      { containers: [{ name: "new", image: "new:1" }, ...two.containers] },
    ],
    [
      "B073 puts a new container last when kubectl gives the order",
      pod,
      two,
      {
        "$setElementOrder/containers": [{ name: "web" }, { name: "log" }, { name: "new" }],
        containers: [{ name: "new", image: "new:1" }],
      },
      { containers: [...two.containers, { name: "new", image: "new:1" }] },
    ],
    [
      "B073 merges environment variables within a container",
      pod,
      {
        containers: [
          {
            name: "web",
            env: [
              { name: "A", value: "1" },
              { name: "B", value: "2" },
            ],
          },
        ],
      },
      { containers: [{ name: "web", env: [{ name: "B", value: "3" }] }] },
      {
        containers: [
          {
            name: "web",
            env: [
              { name: "A", value: "1" },
              { name: "B", value: "3" },
            ],
          },
        ],
      },
    ],
    [
      "B073 merges container ports by containerPort",
      pod,
      { containers: [{ name: "web", ports: [{ containerPort: 80, name: "http" }] }] },
      { containers: [{ name: "web", ports: [{ containerPort: 80, hostPort: 8080 }] }] },
      { containers: [{ name: "web", ports: [{ containerPort: 80, name: "http", hostPort: 8080 }] }] },
    ],
    [
      "B073 merges service ports by port",
      service,
      { ports: [{ port: 80, nodePort: 30080 }] },
      { ports: [{ port: 80, targetPort: 8080 }] },
      { ports: [{ port: 80, nodePort: 30080, targetPort: 8080 }] },
    ],
    [
      "B073 replaces tolerations",
      pod,
      { tolerations: [{ key: "a" }, { key: "b" }] },
      { tolerations: [{ key: "c" }] },
      { tolerations: [{ key: "c" }] },
    ],
    [
      "B072 replaces a container's arguments",
      pod,
      { containers: [{ name: "web", args: ["a"] }] },
      { containers: [{ name: "web", args: ["b"] }] },
      { containers: [{ name: "web", args: ["b"] }] },
    ],
    ["B075 deletes a field by null", deployment, { replicas: 3, paused: true }, { paused: null }, { replicas: 3 }],
    [
      "B075 drops nulls of what is new",
      pod,
      {},
      { securityContext: { runAsUser: 1, runAsGroup: null } },
      { securityContext: { runAsUser: 1 } },
    ],
    [
      "B075 deletes a container",
      pod,
      two,
      { containers: [{ $patch: "delete", name: "web" }] },
      { containers: [{ name: "log", image: "log:1" }] },
    ],
    [
      "B075 replaces a list of containers",
      pod,
      two,
      { containers: [{ $patch: "replace" }, { name: "one", image: "one:1" }] },
      { containers: [{ name: "one", image: "one:1" }] },
    ],
    [
      "B075 replaces a map",
      pod,
      { nodeSelector: { a: "1", b: "2" } },
      { nodeSelector: { $patch: "replace", c: "3" } },
      { nodeSelector: { c: "3" } },
    ],
    [
      "B075 empties a map",
      pod,
      { nodeSelector: { a: "1" } },
      { nodeSelector: { $patch: "delete" } },
      { nodeSelector: {} },
    ],
    [
      "B075 merges when told to",
      pod,
      { nodeSelector: { a: "1" } },
      { nodeSelector: { $patch: "merge", c: "3" } },
      { nodeSelector: { a: "1", c: "3" } },
    ],
    [
      "B076 keeps the place of items only the server has",
      pod,
      { containers: [{ name: "a" }, { name: "sidecar" }, { name: "b" }] },
      { "$setElementOrder/containers": [{ name: "b" }, { name: "a" }] },
      { containers: [{ name: "sidecar" }, { name: "b" }, { name: "a" }] },
    ],
    [
      "B076 keeps a server's item before the ones it stood before",
      pod,
      { containers: [{ name: "sidecar" }, { name: "a" }, { name: "b" }] },
      { "$setElementOrder/containers": [{ name: "a" }, { name: "b" }, { name: "c" }], containers: [{ name: "c" }] },
      { containers: [{ name: "sidecar" }, { name: "a" }, { name: "b" }, { name: "c" }] },
    ],
    [
      "B076 adds a volume and a mount with their orders",
      pod,
      {
        containers: [{ name: "web", volumeMounts: [{ name: "token", mountPath: "/run" }] }],
        volumes: [{ name: "token", projected: {} }],
      },
      {
        "$setElementOrder/containers": [{ name: "web" }],
        "$setElementOrder/volumes": [{ name: "data" }],
        containers: [
          {
            name: "web",
            "$setElementOrder/volumeMounts": [{ mountPath: "/data" }],
            volumeMounts: [{ name: "data", mountPath: "/data" }],
          },
        ],
        volumes: [{ name: "data", emptyDir: {} }],
      },
      {
        containers: [
          {
            name: "web",
            volumeMounts: [
              { name: "data", mountPath: "/data" },
              { name: "token", mountPath: "/run" },
            ],
          },
        ],
        volumes: [
          { name: "data", emptyDir: {} },
          { name: "token", projected: {} },
        ],
      },
    ],
    [
      "B077 clears what a changed volume no longer uses",
      pod,
      { volumes: [{ name: "data", emptyDir: { medium: "Memory" } }] },
      { volumes: [{ $retainKeys: ["name", "configMap"], name: "data", configMap: { name: "web" } }] },
      { volumes: [{ name: "data", configMap: { name: "web" } }] },
    ],
    [
      "B077 clears rollingUpdate when the strategy becomes Recreate",
      deployment,
      { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } },
      { strategy: { $retainKeys: ["type"], type: "Recreate" } },
      { strategy: { type: "Recreate" } },
    ],
    [
      "B079 sets what retainKeys keeps where there is nothing",
      deployment,
      {},
      { strategy: { $retainKeys: ["type"], type: "Recreate" } },
      { strategy: { type: "Recreate" } },
    ],
    [
      "B079 sets a keyed list where there is none",
      pod,
      {},
      { containers: [{ name: "web", image: "web:1", env: [{ name: "A", value: null }] }] },
      { containers: [{ name: "web", image: "web:1", env: [{ name: "A" }] }] },
    ],
    [
      "B078 stores no directive of a list that is new",
      pod,
      {},
      {
        "$setElementOrder/volumes": [{ name: "a" }],
        volumes: [
          { name: "a", $retainKeys: ["name"] },
          { name: "b", $patch: "delete" },
        ],
      },
      { volumes: [{ name: "a" }] },
    ],
    [
      "B078 stores no directive within an atomic list",
      pod,
      {},
      {
        tolerations: [
          { key: "a", $patch: "merge" },
          { $patch: "delete", key: "b" },
        ],
      },
      { tolerations: [{ key: "a" }] },
    ],
    [
      "B076 deletes from a list and orders the rest",
      node,
      { podCIDRs: ["a", "b", "c"] },
      { "$deleteFromPrimitiveList/podCIDRs": ["b"], "$setElementOrder/podCIDRs": ["c", "a"] },
      { podCIDRs: ["c", "a"] },
    ],
    [
      "B076 leaves a missing list alone when deleting from it",
      node,
      {},
      { "$deleteFromPrimitiveList/podCIDRs": ["b"] },
      {},
    ],
    [
      "takes a scalar over a map of the wrong shape",
      pod,
      { nodeSelector: "odd" },
      { nodeSelector: { a: "1" } },
      { nodeSelector: { a: "1" } },
    ],
  ];
  it.each(merges)("%s", (_title, type, live, patch, wanted) => {
    expect(spec(type, live, patch)).toEqual(wanted);
  });

  it("B074 unites finalizers", () => {
    const live = { metadata: { finalizers: ["a", "b"] } };
    const result = applyStrategicMergePatch(live, { metadata: { finalizers: ["b", "c"] } }, pod);
    expect(new Set((result["metadata"] as { finalizers: string[] }).finalizers)).toEqual(new Set(["a", "b", "c"]));
  });

  it("B074 takes a finalizer away by $deleteFromPrimitiveList", () => {
    const live = { metadata: { finalizers: ["a", "b"] } };
    const patch = { metadata: { "$deleteFromPrimitiveList/finalizers": ["a"], "$setElementOrder/finalizers": ["b"] } };
    expect(applyStrategicMergePatch(live, patch, pod)).toEqual({ metadata: { finalizers: ["b"] } });
  });

  it("B073 merges conditions by type and owners by uid", () => {
    const live = {
      metadata: { ownerReferences: [{ uid: "1", name: "a" }] },
      status: {
        conditions: [
          { type: "Ready", status: "False" },
          { type: "DiskPressure", status: "False" },
        ],
      },
    };
    const patch = {
      metadata: { ownerReferences: [{ uid: "1", controller: true }] },
      status: {
        "$setElementOrder/conditions": [{ type: "Ready" }, { type: "DiskPressure" }],
        conditions: [{ type: "Ready", status: "True" }],
      },
    };
    expect(applyStrategicMergePatch(live, patch, node)).toEqual({
      metadata: { ownerReferences: [{ uid: "1", name: "a", controller: true }] },
      status: {
        conditions: [
          { type: "Ready", status: "True" },
          { type: "DiskPressure", status: "False" },
        ],
      },
    });
  });

  const refuses: [title: string, kind: string, patch: Json][] = [
    ["B078 a patch that is a list", "malformed", []],
    ["B073 an item without its merge key", "internal", { spec: { containers: [{ image: "x" }] } }],
    ["B073 a deletion without its merge key", "internal", { spec: { containers: [{ $patch: "delete" }] } }],
    ["B075 an unknown $patch", "internal", { spec: { $patch: "remove" } }],
    ["B078 $retainKeys that is no list", "malformed", { spec: { $retainKeys: "containers" } }],
    ["B078 $setElementOrder that is no list", "malformed", { spec: { "$setElementOrder/containers": "web" } }],
    [
      "B078 $deleteFromPrimitiveList that is no list",
      "malformed",
      { metadata: { "$deleteFromPrimitiveList/finalizers": "a" } },
    ],
    [
      "B078 $deleteFromPrimitiveList that names no field",
      "malformed",
      { metadata: { $deleteFromPrimitiveList: ["a"] } },
    ],
    ["B078 lists of lists", "inapplicable", { spec: { containers: [["web"]] } }],
    [
      "B078 a field that $retainKeys leaves out",
      "inapplicable",
      { spec: { $retainKeys: ["containers"], nodeName: "n" } },
    ],
    [
      "B076 an order that does not name a patched item",
      "internal",
      { spec: { "$setElementOrder/containers": [{ name: "web" }], containers: [{ name: "new", image: "x" }] } },
    ],
    [
      "B076 an order that contradicts the patch",
      "internal",
      {
        spec: {
          "$setElementOrder/containers": [{ name: "log" }, { name: "web" }],
          containers: [
            { name: "web", image: "x" },
            { name: "log", image: "y" },
          ],
        },
      },
    ],
  ];
  it.each(refuses)("%s is refused as %s", (_title, kind, patch) => {
    expect(kindOfFailure(pod, { metadata: { finalizers: ["a"] }, spec: two }, patch)).toBe(kind);
  });

  it("B068 returns an equal object for an empty patch", () => {
    expect(applyStrategicMergePatch({ spec: two }, {}, pod)).toEqual({ spec: two });
  });
});
