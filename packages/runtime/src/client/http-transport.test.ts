import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import { createVirtualClock, type TransportResponse } from "@homeostat/api";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createHttpTransport, type HttpTransport, type HttpTransportOptions } from "./http-transport.ts";

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function listen(server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));
}

function transportTo(port: number, options: Partial<HttpTransportOptions> = {}): HttpTransport {
  const transport = createHttpTransport({ server: `http://127.0.0.1:${port}`, ...options });
  cleanups.push(() => transport.close());
  return transport;
}

const text = async (response: TransportResponse): Promise<string> =>
  Buffer.from(await response.bytes()).toString("utf8");

/** A server that hands raw bytes to each request, by number of the request; `undefined` hangs up. */
async function rawServer(answer: (request: number, socket: net.Socket, head: string) => string | undefined) {
  let connections = 0;
  let requests = 0;
  const server = net.createServer((socket) => {
    connections++;
    let head = "";
    socket.on("data", (data) => {
      head += data.toString("latin1");
      while (head.includes("\r\n\r\n")) {
        const one = head.slice(0, head.indexOf("\r\n\r\n") + 4);
        head = head.slice(one.length);
        const bytes = answer(++requests, socket, one);
        if (bytes === undefined) socket.destroy();
        else socket.write(bytes);
      }
    });
  });
  const port = await listen(server);
  return { port, connections: () => connections, requests: () => requests };
}

