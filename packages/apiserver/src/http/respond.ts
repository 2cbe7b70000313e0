import type { ApiError } from "@homeostat/api";
import type { ServerResponse } from "./handler.ts";
import { json } from "./media-type.ts";

type Headers = ServerResponse["headers"];

/** An answer in JSON. */
export function jsonResponse(status: number, value: unknown, headers: Headers = {}): ServerResponse {
  return { status, headers: { "content-type": json, ...headers }, body: Buffer.from(JSON.stringify(value)) };
}

export function textResponse(status: number, text: string, headers: Headers = {}): ServerResponse {
  return {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff", ...headers },
    body: Buffer.from(text),
  };
}

/** The answer to a path that names nothing the server has: plain text, so that clients can tell it from a missing object. */
export function pathNotFound(): ServerResponse {
  return textResponse(404, "404 page not found\n");
}

export function errorResponse(error: ApiError): ServerResponse {
  const retryAfterSeconds = error.status.details?.retryAfterSeconds;
  return jsonResponse(
    error.code,
    error.status,
    retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) },
  );
}
