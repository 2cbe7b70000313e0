import { apiVersionOf, formatTime, type GroupVersionKind, type Json, type JsonObject } from "@homeostat/api";
import type { TableDefinition, TableField } from "../schema/builtin-table.ts";
import { type BuiltinDefinition, type BuiltinTypes, builtinTypes } from "../schema/builtin-types.ts";
import { isMessage, isOmitted } from "../schema/omission.ts";
import { setOwn } from "../schema/own-property.ts";
import {
  EMPTY,
  joined,
  ProtobufError,
  readMessage,
  readVarint,
  toBytes,
  toInteger,
  toText,
  type WireValue,
} from "./wire.ts";

/**
 * Kubernetes' protobuf bodies: the four bytes `k8s\0`, then a `runtime.Unknown` that names the kind and carries its
 * message. Typed Go clients send these for built-in kinds unless told otherwise.
 *
 * The tables of built-in types carry the wire numbers, so a reader of a few pages does it. A protobuf library would
 * need descriptors of its own: 309 kB, about 190 ms to load, and without the Go facts (pointer, omitempty) that decide
 * which zero values the JSON of the same object has.
 */

const MAGIC = [0x6b, 0x38, 0x73, 0x00];
/** Upstream's types nest a few dozen deep; schemas of custom resources may go further. */
const MAX_DEPTH = 500;

export interface ProtobufOptions {
  /** The kind where the envelope names none. */
  readonly kind?: GroupVersionKind | undefined;
  /** Default: the committed types. */
  readonly types?: BuiltinTypes;
}

