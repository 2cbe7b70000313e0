import type { ServerResponse as Http1Response } from "node:http";
import type { Http2ServerResponse } from "node:http2";
import type { Writable } from "node:stream";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import type { ServerLog } from "../log.ts";
import type { Handler, ServerResponse, StreamBody } from "./handler.ts";
import { type NodeRequest, type NodeRequestOptions, toServerRequest } from "./node-request.ts";

export type NodeResponse = Http1Response | Http2ServerResponse;

export interface AnswerOptions extends NodeRequestOptions {
  /** Ends streams cleanly. */
  readonly stopping: AbortSignal;
  readonly log: ServerLog;
}

/** Smaller answers are not worth compressing, as upstream. */
const gzipFromBytes = 128 * 1024;
const compress = promisify(gzip);

/** Hands one request to the handler and its answer to the client. */
export async function answer(
  handler: Handler,
  request: NodeRequest,
  response: NodeResponse,
  options: AnswerOptions,
): Promise<void> {
  const leaving = new AbortController();
  let answered = false;
  // The request closes as soon as its body is read; only the response tells that the client is gone. Whether a response
  // is finished cannot be asked: those of HTTP/2 say so when their connection is lost, too.
  response.on("close", () => {
    if (!answered) leaving.abort(new Error("the client closed the connection"));
  });
  response.on("error", () => leaving.abort(new Error("the connection broke")));
  try {
    const result = await handler(toServerRequest(request, options, leaving.signal));
    if (leaving.signal.aborted) return;
    if (typeof result.body === "function") await sendStream(result, result.body, response, leaving.signal, options);
    else await sendWhole(result, request, response);
    answered = true;
    // A body nobody read would hold up the connection it came over.
    request.resume();
  } catch (error) {
    // Handlers answer their errors; what arrives here broke a stream, and a clean end would hide that.
    options.log.error({ err: error, method: request.method, path: request.url }, "answer broke off");
    if (!response.headersSent) response.statusCode = 500;
    destroy(response);
  }
}

async function sendWhole(result: ServerResponse, request: NodeRequest, response: NodeResponse): Promise<void> {
  let body = (result.body ?? new Uint8Array(0)) as Uint8Array;
  const headers: Record<string, string | readonly string[]> = { ...result.headers };
  if (body.length > gzipFromBytes && acceptsGzip(request) && headers["content-encoding"] === undefined) {
    body = await compress(body, { level: constants.Z_BEST_SPEED });
    headers["content-encoding"] = "gzip";
    headers["vary"] = headers["vary"] ? `${headers["vary"]}, Accept-Encoding` : "Accept-Encoding";
  }
  if (mayHaveBody(result.status, request)) headers["content-length"] = String(body.length);
  // The rest of a body nobody wants would hold the connection up.
  if (result.status === 413 && request.httpVersionMajor === 1) headers["connection"] = "close";
  writeHead(response, result.status, headers);
  const writable: Writable = response;
  writable.end(body);
}

async function sendStream(
  result: ServerResponse,
  body: StreamBody,
  response: NodeResponse,
  leaving: AbortSignal,
  { stopping }: AnswerOptions,
): Promise<void> {
  writeHead(response, result.status, result.headers);
  flushHeaders(response);
  const writable: Writable = response;
  const ending = new AbortController();
  const end = (): void => ending.abort();
  for (const signal of [leaving, stopping]) {
    if (signal.aborted) end();
    signal.addEventListener("abort", end, { once: true });
  }
  try {
    await body({
      write: (chunk) => {
        if (!leaving.aborted) writable.write(chunk);
      },
      buffered: () => bufferedBytes(response),
      signal: ending.signal,
    });
  } finally {
    stopping.removeEventListener("abort", end);
  }
  if (!leaving.aborted) writable.end();
}

function writeHead(response: NodeResponse, status: number, headers: ServerResponse["headers"]): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) {
    response.setHeader(name, value as string | string[]);
  }
}

/** A client learns that its watch stands before anything happens. The types lack the method of HTTP/2 responses. */
function flushHeaders(response: NodeResponse): void {
  (response as Http1Response).flushHeaders();
}

function mayHaveBody(status: number, request: NodeRequest): boolean {
  return status !== 204 && status !== 304 && request.method !== "HEAD";
}

function acceptsGzip(request: NodeRequest): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(String(request.headers["accept-encoding"] ?? ""));
}

function bufferedBytes(response: NodeResponse): number {
  return "stream" in response ? response.stream.writableLength : response.writableLength;
}

function destroy(response: NodeResponse): void {
  if ("stream" in response) response.stream.close(2);
  else response.destroy();
}
