import type { Json, JsonObject } from "@homeostat/api";
import type { Content, Method, OpenapiDocument, Operation, Parameter, PathItem, SchemaObject } from "./document.ts";

/**
 * The OpenAPI v2 document of the whole API, made from the v3 documents. kubectl before 1.29 validates and explains with
 * it, and tools of the time of Swagger read it. It says less than v3: no defaults, no alternatives.
 *
 * Source: OpenAPI 2.0; how Kubernetes brings schemas of custom resources into it: apiextensions-apiserver.
 */

export interface OpenapiV2Document {
  readonly swagger: "2.0";
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, JsonObject>>;
  readonly definitions: Readonly<Record<string, JsonObject>>;
  readonly securityDefinitions: JsonObject;
  readonly security: Json[];
}

const METHODS: readonly Method[] = ["get", "put", "post", "patch", "delete", "options", "head"];

export function openapiV2Document(documents: readonly OpenapiDocument[]): OpenapiV2Document {
  const definitions: Record<string, JsonObject> = {};
  for (const { components } of documents) {
    for (const [name, schema] of Object.entries(components.schemas)) {
      const known = definitions[name];
      if (known) mergeKinds(known, schema);
      else definitions[name] = definition(schema);
    }
  }
  const paths = documents
    .flatMap((document) => Object.entries(document.paths))
    .map(([path, item]) => [path, pathItem(item)] as const);
  return {
    swagger: "2.0",
    info: documents[0]?.info ?? { title: "Kubernetes", version: "v1.36" },
    paths: Object.fromEntries(paths.sort(byName)),
    definitions: Object.fromEntries(Object.entries(definitions).sort(byName)),
    securityDefinitions: {
      BearerToken: { description: "A bearer token", type: "apiKey", name: "authorization", in: "header" },
    },
    security: [{ BearerToken: [] }],
  };
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : a > b ? 1 : 0;

/** Options kinds are registered in every group version; each v3 document names its own. */
function mergeKinds(known: JsonObject, schema: SchemaObject): void {
  const kinds = known[KINDS];
  if (!Array.isArray(kinds)) return;
  const seen = new Set(kinds.map((kind) => JSON.stringify(kind)));
  for (const kind of (schema[KINDS] ?? []) as Json[]) if (!seen.has(JSON.stringify(kind))) kinds.push(kind);
}

const KINDS = "x-kubernetes-group-version-kind";

/** What v2 knows of the keywords of v3, apart from those that hold schemas. */
const KEYWORDS = [
  "description",
  "type",
  "format",
  "title",
  "required",
  "enum",
  "pattern",
  "maximum",
  "minimum",
  "exclusiveMaximum",
  "exclusiveMinimum",
  "maxLength",
  "minLength",
  "maxItems",
  "minItems",
  "uniqueItems",
  "maxProperties",
  "minProperties",
  "multipleOf",
];

function definition(schema: SchemaObject): JsonObject {
  return v2Schema(JSON.parse(JSON.stringify(schema)) as JsonObject);
}

function v2Schema(schema: JsonObject): JsonObject {
  const reference = referenceOf(schema);
  if (reference !== undefined)
    return {
      ...pick(schema, ["description"]),
      $ref: reference.replace("#/components/schemas/", "#/definitions/"),
      ...extensionsOf(schema),
    };
  if (isStringOrNumber(schema))
    return { ...pick(schema, ["description", "format"]), type: "string", ...extensionsOf(schema) };
  const open = schema["x-kubernetes-preserve-unknown-fields"] === true || schema["nullable"] === true;
  const shaped = pick(
    schema,
    schema["nullable"] === true ? KEYWORDS.filter((keyword) => keyword !== "type") : KEYWORDS,
  );
  return { ...shaped, ...(open ? {} : children(schema)), ...extensionsOf(schema) };
}

/** Quantities and int-or-strings: `oneOf` two plain types. */
function isStringOrNumber({ oneOf, type }: JsonObject): boolean {
  return (
    type === undefined &&
    Array.isArray(oneOf) &&
    oneOf.every((choice) => isObject(choice) && Object.keys(choice).join() === "type")
  );
}

/** Old clients validate strictly what they are shown, so null and unknown fields are allowed by showing less. */
function children(schema: JsonObject): JsonObject {
  const { properties, items, additionalProperties } = schema;
  return {
    ...(isObject(properties)
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, value]) => [name, v2Schema(value as JsonObject)]),
          ),
        }
      : {}),
    ...(isObject(items) ? { items: v2Schema(items) } : {}),
    ...(isObject(additionalProperties) ? { additionalProperties: v2Schema(additionalProperties) } : {}),
  };
}

/** A reference, alone or in `allOf` beside a description. */
function referenceOf(schema: JsonObject): string | undefined {
  if (typeof schema["$ref"] === "string") return schema["$ref"];
  const all = schema["allOf"];
  if (!Array.isArray(all) || all.length !== 1 || !isObject(all[0])) return undefined;
  return typeof all[0]["$ref"] === "string" ? all[0]["$ref"] : undefined;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const pick = (schema: JsonObject, keys: readonly string[]): JsonObject =>
  Object.fromEntries(keys.filter((key) => schema[key] !== undefined).map((key) => [key, schema[key]!]));

const extensionsOf = (schema: JsonObject): JsonObject =>
  pick(
    schema,
    Object.keys(schema).filter((key) => key.startsWith("x-")),
  );

function pathItem(item: PathItem): JsonObject {
  const operations = METHODS.flatMap((method) => (item[method] ? [[method, operation(item[method])] as const] : []));
  return {
    ...Object.fromEntries(operations),
    ...(item.parameters ? { parameters: item.parameters.map(parameter) } : {}),
  };
}

function operation(given: Operation): JsonObject {
  const { requestBody, responses } = given;
  const bodySchema = requestBody ? firstSchema(requestBody.content) : undefined;
  const body: JsonObject[] = bodySchema
    ? [{ name: "body", in: "body", ...(requestBody?.required ? { required: true } : {}), schema: bodySchema }]
    : [];
  const answers = Object.entries(responses).map(([code, { description, content }]) => {
    const schema = content ? firstSchema(content) : undefined;
    return [code, { description, ...(schema ? { schema } : {}) }] as const;
  });
  return {
    tags: [...given.tags],
    description: given.description,
    operationId: given.operationId,
    consumes: requestBody ? Object.keys(requestBody.content) : ["*/*"],
    produces: Object.keys(responses["200"]?.content ?? { "*/*": {} }),
    schemes: ["https"],
    parameters: [...body, ...(given.parameters ?? []).map(parameter)],
    responses: Object.fromEntries(answers),
    ...extensionsOf(given as unknown as JsonObject),
  };
}

/** All media types of a body have the same schema here. */
function firstSchema(content: Content): JsonObject | undefined {
  const schema = Object.values(content)[0]?.schema;
  return schema ? definition(schema) : undefined;
}

/** In v2 the type stands beside the name. */
function parameter({ schema, ...rest }: Parameter): JsonObject {
  return { ...rest, ...(schema as JsonObject) };
}
