import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { createPost } from "./post.ts";

const message = { contentType: "application/json", body: '{"text":"é"}' };
const signal = AbortSignal.timeout(10_000);

/** A server that notes what it is sent, and answers with one status. */
async function listening(status = 200): Promise<{ port: number; got: string[]; server: Server }> {
  const got: string[] = [];
  const note = (request: IncomingMessage, body: string): void =>
    void got.push(
      [request.method, request.url, request.headers.host, request.headers["proxy-authorization"] ?? "-", body].join(
        " ",
      ),
    );
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    note(request, body);
    response.writeHead(status, { location: "http://elsewhere.example/" }).end("answer");
  });
  server.on("connect", (request, socket) => {
    note(request, "");
    socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, got, server };
}

describe("posting", () => {
  test("connects to the address that was checked, and to no other that the name may have by now", async () => {
    const { port, got } = await listening();
    const url = new URL(`http://rebound.invalid:${port}/hook?a=1`);
    expect(await createPost()({ url, address: "127.0.0.1" }, message, signal)).toBe(200);
    expect(got).toEqual([`POST /hook?a=1 rebound.invalid:${port} - ${message.body}`]);
  });

  test("follows no redirect", async () => {
    const { port, got } = await listening(302);
    const url = new URL(`http://127.0.0.1:${port}/hook`);
    expect(await createPost()({ url }, message, signal)).toBe(302);
    expect(got).toHaveLength(1);
  });

  test("goes through a proxy, which resolves the name and is told who asks", async () => {
    const { port, got } = await listening();
    const post = createPost(new URL(`http://me:p%40ss@127.0.0.1:${port}`));
    expect(await post({ url: new URL("http://hooks.invalid/x"), address: "203.0.113.9" }, message, signal)).toBe(200);
    const words = `Basic ${Buffer.from("me:p@ss").toString("base64")}`;
    expect(got).toEqual([`POST http://hooks.invalid/x hooks.invalid ${words} ${message.body}`]);
  });

  test("asks a proxy for a tunnel where the address is https, and says when it gets none", async () => {
    const { port, got } = await listening(403);
    const post = createPost(new URL(`http://127.0.0.1:${port}`));
    const url = new URL("https://hooks.invalid/secret-path");
    await expect(post({ url }, message, signal)).rejects.toThrow(`the proxy 127.0.0.1:${port} answered 403`);
    expect(got.join()).toContain("CONNECT hooks.invalid:443");
    expect(got.join()).not.toContain("secret-path");
  });

  test("ends when it is told to", async () => {
    const { server, port } = await listening();
    server.removeAllListeners("request");
    const abort = new AbortController();
    const posted = createPost()({ url: new URL(`http://127.0.0.1:${port}/`) }, message, abort.signal);
    server.once("request", () => abort.abort(new Error("enough")));
    await expect(posted).rejects.toThrow();
    server.closeAllConnections();
  });
});
