import type { JsonObject } from "@homeostat/api";

/** Objects the suites write. */
export const configMap = (name: string, data: Record<string, string> = {}, metadata: object = {}): JsonObject =>
  ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...metadata }, data }) as JsonObject;

export const pod = (name: string, spec: object = {}, metadata: object = {}): JsonObject =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, ...metadata },
    spec: { containers: [{ name: "main", image: "example.com/main:1" }], ...spec },
  }) as JsonObject;

export const deployment = (name: string, spec: object = {}): JsonObject =>
  ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: "main", image: "example.com/main:1" }] },
      },
      ...spec,
    },
  }) as JsonObject;

/** A definition of `widgets` in a group of its own. */
export const definition = (group: string, options: DefinitionOptions = {}): JsonObject => {
  const {
    plural = "widgets",
    kind = "Widget",
    versions = [{ name: "v1" }],
    names = {},
    scope = "Namespaced",
  } = options;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: { plural, kind, ...names },
      versions: versions.map(({ name, ...rest }, index) => ({
        name,
        served: true,
        storage: index === 0,
        schema: { openAPIV3Schema: widgetSchema },
        subresources: { status: {} },
        ...rest,
      })),
    },
  } as JsonObject;
};

interface DefinitionOptions {
  readonly plural?: string;
  readonly kind?: string;
  readonly scope?: "Namespaced" | "Cluster";
  readonly names?: object;
  readonly versions?: readonly ({ readonly name: string } & Record<string, unknown>)[];
}

export const widgetSchema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        size: { type: "integer", minimum: 0 },
        color: { type: "string", enum: ["red", "green"], default: "red" },
        replicas: { type: "integer" },
        nested: { type: "object", properties: { on: { type: "boolean", default: true } } },
        free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        tags: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
      },
    },
    status: {
      type: "object",
      properties: { phase: { type: "string" }, replicas: { type: "integer" }, selector: { type: "string" } },
    },
  },
};

export const widget = (group: string, name: string, spec: object = {}, metadata: object = {}): JsonObject =>
  ({ apiVersion: `${group}/v1`, kind: "Widget", metadata: { name, ...metadata }, spec }) as JsonObject;
