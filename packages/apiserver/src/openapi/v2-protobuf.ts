import type { Json, JsonObject } from "@homeostat/api";
import type { OpenapiV2Document } from "./v2.ts";

/**
 * The OpenAPI v2 document in the protobuf form that kubectl before 1.29 needs to apply and explain. Source: gnostic's
 * `openapi_v2` messages; only what the document holds is written.
 */

/** What clients put into Accept. */
export const OPENAPI_V2_PROTOBUF_ACCEPT = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
/** What the answer is labelled with: `@` may not stand in a media type, and Go's parser refuses it. */
export const OPENAPI_V2_PROTOBUF_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

export function encodeOpenapiV2(document: OpenapiV2Document): Uint8Array {
  const writer = new Writer();
  writer.text(1, document.swagger);
  writer.message(2, () => {
    writer.text(1, document.info.title);
    writer.text(2, document.info.version);
  });
  writer.message(8, () => named(writer, 2, document.paths, (item) => pathItem(writer, item)));
  writer.message(9, () => named(writer, 1, document.definitions, (schema) => schemaMessage(writer, schema)));
  return writer.bytes();
}

const PATH_METHODS: readonly (readonly [string, number])[] = [
  ["get", 2],
  ["put", 3],
  ["post", 4],
  ["delete", 5],
  ["options", 6],
  ["head", 7],
  ["patch", 8],
];

function pathItem(writer: Writer, item: JsonObject): void {
  for (const [method, number] of PATH_METHODS) {
    const operation = item[method];
    if (operation) writer.message(number, () => operationMessage(writer, operation as JsonObject));
  }
  for (const parameter of list(item["parameters"])) writer.message(9, () => parameterItem(writer, parameter));
}

function operationMessage(writer: Writer, operation: JsonObject): void {
  for (const tag of texts(operation["tags"])) writer.text(1, tag);
  writer.optional(3, operation["description"]);
  writer.optional(5, operation["operationId"]);
  for (const type of texts(operation["produces"])) writer.text(6, type);
  for (const type of texts(operation["consumes"])) writer.text(7, type);
  for (const parameter of list(operation["parameters"])) writer.message(8, () => parameterItem(writer, parameter));
  writer.message(9, () =>
    named(writer, 1, operation["responses"] as JsonObject, (response) =>
      writer.message(1, () => responseMessage(writer, response)),
    ),
  );
  for (const scheme of texts(operation["schemes"])) writer.text(10, scheme);
  extensions(writer, 13, operation);
}

function responseMessage(writer: Writer, response: JsonObject): void {
  writer.optional(1, response["description"]);
  const { schema } = response;
  if (schema) writer.message(2, () => writer.message(1, () => schemaMessage(writer, schema as JsonObject)));
}

/** A ParametersItem holds a Parameter, which holds one of body, query or path. */
function parameterItem(writer: Writer, parameter: JsonObject): void {
  writer.message(1, () => {
    if (parameter["in"] === "body") writer.message(1, () => bodyParameter(writer, parameter));
    else
      writer.message(2, () =>
        writer.message(parameter["in"] === "path" ? 4 : 3, () => plainParameter(writer, parameter)),
      );
  });
}

function bodyParameter(writer: Writer, parameter: JsonObject): void {
  writer.optional(2, parameter["name"]);
  writer.optional(3, parameter["in"]);
  writer.flag(4, parameter["required"]);
  writer.message(5, () => schemaMessage(writer, parameter["schema"] as JsonObject));
}

function plainParameter(writer: Writer, parameter: JsonObject): void {
  writer.flag(1, parameter["required"]);
  writer.optional(2, parameter["in"]);
  writer.optional(3, parameter["description"]);
  writer.optional(4, parameter["name"]);
  // Query parameters have allowEmptyValue between name and type.
  writer.optional(parameter["in"] === "path" ? 5 : 6, parameter["type"]);
}

