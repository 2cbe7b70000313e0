import { formatTime, type Json, type JsonObject } from "@homeostat/api";
import type { Token, Tokenizer } from "cborg";
import { cborModule } from "../on-demand.ts";
import { setOwn } from "../schema/own-property.ts";
import { type Step, strictPath } from "../schema/strict-path.ts";
import type { StrictJson } from "./strict-json.ts";

/**
 * CBOR of request bodies, read as the JSON it stands for. Source: KEP-4222, RFC 8949.
 *
 * - Texts come as text strings or as byte strings; keys too. Kubernetes' own encoder writes byte strings.
 * - Bytes come as byte strings under one of the tags 21 to 23, which say as what text JSON has them. Without such a tag a
 *   byte string is a text already, in fields of bytes the base64 of them.
 * - Tag 55799 says that this is CBOR; 0 and 1 are times; 2 and 3 are integers of any length, which JSON of the API does
 *   not have; of other tags only the content counts.
 * - Strings, lists and maps may be of indefinite length.
 * - What JSON cannot say (NaN, infinity, undefined, other simple values, keys that are no texts) is refused.
 *
 * The library cuts the bytes into tokens; what they amount to is found here, where the path is known that findings name.
 */

/** Bytes that are not CBOR, or CBOR that has no JSON. The message says what is wrong and where. */
export class CborError extends Error {
  override readonly name = "CborError";
  readonly code = "ERR_CBOR";
}

/** As of JSON bodies. */
const MAX_DEPTH = 1000;
const BREAK = Symbol("break");
const INDEFINITE_BYTES = 0x5f;
const INDEFINITE_TEXT = 0x7f;
const END = 0xff;

const tags = { dateTime: 0, epoch: 1, bignum: 2, negativeBignum: 3 } as const;
/** Tags that say what text a byte string becomes in JSON. */
const laterEncodings = new Map<number, BufferEncoding>([
  [21, "base64url"],
  [22, "base64"],
  [23, "hex"],
]);

/**
 * Reads one data item that fills the bytes. Keys that come twice and integers that are not exact are told as those of
 * JSON are.
 *
 * Throws {@link CborError}.
 */
export function parseCbor(bytes: Uint8Array): StrictJson {
  return new CborReader(bytes).document();
}

