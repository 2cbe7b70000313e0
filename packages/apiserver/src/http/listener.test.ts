import type { IncomingMessage } from "node:http";
import { connect as connectHttp2, constants } from "node:http2";
import { Agent, request as httpsRequest } from "node:https";
import { createServer } from "node:net";
import { gunzipSync } from "node:zlib";
import { type ApiError, systemClock } from "@homeostat/api";
import { createCertificateAuthority } from "@homeostat/api/certificates";
import { afterEach, describe, expect, it } from "vitest";
import type { Handler, ServerRequest } from "./handler.ts";
import { type Listener, type ListenOptions, listen } from "./listener.ts";
import { errorResponse, jsonResponse } from "./respond.ts";

const authority = createCertificateAuthority({ clock: systemClock });
const server = authority.issue({
  commonName: "kube-apiserver",
  usage: "server",
  hosts: ["localhost", "127.0.0.1", "::1"],
});
const jane = authority.issue({ commonName: "jane", organizations: ["ops", "dev"], usage: "client" });
const stranger = createCertificateAuthority({ clock: systemClock }).issue({ commonName: "eve", usage: "client" });
async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function serve(handler: Handler, options: Partial<ListenOptions> = {}): Promise<Listener> {
  const listener = await listen(handler, { server, clientAuthorities: authority.certificate, ...options });
  opened.push(() => listener.stop());
  return listener;
}

interface Call {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string;
  readonly identity?: { certificate: string; key: string };
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: Buffer;
}

function overHttp1(listener: Listener, call: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const agent = new Agent();
    const request = httpsRequest(listener.url + (call.path ?? "/"), {
      agent,
      method: call.method ?? "GET",
      headers: call.headers ?? {},
      ca: authority.certificate,
      ...(call.identity ? { cert: call.identity.certificate, key: call.identity.key } : {}),
    });
    request.on("error", reject);
    request.on("response", (response: IncomingMessage) => {
      collect(response).then(
        (body) => resolve({ status: response.statusCode!, headers: response.headers, body }),
        reject,
      );
    });
    request.end(call.body);
  });
}

async function overHttp2(listener: Listener, call: Call): Promise<Answer> {
  const { identity } = call;
  const session = connectHttp2(listener.url, {
    ca: authority.certificate,
    ...(identity ? { cert: identity.certificate, key: identity.key } : {}),
  });
  opened.push(() => session.destroy());
  const stream = session.request({ ":method": call.method ?? "GET", ":path": call.path ?? "/", ...call.headers });
  let headers: Record<string, unknown> | undefined;
  stream.on("response", (received) => {
    headers = received;
  });
  stream.end(call.body);
  const body = await collect(stream);
  if (!headers) throw new Error("the stream ended without an answer");
  return { status: Number(headers[constants.HTTP2_HEADER_STATUS]), headers, body };
}

const echo: Handler = async (request) => {
  const { method, path, headers, peer } = request;
  return jsonResponse(200, { method, path, headers, peer, body: text(await request.body()) });
};

it("tells the same client for each request of a connection, and each connection its own", async () => {
  const listener = await serve(echo);
  const peersOf = async (identity: Call["identity"]): Promise<unknown[]> => {
    const session = connectHttp2(listener.url, {
      ca: authority.certificate,
      cert: identity!.certificate,
      key: identity!.key,
    });
    opened.push(() => session.destroy());
    const answers = [1, 2].map(() => collect(session.request({ ":path": "/" })));
    return (await Promise.all(answers)).map((body) => JSON.parse(text(body)).peer);
  };
  const known = { clientCertificate: { commonName: "jane", organizations: ["ops", "dev"] } };
  expect(await peersOf(jane)).toEqual([known, known]);
  const [first, second] = await peersOf(stranger);
  expect(Object.keys(first as object)).toEqual(["certificateProblem"]);
  expect(second).toEqual(first);
});

