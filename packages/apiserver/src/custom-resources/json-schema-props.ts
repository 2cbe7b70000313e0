import type { Json, JsonObject } from "@homeostat/api";

/**
 * The part of OpenAPI v3 a CustomResourceDefinition may use. Source: apiextensions/v1 `JSONSchemaProps`.
 * What users send is any JSON: readers of these fields check what they find.
 */
export interface JsonSchemaProps {
  readonly type?: string;
  readonly format?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: Json;
  readonly nullable?: boolean;
  readonly enum?: readonly Json[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchemaProps>>;
  readonly additionalProperties?: boolean | JsonSchemaProps;
  readonly items?: JsonSchemaProps;
  readonly allOf?: readonly JsonSchemaProps[];
  readonly anyOf?: readonly JsonSchemaProps[];
  readonly oneOf?: readonly JsonSchemaProps[];
  readonly not?: JsonSchemaProps;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: "granular" | "atomic";
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
}

/** One CEL rule. Source: apiextensions/v1 `ValidationRule`. */
export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  /** CEL that yields the message; used when it gives a non-empty single line. */
  readonly messageExpression?: string;
  /** Default `FieldValueInvalid`. */
  readonly reason?: string;
  /** JSONPath below the rule's place that a finding is reported at. */
  readonly fieldPath?: string;
  /** `oldSelf` is an optional, so that the rule runs on create too. Default false. */
  readonly optionalOldSelf?: boolean;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Own properties only: objects come from users, who may name a field `constructor`. */
export function ownField(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Sets an own property whatever its name; plain assignment of `__proto__` would change the prototype. */
export function setField(object: JsonObject, name: string, value: Json): void {
  if (name === "__proto__") {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[name] = value;
  }
}

/** Path of an entry of a map or of the properties of a schema: `properties[spec]`. */
export function keyPath(parent: string, key: string): string {
  return `${parent}[${key}]`;
}

/** The properties of a schema that are schemas themselves. */
export function propertiesOf(schema: JsonSchemaProps): readonly (readonly [string, JsonSchemaProps])[] {
  if (!isJsonObject(schema.properties)) return [];
  return Object.entries(schema.properties).filter(([, property]) => isJsonObject(property));
}
