import { encode, Tagged } from "cborg";
import { describe, expect, it } from "vitest";
import { CborError, parseCbor } from "./cbor-reader.ts";
import { encodeCbor, encodeCborEvent } from "./cbor-writer.ts";

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(" ", ""), "hex");
const read = (text: string) => parseCbor(hex(text)).value;

describe("CBOR bodies", () => {
  it.each([
    ["texts", "6161", "a"],
    ["an empty text", "60", ""],
    ["texts beyond ASCII", "62 c3a9", "é"],
    ["byte strings as texts", "42 6869", "hi"],
    ["integers", "83 17 3863 1b001fffffffffffff", [23, -100, 2 ** 53 - 1]],
    ["floats of each size", "83 f93e00 fa3fc00000 fb3ff199999999999a", [1.5, 1.5, 1.1]],
    ["true, false and null", "83 f5 f4 f6", [true, false, null]],
    ["keys of either sort", "a2 6161 01 4162 02", { a: 1, b: 2 }],
    ["the tag of CBOR itself, wherever it stands", "d9d9f7 a1 6161 d9d9f7 01", { a: 1 }],
    ["lists and maps of indefinite length", "bf 6161 9f 01 02 ff ff", { a: [1, 2] }],
    ["empty ones", "82 9fff bfff", [[], {}]],
    ["texts of indefinite length", "7f 6161 60 6162 ff", "ab"],
    ["byte strings of indefinite length", "82 5f 4161 4162 ff 01", ["ab", 1]],
    ["keys of indefinite length", "a1 7f 6161 6162 ff 01", { ab: 1 }],
    ["bytes that are base64 in JSON", "d6 43 010203", "AQID"],
    ["such in pieces", "d6 5f 4101 42 0203 ff", "AQID"],
    ["bytes that are base64url or base16 in JSON", "82 d5 42 ffff d7 42 ffff", ["__8", "ffff"]],
    ["times", "82 c0 64 74657874 c1 00", ["text", "1970-01-01T00:00:00Z"]],
    ["the content of other tags", "d8 20 6161", "a"],
    ["no prototype", "a1 69 5f5f70726f746f5f5f 01", JSON.parse('{"__proto__":1}')],
  ])("B061 reads %s", (_, bytes, value) => {
    expect(read(bytes)).toEqual(value);
    expect(Object.getPrototypeOf(Object(read(bytes)))).toBe(Object.getPrototypeOf(Object(value)));
  });

  it.each([
    ["nothing", "", "the body ends at byte 0"],
    ["half an item", "a1 6161", 'the body ends where a data item is expected, byte 3, field "a"'],
    ["a list longer than the body", "9b 0000000fffffffff 01", "the body ends"],
    ["a text longer than the body", "7b 0000000fffffffff 61", "not enough data"],
    ["more than an item", "01 02", "1 bytes follow the data item, byte 1"],
    ["a break alone", "ff", "a break outside"],
    ["a break in a list of fixed length", "82 01 ff", "a break where a data item is expected"],
    ["a break for a value", "bf 6161 ff", "a break where a data item is expected"],
    ["a list without an end", "9f 01", "the body ends"],
    ["a text without an end", "7f 6161", "end with a break"],
    ["a text in pieces of bytes", "7f 4161 ff", "strings of its sort"],
    ["a text within a text", "7f 7f ff ff", "strings of its sort"],
    ["texts that are no UTF-8", "62 c328", "no UTF-8"],
    ["NaN", "81 f97e00", 'NaN has no JSON, byte 1, field "[0]"'],
    ["infinity", "fa7f800000", "Infinity has no JSON"],
    ["undefined", "f7", "undefined has no JSON"],
    ["other simple values", "f8 20", "simple values are not supported"],
    ["keys that are no texts", "a1 01 02", "a key of a map must be a text or byte string, byte 1"],
    ["keys with tags", "a1 d9d9f7 6161 02", "a key of a map must be"],
    ["integers of any length", "c2 41 01", "more than 64 bits"],
    ["integers that need the sign's bit", "1b 8000000000000000", "64 bits with a sign"],
    ["a time that is none", "c0 01", "a time must be a string"],
    ["seconds that are none", "c1 6161", "a number of seconds"],
    ["reserved lengths", "1c", "invalid minor"],
  ])("B061 refuses %s", (_, bytes, message) => {
    expect(() => read(bytes)).toThrow(CborError);
    expect(() => read(bytes)).toThrow(message);
  });

  it("B061 refuses what is nested too deep", () => {
    const nested = (levels: number) => new Uint8Array([...new Uint8Array(levels).fill(0x81), 0]);
    expect(parseCbor(nested(1000)).value).toHaveLength(1);
    expect(() => parseCbor(nested(1001))).toThrow("nested deeper than 1000 levels");
    expect(() => parseCbor(nested(2_000_000))).toThrow("nested deeper than 1000 levels");
  });

  it("B061 tells of keys that come twice and of integers that are not exact", () => {
    const found = parseCbor(hex("a1 6173 a2 6161 01 4161 82 02 1b 0020000000000001"));
    expect(found).toEqual({ value: { s: { a: [2, 2 ** 53] } }, duplicates: ["s.a"], inexact: ["s.a[1]"] });
  });
});

describe("CBOR answers", () => {
  it("B061 are tagged, with texts as byte strings", () => {
    const bytes = Buffer.from(encodeCbor({ kind: "X", n: -1, x: [1.5, null, true, {}] })).toString("hex");
    expect(bytes).toBe("d9d9f7a3446b696e644158416e204178 84f93e00f6f5a0".replaceAll(" ", ""));
  });

  it("B061 hold bytes where a built-in kind has them, at any depth, and texts elsewhere", () => {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "AQID" }, data: { a: "AQID" } };
    const list = { apiVersion: "v1", kind: "SecretList", metadata: {}, items: [{ data: secret.data }] };
    const webhooks = [{ name: "w", clientConfig: { caBundle: "AQID" } }];
    const registration = {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      webhooks,
    };
    const custom = { apiVersion: "example.com/v1", kind: "Secret", data: { a: "AQID" } };
    const tagged = Buffer.from(encode(new Tagged(22, Uint8Array.of(1, 2, 3)))).toString("hex");
    const count = (value: object): number =>
      Buffer.from(encodeCbor(value as never))
        .toString("hex")
        .split(tagged).length - 1;
    expect([secret, list, registration, custom].map(count)).toEqual([1, 1, 1, 0]);
    for (const value of [secret, list, registration, custom])
      expect(parseCbor(encodeCbor(value as never)).value).toEqual(value);
    expect(secret.data.a).toBe("AQID");
  });

  it("B061 read back as they were, whatever the types make of them", () => {
    const odd = { apiVersion: "v1", kind: "Secret", metadata: null, data: [{ "": "x" }], type: 2 ** 60, x: -1e300 };
    expect(parseCbor(encodeCbor(odd as never)).value).toEqual(odd);
  });

  it("B061 put events of a watch behind each other", () => {
    const events = [encodeCborEvent("ADDED", { a: 1 }), encodeCborEvent("BOOKMARK", {})];
    expect(events.map((bytes) => parseCbor(bytes).value)).toEqual([
      { type: "ADDED", object: { a: 1 } },
      { type: "BOOKMARK", object: {} },
    ]);
  });
});