describe.each([
  ["HTTP/1.1", overHttp1],
  ["HTTP/2", overHttp2],
])("listener over %s", (_, call) => {
  it("hands requests to the handler and its answers back", async () => {
    const listener = await serve(echo);
    const { status, headers, body } = await call(listener, {
      method: "POST",
      path: "/a?b=c",
      headers: { "x-some": "thing", "impersonate-group": ["a,b", "c"] },
      body: "hello",
    });
    const seen = JSON.parse(text(body));
    expect([status, headers["content-type"]]).toEqual([200, "application/json"]);
    expect(seen).toMatchObject({ method: "POST", path: "/a?b=c", body: "hello" });
    expect(seen.headers).toMatchObject({ "x-some": "thing", "impersonate-group": ["a,b", "c"] });
    expect(Object.keys(seen.headers).filter((name) => name.startsWith(":"))).toEqual([]);
  });

  it("B240 tells who the client's certificate names", async () => {
    const listener = await serve(echo);
    const peer = async (identity?: Call["identity"]) =>
      JSON.parse(text((await call(listener, identity ? { identity } : {})).body)).peer;
    expect(await peer(jane)).toEqual({ clientCertificate: { commonName: "jane", organizations: ["ops", "dev"] } });
    expect(await peer()).toBeUndefined();
    expect(Object.keys(await peer(stranger))).toEqual(["certificateProblem"]);
  });

  it("B014 refuses a body that is too large", async () => {
    const handler: Handler = async (request) => {
      try {
        return jsonResponse(200, (await request.body()).length);
      } catch (error) {
        return errorResponse(error as ApiError);
      }
    };
    const listener = await serve(handler, { maxBodyBytes: 1000 });
    expect((await call(listener, { method: "POST", body: "x".repeat(1000) })).status).toBe(200);
    const refused = await call(listener, { method: "POST", body: "x".repeat(1001) });
    expect([refused.status, JSON.parse(text(refused.body)).reason]).toEqual([413, "RequestEntityTooLarge"]);
  });

  it("compresses large answers when asked, and only then", async () => {
    const large = "x".repeat(200_000);
    const listener = await serve(async (request) => jsonResponse(200, request.path === "/large" ? large : "small"));
    const headers = { "accept-encoding": "gzip" };
    const zipped = await call(listener, { path: "/large", headers });
    expect(zipped.headers["content-encoding"]).toBe("gzip");
    expect(JSON.parse(text(gunzipSync(zipped.body)))).toBe(large);
    for (const plain of [await call(listener, { path: "/large" }), await call(listener, { path: "/small", headers })]) {
      expect(plain.headers["content-encoding"]).toBeUndefined();
    }
  });

  it("answers 304 and HEAD without a body and repeats headers that are lists", async () => {
    const listener = await serve(async (request) => ({
      status: request.path === "/same" ? 304 : 200,
      headers: { etag: '"1"', warning: ['299 - "a"', '299 - "b"'] },
    }));
    expect(await call(listener, { path: "/same" })).toMatchObject({ status: 304, headers: { etag: '"1"' } });
    const head = await call(listener, { method: "HEAD", path: "/" });
    expect([head.status, head.body.length]).toEqual([200, 0]);
    expect(head.headers["warning"]).toBe('299 - "a", 299 - "b"');
  });

  it("sends each piece of a stream at once and ends it cleanly when it stops (B136)", async () => {
    const told = Promise.withResolvers<(line: string) => void>();
    const listener = await serve(async () => ({
      status: 200,
      headers: { "content-type": "application/json" },
      body: async (stream) => {
        told.resolve((line) => stream.write(Buffer.from(line)));
        await new Promise<void>((resolve) => stream.signal.addEventListener("abort", () => resolve()));
        stream.write(Buffer.from("last"));
      },
    }));
    const answer = call(listener, {});
    const tell = await told.promise;
    tell("one\n");
    await listener.stop();
    expect(text((await answer).body)).toBe("one\nlast");
  });

  it("lets a request under way finish when it stops", async () => {
    const arrived = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const listener = await serve(async () => {
      arrived.resolve();
      await finish.promise;
      return jsonResponse(200, "done");
    });
    const answer = call(listener, {});
    await arrived.promise;
    const stopped = listener.stop();
    finish.resolve();
    expect(JSON.parse(text((await answer).body))).toBe("done");
    await stopped;
  });

  it("cuts a request that does not finish when it stops", async () => {
    const arrived = Promise.withResolvers<AbortSignal>();
    const listener = await serve(
      (request) => {
        arrived.resolve(request.signal);
        return new Promise(() => undefined);
      },
      { graceMs: 1 },
    );
    const answer = call(listener, {}).catch(() => "cut");
    const signal = await arrived.promise;
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    await listener.stop();
    await aborted;
    expect(await answer).toBe("cut");
  });
});

