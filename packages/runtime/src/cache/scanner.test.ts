import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type LocatedEvent, locateEvent, locateEventFast } from "./event-scanner.ts";
import { scanList } from "./list-scanner.ts";
import { createObjectSpans, type ObjectSpans, scanObject } from "./object-scanner.ts";
import { readString, readValue, scanElements, scanMembers, skipSpace, skipValue } from "./scanner.ts";

/** Strings with what hurts: quotes, escapes, brackets, names of our own keys, all of Unicode. */
const nastyString = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom(
    '"',
    "\\",
    '\\"',
    "}{",
    "][",
    "\u0000\n\t",
    "ü€😀",
    '"managedFields":[',
    "metadata",
    "name",
    "\u2028",
  ),
);
/**
 * Keys hold no backslash: V8 of Node 24 takes the key `"` for `\\` once it has parsed an object with that key in the same
 * place, so JSON.parse is no judge there.
 */
const key = nastyString.filter((text) => !text.includes("\\"));
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    nastyString,
    fc.constantFrom(null, true, false),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4 }),
  ),
}));

interface Style {
  readonly indent: string;
  readonly escaped: boolean;
}
const style: fc.Arbitrary<Style> = fc.record({
  indent: fc.constantFrom("", "", " ", "\t", "  "),
  escaped: fc.boolean(),
});

