import { constants, createInflate, deflateSync } from "node:zlib";
import { spdyDictionary } from "./dictionary.ts";

/** A block of headers may grow to this many bytes; those of kubectl have some hundred. */
const maxBlockBytes = 64 * 1024;

/** Reads the blocks of one connection, which share one state of decompression and must come in order. */
export interface HeaderReader {
  /** @throws Error when the block is malformed or too large */
  read(block: Uint8Array): Promise<ReadonlyMap<string, string>>;
  close(): void;
}

export function createHeaderReader(): HeaderReader {
  const inflate = createInflate({ dictionary: spdyDictionary(), flush: constants.Z_SYNC_FLUSH });
  let parts: Buffer[] = [];
  let size = 0;
  let failed: Error | undefined;
  inflate.on("data", (part: Buffer) => {
    size += part.length;
    if (size > maxBlockBytes) inflate.destroy(new Error(`a block of headers exceeds ${maxBlockBytes} bytes`));
    else parts.push(part);
  });
  inflate.on("error", (error) => (failed = error));
  return {
    async read(block) {
      [parts, size] = [[], 0];
      await new Promise<void>((resolve, reject) => {
        const settle = (error?: Error | null): void => {
          const problem = error ?? failed;
          if (problem) reject(problem);
          else resolve();
        };
        inflate.once("error", settle);
        inflate.write(block, (error) => {
          inflate.off("error", settle);
          settle(error);
        });
      });
      return parseHeaders(Buffer.concat(parts));
    },
    close: () => void inflate.destroy(),
  };
}

/** A count, then names and values, each after its length. Several values of a name are parted by zero bytes. */
function parseHeaders(bytes: Buffer): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  let at = 4;
  const text = (): string => {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) throw new Error("a block of headers ends within a header");
    const found = bytes.toString("utf8", at + 4, end);
    at = end;
    return found;
  };
  for (let left = bytes.readUInt32BE(0); left > 0; left--) headers.set(text().toLowerCase(), text());
  return headers;
}

/**
 * Writes blocks without compressing them, which the format allows: the first starts the compressed stream, and the
 * content of each is one stored piece. So no state is kept.
 */
export function createEmptyHeaderWriter(): () => Buffer {
  const count = Buffer.alloc(4);
  const piece = (content: Buffer): Buffer => {
    const length = content.length;
    return Buffer.concat([Buffer.from([0, length, 0, ~length & 0xff, 0xff]), content]);
  };
  // The empty piece has readers hand out what came before it.
  const stored = Buffer.concat([piece(count), piece(Buffer.alloc(0))]);
  let first = true;
  return () => {
    const start = first ? deflateSync(Buffer.alloc(0), { dictionary: spdyDictionary() }).subarray(0, 6) : [];
    first = false;
    return Buffer.concat([Buffer.from(start), stored]);
  };
}
