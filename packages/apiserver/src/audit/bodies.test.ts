import { describe, expect, it } from "vitest";
import { encodeCbor } from "../codec/cbor-writer.ts";
import { readBody } from "./bodies.ts";

describe("bodies in the audit log", () => {
  const object = { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, data: { a: "AAH/" } };

  it.each(["application/cbor", "application/apply-patch+cbor"])("are read from %s", (type) => {
    expect(readBody(encodeCbor(object), type)).toEqual(object);
    expect(readBody(encodeCbor(object).subarray(0, -1), type)).toBeUndefined();
  });

  it("are left out where they are of a type nobody reads", () => {
    expect(readBody(encodeCbor(object), "application/cbor-seq")).toBeUndefined();
  });
});