/** JSON text in any style: indented or not, keys and strings with or without needless escapes. */
function write(data: unknown, { indent, escaped }: Style): Buffer {
  const text = JSON.stringify(data, null, indent);
  // An escape of an ordinary letter is legal wherever a string is.
  return Buffer.from(
    escaped
      ? text.replace(/(?<=[{,]\s*")([a-zA-Z])/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`)
      : text,
  );
}

/** An object with its keys in the order of the given numbers. */
function shuffled(members: readonly (readonly [string, unknown])[], order: readonly number[]): Record<string, unknown> {
  const ranked = members.map((member, index) => ({ member, rank: order[index % order.length]! + index * 1e-6 }));
  return Object.fromEntries(ranked.sort((a, b) => a.rank - b.rank).map(({ member }) => member));
}

const time = fc
  .integer({ min: 0, max: 2_000_000_000 })
  .map((seconds) => new Date(seconds * 1000).toISOString().replace(".000Z", "Z"));
const managedFields = fc.array(
  fc.record(
    {
      manager: nastyString,
      operation: fc.constantFrom("Apply", "Update"),
      time,
      fieldsV1: value,
      subresource: fc.constantFrom("status", ""),
    },
    { requiredKeys: [] },
  ),
  { maxLength: 4 },
);
const metadata = fc
  .record(
    {
      name: nastyString,
      namespace: nastyString,
      uid: nastyString,
      resourceVersion: fc.nat().map(String),
      generation: fc.nat(),
      deletionTimestamp: time,
      creationTimestamp: fc.constant(null),
      labels: fc.oneof(fc.dictionary(key, nastyString), fc.constant(null)),
      annotations: fc.dictionary(key, nastyString),
      ownerReferences: fc.array(fc.record({ uid: nastyString, name: nastyString })),
      finalizers: fc.array(nastyString),
      managedFields: fc.oneof(managedFields, fc.constant(null)),
      selfLink: value,
    },
    { requiredKeys: [] },
  )
  .chain((fields) =>
    fc.array(fc.nat(), { minLength: 13, maxLength: 13 }).map((order) => shuffled(Object.entries(fields), order)),
  );
const kubeObject = fc
  .tuple(
    fc.record(
      {
        kind: nastyString,
        apiVersion: nastyString,
        metadata,
        spec: fc.oneof(value, fc.record({ managedFields: fc.array(value), metadata: value })),
        status: value,
      },
      { requiredKeys: ["metadata"] },
    ),
    fc.array(fc.nat(), { minLength: 5, maxLength: 5 }),
  )
  .map(([fields, order]) => shuffled(Object.entries(fields), order));

const text = (b: Buffer, start: number, end: number): string | undefined =>
  start < 0 ? undefined : readString(b, start, end);
const parsed = (b: Buffer, start: number, end: number): unknown => (start < 0 ? undefined : readValue(b, start, end));

/** What the spans say, in the shape of the parsed metadata. */
function told(b: Buffer, s: ObjectSpans) {
  return {
    kind: text(b, s.kindStart, s.kindEnd),
    apiVersion: text(b, s.apiVersionStart, s.apiVersionEnd),
    name: text(b, s.nameStart, s.nameEnd),
    namespace: text(b, s.namespaceStart, s.namespaceEnd),
    uid: text(b, s.uidStart, s.uidEnd),
    resourceVersion: text(b, s.resourceVersionStart, s.resourceVersionEnd),
    generation: s.generation < 0 ? undefined : s.generation,
    deletionTimestamp: text(b, s.deletionTimestampStart, s.deletionTimestampEnd),
    labels: parsed(b, s.labelsStart, s.labelsEnd),
    annotations: parsed(b, s.annotationsStart, s.annotationsEnd),
    ownerReferences: parsed(b, s.ownerReferencesStart, s.ownerReferencesEnd),
    finalizers: parsed(b, s.finalizersStart, s.finalizersEnd),
    writer: text(b, s.writerStart, s.writerEnd),
    statusWriter: text(b, s.statusWriterStart, s.statusWriterEnd),
  };
}

interface Entry {
  readonly manager?: string;
  readonly time?: string;
  readonly subresource?: string;
}

function expected(object: Record<string, unknown>) {
  const meta = object["metadata"] as Record<string, unknown>;
  const entries = ((meta["managedFields"] ?? []) as Entry[]).filter((entry) => entry.manager !== undefined);
  const newest = (ofStatus: boolean): Entry | undefined =>
    entries
      .filter((entry) => (entry.subresource === "status") === ofStatus)
      .reduce<Entry | undefined>(
        (best, entry) => (best === undefined || (entry.time ?? "") >= (best.time ?? "") ? entry : best),
        undefined,
      );
  return {
    kind: object["kind"],
    apiVersion: object["apiVersion"],
    name: meta["name"],
    namespace: meta["namespace"],
    uid: meta["uid"],
    resourceVersion: meta["resourceVersion"],
    generation: meta["generation"],
    deletionTimestamp: meta["deletionTimestamp"],
    labels: meta["labels"] ?? undefined,
    annotations: meta["annotations"],
    ownerReferences: meta["ownerReferences"],
    finalizers: meta["finalizers"],
    writer: newest(false)?.manager,
    statusWriter: newest(true)?.manager,
  };
}

const runs = { numRuns: 300 };

describe("scanner", () => {
  it("skips exactly what JSON.parse would read, in any style", () => {
    fc.assert(
      fc.property(value, style, (data, how) => {
        const b = Buffer.concat([write(data, how), Buffer.from(" ,1")]);
        const end = skipValue(b, 0, b.length);
        expect(readValue(b, 0, end)).toEqual(JSON.parse(JSON.stringify(data)));
        expect(b.subarray(end).toString()).toBe(" ,1");
      }),
      runs,
    );
  });

  it("visits the members and elements that JSON.parse sees", () => {
    fc.assert(
      fc.property(fc.dictionary(key, fc.array(value, { maxLength: 3 })), style, (data, how) => {
        const b = write(data, how);
        const seen: [string, unknown[]][] = [];
        const end = scanMembers(b, 0, b.length, (keyStart, keyEnd, at) => {
          const elements: unknown[] = [];
          const valueEnd = scanElements(b, at, b.length, (element) => {
            const elementEnd = skipValue(b, element, b.length);
            elements.push(readValue(b, element, elementEnd));
            return elementEnd;
          });
          seen.push([readString(b, keyStart, keyEnd), elements]);
          return valueEnd;
        });
        expect(end).toBe(b.length);
        expect(seen).toEqual(Object.entries(JSON.parse(b.toString())));
      }),
      runs,
    );
  });

  it("throws on a value cut anywhere, and never reads past its limit", () => {
    const b = Buffer.from('{"a":["x\\"y",{"b":1}],"c":"d"}');
    for (let cut = 1; cut < b.length; cut++) {
      expect(() => skipValue(b, 0, cut), `cut at ${cut}`).toThrow(SyntaxError);
      expect(() => scanMembers(b, 0, cut, (_, __, at) => skipValue(b, at, cut)), `members cut at ${cut}`).toThrow(
        SyntaxError,
      );
    }
  });

  it("finds the first byte that is no white space", () => {
    expect(skipSpace(Buffer.from(" \t\r\nx"), 0, 5)).toBe(4);
    expect(skipSpace(Buffer.from("   "), 0, 3)).toBe(3);
  });
});

describe("object scanner", () => {
  it("finds in any object what JSON.parse finds, whatever the order, style and escapes", () => {
    fc.assert(
      fc.property(kubeObject, style, (object, how) => {
        const b = write(object, how);
        const spans = createObjectSpans();
        scanObject(b, 0, b.length, true, spans);
        const want = JSON.parse(b.toString()) as Record<string, unknown>;
        expect(told(b, spans)).toEqual(expected(want));
        expect(spans.end).toBe(b.length);
      }),
      { numRuns: 600 },
    );
  });

  it("cuts managedFields of metadata, and nothing else, into valid JSON", () => {
    fc.assert(
      fc.property(kubeObject, style, (object, how) => {
        const b = write(object, how);
        const spans = createObjectSpans();
        scanObject(b, 0, b.length, true, spans);
        const rest = spans.cutStart < 0 ? b : Buffer.concat([b.subarray(0, spans.cutStart), b.subarray(spans.cutEnd)]);
        const want = JSON.parse(b.toString()) as { metadata: Record<string, unknown> };
        delete want.metadata["managedFields"];
        expect(JSON.parse(rest.toString())).toEqual(want);
      }),
      { numRuns: 600 },
    );
  });

  it("finds the same when it stops early, with anything before and behind", () => {
    fc.assert(
      fc.property(kubeObject, (object) => {
        const b = Buffer.from(`xx${JSON.stringify(object)}}\n`);
        const whole = createObjectSpans();
        const early = createObjectSpans();
        scanObject(b, 2, b.length, true, whole);
        scanObject(b, 2, whole.end, false, early);
        expect(told(b, early)).toEqual(told(b, whole));
        expect([early.cutStart, early.cutEnd, early.end]).toEqual([whole.cutStart, whole.cutEnd, b.length - 2]);
      }),
      runs,
    );
  });

  it("leaves nothing of one object in the scan of the next", () => {
    const spans = createObjectSpans();
    const full = Buffer.from(
      '{"kind":"A","metadata":{"name":"a","labels":{"x":"y"},"generation":3,"managedFields":[{"manager":"m"}]}}',
    );
    scanObject(full, 0, full.length, true, spans);
    const bare = Buffer.from('{"metadata":{}}');
    scanObject(bare, 0, bare.length, true, spans);
    const fresh = createObjectSpans();
    scanObject(bare, 0, bare.length, true, fresh);
    expect(spans).toEqual(fresh);
  });

  it("throws on an object cut anywhere", () => {
    const b = Buffer.from(
      '{"metadata":{"name":"a","managedFields":[{"manager":"m","fieldsV1":{"f:a":{}}}],"labels":{"x":"y"}},"spec":{"a":1}}',
    );
    for (let cut = 1; cut < b.length; cut++)
      expect(() => scanObject(b, 0, cut, true, createObjectSpans()), `cut at ${cut}`).toThrow(SyntaxError);
  });

  it("takes numbers written in other ways", () => {
    const generation = (written: string): number => {
      const b = Buffer.from(`{"metadata":{"generation":${written}}}`);
      const spans = createObjectSpans();
      scanObject(b, 0, b.length, true, spans);
      return spans.generation;
    };
    expect(["7", "1e3", "null", "2.0"].map(generation)).toEqual([7, 1000, -1, 2]);
  });
});

describe("event scanner", () => {
  const types = ["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"] as const;

  it("finds type and object in any order and style", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...types),
        fc.dictionary(key, value),
        fc.boolean(),
        style,
        value,
        (type, object, objectFirst, how, extra) => {
          const event = objectFirst ? { extra, object, type } : { type, object, extra };
          const b = write(event, how);
          const found = locateEvent(b, 0, b.length);
          expect(found.type).toBe(type);
          expect(readValue(b, found.start, found.end)).toEqual(JSON.parse(JSON.stringify(object)));
        },
      ),
      runs,
    );
  });

  it("takes the fast way for events as API servers write them, with the same result", () => {
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.dictionary(key, value, { minKeys: 1 }), (type, object) => {
        const b = Buffer.from(JSON.stringify({ type, object: { metadata: {}, ...object, last: {} } }));
        const fast: LocatedEvent = { type: "ADDED", start: 0, end: 0 };
        expect(locateEventFast(b, 0, b.length, fast)).toBe(true);
        expect(fast).toEqual(locateEvent(b, 0, b.length));
      }),
      runs,
    );
  });

  it("leaves other events to the slow way", () => {
    const fast: LocatedEvent = { type: "ADDED", start: 0, end: 0 };
    for (const event of [
      '{"type":"ADDED", "object":{"metadata":{"a":{}}}}',
      '{"object":{"metadata":{"a":{}}},"type":"ADDED"}',
      '{"type":"ADDED","object":{"metadata":{"a":1}},"x":1}',
      '{"type":"BOOKED","object":{"metadata":{"a":{}}}}',
    ]) {
      const b = Buffer.from(event);
      expect(locateEventFast(b, 0, b.length, fast), event).toBe(false);
    }
  });

  it("refuses what is no event", () => {
    for (const event of [
      '{"type":"ADDED"}',
      '{"type":"OTHER","object":{}}',
      '{"object":{}}',
      '{"type":"ADDED","object":[]}',
      "[]",
      '{"type":"ADDED","object":{}} {}',
    ]) {
      const b = Buffer.from(event);
      expect(() => locateEvent(b, 0, b.length), event).toThrow(SyntaxError);
    }
  });
});

