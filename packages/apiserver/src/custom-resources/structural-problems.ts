import type { StatusCause } from "@homeostat/api";
import { fieldError } from "@homeostat/api";
import type { JsonSchemaProps } from "./json-schema-props.ts";
import { isJsonObject, keyPath, propertiesOf } from "./json-schema-props.ts";
import { compilePattern } from "./pattern.ts";
import { checkLists } from "./structural-list-problems.ts";

/**
 * What keeps a schema from being structural, so that unknown fields could not be told from known ones: every level
 * must have a type, and what only restricts values (`allOf`, `anyOf`, `oneOf`, `not`) may neither add fields nor types.
 * Paths and messages follow upstream. Source: apiextensions, `structuralschema.ValidateStructural` and KEP-1002.
 *
 * @param path of the schema, `spec.versions[0].schema.openAPIV3Schema`
 */
export function structuralProblems(schema: unknown, path: string): StatusCause[] {
  const out: StatusCause[] = [];
  if (!isJsonObject(schema)) return [fieldError.invalid(path, schema, "must be a schema object")];
  checkLevel(schema as JsonSchemaProps, path, { level: "root", out });
  return out;
}

type Level = "root" | "field" | "item";

interface Place {
  readonly level: Level;
  readonly out: StatusCause[];
}

const levelNames: Record<Level, string> = {
  root: "at the root",
  field: "for specified object fields",
  item: "for specified array items",
};

const unsupportedKeywords = ["$ref", "id", "definitions", "dependencies", "patternProperties", "additionalItems"];
const typeNames = ["array", "boolean", "integer", "number", "object", "string"];

function checkLevel(schema: JsonSchemaProps, path: string, place: Place): void {
  const { out } = place;
  checkType(schema, path, place);
  checkKeywords(schema, path, out);
  checkExtensions(schema, path, out);
  checkLists(schema, path, out);
  if (place.level === "root" || schema["x-kubernetes-embedded-resource"] === true) checkMetaFields(schema, path, out);
  for (const [name, property] of propertiesOf(schema)) {
    checkLevel(property, keyPath(`${path}.properties`, name), { level: "field", out });
  }
  if (isJsonObject(schema.items)) checkLevel(schema.items, `${path}.items`, { level: "item", out });
  if (isJsonObject(schema.additionalProperties)) {
    checkLevel(schema.additionalProperties, `${path}.additionalProperties`, { level: "field", out });
  }
  checkLogic(schema, path, { structure: schema, intOrString: schema["x-kubernetes-int-or-string"] === true, out });
}

function checkType(schema: JsonSchemaProps, path: string, { level, out }: Place): void {
  const { type } = schema;
  const mayOmit =
    schema["x-kubernetes-int-or-string"] === true || schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (level === "root" && type !== "object") {
    out.push(
      type === undefined || type === ""
        ? fieldError.required(`${path}.type`, "must not be empty at the root")
        : fieldError.invalid(`${path}.type`, type, "must be object at the root"),
    );
  } else if (type === undefined || type === "") {
    if (!mayOmit) out.push(fieldError.required(`${path}.type`, `must not be empty ${levelNames[level]}`));
  } else if (type === "null") {
    out.push(fieldError.forbidden(`${path}.type`, "type cannot be set to null, use nullable as an alternative"));
  } else if (!typeNames.includes(type)) {
    out.push(fieldError.notSupported(`${path}.type`, type, typeNames));
  }
  if (schema["x-kubernetes-int-or-string"] === true && type) {
    out.push(fieldError.invalid(`${path}.type`, type, "must be empty if x-kubernetes-int-or-string is true"));
  }
}

function checkKeywords(schema: JsonSchemaProps, path: string, out: StatusCause[]): void {
  for (const keyword of unsupportedKeywords) {
    if (Object.hasOwn(schema, keyword))
      out.push(fieldError.forbidden(`${path}.${keyword}`, `${keyword} is not supported`));
  }
  if (schema.uniqueItems === true) {
    out.push(
      fieldError.forbidden(
        `${path}.uniqueItems`,
        "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
      ),
    );
  }
  if (Array.isArray(schema.items)) {
    out.push(fieldError.forbidden(`${path}.items`, "items must be a schema object and not an array"));
  } else if (schema.type === "array" && !isJsonObject(schema.items)) {
    out.push(fieldError.required(`${path}.items`, "must be specified"));
  }
  if (schema.additionalProperties === false) {
    out.push(fieldError.forbidden(`${path}.additionalProperties`, "additionalProperties cannot be set to false"));
  } else if (schema.additionalProperties && propertiesOf(schema).length > 0) {
    out.push(
      fieldError.forbidden(`${path}.additionalProperties`, "additionalProperties and properties are mutual exclusive"),
    );
  }
  if (typeof schema.pattern === "string") {
    const pattern = compilePattern(schema.pattern);
    if (typeof pattern === "string") {
      out.push(
        fieldError.invalid(
          `${path}.pattern`,
          schema.pattern,
          `must be a valid regular expression, but isn't: ${pattern}`,
        ),
      );
    }
  }
}

function checkExtensions(schema: JsonSchemaProps, path: string, out: StatusCause[]): void {
  if (schema["x-kubernetes-preserve-unknown-fields"] === false) {
    out.push(fieldError.invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, "must be true or undefined"));
  }
  if (schema["x-kubernetes-embedded-resource"] !== true) return;
  if (schema.type !== "object") {
    out.push(
      schema.type
        ? fieldError.invalid(`${path}.type`, schema.type, "must be object if x-kubernetes-embedded-resource is true")
        : fieldError.required(`${path}.type`, "must be object if x-kubernetes-embedded-resource is true"),
    );
  }
  if (schema["x-kubernetes-preserve-unknown-fields"] !== true && propertiesOf(schema).length === 0) {
    out.push(
      fieldError.required(
        `${path}.properties`,
        "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
      ),
    );
  }
}

