import net, { type AddressInfo } from "node:net";
import { ApiError, createVirtualClock, expired, isExpired } from "@homeostat/api";
import { afterEach, describe, expect, it } from "vitest";
import { prepareConnection } from "./connection.ts";
import { createHttpTransport, type HttpTransport } from "./http-transport.ts";

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server whose connections are in the test's hand, and a transport to it. */
async function serverOf(onConnection: (socket: net.Socket) => void): Promise<{
  readonly transport: HttpTransport;
  /** Resolves when all connections so far are gone. */
  readonly hungUp: () => Promise<unknown>;
}> {
  const closes: Promise<unknown>[] = [];
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => {
    sockets.push(socket);
    closes.push(new Promise((resolve) => socket.on("error", () => {}).on("close", resolve)));
    socket.resume();
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const transport = createHttpTransport({ server: `http://127.0.0.1:${port}`, clock: createVirtualClock() });
  cleanups.push(() => {
    transport.close();
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  });
  return { transport, hungUp: () => Promise.all(closes) };
}

const chunk = (body: string): string => `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n`;
const head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const watch = { method: "GET", path: "/api/v1/configmaps?watch=true" };

describe("a stream whose reader throws", () => {
  // As a reflector does for an ERROR event: its error has a `code`, too, a number.
  const throwing = (): never => {
    throw expired("too old resource version");
  };

  it("fails with the reader's own error, whatever fields that has", async () => {
    let send = (): void => {};
    const { transport, hungUp } = await serverOf((socket) => {
      socket.once("data", () => socket.write(head));
      send = () => socket.write(chunk("an event\n"));
    });
    const response = await transport(watch);
    const piped = response.pipe(throwing).catch((error: unknown) => error);
    send();
    const error = await piped;
    expect(error).toBeInstanceOf(ApiError);
    expect(isExpired(error)).toBe(true);
    await hungUp();
  });

  it("is hung up on even where the bytes were there before the reader", async () => {
    const { transport, hungUp } = await serverOf((socket) => {
      socket.once("data", () => socket.write(head + chunk("an event\n")));
    });
    const response = await transport(watch);
    expect(isExpired(await response.pipe(throwing).catch((error: unknown) => error))).toBe(true);
    await hungUp();
  });
});

describe("a server that speaks another protocol", () => {
  it("is told from a slow one by its first bytes", async () => {
    const { transport, hungUp } = await serverOf((socket) => socket.write("SSH-2.0-OpenSSH\r\n"));
    await expect(transport({ method: "GET", path: "/version" })).rejects.toThrow(
      /server does not speak HTTP\/1.1: answer starts with "SSH-2.0|server sent bytes nobody asked for/,
    );
    await hungUp();
  });
});

describe("bytes that come before the connection is handed over", () => {
  it("end it, and whoever wanted it is told", async () => {
    const [left, right] = await pair();
    let closes = 0;
    const buffer = Buffer.from("hello\r\n");
    const opening = prepareConnection(buffer, { onClose: () => closes++ });
    opening.onRead(buffer.length);
    const connection = opening.opened(left);
    expect([connection.usable, closes, left.destroyed]).toEqual([false, 1, true]);
    await expect(connection.send("GET", { head: "", body: undefined })).rejects.toMatchObject({ code: "ENOTSENT" });
    right.destroy();
  });
});

/** Two ends of one connection. */
async function pair(): Promise<[net.Socket, net.Socket]> {
  const accepted = Promise.withResolvers<net.Socket>();
  const server = net.createServer((socket) => accepted.resolve(socket.on("error", () => {})));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => new Promise((resolve) => server.close(() => resolve())));
  const socket = net.connect((server.address() as AddressInfo).port, "127.0.0.1");
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  return [socket, await accepted.promise];
}
