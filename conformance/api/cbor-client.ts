import type { Transport } from "@homeostat/api";
import { decodeFirst, encode, Tagged } from "cborg";

/** Requests and answers in CBOR, read by the library alone: nothing of the server's own is between. */
export interface CborAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  /** As {@link readItems} shows it; fails the test where it is not one item. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every kind
  readonly body: any;
}

export type Send = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<CborAnswer>;

const cbor = "application/cbor";
const selfDescribed = 55799;

/** Sends bytes as they are and all else in CBOR; asks for CBOR, and takes JSON where there is none. */
export function cborOf(transport: Transport): Send {
  return async (method, path, body, headers = {}) => {
    const sent = body === undefined || body instanceof Uint8Array ? body : encode(new Tagged(selfDescribed, body));
    const response = await transport({
      method,
      path,
      headers: {
        accept: `${cbor}, application/json;q=0.9`,
        ...(sent === undefined ? {} : { "content-type": cbor }),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent }),
    });
    const bytes = await response.bytes();
    return {
      status: response.status,
      headers: response.headers,
      bytes,
      get body() {
        const [item, ...others] = readItems(bytes);
        if (others.length > 0) throw new Error(`one item is expected, not ${others.length + 1}`);
        return item;
      },
    };
  };
}

/** Items of a sequence. Byte strings are shown as texts, those under tag 22 as the `Uint8Array` they are. */
export function readItems(bytes: Uint8Array): unknown[] {
  const items: unknown[] = [];
  const tags = { [selfDescribed]: (content: () => unknown) => content(), 22: Tagged.decoder(22) };
  for (let rest = bytes; rest.length > 0; ) {
    const [item, remainder] = decodeFirst(rest, { useMaps: true, tags });
    items.push(plain(item));
    rest = remainder;
  }
  return items;
}

function plain(value: unknown): unknown {
  if (value instanceof Tagged) return value.value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  return Object.fromEntries([...value].map(([key, item]) => [plain(key), plain(item)]));
}

/** A watch in CBOR, read up to so many events. */
export async function watchItems(transport: Transport, path: string, count: number): Promise<WatchedItems> {
  const aborting = new AbortController();
  const chunks: Uint8Array[] = [];
  const { status, headers, pipe } = await transport({
    method: "GET",
    path: `${path}${path.includes("?") ? "&" : "?"}watch=true`,
    headers: { accept: cbor },
    signal: aborting.signal,
  });
  const read = Promise.withResolvers<unknown[]>();
  const ended = pipe((chunk) => {
    chunks.push(Uint8Array.from(chunk));
    // Items may be cut anywhere by the network: what is not whole yet is read with the next piece.
    const items = wholeItems(Buffer.concat(chunks));
    if (items.length >= count) read.resolve(items);
  });
  ended.then(() => read.resolve(wholeItems(Buffer.concat(chunks))), read.reject);
  return {
    status,
    headers,
    // biome-ignore lint/suspicious/noExplicitAny: as above
    items: read.promise.finally(() => aborting.abort()) as Promise<any[]>,
  };
}

export interface WatchedItems {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly items: Promise<any[]>;
}

function wholeItems(bytes: Uint8Array): unknown[] {
  try {
    return readItems(bytes);
  } catch {
    return [];
  }
}