/** Throws {@link ProtobufError}. */
export function decodeProtobuf(bytes: Uint8Array, options: ProtobufOptions = {}): JsonObject {
  if (!MAGIC.every((byte, index) => bytes[index] === byte))
    throw new ProtobufError("body does not start with the prefix of Kubernetes' protobuf");
  const envelope = readMessage(bytes.subarray(MAGIC.length));
  const typeMeta = readMessage(joined(envelope.get(1)));
  if (envelope.has(3) && toText(envelope.get(3)!.at(-1)) !== "")
    throw new ProtobufError("content encodings within the protobuf envelope are not supported");
  const sent = { apiVersion: last(typeMeta, 1), kind: last(typeMeta, 2) };
  const apiVersion = sent.apiVersion || (options.kind ? apiVersionOf(options.kind) : "");
  const kind = sent.kind || (options.kind?.kind ?? "");
  const types = options.types ?? builtinTypes();
  const definition = types.ofKind(apiVersion, kind);
  if (!definition)
    throw new ProtobufError(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`);
  const object = new ProtobufReader(types).struct(definition, joined(envelope.get(2)));
  // Kind first, as Kubernetes writes it. An envelope without a kind is an object without one.
  return definition.table.typeMeta
    ? { ...(sent.kind ? { kind } : {}), ...(sent.apiVersion ? { apiVersion } : {}), ...object }
    : object;
}

const last = (message: ReadonlyMap<number, readonly WireValue[]>, number: number): string =>
  toText(message.get(number)?.at(-1));

class ProtobufReader {
  readonly #types: BuiltinTypes;
  #depth = 0;

  constructor(types: BuiltinTypes) {
    this.#types = types;
  }

  struct(definition: BuiltinDefinition, bytes: Uint8Array): JsonObject {
    if (++this.#depth > MAX_DEPTH) throw new ProtobufError(`nested deeper than ${MAX_DEPTH} levels`);
    const levels = this.#levels(definition.table, bytes);
    const object: JsonObject = {};
    for (const { name, table } of definition.fields) {
      if (table.proto === undefined) continue;
      const value = this.#field(table, levels.get(table.via ?? "")?.get(table.proto));
      if (!isOmitted(table, value)) object[name] = value;
    }
    this.#depth--;
    return object;
  }

  /** The message itself under "", then those of the structs that are flat in JSON. */
  #levels(table: TableDefinition, bytes: Uint8Array): Map<string, Map<number, WireValue[]>> {
    const levels = new Map([["", readMessage(bytes)]]);
    for (const [name, proto] of Object.entries(table.inline ?? {})) {
      const parent = levels.get(name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : "");
      levels.set(name, readMessage(joined(parent?.get(proto))));
    }
    return levels;
  }

  #field(field: TableField, values: WireValue[] | undefined): Json {
    if (values === undefined) {
      const nil = field.pointer || field.type === "array" || field.type === "map" || field.type === "bytes";
      return nil ? null : this.#value(field, undefined);
    }
    switch (field.type) {
      case "array":
        return field.wrapped ? this.#wrapped(field, joined(values)) : this.#list(field.items!, values);
      case "map":
        return this.#map(field.items!, values);
      default:
        return isMessage(field) ? this.#message(field, joined(values)) : this.#value(field, values.at(-1));
    }
  }

  #list(items: TableField, values: readonly WireValue[]): Json[] {
    const list: Json[] = [];
    for (const value of values) {
      // Numbers may come packed into one run of bytes.
      if ((items.type === "integer" || items.type === "boolean") && typeof value === "object") {
        const cursor = { at: 0 };
        while (cursor.at < value.length) list.push(this.#value(items, readVarint(value, cursor)));
      } else list.push(this.#value(items, value));
    }
    return list;
  }

  #map(items: TableField, entries: readonly WireValue[]): JsonObject {
    const pairs = entries.map((entry) => {
      const message = readMessage(toBytes(entry));
      return [last(message, 1), this.#value(items, message.get(2)?.at(-1))] as const;
    });
    const map: JsonObject = {};
    for (const [key, value] of pairs) setOwn(map, key, value);
    return map;
  }

  #wrapped(field: TableField, bytes: Uint8Array): Json[] {
    return this.#list(field.items!, readMessage(bytes).get(1) ?? []);
  }

  /** `undefined` gives the zero value. */
  #value(field: TableField, value: WireValue | undefined): Json {
    switch (field.type) {
      case "string":
        return toText(value);
      case "integer":
        return toInteger(value);
      case "boolean":
        return value !== undefined && value !== 0 && value !== 0n;
      case "number":
        return value === undefined ? 0 : toDouble(toBytes(value));
      case "bytes":
        return toBase64(toBytes(value));
      case "array":
        return value === undefined ? null : this.#wrapped(field, toBytes(value));
      default:
        return this.#message(field, toBytes(value));
    }
  }

  #message(field: TableField, bytes: Uint8Array): Json {
    if (field.type !== "ref") return special(field.type, bytes);
    const definition = this.#types.get(field.ref!);
    if (definition.table.special === undefined) return this.struct(definition, bytes);
    return definition.table.ref ? this.#schemaUnion(definition.table, bytes) : special(definition.table.special, bytes);
  }

  /** The three unions of CustomResourceDefinition schemas. */
  #schemaUnion(table: TableDefinition, bytes: Uint8Array): Json {
    const message = readMessage(bytes);
    const schema: TableField = { type: "ref", ref: table.ref! };
    if (table.special === "schemaOrBool") {
      return message.has(2)
        ? this.#message(schema, joined(message.get(2)))
        : this.#value({ type: "boolean" }, message.get(1)?.at(-1));
    }
    const items: TableField = table.special === "schemaOrArray" ? schema : { type: "string" };
    if (message.has(2)) return this.#list(items, message.get(2)!);
    return message.has(1) ? this.#message(schema, joined(message.get(1))) : null;
  }
}

/** Types whose message is not their JSON. */
function special(type: string, bytes: Uint8Array): Json {
  const message = readMessage(bytes);
  const first = message.get(1)?.at(-1);
  switch (type) {
    case "quantity":
      return first === undefined ? "0" : toText(first);
    case "intOrString":
      return toInteger(first) === 0 ? toInteger(message.get(2)?.at(-1)) : toText(message.get(3)?.at(-1));
    case "time":
      // An empty message is the zero time, which has no place in JSON.
      return bytes.length === 0 ? null : timeText(toInteger(first));
    case "microTime":
      return bytes.length === 0 ? null : microTime(toInteger(first), toInteger(message.get(2)?.at(-1)));
    case "rawExtension":
    case "fieldsV1":
    case "json":
      return rawJson(toBytes(first));
    default:
      throw new ProtobufError(`type ${type} has no protobuf form`);
  }
}

/** Years 0 to 9999: RFC 3339 has no others. */
function timeText(seconds: number): string {
  if (seconds < -62_167_219_200 || seconds > 253_402_300_799)
    throw new ProtobufError(`time of ${seconds} seconds lies outside the years 0 to 9999`);
  return formatTime(seconds * 1000);
}

function microTime(seconds: number, nanos: number): string {
  return `${timeText(seconds).slice(0, -1)}.${String(Math.floor(nanos / 1000)).padStart(6, "0")}Z`;
}

function rawJson(bytes: Uint8Array): Json {
  if (bytes.length === 0) return null;
  try {
    return JSON.parse(toText(bytes)) as Json;
  } catch (cause) {
    throw new ProtobufError("raw JSON within the message cannot be read", { cause });
  }
}

function toDouble(bytes: Uint8Array): number {
  if (bytes.length !== 8) throw new ProtobufError("a double of eight bytes is expected");
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
}

const toBase64 = (bytes: Uint8Array): string =>
  bytes === EMPTY ? "" : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
