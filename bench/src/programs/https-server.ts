import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { serveLines } from "./lines.ts";

/**
 * The least that answers requests: it keeps what `PUT /kept/<name>` brings and answers every other request to that
 * path with it, streams nothing until `POST /broadcast` and then its body to whoever asked for `/stream`.
 */
const kept = new Map<string, Buffer>();
const streams = new Set<ServerResponse>();
const { key, cert } = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as { key: string; cert: string };
const server = createServer({ key, cert, keepAliveTimeout: 125_000 }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => answer(request.method!, request.url!, Buffer.concat(chunks), response));
});

function answer(method: string, path: string, body: Buffer, response: ServerResponse): void {
  response.setHeader("content-type", "application/json");
  if (path.startsWith("/stream")) {
    streams.add(response);
    response.on("close", () => streams.delete(response));
    response.flushHeaders();
    return;
  }
  if (path === "/broadcast") for (const stream of streams) stream.write(body);
  if (method === "PUT") kept.set(path, body);
  const found = kept.get(path) ?? Buffer.from("ok");
  response.setHeader("content-length", found.length);
  response.end(found);
}

server.listen(0, "127.0.0.1", () => {
  serveLines({ url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
