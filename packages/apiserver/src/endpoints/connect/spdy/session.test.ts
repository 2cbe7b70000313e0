import { once } from "node:events";
import { duplexPair } from "node:stream";
import { constants, deflateSync } from "node:zlib";
import { expect, it } from "vitest";
import { spdyDictionary } from "./dictionary.ts";
import { type SpdyStream, serveSpdy } from "./session.ts";

/** A control frame. */
function control(type: number, payload: Uint8Array, flags = 0): Buffer {
  const head = Buffer.from([0x80, 3, 0, type, flags, 0, 0, 0]);
  head.writeUIntBE(payload.length, 5, 3);
  return Buffer.concat([head, payload]);
}

const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** Opens a stream with no headers; only the first of a connection. */
const open = (id: number): Buffer => {
  const block = deflateSync(number(0), { dictionary: spdyDictionary(), finishFlush: constants.Z_SYNC_FLUSH });
  return control(1, Buffer.concat([number(id), number(0), Buffer.alloc(2), block]));
};

const data = (id: number, text: string, flags = 0): Buffer => {
  const head = Buffer.concat([number(id), number(text.length)]);
  head[4] = flags;
  return Buffer.concat([head, Buffer.from(text)]);
};

function serve() {
  const [client, server] = duplexPair();
  const streams: SpdyStream[] = [];
  const opened = Promise.withResolvers<SpdyStream>();
  const session = serveSpdy(server, (stream) => {
    streams.push(stream);
    opened.resolve(stream);
  });
  return { client, session, streams, opened: opened.promise };
}

it("answers pings, and carries data both ways until both sides end", async () => {
  const { client, session, opened } = serve();
  client.write(control(6, number(1)));
  expect((await once(client, "data"))[0]).toEqual(control(6, number(1)));
  let answered = Buffer.alloc(0);
  client.on("data", (chunk: Buffer) => (answered = Buffer.concat([answered, chunk])));
  client.write(Buffer.concat([open(1), data(1, "hello "), data(1, "there", 1)]));
  const stream = await opened;
  let text = "";
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) text += chunk;
  expect(text).toBe("hello there");
  stream.end("bye");
  await once(stream, "finish");
  session.close();
  await once(client, "end");
  expect(answered.subarray(0, 8)).toEqual(Buffer.from([0x80, 3, 0, 2, 0, 0, 0, answered[7]!]));
  expect(answered.includes(data(1, "bye"))).toBe(true);
  expect(answered.subarray(-8)).toEqual(data(1, "", 1));
  client.end();
  await session.closed;
});

it("takes frames that come byte by byte", async () => {
  const { client, opened } = serve();
  for (const byte of Buffer.concat([open(1), data(1, "x", 1)])) client.write(Buffer.of(byte));
  expect(String((await once(await opened, "data"))[0])).toBe("x");
  client.destroy();
});

it("ends streams whose connection breaks while nobody reads them", async () => {
  const { client, session, opened } = serve();
  client.write(open(1));
  const stream = await opened;
  client.write(data(1, "x".repeat(200_000)));
  client.write(data(1, "x".repeat(200_000)));
  session.close();
  client.destroy();
  stream.destroy();
  await session.closed;
  expect(session.signal.aborted).toBe(true);
});

it.for([
  ["of another version", Buffer.from([0x80, 2, 0, 1, 0, 0, 0, 0])],
  ["of another protocol", Buffer.from("\xffET / HTTP/1.1\r\n\r\n", "latin1")],
  ["that is too large", Buffer.from([0, 0, 0, 1, 0, 0xff, 0xff, 0xff])],
  ["that is cut off", control(1, Buffer.alloc(2))],
  ["with headers that are not compressed", control(1, Buffer.concat([number(1), Buffer.alloc(16, 7)]))],
  ["with a reset of nothing", control(3, Buffer.alloc(1))],
] as const)("closes a connection that sends a frame %s", async ([, frame]) => {
  const { client, session, streams } = serve();
  client.on("error", () => undefined).resume();
  client.write(frame);
  await session.closed;
  expect(streams).toEqual([]);
});
