import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createWatchStream } from "./watch-stream.ts";

const events = [
  {
    type: "ADDED",
    object: { kind: "Pod", metadata: { name: "a", annotations: { x: 'quote " brace } newline \n end' } } },
  },
  { type: "MODIFIED", object: { kind: "Pod", metadata: { name: "ü€😀" }, spec: {} } },
  { type: "BOOKMARK", object: { kind: "Pod", metadata: { resourceVersion: "12" } } },
  { type: "DELETED", object: { kind: "Pod", metadata: { name: "a" } } },
];

/** Feeds the pieces from one buffer that is used again for each, as a socket's is. */
function read(pieces: readonly Buffer[]): unknown[] {
  const seen: unknown[] = [];
  const stream = createWatchStream((type, bytes, start, end) =>
    seen.push({ type, object: JSON.parse(bytes.toString("utf8", start, end)) }),
  );
  const reused = Buffer.alloc(Math.max(1, ...pieces.map(({ length }) => length)));
  for (const piece of pieces) {
    piece.copy(reused);
    stream.push(reused.subarray(0, piece.length));
    reused.fill(0xff);
  }
  stream.end();
  return seen;
}

const styles: Record<string, string> = {
  "one event a line": events.map((event) => `${JSON.stringify(event)}\n`).join(""),
  "one event a line, the last without its line end": events.map((event) => JSON.stringify(event)).join("\n"),
  "lines that end in CR LF, with blank ones between": events
    .map((event) => `${JSON.stringify(event)}\r\n\r\n`)
    .join(""),
  "events over many lines": events.map((event) => `${JSON.stringify(event, null, 2)}\n`).join(""),
  "events with the object first": events.map(({ type, object }) => `${JSON.stringify({ object, type })}\n`).join(""),
  "spaces after colons": events.map((event) => `${JSON.stringify(event, null, " ").replaceAll("\n", "")}\n`).join(""),
};

describe("watch stream", () => {
  for (const [name, text] of Object.entries(styles)) {
    it(`reads ${name}, cut at every byte`, () => {
      const bytes = Buffer.from(text);
      expect(read([bytes])).toEqual(events);
      for (let cut = 1; cut < bytes.length; cut++)
        expect(read([bytes.subarray(0, cut), bytes.subarray(cut)]), `cut at ${cut}`).toEqual(events);
      expect(read([...bytes].map((byte) => Buffer.from([byte])))).toEqual(events);
    });
  }

  it("reads any events in any pieces", () => {
    // No backslash in keys: JSON.parse of Node 24 mixes up the keys `"` and `\\`.
    const key = fc.string({ unit: "binary" }).filter((text) => !text.includes("\\"));
    const event = fc.record({
      type: fc.constantFrom("ADDED", "MODIFIED", "DELETED"),
      object: fc.dictionary(
        key,
        fc.oneof(fc.string({ unit: "binary" }), fc.integer(), fc.dictionary(key, fc.array(fc.string()))),
      ),
    });
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 6 }),
        fc.array(fc.nat({ max: 400 }), { maxLength: 20 }),
        fc.constantFrom("", "  "),
        (list, cuts, indent) => {
          const bytes = Buffer.from(list.map((one) => `${JSON.stringify(one, null, indent)}\n`).join(""));
          const at = [...new Set(cuts.filter((cut) => cut < bytes.length))].sort((a, b) => a - b);
          const pieces = [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length));
          expect(read(pieces)).toEqual(JSON.parse(JSON.stringify(list)));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("throws where the stream ends within an event", () => {
    const text = JSON.stringify(events[0]);
    for (let cut = 1; cut < text.length; cut++)
      expect(() => read([Buffer.from(text.slice(0, cut))]), `cut at ${cut}`).toThrow(SyntaxError);
  });

  it("throws on bytes that are no events", () => {
    expect(() => read([Buffer.from("<html>\n")])).toThrow(SyntaxError);
    expect(() => read([Buffer.from('{"type":"ADDED"}\n')])).toThrow("event without object");
  });

  it("refuses an event beyond the limit", () => {
    const stream = createWatchStream(() => {}, { maxEventBytes: 100 });
    stream.push(Buffer.from("x".repeat(80)));
    expect(() => stream.push(Buffer.from("x".repeat(80)))).toThrow("exceeds 100 bytes");
  });
});