const ok = (body: string): string => `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe("http transport", () => {
  it("sends method, path, headers and body, and reads status, headers and body", async () => {
    const port = await listen(
      http.createServer((request, response) => {
        let body = "";
        request.on("data", (data) => (body += data));
        request.on("end", () => {
          response.writeHead(201, { "x-seen": `${request.method} ${request.url} ${request.headers["content-type"]}` });
          response.end(`got ${body}`);
        });
      }),
    );
    const response = await transportTo(port)({
      method: "POST",
      path: "/api/v1/namespaces?a=b",
      headers: { "content-type": "application/json" },
      body: '{"a":"ü"}',
    });
    expect(response.status).toBe(201);
    expect(response.headers["x-seen"]).toBe("POST /api/v1/namespaces?a=b application/json");
    expect(await text(response)).toBe('got {"a":"ü"}');
  });

  it("carries requests that follow each other over one connection", async () => {
    const server = await rawServer((request) => ok(`${request}`));
    const transport = transportTo(server.port);
    for (let i = 1; i <= 5; i++) expect(await text(await transport({ method: "GET", path: "/" }))).toBe(`${i}`);
    expect(server.connections()).toBe(1);
  });

  it("opens no more connections than the pool has and serves all requests", async () => {
    const server = await rawServer((request) => ok(`${request}`));
    const transport = transportTo(server.port, { poolSize: 3 });
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => text(await transport({ method: "GET", path: "/" }))),
    );
    expect(answers.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(server.connections()).toBe(3);
  });

  it("closes a connection that was idle for 90 seconds", async () => {
    const clock = createVirtualClock();
    let closed!: () => void;
    const hungUp = new Promise<void>((resolve) => (closed = resolve));
    const server = await rawServer((request, socket) => {
      socket.on("close", closed);
      return ok(`${request}`);
    });
    const transport = transportTo(server.port, { clock });
    await text(await transport({ method: "GET", path: "/" }));
    await clock.advance(89_999);
    await text(await transport({ method: "POST", path: "/" }));
    expect(server.connections()).toBe(1);
    await clock.advance(90_000);
    await hungUp;
    expect(await text(await transport({ method: "POST", path: "/" }))).toBe("3");
    expect(server.connections()).toBe(2);
  });

  it("frees a connection whose answer was never read", async () => {
    const server = await rawServer(() => ok("unread"));
    const transport = transportTo(server.port, { poolSize: 1 });
    for (let i = 0; i < 3; i++) expect((await transport({ method: "GET", path: "/" })).status).toBe(200);
    expect(server.connections()).toBe(1);
  });

  it("gives each watch a connection of its own, beside a full pool", async () => {
    const server = await rawServer((_, __, head) =>
      head.includes("watch=true") ? "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n" : ok("x"),
    );
    const transport = transportTo(server.port, { poolSize: 1 });
    await transport({ method: "GET", path: "/a?watch=true" });
    await transport({ method: "GET", path: "/b?watch=true" });
    expect(await text(await transport({ method: "GET", path: "/c" }))).toBe("x");
    expect(server.connections()).toBe(3);
  });

  it("K19 repeats a GET on a kept connection the server has closed meanwhile", async () => {
    const server = await rawServer((request) => (request === 2 ? undefined : ok(`${request}`)));
    const transport = transportTo(server.port);
    await text(await transport({ method: "GET", path: "/" }));
    expect(await text(await transport({ method: "GET", path: "/" }))).toBe("3");
  });

  it("K19 does not repeat a POST, which may have done its work", async () => {
    const server = await rawServer((request) => (request === 2 ? undefined : ok(`${request}`)));
    const transport = transportTo(server.port);
    await text(await transport({ method: "GET", path: "/" }));
    await expect(transport({ method: "POST", path: "/", body: "{}" })).rejects.toMatchObject({
      name: "ConnectionError",
      responseStarted: false,
    });
    expect(server.requests()).toBe(2);
  });

  it("does not repeat a GET whose answer had begun", async () => {
    const server = await rawServer((request, socket) => {
      if (request === 1) return ok("1");
      socket.write("HTTP/1.1 200 OK\r\ncontent-le", () => socket.destroy());
      return "";
    });
    const transport = transportTo(server.port);
    await text(await transport({ method: "GET", path: "/" }));
    await expect(transport({ method: "GET", path: "/" })).rejects.toMatchObject({ responseStarted: true });
    expect(server.requests()).toBe(2);
  });

  it("fails the body when the server closes in the middle of it", async () => {
    const server = await rawServer((_, socket) => {
      socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
      return "";
    });
    const response = await transportTo(server.port)({ method: "GET", path: "/" });
    await expect(response.bytes()).rejects.toThrow("middle of the response");
  });

  it("drops a connection that has bytes left over after the answer", async () => {
    const server = await rawServer((request) => (request === 1 ? `${ok("1")}garbage` : ok(`${request}`)));
    const transport = transportTo(server.port);
    expect(await text(await transport({ method: "GET", path: "/" }))).toBe("1");
    expect(await text(await transport({ method: "GET", path: "/" }))).toBe("2");
    expect(server.connections()).toBe(2);
  });

  it("pipes chunks in order as they come, those before the reader too", async () => {
    let socket!: net.Socket;
    const server = await rawServer((_, peer) => {
      socket = peer;
      return "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n";
    });
    const response = await transportTo(server.port)({ method: "GET", path: "/?watch=1" });
    let seen = "";
    let arrived!: () => void;
    const second = new Promise<void>((resolve) => (arrived = resolve));
    const done = response.pipe((chunk) => {
      seen += Buffer.from(chunk).toString();
      if (seen.includes("two")) arrived();
    });
    socket.write("3\r\ntwo\r\n");
    await second;
    socket.write("0\r\n\r\n");
    await done;
    expect(seen).toBe("onetwo");
  });

  it("delivers a body larger than what is held before somebody reads", async () => {
    const body = "x".repeat(3_000_000);
    const port = await listen(http.createServer((_, response) => response.end(body)));
    const response = await transportTo(port)({ method: "GET", path: "/?watch=true" });
    await new Promise((resolve) => setImmediate(resolve));
    let length = 0;
    await response.pipe((chunk) => (length += chunk.length));
    expect(length).toBe(body.length);
  });

  it("ends a watch with the reason of the signal and closes its connection", async () => {
    let closed!: () => void;
    const hungUp = new Promise<void>((resolve) => (closed = resolve));
    const server = await rawServer((_, socket) => {
      socket.on("close", closed);
      return "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    });
    const abort = new AbortController();
    const response = await transportTo(server.port)({ method: "GET", path: "/?watch=true", signal: abort.signal });
    const piped = response.pipe(() => {});
    abort.abort(new Error("enough"));
    await expect(piped).rejects.toThrow("enough");
    await hungUp;
  });

  it("fails a pipe with what its sink throws", async () => {
    const server = await rawServer(() => "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n");
    const response = await transportTo(server.port)({ method: "GET", path: "/?watch=true" });
    await expect(
      response.pipe(() => {
        throw new Error("sink is full");
      }),
    ).rejects.toThrow("sink is full");
  });

  it("frees the turn of a request that is aborted while it waits for a connection", async () => {
    const held: net.Socket[] = [];
    const server = await rawServer((_, socket) => {
      held.push(socket);
      return "";
    });
    const transport = transportTo(server.port, { poolSize: 1 });
    const first = new AbortController();
    const second = new AbortController();
    const one = transport({ method: "GET", path: "/", signal: first.signal });
    const two = transport({ method: "GET", path: "/", signal: second.signal });
    const outcomes = Promise.allSettled([one, two]);
    second.abort(new Error("second gave up"));
    first.abort(new Error("first gave up"));
    expect((await outcomes).map((outcome) => (outcome as PromiseRejectedResult).reason.message)).toEqual([
      "first gave up",
      "second gave up",
    ]);
  });

  it("gives up dialling after the timeout, in the clock's time", async () => {
    const clock = createVirtualClock();
    // A listener whose queue is never served cannot be had portably; TLS to a silent server stands for it.
    const port = await listen(net.createServer(() => {}));
    const transport = createHttpTransport({ server: `https://127.0.0.1:${port}`, clock });
    cleanups.push(() => transport.close());
    const outcome = transport({ method: "GET", path: "/" }).catch((error: Error) => error.message);
    await clock.until(() => clock.next() !== undefined, "a timer of the dialler").catch(() => {});
    let message: unknown;
    outcome.then((value) => (message = value));
    while (message === undefined) await clock.advance(1_000);
    expect(message).toMatch(/no TLS handshake within 10000 ms/);
  });

  it("says who refused the connection", async () => {
    const server = net.createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)),
    );
    await new Promise((resolve) => server.close(resolve));
    await expect(transportTo(port)({ method: "GET", path: "/" })).rejects.toMatchObject({
      code: "ECONNREFUSED",
      message: expect.stringContaining(`http://127.0.0.1:${port}`),
    });
  });

  it("K22 asks for the token before each request", async () => {
    let token = "one";
    const port = await listen(http.createServer((request, response) => response.end(request.headers.authorization)));
    const transport = transportTo(port, { tokenProvider: () => token });
    expect(await text(await transport({ method: "GET", path: "/" }))).toBe("Bearer one");
    token = "two";
    expect(await text(await transport({ method: "GET", path: "/" }))).toBe("Bearer two");
  });

  it("says who it acts as, groups one by one", async () => {
    const port = await listen(
      http.createServer((request, response) =>
        response.end(JSON.stringify(request.rawHeaders.filter((_, i, all) => /^impersonate/i.test(all[i - (i % 2)]!)))),
      ),
    );
    const transport = transportTo(port, {
      impersonate: { user: "jane", groups: ["a", "b"], extra: { "acme.com/scope": ["x"] } },
    });
    expect(JSON.parse(await text(await transport({ method: "GET", path: "/" })))).toEqual([
      "impersonate-user",
      "jane",
      "impersonate-group",
      "a",
      "impersonate-group",
      "b",
      "impersonate-extra-acme.com%2Fscope",
      "x",
    ]);
  });

  it("refuses a path or header that would smuggle another line, without showing its value", async () => {
    const transport = transportTo(1, { token: "secret\r\nx: y" });
    await expect(transport({ method: "GET", path: "/" })).rejects.toThrow(
      /^header "authorization" has characters HTTP does not allow$/,
    );
    await expect(transportTo(1)({ method: "GET", path: "/a b" })).rejects.toThrow("percent-encoded");
  });

  it("puts the path of the server's address before each request's", async () => {
    const port = await listen(http.createServer((request, response) => response.end(request.url)));
    const transport = transportTo(port, { server: `http://127.0.0.1:${port}/k8s/clusters/c1/` });
    expect(await text(await transport({ method: "GET", path: "/api" }))).toBe("/k8s/clusters/c1/api");
  });

  it("speaks to the proxy in full addresses where there is no TLS", async () => {
    const port = await listen(
      http.createServer((request, response) =>
        response.end(`${request.url} ${request.headers["proxy-authorization"]}`),
      ),
    );
    const transport = createHttpTransport({
      server: "http://cluster.example:80",
      proxyUrl: `http://me:pass@127.0.0.1:${port}`,
    });
    cleanups.push(() => transport.close());
    expect(await text(await transport({ method: "GET", path: "/api" }))).toBe(
      `http://cluster.example/api Basic ${Buffer.from("me:pass").toString("base64")}`,
    );
  });

  it("fails what is under way when it is closed, and everything after", async () => {
    const server = await rawServer(() => "");
    const transport = transportTo(server.port);
    const pending = transport({ method: "GET", path: "/" });
    const failed = expect(pending).rejects.toThrow();
    for (let i = 0; i < 100 && server.requests() === 0; i++) await new Promise((resolve) => setImmediate(resolve));
    transport.close();
    await failed;
    await expect(transport({ method: "GET", path: "/" })).rejects.toThrow("closed");
  });
});

