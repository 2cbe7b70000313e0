import type { Json } from "@homeostat/api";

/** The parts of OpenAPI 3.0 that these documents use. Source: OpenAPI 3.0.0, and Kubernetes' `x-kubernetes-` extensions. */

export interface OpenapiDocument {
  readonly openapi: "3.0.0";
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, SchemaObject>>;
    readonly securitySchemes: Readonly<Record<string, { readonly [key: string]: Json }>>;
  };
}

export type Method = "get" | "put" | "post" | "patch" | "delete" | "options" | "head";

export type PathItem = { readonly parameters?: readonly Parameter[] } & { readonly [M in Method]?: Operation };

export interface Parameter {
  readonly name: string;
  readonly in: "query" | "path";
  readonly description?: string;
  readonly required?: boolean;
  readonly schema: SchemaObject;
}

export interface Operation {
  readonly tags: readonly string[];
  readonly description: string;
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content; readonly required?: boolean };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
  readonly "x-kubernetes-action"?: Action;
  readonly "x-kubernetes-group-version-kind"?: {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
  };
}

export type Action = "get" | "list" | "post" | "put" | "patch" | "delete" | "deletecollection" | "connect";

export type Content = Readonly<Record<string, { readonly schema: SchemaObject }>>;

/** JSON Schema as OpenAPI 3.0 has it, with extensions; custom resources bring whole ones of their own. */
export interface SchemaObject {
  readonly [key: string]: SchemaValue;
}

/** Undefined members are left out when the document is written. */
export type SchemaValue = Json | undefined | SchemaObject | readonly SchemaValue[];

export const refTo = (definition: string): { $ref: string } => ({ $ref: `#/components/schemas/${definition}` });

export const SECURITY_SCHEMES: OpenapiDocument["components"]["securitySchemes"] = {
  BearerToken: { description: "A bearer token", type: "apiKey", name: "authorization", in: "header" },
};

/** Names of definitions that documents refer to by themselves. */
export const META = "io.k8s.apimachinery.pkg.apis.meta.v1";
