/**
 * The protobuf wire format, as little of it as reading needs. Source: protobuf encoding guide.
 */

/** What stands under one field number; integers up to 64 bits are BigInt where a number would not hold them. */
export type WireValue = number | bigint | Uint8Array;

/** Bytes that are no protobuf message. */
export class ProtobufError extends Error {
  override readonly name = "ProtobufError";
  readonly code = "ERR_PROTOBUF";
}

/**
 * Reads one message: its values by field number, in order. Bytes are views into `bytes`. 32- and 64-bit fixed values
 * stay bytes. Throws {@link ProtobufError}.
 */
export function readMessage(bytes: Uint8Array): Map<number, WireValue[]> {
  const fields = new Map<number, WireValue[]>();
  const cursor = { at: 0 };
  while (cursor.at < bytes.length) {
    const tag = Number(readVarint(bytes, cursor));
    const value = readValue(bytes, cursor, tag & 7);
    const values = fields.get(tag >>> 3);
    if (values) values.push(value);
    else fields.set(tag >>> 3, [value]);
  }
  return fields;
}

function readValue(bytes: Uint8Array, cursor: { at: number }, wireType: number): WireValue {
  switch (wireType) {
    case 0:
      return readVarint(bytes, cursor);
    case 1:
      return take(bytes, cursor, 8);
    case 2:
      return take(bytes, cursor, Number(readVarint(bytes, cursor)));
    case 5:
      return take(bytes, cursor, 4);
    default:
      throw new ProtobufError(`wire type ${wireType} at byte ${cursor.at} is not known`);
  }
}

function take(bytes: Uint8Array, cursor: { at: number }, length: number): Uint8Array {
  const start = cursor.at;
  if (start + length > bytes.length) throw new ProtobufError(`message ends within a field of ${length} bytes`);
  cursor.at = start + length;
  return bytes.subarray(start, cursor.at);
}

/** Unsigned; negative values come as their two's complement of 64 bits. */
export function readVarint(bytes: Uint8Array, cursor: { at: number }): number | bigint {
  let value = 0;
  let factor = 1;
  // Seven groups of seven bits fit a number; most varints are one or two bytes.
  for (let i = 0; i < 7; i++) {
    const byte = bytes[cursor.at++];
    if (byte === undefined) throw new ProtobufError("message ends within a number");
    value += (byte & 127) * factor;
    if (byte < 128) return value;
    factor *= 128;
  }
  let large = BigInt(value);
  for (let shift = 49n; shift < 70n; shift += 7n) {
    const byte = bytes[cursor.at++];
    if (byte === undefined) throw new ProtobufError("message ends within a number");
    large |= BigInt(byte & 127) << shift;
    if (byte < 128) return large <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(large) : BigInt.asUintN(64, large);
  }
  throw new ProtobufError("number of more than ten bytes");
}

/** A varint as a signed integer. Throws {@link ProtobufError} where a JavaScript number would not hold it. */
export function toInteger(value: WireValue | undefined): number {
  if (value === undefined) return 0;
  if (typeof value === "number") return value;
  if (typeof value !== "bigint") throw new ProtobufError("a number is expected");
  const signed = BigInt.asIntN(64, value);
  const number = Number(signed);
  if (!Number.isSafeInteger(number))
    throw new ProtobufError(`integer ${signed} lies beyond ±(2^53-1), which this server cannot keep exactly`);
  return number;
}

export function toBytes(value: WireValue | undefined): Uint8Array {
  if (value === undefined) return EMPTY;
  if (typeof value === "object") return value;
  throw new ProtobufError("a message, string or bytes are expected");
}

export function toText(value: WireValue | undefined): string {
  const bytes = toBytes(value);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

export const EMPTY = new Uint8Array(0);

/** A message that came in pieces is the concatenation of them. */
export function joined(values: readonly WireValue[] | undefined): Uint8Array {
  if (values === undefined) return EMPTY;
  return values.length === 1 ? toBytes(values[0]) : Buffer.concat(values.map(toBytes));
}
