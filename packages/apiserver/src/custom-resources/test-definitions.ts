import type { Json, JsonObject } from "@homeostat/api";
import { builtinType } from "../schema/index-builtin.ts";
import type { TypeSchema } from "../schema/type-schema.ts";

/** Definitions the tests of this folder share. */

export function objectMeta(): TypeSchema {
  return builtinType("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
}

export interface DefinitionParts {
  readonly group?: string;
  readonly names?: JsonObject;
  readonly schema?: JsonObject;
  readonly version?: JsonObject;
  readonly versions?: Json[];
  readonly spec?: JsonObject;
  readonly metadata?: JsonObject;
  readonly status?: JsonObject;
}

/** The WebApp of the examples; parts replace what stands there. */
export function webAppDefinition(parts: DefinitionParts = {}): JsonObject {
  const group = parts.group ?? "example.dev";
  const names: JsonObject = {
    plural: "webapps",
    singular: "webapp",
    kind: "WebApp",
    listKind: "WebAppList",
    shortNames: ["wa"],
    ...parts.names,
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${String(names["plural"])}.${group}`, ...parts.metadata },
    spec: {
      group,
      scope: "Namespaced",
      names,
      conversion: { strategy: "None" },
      versions: parts.versions ?? [webAppVersion(parts.schema, parts.version)],
      ...parts.spec,
    },
    ...(parts.status ? { status: parts.status } : {}),
  };
}

export function webAppVersion(schema: JsonObject = webAppSchema(), parts: JsonObject = {}): JsonObject {
  return {
    name: "v1",
    served: true,
    storage: true,
    schema: { openAPIV3Schema: schema },
    subresources: { status: {} },
    ...parts,
  };
}

export function webAppSchema(): JsonObject {
  return {
    type: "object",
    required: ["spec"],
    properties: {
      spec: {
        type: "object",
        required: ["message"],
        properties: {
          message: { type: "string", minLength: 1, maxLength: 20 },
          replicas: { type: "integer", format: "int32", default: 1, minimum: 1, maximum: 10 },
          mode: { type: "string", enum: ["fast", "slow"] },
          host: { type: "string", pattern: "^[a-z]+$" },
        },
      },
      status: {
        type: "object",
        properties: {
          replicas: { type: "integer" },
          conditions: {
            type: "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
            items: {
              type: "object",
              required: ["type", "status"],
              properties: { type: { type: "string" }, status: { type: "string" }, message: { type: "string" } },
            },
          },
        },
      },
    },
  };
}
