import {
  ApiError,
  badRequest,
  type GroupVersionKind,
  type Json,
  type JsonObject,
  unsupportedMediaType,
} from "@homeostat/api";
import { CborError, parseCbor } from "./cbor-reader.ts";
import { decodeProtobuf } from "./protobuf.ts";
import { JsonSyntaxError, parseStrictJson, type StrictJson } from "./strict-json.ts";
import { ProtobufError } from "./wire.ts";
import { parseStrictYaml, YamlSyntaxError } from "./yaml.ts";

/** Bodies of creates, updates and deletes: bytes and a media type to one JSON object. Patches have media types of their own. */

export interface DecodedBody {
  readonly object: JsonObject;
  /** Findings for field validation, one for each key that came twice: `duplicate field "spec.replicas"`. */
  readonly duplicates: readonly string[];
}

/** A body of any shape: patches are not always objects. */
export interface DecodedValue {
  readonly value: Json;
  /** As of {@link DecodedBody}. */
  readonly duplicates: readonly string[];
}

export interface DecodeAppliedOptions {
  /** The media type; default YAML, of which JSON is a part. */
  readonly contentType?: string | undefined;
  /** As of {@link DecodeBodyOptions}. Default false. */
  readonly custom?: boolean;
}

export interface DecodeJsonOptions {
  /** The text may be YAML. Default false. */
  readonly yaml?: boolean;
  /** As of {@link DecodeBodyOptions}. Default false. */
  readonly custom?: boolean;
}

export interface DecodeBodyOptions {
  /** The body is of a custom kind: no protobuf, and integers beyond 2^53 are refused. Default false. */
  readonly custom?: boolean;
  /** The kind that the URL implies, for protobuf bodies that name none. */
  readonly kind?: GroupVersionKind;
}

export const JSON_TYPE = "application/json";
export const YAML_TYPE = "application/yaml";
export const PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf";

export const CBOR_TYPE = "application/cbor";
/** Server-side apply in CBOR. */
export const APPLY_CBOR_TYPE = "application/apply-patch+cbor";

/** The media types of bodies, best first. */
export function acceptedBodyTypes(custom: boolean): readonly string[] {
  return custom ? [JSON_TYPE, YAML_TYPE, CBOR_TYPE] : [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE, CBOR_TYPE];
}

/**
 * Decodes a body. No content type means JSON; parameters of the type are ignored.
 *
 * Integers beyond ±(2^53-1) cannot be held exactly. In custom kinds they are refused here, with their path, rather than
 * stored as another number; in built-in kinds the types decide: integer fields refuse them (`decodeBuiltin`), fields of
 * type `double` round them as Kubernetes does.
 *
 * Throws an {@link ApiError}: 415 for another media type, 400 for what cannot be read or is no object.
 */
export function decodeBody(
  bytes: Uint8Array,
  contentType: string | undefined,
  options: DecodeBodyOptions = {},
): DecodedBody {
  const custom = options.custom ?? false;
  const type = mediaType(contentType);
  if (!acceptedBodyTypes(custom).includes(type)) throw unsupportedMediaType(acceptedBodyTypes(custom));
  if (type === PROTOBUF_TYPE)
    return { object: readable("protobuf", () => decodeProtobuf(bytes, { kind: options.kind })), duplicates: [] };
  const { value, duplicates } =
    type === CBOR_TYPE ? decodeCbor(bytes, custom) : decodeJson(bytes, { yaml: type === YAML_TYPE, custom });
  return { object: asObject(value), duplicates };
}

/**
 * Decodes JSON, or YAML, of any shape. Throws an {@link ApiError} 400 when it is none, and for integers of custom kinds
 * that cannot be kept.
 */
export function decodeJson(bytes: Uint8Array, options: DecodeJsonOptions = {}): DecodedValue {
  const text = textOf(bytes);
  const decoded = options.yaml
    ? readable("YAML", () => parseStrictYaml(text))
    : readable("JSON", () => parseStrictJson(text));
  return kept(decoded, options.custom);
}

/** Decodes the configuration of a server-side apply: YAML, or CBOR where the media type says so. Throws as decodeJson. */
export function decodeApplied(bytes: Uint8Array, { contentType, custom }: DecodeAppliedOptions = {}): DecodedValue {
  if (mediaType(contentType) === APPLY_CBOR_TYPE) return decodeCbor(bytes, custom);
  return decodeJson(bytes, { yaml: true, custom: custom ?? false });
}

function decodeCbor(bytes: Uint8Array, custom: boolean | undefined): DecodedValue {
  return kept(
    readable("CBOR", () => parseCbor(bytes)),
    custom,
  );
}

/** What can be kept as it was sent. @throws ApiError 400 for integers of custom kinds that cannot */
function kept(decoded: StrictJson, custom = false): DecodedValue {
  if (custom && decoded.inexact.length > 0) throw inexactIntegers(decoded);
  return {
    value: decoded.value,
    duplicates: decoded.duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`),
  };
}

/** A value of a custom kind would not be stored as it was sent. */
function inexactIntegers({ inexact }: StrictJson): ApiError {
  return badRequest(
    `integers at ${inexact.join(", ")} lie beyond ±(2^53-1), which this server cannot keep exactly: send them as strings`,
  );
}

/** 400 when the value is no object. */
export function asObject(value: Json): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw badRequest(
    `the body must be an object, not ${value === null ? "null" : Array.isArray(value) ? "an array" : `a ${typeof value}`}`,
  );
}

/** The type without its parameters, in lower case. */
export function mediaType(contentType: string | undefined): string {
  const type = (contentType ?? "").split(";", 1)[0]!.trim().toLowerCase();
  return type === "" ? JSON_TYPE : type;
}

/** Bytes that are no UTF-8 become U+FFFD, as in Go; a byte order mark is left for the parser to refuse. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

function readable<T>(format: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (
      !(
        error instanceof JsonSyntaxError ||
        error instanceof YamlSyntaxError ||
        error instanceof ProtobufError ||
        error instanceof CborError
      )
    )
      throw error;
    throw new ApiError(badRequest(`the body is not valid ${format}: ${error.message}`).status, { cause: error });
  }
}