const SCHEMA_NUMBERS: readonly (readonly [string, number])[] = [
  ["maxLength", 11],
  ["minLength", 12],
  ["maxItems", 14],
  ["minItems", 15],
  ["maxProperties", 17],
  ["minProperties", 18],
];
const SCHEMA_DOUBLES: readonly (readonly [string, number])[] = [
  ["multipleOf", 6],
  ["maximum", 7],
  ["minimum", 9],
];
const SCHEMA_FLAGS: readonly (readonly [string, number])[] = [
  ["exclusiveMaximum", 8],
  ["exclusiveMinimum", 10],
  ["uniqueItems", 16],
];

function schemaMessage(writer: Writer, schema: JsonObject): void {
  writer.optional(1, schema["$ref"]);
  writer.optional(2, schema["format"]);
  writer.optional(3, schema["title"]);
  writer.optional(4, schema["description"]);
  for (const [keyword, number] of SCHEMA_DOUBLES) writer.double(number, schema[keyword]);
  for (const [keyword, number] of SCHEMA_FLAGS) writer.flag(number, schema[keyword]);
  for (const [keyword, number] of SCHEMA_NUMBERS) writer.integer(number, schema[keyword]);
  writer.optional(13, schema["pattern"]);
  for (const name of texts(schema["required"])) writer.text(19, name);
  for (const value of list(schema["enum"]) as Json[]) writer.message(20, () => writer.text(2, JSON.stringify(value)));
  const { additionalProperties, items, properties, type } = schema;
  if (additionalProperties)
    writer.message(21, () => writer.message(1, () => schemaMessage(writer, additionalProperties as JsonObject)));
  if (typeof type === "string") writer.message(22, () => writer.text(1, type));
  if (items) writer.message(23, () => writer.message(1, () => schemaMessage(writer, items as JsonObject)));
  if (properties)
    writer.message(25, () => named(writer, 1, properties as JsonObject, (property) => schemaMessage(writer, property)));
  extensions(writer, 31, schema);
}

/** Extensions carry their value as YAML, of which JSON is a part. */
function extensions(writer: Writer, number: number, of: JsonObject): void {
  for (const [name, value] of Object.entries(of)) {
    if (!name.startsWith("x-")) continue;
    writer.message(number, () => {
      writer.text(1, name);
      writer.message(2, () => writer.text(2, JSON.stringify(value)));
    });
  }
}

/** Maps are lists of names and values. */
function named(
  writer: Writer,
  number: number,
  map: Readonly<Record<string, Json>>,
  write: (value: JsonObject) => void,
): void {
  for (const [name, value] of Object.entries(map)) {
    writer.message(number, () => {
      writer.text(1, name);
      writer.message(2, () => write(value as JsonObject));
    });
  }
}

const list = (value: Json | undefined): JsonObject[] => (Array.isArray(value) ? (value as JsonObject[]) : []);
const texts = (value: Json | undefined): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];

/** Writes nested messages. A length is known only when its message ends: the content is then moved to make room for it. */
class Writer {
  #buffer = Buffer.allocUnsafe(1 << 20);
  #at = 0;

  bytes(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#buffer, 0, this.#at);
  }

  text(number: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.#room(length + 10);
    this.#varint((number << 3) | 2);
    this.#varint(length);
    this.#at += this.#buffer.write(value, this.#at);
  }

  optional(number: number, value: Json | undefined): void {
    if (typeof value === "string" && value !== "") this.text(number, value);
  }

  flag(number: number, value: Json | undefined): void {
    if (value === true) this.integer(number, 1);
  }

  integer(number: number, value: Json | undefined): void {
    if (typeof value !== "number" || value <= 0) return;
    this.#room(20);
    this.#varint(number << 3);
    this.#varint(Math.floor(value));
  }

  double(number: number, value: Json | undefined): void {
    if (typeof value !== "number") return;
    this.#room(20);
    this.#varint((number << 3) | 1);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
  }

  message(number: number, write: () => void): void {
    this.#room(20);
    this.#varint((number << 3) | 2);
    const start = this.#at;
    write();
    const length = this.#at - start;
    this.#room(10);
    this.#at = start;
    const size = varintSize(length);
    this.#buffer.copyWithin(start + size, start, start + length);
    this.#varint(length);
    this.#at = start + size + length;
  }

  #varint(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.#buffer[this.#at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#buffer[this.#at++] = rest;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) size++;
  return size;
}
