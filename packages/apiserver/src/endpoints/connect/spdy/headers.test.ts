import { constants, createDeflate, inflateSync } from "node:zlib";
import { expect, it } from "vitest";
import { spdyDictionary } from "./dictionary.ts";
import { createEmptyHeaderWriter, createHeaderReader } from "./headers.ts";

const dictionary = spdyDictionary();

function blockOf(headers: Readonly<Record<string, string>>): Buffer {
  const text = (value: string): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(value.length);
    return Buffer.concat([length, Buffer.from(value)]);
  };
  const count = Buffer.alloc(4);
  count.writeUInt32BE(Object.keys(headers).length);
  return Buffer.concat([count, ...Object.entries(headers).flat().map(text)]);
}

/** Compresses blocks one after the other, as a client does. */
function compressor(): (block: Buffer) => Promise<Buffer> {
  const deflate = createDeflate({ dictionary, flush: constants.Z_SYNC_FLUSH });
  const parts: Buffer[] = [];
  deflate.on("data", (part: Buffer) => parts.push(part));
  return async (block) => {
    await new Promise((resolve) => deflate.write(block, resolve));
    return Buffer.concat(parts.splice(0));
  };
}

it("reads blocks that build on those before them", async () => {
  const compress = compressor();
  const reader = createHeaderReader();
  const blocks: Record<string, string>[] = [
    { Streamtype: "error", port: "80" },
    { streamtype: "data", port: "80" },
    {},
  ];
  for (const headers of blocks) {
    const read = await reader.read(await compress(blockOf(headers)));
    expect([...read.values()]).toEqual(Object.values(headers));
    expect([...read.keys()]).toEqual(Object.keys(headers).map((name) => name.toLowerCase()));
  }
  reader.close();
});

it("writes blocks that every inflater reads one by one", () => {
  const write = createEmptyHeaderWriter();
  const inflated = inflateSync(Buffer.concat([write(), write()]), { dictionary, finishFlush: constants.Z_SYNC_FLUSH });
  expect(inflated).toEqual(Buffer.alloc(8));
});

it.for([
  ["that is not compressed", async () => Buffer.from("hello there")],
  ["that ends within a header", async () => compressor()(blockOf({ port: "80" }).subarray(0, 14))],
  ["that grows beyond all measure", async () => compressor()(blockOf({ port: "8".repeat(1 << 20) }))],
] as const)("refuses a block %s", async ([, block]) => {
  await expect(createHeaderReader().read(await block())).rejects.toThrow();
});

it("has the dictionary of the standard", () => {
  let [a, b] = [1, 0];
  for (const byte of dictionary) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  expect([dictionary.length, ((b << 16) | a) >>> 0]).toEqual([1423, 0xe3c6a7c2]);
});
