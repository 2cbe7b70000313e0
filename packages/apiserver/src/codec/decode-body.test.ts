import { ApiError } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { type DecodeBodyOptions, decodeBody, decodeJson } from "./decode-body.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function failure(text: string, contentType?: string, options?: DecodeBodyOptions) {
  try {
    decodeBody(bytes(text), contentType, options);
  } catch (error) {
    if (error instanceof ApiError) return { code: error.code, reason: error.reason, message: error.status.message };
    throw error;
  }
  throw new Error("expected a refusal");
}

describe("patches", () => {
  it("are of any shape, in JSON or YAML", () => {
    expect(decodeJson(bytes('[{"op":"remove","path":"/a"}]'))).toEqual({
      value: [{ op: "remove", path: "/a" }],
      duplicates: [],
    });
    expect(decodeJson(bytes("a: {b: 1}"), { yaml: true }).value).toEqual({ a: { b: 1 } });
    expect(() => decodeJson(bytes("a: 1"))).toThrow("not valid JSON");
  });
});

describe("request bodies", () => {
  it.each([[undefined], [""], ["application/json"], ["application/json; charset=utf-8"], ["Application/JSON"]])(
    "B010 reads JSON under the content type %j",
    (type) => {
      expect(decodeBody(bytes('{"a":1}'), type)).toEqual({ object: { a: 1 }, duplicates: [] });
    },
  );

  it("B010 reads YAML", () => {
    expect(decodeBody(bytes("a: 1\nb:\n- c: x\n"), "application/yaml").object).toEqual({ a: 1, b: [{ c: "x" }] });
  });

  it("B010 reads protobuf of built-in kinds only", () => {
    const body = new Uint8Array([0x6b, 0x38, 0x73, 0, 10, 15, 10, 2, 0x76, 0x31, 18, 9, ...bytes("ConfigMap")]);
    expect(decodeBody(body, "application/vnd.kubernetes.protobuf").object).toEqual({
      kind: "ConfigMap",
      apiVersion: "v1",
      metadata: {},
    });
    expect(() => decodeBody(body, "application/vnd.kubernetes.protobuf", { custom: true })).toThrow(
      "UnsupportedMediaType",
    );
  });

  it("B010 names the accepted types when it refuses another", () => {
    expect(failure("{}", "application/xml")).toEqual({
      code: 415,
      reason: "UnsupportedMediaType",
      message:
        "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/cbor",
    });
    expect(failure("{}", "text/plain", { custom: true }).message).not.toContain("protobuf");
  });

  it("says what is wrong with a body that cannot be read", () => {
    expect(failure("{,}")).toEqual({
      code: 400,
      reason: "BadRequest",
      message: 'the body is not valid JSON: "," where a key in double quotes is expected, line 1, column 2',
    });
    expect(failure("a: [1", "application/yaml").message).toMatch(/^the body is not valid YAML: .*line 1, column 6$/);
    expect(failure("\xff", "application/cbor").message).toMatch(/^the body is not valid CBOR: .*byte \d/);
    expect(failure("k8s", "application/vnd.kubernetes.protobuf").message).toBe(
      "the body is not valid protobuf: body does not start with the prefix of Kubernetes' protobuf",
    );
    expect(failure("").code).toBe(400);
  });

  it.each([
    ["[]", "an array"],
    ["null", "null"],
    ["1", "a number"],
    ['"x"', "a string"],
  ])("refuses %s: it is no object", (text, what) => {
    expect(failure(text)).toMatchObject({ code: 400, message: `the body must be an object, not ${what}` });
  });

  it("refuses integers of custom kinds that it could not store as sent", () => {
    const text = '{"spec":{"n":[1,12345678901234567891]}}';
    expect(failure(text, undefined, { custom: true })).toMatchObject({
      code: 400,
      message: expect.stringContaining("integers at spec.n[1] lie beyond"),
    });
    expect(failure("spec:\n  n: 12345678901234567891\n", "application/yaml", { custom: true }).message).toContain(
      "spec.n",
    );
    expect(decodeBody(bytes(text), undefined).object).toHaveProperty("spec");
  });

  it("B061 reads CBOR, and holds it to what JSON is held to", () => {
    const hex = (text: string): Uint8Array => Buffer.from(text, "hex");
    expect(decodeBody(hex("d9d9f7a1616101"), "application/cbor")).toEqual({ object: { a: 1 }, duplicates: [] });
    expect(decodeBody(hex("a2616101616102"), "application/cbor")).toEqual({
      object: { a: 2 },
      duplicates: ['duplicate field "a"'],
    });
    const large = hex("a161611b7fffffffffffffff");
    expect(() => decodeBody(large, "application/cbor", { custom: true })).toThrow("integers at a lie beyond");
    expect(decodeBody(large, "application/cbor").object).toEqual({ a: 2 ** 63 });
    expect(() => decodeBody(hex("80"), "application/cbor")).toThrow("the body must be an object, not an array");
  });

  it("B099 names duplicate keys", () => {
    expect(decodeBody(bytes('{"a":{"b":1,"b":2}}'), undefined).duplicates).toEqual(['duplicate field "a.b"']);
    expect(decodeBody(bytes("a:\n  b: 1\n  b: 2\n"), "application/yaml")).toEqual({
      object: { a: { b: 2 } },
      duplicates: ['duplicate field "a.b"'],
    });
  });
});