/** Of metadata only names may be restricted: the rest is the same for all kinds. */
function checkMetaFields(schema: JsonSchemaProps, path: string, out: StatusCause[]): void {
  const properties = new Map(propertiesOf(schema));
  for (const name of ["apiVersion", "kind"]) {
    const type = properties.get(name)?.type;
    if (properties.has(name) && type !== "string") {
      out.push(fieldError.invalid(`${keyPath(`${path}.properties`, name)}.type`, type ?? "", "must be string"));
    }
  }
  const metadata = properties.get("metadata");
  if (!metadata) return;
  const metadataPath = keyPath(`${path}.properties`, "metadata");
  if (metadata.type !== "object") {
    out.push(fieldError.invalid(`${metadataPath}.type`, metadata.type ?? "", "must be object"));
  }
  const allowed = new Set(["type", "description", "title", "properties"]);
  const names = propertiesOf(metadata).map(([name]) => name);
  const isRestricted =
    names.some((name) => name !== "name" && name !== "generateName") ||
    Object.keys(metadata).some((keyword) => !allowed.has(keyword));
  if (isRestricted) {
    out.push(
      fieldError.forbidden(
        metadataPath,
        "must not specify anything other than name and generateName, but metadata is implicitly specified",
      ),
    );
  }
}

interface Logic {
  /** The level of the structural schema that the restriction speaks of; undefined where the schema has no such level. */
  readonly structure: JsonSchemaProps | undefined;
  readonly intOrString: boolean;
  readonly out: StatusCause[];
}

function checkLogic(schema: JsonSchemaProps, path: string, logic: Logic): void {
  for (const keyword of ["allOf", "anyOf", "oneOf"] as const) {
    const branches: unknown = schema[keyword];
    if (!Array.isArray(branches)) continue;
    branches.forEach((branch, index) => {
      const nested = { ...logic, intOrString: logic.intOrString && isIntOrStringPattern(keyword, branch, branches) };
      if (isJsonObject(branch)) checkNested(branch, `${path}.${keyword}[${index}]`, nested);
    });
  }
  if (isJsonObject(schema.not)) checkNested(schema.not, `${path}.not`, { ...logic, intOrString: false });
}

/** `anyOf: [{type: integer}, {type: string}]` may repeat what int-or-string means, also as a branch of an `allOf`. */
function isIntOrStringPattern(keyword: string, branch: unknown, branches: readonly unknown[]): boolean {
  const isPair = (pair: readonly unknown[]): boolean =>
    pair.length === 2 && isOnlyType(pair[0], "integer") && isOnlyType(pair[1], "string");
  if (keyword === "anyOf") return isPair(branches);
  if (keyword !== "allOf" || !isJsonObject(branch)) return false;
  const inner: unknown = branch["anyOf"];
  return Array.isArray(inner) && isPair(inner);
}

function isOnlyType(schema: unknown, type: string): boolean {
  return isJsonObject(schema) && Object.keys(schema).length === 1 && schema["type"] === type;
}

const nestedForbidden: readonly (readonly [keyof JsonSchemaProps, string])[] = [
  ["type", "must be empty to be structural"],
  ["title", "must be empty to be structural"],
  ["description", "must be empty to be structural"],
  ["default", "must be undefined to be structural"],
  ["nullable", "must be false to be structural"],
  ["additionalProperties", "must be undefined to be structural"],
  ["x-kubernetes-preserve-unknown-fields", "must be undefined to be structural"],
  ["x-kubernetes-embedded-resource", "must be false to be structural"],
  ["x-kubernetes-int-or-string", "must be false to be structural"],
  ["x-kubernetes-list-type", "must be undefined to be structural"],
  ["x-kubernetes-list-map-keys", "must be empty to be structural"],
  ["x-kubernetes-map-type", "must be undefined to be structural"],
  ["x-kubernetes-validations", "must be empty to be structural"],
];

function checkNested(schema: JsonSchemaProps, path: string, logic: Logic): void {
  const { structure, out } = logic;
  for (const [keyword, why] of nestedForbidden) {
    if (schema[keyword] === undefined || schema[keyword] === false || schema[keyword] === "") continue;
    if (keyword === "type" && logic.intOrString) continue;
    out.push(fieldError.forbidden(`${path}.${keyword}`, why));
  }
  checkKeywords(schema, path, out);
  for (const [name, property] of propertiesOf(schema)) {
    const counterpart = structure && new Map(propertiesOf(structure)).get(name);
    const propertyPath = keyPath(`${path}.properties`, name);
    if (
      !counterpart &&
      !(isJsonObject(structure?.additionalProperties) || structure?.["x-kubernetes-preserve-unknown-fields"])
    ) {
      out.push(fieldError.required(propertyPath, "must also be specified outside allOf, anyOf, oneOf and not"));
    }
    checkNested(property, propertyPath, { structure: counterpart, intOrString: false, out });
  }
  if (isJsonObject(schema.items)) {
    checkNested(schema.items, `${path}.items`, { structure: structure?.items, intOrString: false, out });
  }
  checkLogic(schema, path, logic);
}