describe("listener", () => {
  it.each(["http1", "http2"])("ends a stream whose client goes away (%s)", async (protocol) => {
    const ended = Promise.withResolvers<void>();
    const listener = await serve(async () => ({
      status: 200,
      headers: {},
      body: (stream) =>
        new Promise<void>((resolve) => {
          stream.signal.addEventListener("abort", () => {
            resolve();
            ended.resolve();
          });
        }),
    }));
    if (protocol === "http1") {
      const request = httpsRequest(listener.url, { ca: authority.certificate });
      request.on("error", () => undefined);
      request.on("response", () => request.destroy());
      request.end();
    } else {
      const session = connectHttp2(listener.url, { ca: authority.certificate });
      const stream = session.request({ ":path": "/" });
      stream.on("error", () => undefined);
      stream.on("response", () => session.destroy());
    }
    await ended.promise;
  });

  it("breaks the connection when a stream fails, so that the end does not look clean", async () => {
    const listener = await serve(async () => ({
      status: 200,
      headers: {},
      body: async (stream) => {
        stream.write(Buffer.from("half"));
        throw new Error("lost");
      },
    }));
    const outcome = await overHttp1(listener, {}).then(
      () => "clean",
      () => "broken",
    );
    expect(outcome).toBe("broken");
  });

  it("keeps idle connections longer than Go's clients do", async () => {
    const listener = await serve(echo);
    const { headers } = await overHttp1(listener, { headers: { connection: "keep-alive" } });
    expect(Number(/timeout=(\d+)/.exec(String(headers["keep-alive"]))?.[1])).toBeGreaterThanOrEqual(120);
  });

  it("counts what a slow reader has not taken", async () => {
    const measured = Promise.withResolvers<number>();
    const listener = await serve(async () => ({
      status: 200,
      headers: {},
      body: async (stream) => {
        for (let count = 0; count < 64; count++) stream.write(Buffer.alloc(1024 * 1024));
        measured.resolve(stream.buffered());
      },
    }));
    const request = httpsRequest(listener.url, { ca: authority.certificate });
    request.on("error", () => undefined);
    request.end();
    expect(await measured.promise).toBeGreaterThan(1024 * 1024);
    request.destroy();
  });

  it("serves one connection on and on, though nobody reads the bodies or a reader is slow", async () => {
    const large = Buffer.alloc(3_000_000);
    const listener = await serve(async (request) =>
      request.method === "POST" ? jsonResponse(403, "no") : { status: 200, headers: {}, body: large },
    );
    const session = connectHttp2(listener.url, { ca: authority.certificate, maxSessionMemory: 1000 });
    opened.push(() => session.destroy());
    const ask = (method: string, body?: Buffer) => {
      const stream = session.request({ ":method": method, ":path": "/" }, { endStream: body === undefined });
      if (body) stream.end(body);
      return stream;
    };
    // Answers that are not read yet: more bytes than a session of Node may hold by default.
    const slow = Array.from({ length: 8 }, () => ask("GET"));
    await Promise.all(slow.map((stream) => new Promise((resolve) => stream.once("response", resolve))));
    for (let count = 0; count < 10; count++) expect(JSON.parse(text(await collect(ask("POST", large))))).toBe("no");
    for (const stream of slow) expect((await collect(stream)).length).toBe(large.length);
  });

  it("hands over connections that ask for a protocol their endpoint speaks", async () => {
    const asked = Promise.withResolvers<ServerRequest>();
    const listener = await serve(async (request) => {
      asked.resolve(request);
      return {
        status: 101,
        headers: {},
        async connect({ socket }) {
          socket.end("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: SPDY/3.1\r\n\r\n");
        },
      };
    });
    const request = upgradeRequest(listener.url, "SPDY/3.1");
    const upgraded = new Promise<void>((resolve) =>
      request.on("upgrade", (_, socket) => resolve(void socket.destroy())),
    );
    request.end();
    await upgraded;
    expect(await asked.promise).toMatchObject({ method: "GET", path: "/exec", upgradable: true });
  });

  it.for(["websocket", "h2c"])("answers a request for %s as any other where its endpoint does", async (protocol) => {
    const listener = await serve(async () => jsonResponse(403, "no"));
    const request = upgradeRequest(listener.url, protocol);
    const response = new Promise<IncomingMessage>((resolve) => request.on("response", resolve));
    request.end();
    const { statusCode } = await response;
    expect(statusCode).toBe(403);
    expect(JSON.parse(text(await collect(await response)))).toBe("no");
  });

  const upgradeRequest = (url: string, upgrade: string) =>
    httpsRequest(`${url}/exec`, { ca: authority.certificate, headers: { connection: "upgrade", upgrade } });

  it("says what to do about a port in use and an address that is not here", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    opened.push(() => other.close());
    const { port } = other.address() as { port: number };
    const options = { server, clientAuthorities: authority.certificate };
    await expect(listen(echo, { ...options, port })).rejects.toThrow(`port ${port}: another program uses the port`);
    await expect(listen(echo, { ...options, host: "203.0.113.7" })).rejects.toThrow("does not have the address");
  });
});