describe("http transport over TLS", () => {
  let directory: string;
  let cert: string;
  let key: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "homeostat-tls-"));
    execFileSync(
      "openssl",
      [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=kubernetes",
        "-addext",
        "subjectAltName=DNS:kubernetes.example",
        "-keyout",
        join(directory, "key.pem"),
        "-out",
        join(directory, "cert.pem"),
      ],
      { stdio: "ignore" },
    );
    cert = readFileSync(join(directory, "cert.pem"), "utf8");
    key = readFileSync(join(directory, "key.pem"), "utf8");
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  async function tlsServer(options: tls.TlsOptions = {}) {
    let connections = 0;
    const server = tls.createServer({ key, cert, ALPNProtocols: ["h2", "http/1.1"], ...options }, (socket) => {
      connections++;
      socket.on("error", () => {});
      socket.on("data", () =>
        socket.write(
          ok(
            `${socket.alpnProtocol} ${(socket.getPeerCertificate().subject as { CN?: string } | undefined)?.CN ?? "nobody"}`,
          ),
        ),
      );
    });
    server.on("tlsClientError", () => {});
    const port = await listen(server);
    return { port, connections: () => connections };
  }
  const open = (port: number, options: Partial<HttpTransportOptions> = {}): HttpTransport =>
    transportTo(port, { server: `https://127.0.0.1:${port}`, ...options });

  it("verifies the server by the given authority and name, and speaks HTTP/1.1", async () => {
    const { port, connections } = await tlsServer();
    const transport = open(port, { ca: cert, serverName: "kubernetes.example" });
    for (let i = 0; i < 3; i++)
      expect(await text(await transport({ method: "GET", path: "/" }))).toBe("http/1.1 nobody");
    expect(connections()).toBe(1);
  });

  it("refuses a server whose authority is not known, and says what to set", async () => {
    const { port } = await tlsServer();
    await expect(open(port, { serverName: "kubernetes.example" })({ method: "GET", path: "/" })).rejects.toThrow(
      /certificate-authority-data/,
    );
  });

  it("refuses a server with another name, and says what to set", async () => {
    const { port } = await tlsServer();
    await expect(open(port, { ca: cert })({ method: "GET", path: "/" })).rejects.toThrow(/tls-server-name/);
  });

  it("believes any server where it is told to", async () => {
    const { port } = await tlsServer();
    expect((await open(port, { insecureSkipTlsVerify: true })({ method: "GET", path: "/" })).status).toBe(200);
  });

  it("shows its client certificate, and makes new connections when that changes", async () => {
    const { port, connections } = await tlsServer({ requestCert: true, rejectUnauthorized: false });
    let clientCertificate: { cert: string; key: string } | undefined;
    const transport = open(port, {
      ca: cert,
      serverName: "kubernetes.example",
      credentials: { get: () => (clientCertificate ? { clientCertificate } : {}), invalidate() {} },
    });
    expect(await text(await transport({ method: "GET", path: "/" }))).toBe("http/1.1 nobody");
    clientCertificate = { cert, key };
    expect(await text(await transport({ method: "GET", path: "/" }))).toBe("http/1.1 kubernetes");
    expect(connections()).toBe(2);
  });

  it("reaches the server through a tunnel of an HTTP proxy", async () => {
    const { port } = await tlsServer();
    const targets: string[] = [];
    const proxy = http.createServer();
    proxy.on("connect", (request, socket: net.Socket) => {
      targets.push(request.url!);
      const upstream = net.connect(port, "127.0.0.1", () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
      upstream.on("error", () => socket.destroy());
      socket.on("close", () => upstream.destroy());
      upstream.pipe(socket).pipe(upstream);
    });
    const proxyPort = await listen(proxy);
    const transport = createHttpTransport({
      server: "https://kubernetes.example:6443",
      ca: cert,
      proxyUrl: `http://127.0.0.1:${proxyPort}`,
    });
    cleanups.push(() => transport.close());
    expect(await text(await transport({ method: "GET", path: "/" }))).toBe("http/1.1 nobody");
    expect(targets).toEqual(["kubernetes.example:6443"]);
  });
});
