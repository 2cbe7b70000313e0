import type { TransportRequest } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import type { ResponseStream } from "./handler.ts";
import { inProcessTransport } from "./in-process.ts";
import { jsonResponse } from "./respond.ts";

const get: TransportRequest = { method: "GET", path: "/" };
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

/** A transport whose answer is a stream the test writes, and a way to end it. */
function streaming() {
  const started = Promise.withResolvers<ResponseStream>();
  const over = Promise.withResolvers<void>();
  const transport = inProcessTransport(async () => ({
    status: 200,
    headers: {},
    body: (stream) => {
      started.resolve(stream);
      return over.promise;
    },
  }));
  return { transport, started: started.promise, end: over.resolve, fail: over.reject };
}

describe("in-process transport", () => {
  it("carries a request and its answer", async () => {
    const transport = inProcessTransport(
      async (request) => ({
        ...jsonResponse(201, { user: request.user?.username, body: text(await request.body()) }),
        headers: { warning: ["a", "b"] },
      }),
      { username: "jane", groups: [] },
    );
    const response = await transport({ method: "POST", path: "/", body: "hello" });
    expect([response.status, response.headers]).toEqual([201, { warning: "a, b" }]);
    expect(JSON.parse(text(await response.bytes()))).toEqual({ user: "jane", body: "hello" });
  });

  it("lets everything else have its turn, however many requests follow each other", async () => {
    const transport = inProcessTransport(async () => jsonResponse(200, {}));
    let turned = false;
    setImmediate(() => (turned = true));
    for (let i = 0; i < 10_000 && !turned; i++) await transport(get);
    expect(turned).toBe(true);
  });

  it("B014 refuses a body that is too large", async () => {
    const transport = inProcessTransport(
      async (request) => jsonResponse(200, (await request.body()).length),
      undefined,
      10,
    );
    expect((await transport({ method: "POST", path: "/", body: "x".repeat(10) })).status).toBe(200);
    await expect(transport({ method: "POST", path: "/", body: "x".repeat(11) })).rejects.toMatchObject({ code: 413 });
  });

  it("hands pieces on after the write that makes them, in order", async () => {
    const { transport, started, end } = streaming();
    const response = await transport(get);
    const stream = await started;
    const seen: string[] = [];
    const done = response.pipe((chunk) => seen.push(text(chunk)));
    await Promise.resolve();
    stream.write(bytes("a"));
    stream.write(bytes("b"));
    expect(seen).toEqual([]);
    await Promise.resolve();
    expect(seen).toEqual(["a", "b"]);
    stream.write(bytes("c"));
    end();
    await done;
    expect(seen).toEqual(["a", "b", "c"]);
  });

  it("keeps what is written before anyone reads and counts it as buffered", async () => {
    const { transport, started, end } = streaming();
    const response = await transport(get);
    const stream = await started;
    stream.write(bytes("abc"));
    stream.write(bytes("de"));
    expect(stream.buffered()).toBe(5);
    end();
    expect(text(await response.bytes())).toBe("abcde");
    expect(stream.buffered()).toBe(0);
  });

  it("ends the stream when the caller aborts, with the caller's reason", async () => {
    const { transport, started } = streaming();
    const caller = new AbortController();
    const response = await transport({ ...get, signal: caller.signal });
    const done = response.pipe(() => undefined);
    const stream = await started;
    caller.abort(new Error("enough"));
    await expect(done).rejects.toThrow("enough");
    expect(stream.signal.aborted).toBe(true);
  });

  it("ends the stream when the reader throws", async () => {
    const { transport, started } = streaming();
    const response = await transport(get);
    const done = response.pipe(() => {
      throw new Error("cannot parse");
    });
    const stream = await started;
    stream.write(bytes("a"));
    await expect(done).rejects.toThrow("cannot parse");
    expect(stream.signal.aborted).toBe(true);
  });

  it("reports a stream that breaks", async () => {
    const { transport, fail } = streaming();
    const response = await transport(get);
    const done = response.bytes();
    fail(new Error("lost"));
    await expect(done).rejects.toThrow("lost");
  });

  it("rejects a request that is aborted before it is answered", async () => {
    const seen: AbortSignal[] = [];
    const transport = inProcessTransport((request) => {
      seen.push(request.signal);
      return new Promise(() => undefined);
    });
    const caller = new AbortController();
    const answer = transport({ ...get, signal: caller.signal });
    caller.abort(new Error("changed my mind"));
    await expect(answer).rejects.toThrow("changed my mind");
    expect(seen[0]?.aborted).toBe(true);
    await expect(transport({ ...get, signal: caller.signal })).rejects.toThrow("changed my mind");
    expect(seen).toHaveLength(1);
  });
});