class CborReader {
  readonly #bytes: Uint8Array;
  readonly #library = cborModule();
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #tokens: Tokenizer;
  /** Where the bytes of the present tokenizer start. */
  #base = 0;
  #depth = 0;
  readonly #path: Step[] = [];
  readonly #duplicates = new Set<string>();
  readonly #inexact: string[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#tokens = this.#tokensFrom(0);
  }

  document(): StrictJson {
    if (this.#bytes.length === 0) throw new CborError("a data item is expected where the body ends at byte 0");
    const value = this.#value();
    if (value === BREAK) throw this.#wrong("a break outside of anything that it could end");
    if (this.#at < this.#bytes.length) throw this.#wrong(`${this.#bytes.length - this.#at} bytes follow the data item`);
    return { value, duplicates: [...this.#duplicates], inexact: this.#inexact };
  }

  get #at(): number {
    return this.#base + this.#tokens.pos();
  }

  #tokensFrom(at: number): Tokenizer {
    this.#base = at;
    return new this.#library.Tokenizer(this.#bytes.subarray(at), { allowBigInt: true, retainStringBytes: true });
  }

  #value(): Json | typeof BREAK {
    const start = this.#at;
    const first = this.#bytes[start];
    if (first === INDEFINITE_BYTES || first === INDEFINITE_TEXT) return this.#text(this.#pieces(first));
    const token = this.#next();
    switch (token.type.name) {
      case "uint":
      case "negint":
        return this.#integer(token.value as number | bigint, start);
      case "float":
        return this.#float(token.value as number, start);
      case "bytes":
        return Buffer.from(token.value as Uint8Array).toString("utf8");
      case "string":
        return this.#text(bytesOf(token));
      case "array":
        return this.#nested(() => this.#array(token.value as number));
      case "map":
        return this.#nested(() => this.#map(token.value as number));
      case "tag":
        return this.#nested(() => this.#tagged(Number(token.value), start));
      case "true":
      case "false":
      case "null":
        return token.value as boolean | null;
      case "break":
        return BREAK;
      default:
        throw this.#wrong(`${token.type.name} has no JSON`, start);
    }
  }

  /** A value where nothing else may be. */
  #item(): Json {
    const value = this.#value();
    if (value === BREAK) throw this.#wrong("a break where a data item is expected");
    return value;
  }

  #next(): Token {
    if (this.#at >= this.#bytes.length) throw this.#wrong("the body ends where a data item is expected");
    try {
      return this.#tokens.next();
    } catch (error) {
      throw this.#wrong((error as Error).message.replace(/^CBOR decode error: /, ""));
    }
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw this.#wrong(`nested deeper than ${MAX_DEPTH} levels`);
    const value = read();
    this.#depth--;
    return value;
  }

  /** Infinitely many stand for as many as there are up to a break. */
  #array(length: number): Json[] {
    const array: Json[] = [];
    while (array.length < length) {
      this.#path.push(array.length);
      const item = length === Number.POSITIVE_INFINITY ? this.#value() : this.#item();
      this.#path.pop();
      if (item === BREAK) break;
      array.push(item);
    }
    return array;
  }

  #map(length: number): JsonObject {
    const object: JsonObject = {};
    for (let count = 0; count < length; count++) {
      const key = this.#key(length === Number.POSITIVE_INFINITY);
      if (key === BREAK) break;
      this.#path.push(key);
      if (Object.hasOwn(object, key)) this.#duplicates.add(strictPath(this.#path));
      setOwn(object, key, this.#item());
      this.#path.pop();
    }
    return object;
  }

  #key(mayEnd: boolean): string | typeof BREAK {
    const first = this.#bytes[this.#at] ?? 0;
    const isString = first >= 0x40 && first <= INDEFINITE_TEXT;
    if (!isString && first !== END && this.#at < this.#bytes.length)
      throw this.#wrong("a key of a map must be a text or byte string");
    return (mayEnd ? this.#value() : this.#item()) as string | typeof BREAK;
  }

  #tagged(tag: number, start: number): Json {
    const encoding = laterEncodings.get(tag);
    if (encoding !== undefined) return this.#laterEncoded(encoding);
    if (tag === tags.bignum || tag === tags.negativeBignum)
      throw this.#wrong(`tag ${tag}: integers of more than 64 bits are not supported: send them as strings`, start);
    const content = this.#item();
    if (tag === tags.dateTime && typeof content !== "string")
      throw this.#wrong("tag 0: a time must be a string", start);
    return tag === tags.epoch ? this.#epoch(content, start) : content;
  }

  #epoch(seconds: Json, start: number): string {
    if (typeof seconds !== "number" || Math.abs(seconds) > 8.64e12)
      throw this.#wrong("tag 1: a time must be a number of seconds", start);
    return Number.isInteger(seconds) ? formatTime(seconds * 1000) : new Date(seconds * 1000).toISOString();
  }

  #laterEncoded(encoding: BufferEncoding): Json {
    const major = (this.#bytes[this.#at] ?? 0) >> 5;
    if (major !== 2) return this.#item();
    const bytes =
      this.#bytes[this.#at] === INDEFINITE_BYTES
        ? this.#pieces(INDEFINITE_BYTES)
        : Buffer.from(this.#next().value as Uint8Array);
    return Buffer.from(bytes).toString(encoding);
  }

  /** A string of indefinite length, which the library does not read: pieces of the same sort up to a break. */
  #pieces(first: number): Uint8Array {
    this.#tokens = this.#tokensFrom(this.#at + 1);
    const pieces: Uint8Array[] = [];
    for (;;) {
      const head = this.#bytes[this.#at];
      if (head === END) break;
      if (head === undefined || head >> 5 !== first >> 5 || head === first)
        throw this.#wrong("a string of indefinite length must consist of strings of its sort and end with a break");
      pieces.push(bytesOf(this.#next()));
    }
    this.#tokens = this.#tokensFrom(this.#at + 1);
    const whole = Buffer.concat(pieces);
    return first === INDEFINITE_BYTES ? whole : this.#checked(whole);
  }

  /** Text strings are UTF-8. */
  #checked(bytes: Uint8Array): Uint8Array {
    this.#text(bytes);
    return bytes;
  }

  #text(bytes: Uint8Array): string {
    try {
      return this.#utf8.decode(bytes);
    } catch {
      throw this.#wrong("a text string that is no UTF-8");
    }
  }

  #integer(value: number | bigint, start: number): number {
    if (typeof value === "number") return value;
    if (BigInt.asIntN(64, value) !== value)
      throw this.#wrong(`integer ${value} does not fit into 64 bits with a sign`, start);
    if (BigInt(Number(value)) !== value) this.#inexact.push(strictPath(this.#path));
    return Number(value);
  }

  #float(value: number, start: number): number {
    if (!Number.isFinite(value)) throw this.#wrong(`${value} has no JSON`, start);
    return value;
  }

  #wrong(what: string, at = this.#at): CborError {
    const field = strictPath(this.#path);
    return new CborError(`${what}, byte ${at}${field === "" ? "" : `, field ${JSON.stringify(field)}`}`);
  }
}

/** Of a string of either sort; the library keeps no bytes of an empty text. */
function bytesOf({ type, value, byteValue = new Uint8Array(0) }: Token): Uint8Array {
  return type.name === "bytes" ? (value as Uint8Array) : byteValue;
}
