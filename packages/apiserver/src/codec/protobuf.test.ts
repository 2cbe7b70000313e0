import type { JsonObject } from "@homeostat/api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allTypes, factsFolder, goldenPairs, hasFacts } from "../../generate/facts.ts";
import { builtinTypes } from "../schema/builtin-types.ts";
import { decodeProtobuf } from "./protobuf.ts";
import { ProtobufError } from "./wire.ts";

const utf8 = new TextEncoder();

function varint(value: number | bigint): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}

/** A length-delimited field. */
const message = (number: number, ...content: (number[] | string)[]): number[] => {
  const body = content.flatMap((part) => (typeof part === "string" ? [...utf8.encode(part)] : part));
  return [...varint((number << 3) | 2), ...varint(body.length), ...body];
};
const integer = (number: number, value: number | bigint): number[] => [...varint(number << 3), ...varint(value)];

const envelope = (apiVersion: string, kind: string, ...raw: number[][]): Uint8Array =>
  new Uint8Array([0x6b, 0x38, 0x73, 0, ...message(1, message(1, apiVersion), message(2, kind)), ...message(2, ...raw)]);

describe("protobuf bodies", () => {
  it("reads a ConfigMap", () => {
    const bytes = envelope(
      "v1",
      "ConfigMap",
      message(1, message(1, "settings"), message(3, "default")),
      message(2, message(1, "a"), message(2, "b")),
    );
    expect(decodeProtobuf(bytes)).toEqual({
      kind: "ConfigMap",
      apiVersion: "v1",
      metadata: { name: "settings", namespace: "default" },
      data: { a: "b" },
    });
  });

  it("gives an empty message the zeros that Kubernetes writes", () => {
    expect(decodeProtobuf(envelope("apps/v1", "Deployment"))).toEqual({
      kind: "Deployment",
      apiVersion: "apps/v1",
      metadata: {},
      spec: { selector: null, template: { metadata: {}, spec: { containers: null } }, strategy: {} },
      status: {},
    });
    expect(decodeProtobuf(envelope("v1", "Service"))).toMatchObject({
      metadata: {},
      spec: {},
      status: { loadBalancer: {} },
    });
  });

  it("keeps zeros behind pointers", () => {
    expect(decodeProtobuf(envelope("apps/v1", "Deployment", message(2, integer(1, 0), integer(5, 0))))).toMatchObject({
      spec: { replicas: 0 },
    });
  });

  it("reads negative integers, and refuses those a number does not hold", () => {
    const priority = (value: number | bigint) => envelope("scheduling.k8s.io/v1", "PriorityClass", integer(2, value));
    expect(decodeProtobuf(priority(-7))).toMatchObject({ value: -7 });
    const deadline = (value: bigint) => envelope("v1", "Pod", message(2, integer(5, value)));
    expect(decodeProtobuf(deadline(2n ** 53n - 1n))).toMatchObject({
      spec: { activeDeadlineSeconds: Number.MAX_SAFE_INTEGER },
    });
    expect(() => decodeProtobuf(deadline(2n ** 60n))).toThrow("cannot keep exactly");
  });

  it("joins a message that comes in pieces and skips fields it does not know", () => {
    const bytes = envelope("v1", "ConfigMap", message(1, message(1, "a")), integer(99, 1), message(1, message(3, "b")));
    expect(decodeProtobuf(bytes)).toEqual({
      kind: "ConfigMap",
      apiVersion: "v1",
      metadata: { name: "a", namespace: "b" },
    });
  });

  it("takes the expected kind where the envelope names none", () => {
    const bytes = envelope("", "", message(1, message(1, "a")));
    expect(decodeProtobuf(bytes, { kind: { group: "", version: "v1", kind: "ConfigMap" } })).toEqual({
      metadata: { name: "a" },
    });
    expect(() => decodeProtobuf(bytes)).toThrow('no kind "" is registered for version ""');
  });

  it("reads the options of a delete in any group version", () => {
    expect(decodeProtobuf(envelope("apps/v1", "DeleteOptions", message(4, "Foreground")))).toEqual({
      kind: "DeleteOptions",
      apiVersion: "apps/v1",
      propagationPolicy: "Foreground",
    });
  });

  it("answers any bytes with an object or a ProtobufError", () => {
    const good = envelope(
      "v1",
      "ConfigMap",
      message(1, message(1, "settings")),
      message(2, message(1, "a"), message(2, "b")),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(good.length),
        (changes, length) => {
          const bytes = good.slice(0, length);
          for (const [at, byte] of changes) if (at < length) bytes[at] = byte;
          try {
            expect(typeof decodeProtobuf(bytes)).toBe("object");
          } catch (error) {
            expect(error).toBeInstanceOf(ProtobufError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

const facts = factsFolder();

describe.skipIf(!hasFacts(facts))(
  "golden protobuf of Kubernetes 1.36 (skipped without the type facts and their golden folders)",
  () => {
    const every = hasFacts(facts) ? allTypes(facts) : builtinTypes();

    it("finds fixtures of all groups", () => {
      expect(goldenPairs(facts).length).toBeGreaterThan(150);
    });

    it.each(goldenPairs(facts).map((pair) => [pair.name, pair] as const))("decodes %s to its JSON", (_name, pair) => {
      const types = builtinTypes().ofKind(pair.apiVersion, pair.kind) ? builtinTypes() : every;
      // WatchEvent is written with an empty type in its envelope.
      const slash = pair.apiVersion.indexOf("/");
      const kind = {
        group: pair.apiVersion.slice(0, Math.max(0, slash)),
        version: pair.apiVersion.slice(slash + 1),
        kind: pair.kind,
      };
      const decoded = decodeProtobuf(pair.protobuf, { types, kind });
      expect(JSON.stringify(decoded)).toBe(JSON.stringify(JSON.parse(pair.json) as JsonObject));
    });
  },
);