describe("list scanner", () => {
  it("finds the items and the head of a list in any order and style", () => {
    fc.assert(
      fc.property(
        fc.array(kubeObject, { maxLength: 4 }),
        fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
        style,
        fc.string(),
        (items, order, how, token) => {
          const list = shuffled(
            [
              ["kind", "PodList"],
              ["apiVersion", "v1"],
              ["metadata", { resourceVersion: "12", continue: token }],
              ["items", items],
            ],
            order,
          );
          const b = write(list, how);
          const seen: unknown[] = [];
          const head = scanList(b, (start, limit) => {
            const spans = createObjectSpans();
            scanObject(b, start, limit, true, spans);
            seen.push(readValue(b, start, spans.end));
            return spans.end;
          });
          expect(seen).toEqual(JSON.parse(JSON.stringify(items)));
          expect(head).toEqual({ kind: "PodList", resourceVersion: "12", continue: token || undefined });
        },
      ),
      runs,
    );
  });

  it("takes null for no items, as Go writes an empty list", () => {
    const b = Buffer.from('{"kind":"PodList","metadata":{"resourceVersion":"3"},"items":null}');
    expect(scanList(b, () => expect.unreachable())).toEqual({
      kind: "PodList",
      resourceVersion: "3",
      continue: undefined,
    });
  });

  it("throws on a list that is cut off", () => {
    const b = Buffer.from('{"metadata":{"resourceVersion":"3"},"items":[{"a":1},{"b":');
    expect(() => scanList(b, (start, limit) => skipValue(b, start, limit))).toThrow(SyntaxError);
  });
});
