import type { JsonObject, Resource } from "@homeostat/api";
import type { ServedResource, ServedSubresource, Verb } from "../registry/served-resource.ts";
import type { TypeSchema } from "../schema/type-schema.ts";
import type { ConvertAll } from "./conversion-webhook.ts";
import { type CustomSchema, createCustomSchema } from "./custom-schema.ts";
import { customStrategy } from "./custom-strategy.ts";
import type { CustomResourceDefinition, DefinitionVersion } from "./definition.ts";
import { definitionOf, objectAt } from "./definition.ts";
import { isJsonObject } from "./json-schema-props.ts";
import { printerColumns } from "./printer-columns.ts";
import type { ScalePaths } from "./scale.ts";
import { scalePathsOf } from "./scale.ts";

/** A version of a custom kind, ready to be served. */
export interface ServedCustomResource extends ServedResource {
  readonly custom: true;
  /** Where the kind keeps its replicas, with a scale subresource. */
  readonly scale: ScalePaths | undefined;
  /** Text of the `Warning` every request for the version carries, where it is deprecated. */
  readonly deprecation: string | undefined;
}

export interface ServedOptions {
  /** Type of `metadata`: the generated ObjectMeta. */
  readonly objectMeta: TypeSchema;
  /**
   * Turns an object into one of the wanted version. Default: conversion strategy None, which changes `apiVersion` only;
   * what a conversion webhook needs is passed in here.
   */
  readonly convert?: (object: JsonObject, apiVersion: string) => Promise<JsonObject>;
  /** The same for several objects in one go, with a conversion webhook; in place of `convert`. */
  readonly convertAll?: ConvertAll | undefined;
}

const verbs: readonly Verb[] = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

/**
 * What a definition whose names are accepted is served as: one entry per version with `served: true`. The names are
 * those of `status.acceptedNames`. Pure: storage, finalizers and discovery are the registry's.
 */
export function servedResources(crd: JsonObject, options: ServedOptions): ServedCustomResource[] {
  const definition = definitionOf(crd);
  const storageVersion = definition.spec.versions.find((version) => version.storage)?.name ?? "";
  return definition.spec.versions
    .filter((version) => version.served)
    .map((version) => servedVersion(definition, version, storageVersion, options));
}

function servedVersion(
  definition: CustomResourceDefinition,
  version: DefinitionVersion,
  storageVersion: string,
  options: ServedOptions,
): ServedCustomResource {
  const subresources = subresourcesOf(definition, version);
  const resource = resourceOf(definition, version, [...subresources.keys()]);
  const { group, kind } = resource;
  const apiVersion = `${group}/${version.name}`;
  const schema = createCustomSchema(version.source, {
    objectMeta: options.objectMeta,
    kind: { group, version: version.name, kind },
  });
  return {
    resource,
    verbs,
    subresources,
    schema,
    strategy: customStrategy(version),
    columns: printerColumns(version.source),
    storageVersion,
    custom: true,
    ...openapiSchemaOf(version.source),
    scale: scalePathsOf(version.source),
    deprecation: deprecationOf(version, apiVersion, kind),
    ...conversionTo(apiVersion, schema, options),
  };
}

function conversionTo(
  apiVersion: string,
  schema: CustomSchema,
  { convert = convertNone, convertAll }: ServedOptions,
): Pick<ServedResource, "convert" | "convertAll"> {
  if (!convertAll) return { convert: (object) => convert(object, apiVersion) };
  const shaped = async (objects: readonly JsonObject[]): Promise<JsonObject[]> => {
    const converted = await convertAll(objects, apiVersion);
    // What a webhook makes is trusted no more than what a client sends.
    for (const object of converted) {
      schema.decode(object);
      schema.default(object);
    }
    return converted;
  };
  return { convert: async (object) => (await shaped([object]))[0]!, convertAll: shaped };
}

/** Conversion strategy None: versions differ in nothing but their name. */
export async function convertNone(object: JsonObject, apiVersion: string): Promise<JsonObject> {
  return { ...object, apiVersion };
}

function resourceOf(
  { spec, status }: CustomResourceDefinition,
  version: DefinitionVersion,
  subresources: readonly string[],
): Resource {
  const names = status.acceptedNames.plural === "" ? spec.names : status.acceptedNames;
  return {
    group: spec.group,
    version: version.name,
    kind: names.kind,
    plural: names.plural,
    singular: names.singular,
    listKind: names.listKind,
    scope: spec.scope === "Cluster" ? "Cluster" : "Namespaced",
    ...(names.shortNames.length > 0 ? { shortNames: names.shortNames } : {}),
    ...(names.categories.length > 0 ? { categories: names.categories } : {}),
    subresources,
  };
}

function subresourcesOf(
  { spec }: CustomResourceDefinition,
  version: DefinitionVersion,
): ReadonlyMap<string, ServedSubresource> {
  const subresources = new Map<string, ServedSubresource>();
  const itsVerbs: readonly Verb[] = ["get", "patch", "update"];
  if (version.hasStatus) {
    const kind = { group: spec.group, version: version.name, kind: spec.names.kind };
    subresources.set("status", { name: "status", verbs: itsVerbs, kind });
  }
  if (version.hasScale) {
    const kind = { group: "autoscaling", version: "v1", kind: "Scale" };
    subresources.set("scale", { name: "scale", verbs: itsVerbs, kind });
  }
  return subresources;
}

function openapiSchemaOf(crdVersion: JsonObject): { openapiSchema?: JsonObject } {
  const { openAPIV3Schema: openapiSchema } = objectAt(crdVersion, "schema");
  return isJsonObject(openapiSchema) ? { openapiSchema } : {};
}

function deprecationOf(version: DefinitionVersion, apiVersion: string, kind: string): string | undefined {
  if (!version.deprecated) return undefined;
  return version.deprecationWarning ?? `${apiVersion} ${kind} is deprecated`;
}
