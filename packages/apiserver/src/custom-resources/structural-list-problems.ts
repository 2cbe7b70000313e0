import type { StatusCause } from "@homeostat/api";
import { fieldError } from "@homeostat/api";
import type { JsonSchemaProps } from "./json-schema-props.ts";
import { keyPath, propertiesOf } from "./json-schema-props.ts";

/** What is wrong with `x-kubernetes-list-type`, `-list-map-keys` and `-map-type` of a schema. */
export function checkLists(schema: JsonSchemaProps, path: string, out: StatusCause[]): void {
  const listType: unknown = schema["x-kubernetes-list-type"];
  const mapType: unknown = schema["x-kubernetes-map-type"];
  if (mapType !== undefined) {
    if (mapType !== "atomic" && mapType !== "granular") {
      out.push(fieldError.notSupported(`${path}.x-kubernetes-map-type`, mapType, ["atomic", "granular"]));
    }
    if (schema.type !== "object") {
      out.push(
        fieldError.invalid(`${path}.type`, schema.type ?? "", "must be object if x-kubernetes-map-type is specified"),
      );
    }
  }
  if (listType === undefined) {
    if (schema["x-kubernetes-list-map-keys"] !== undefined) {
      out.push(
        fieldError.required(`${path}.x-kubernetes-list-type`, "must be map if x-kubernetes-list-map-keys is non-empty"),
      );
    }
    return;
  }
  if (schema.type !== "array") {
    out.push(
      fieldError.invalid(`${path}.type`, schema.type ?? "", "must be array if x-kubernetes-list-type is specified"),
    );
    return;
  }
  if (listType === "map") checkMapList(schema, path, out);
  else if (listType === "set") checkSetList(schema, path, out);
  else if (listType !== "atomic") {
    out.push(fieldError.notSupported(`${path}.x-kubernetes-list-type`, listType, ["atomic", "map", "set"]));
  }
}

function checkSetList(schema: JsonSchemaProps, path: string, out: StatusCause[]): void {
  const items: JsonSchemaProps = schema.items ?? {};
  if (items.nullable === true) {
    out.push(fieldError.forbidden(`${path}.items.nullable`, "cannot be nullable when x-kubernetes-list-type is set"));
  }
  if (items.type === "object" && items["x-kubernetes-map-type"] !== "atomic") {
    out.push(
      fieldError.invalid(
        `${path}.items.x-kubernetes-map-type`,
        items["x-kubernetes-map-type"] ?? null,
        "must be atomic as item of a list with x-kubernetes-list-type=set",
      ),
    );
  }
  if (
    items.type === "array" &&
    items["x-kubernetes-list-type"] !== undefined &&
    items["x-kubernetes-list-type"] !== "atomic"
  ) {
    out.push(
      fieldError.invalid(
        `${path}.items.x-kubernetes-list-type`,
        items["x-kubernetes-list-type"],
        "must be atomic as item of a list with x-kubernetes-list-type=set",
      ),
    );
  }
}

function checkMapList(schema: JsonSchemaProps, path: string, out: StatusCause[]): void {
  const items: JsonSchemaProps = schema.items ?? {};
  const keys: unknown = schema["x-kubernetes-list-map-keys"];
  if (!Array.isArray(keys) || keys.length === 0) {
    out.push(
      fieldError.required(`${path}.x-kubernetes-list-map-keys`, "must not be empty if x-kubernetes-list-type is map"),
    );
    return;
  }
  if (items.type !== "object") {
    out.push(
      fieldError.invalid(
        `${path}.items.type`,
        items.type ?? "",
        "must be object if parent array's x-kubernetes-list-type is map",
      ),
    );
  }
  if (new Set(keys).size < keys.length) {
    out.push(fieldError.invalid(`${path}.x-kubernetes-list-map-keys`, keys, "must not contain duplicate entries"));
  }
  for (const key of new Set<string>(keys)) checkMapListKey(items, keys, key, path, out);
}

function checkMapListKey(
  items: JsonSchemaProps,
  keys: readonly string[],
  key: string,
  path: string,
  out: StatusCause[],
): void {
  const property = new Map(propertiesOf(items)).get(key);
  if (!property) {
    out.push(
      fieldError.invalid(`${path}.x-kubernetes-list-map-keys`, keys, "entries must all be names of item properties"),
    );
    return;
  }
  const keyField = keyPath(`${path}.items.properties`, key);
  if (property.type === "object" || property.type === "array") {
    out.push(
      fieldError.invalid(
        `${keyField}.type`,
        property.type,
        "must be a scalar type if parent array's x-kubernetes-list-type is map",
      ),
    );
  }
  if (property.nullable === true) {
    out.push(
      fieldError.forbidden(
        `${keyField}.nullable`,
        "this property is in x-kubernetes-list-map-keys, so it cannot be nullable",
      ),
    );
  }
  const isRequired = Array.isArray(items.required) && items.required.includes(key);
  if (!isRequired && (property.default === undefined || property.default === null)) {
    out.push(
      fieldError.required(
        `${keyField}.default`,
        "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
      ),
    );
  }
}
