import type { Json, JsonObject } from "@homeostat/api";
import { parseCbor } from "../codec/cbor-reader.ts";
import { APPLY_CBOR_TYPE, CBOR_TYPE, mediaType, PROTOBUF_TYPE, YAML_TYPE } from "../codec/decode-body.ts";
import { decodeProtobuf } from "../codec/protobuf.ts";
import { parseStrictJson } from "../codec/strict-json.ts";
import { parseStrictYaml } from "../codec/yaml.ts";

/** A body for the log; undefined where there is none or it cannot be read, which the answer to it tells. */
export function readBody(bytes: Uint8Array, contentType: string | undefined): Json | undefined {
  if (bytes.length === 0) return undefined;
  const type = mediaType(contentType);
  try {
    if (type === PROTOBUF_TYPE) return decodeProtobuf(bytes);
    if (type === CBOR_TYPE || type === APPLY_CBOR_TYPE) return parseCbor(bytes).value;
    const text = new TextDecoder().decode(bytes);
    if (type === YAML_TYPE || type === "application/apply-patch+yaml") return parseStrictYaml(text).value;
    // What is nested too deeply to be taken is too deep to be written, too.
    return type.endsWith("json") ? parseStrictJson(text).value : undefined;
  } catch {
    return undefined;
  }
}

/** Without `metadata.managedFields`, of the items of a list neither. */
export function withoutManagedFields(value: Json): Json {
  if (!isObject(value)) return value;
  const { metadata, items } = value;
  const bare = { ...value };
  if (isObject(metadata) && "managedFields" in metadata) {
    const { managedFields: _, ...others } = metadata;
    bare["metadata"] = others;
  }
  if (Array.isArray(items)) bare["items"] = items.map(withoutManagedFields);
  return bare;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
