import type { Json, JsonObject } from "@homeostat/api";
import { isJsonObject, ownField } from "./json-schema-props.ts";

export interface DefinitionNames {
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly kind: string;
  readonly listKind: string;
  readonly categories: readonly string[];
}

/** A CustomResourceDefinition, read without trust: what is absent or of a wrong type is empty. */
export interface CustomResourceDefinition {
  readonly name: string;
  readonly annotations: JsonObject;
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: DefinitionNames;
    readonly versions: readonly DefinitionVersion[];
    readonly preserveUnknownFields: boolean;
    readonly conversionStrategy: string;
  };
  readonly status: {
    readonly acceptedNames: DefinitionNames;
    readonly storedVersions: readonly string[];
    readonly conditions: readonly JsonObject[];
  };
}

export interface DefinitionVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly deprecated: boolean;
  readonly deprecationWarning: string | undefined;
  readonly hasStatus: boolean;
  readonly hasScale: boolean;
  readonly selectablePaths: readonly string[];
  /** The entry itself. */
  readonly source: JsonObject;
}

export function definitionOf(object: JsonObject): CustomResourceDefinition {
  const metadata = objectAt(object, "metadata");
  const spec = objectAt(object, "spec");
  const status = objectAt(object, "status");
  return {
    name: textAt(metadata, "name"),
    annotations: objectAt(metadata, "annotations"),
    spec: {
      group: textAt(spec, "group"),
      scope: textAt(spec, "scope"),
      names: namesOf(objectAt(spec, "names")),
      versions: listAt(spec, "versions").filter(isJsonObject).map(versionOf),
      preserveUnknownFields: spec["preserveUnknownFields"] === true,
      conversionStrategy: textAt(objectAt(spec, "conversion"), "strategy"),
    },
    status: {
      acceptedNames: namesOf(objectAt(status, "acceptedNames")),
      storedVersions: textsAt(status, "storedVersions"),
      conditions: listAt(status, "conditions").filter(isJsonObject),
    },
  };
}

function namesOf(names: JsonObject): DefinitionNames {
  return {
    plural: textAt(names, "plural"),
    singular: textAt(names, "singular"),
    shortNames: textsAt(names, "shortNames"),
    kind: textAt(names, "kind"),
    listKind: textAt(names, "listKind"),
    categories: textsAt(names, "categories"),
  };
}

function versionOf(source: JsonObject): DefinitionVersion {
  const subresources = objectAt(source, "subresources");
  const warning = ownField(source, "deprecationWarning");
  return {
    name: textAt(source, "name"),
    served: source["served"] === true,
    storage: source["storage"] === true,
    deprecated: source["deprecated"] === true,
    deprecationWarning: typeof warning === "string" ? warning : undefined,
    hasStatus: isJsonObject(ownField(subresources, "status")),
    hasScale: isJsonObject(ownField(subresources, "scale")),
    selectablePaths: listAt(source, "selectableFields")
      .filter(isJsonObject)
      .map((field) => textAt(field, "jsonPath")),
    source,
  };
}

export function objectAt(object: JsonObject, name: string): JsonObject {
  const value = ownField(object, name);
  return isJsonObject(value) ? value : {};
}

export function textAt(object: JsonObject, name: string): string {
  const value = ownField(object, name);
  return typeof value === "string" ? value : "";
}

export function listAt(object: JsonObject, name: string): readonly Json[] {
  const value = ownField(object, name);
  return Array.isArray(value) ? value : [];
}

function textsAt(object: JsonObject, name: string): readonly string[] {
  return listAt(object, name).filter((value): value is string => typeof value === "string");
}
