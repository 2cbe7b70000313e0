import type { ApiError, JsonObject } from "@homeostat/api";
import { encodeCbor } from "../codec/cbor-writer.ts";
import type { ServerResponse } from "./handler.ts";
import { cbor, json, preferredFormat } from "./media-type.ts";

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

/** @param accept what the client asked for: a Status is in CBOR where that is, and in JSON otherwise */
export function errorResponse(error: ApiError, accept?: string): ServerResponse {
  const { code, status } = error;
  const retryAfterSeconds = status.details?.retryAfterSeconds;
  const headers: Headers = retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
  if (preferredFormat(accept) !== "cbor") return jsonResponse(code, status, headers);
  const body = encodeCbor(status as unknown as JsonObject);
  return { status: code, headers: { "content-type": cbor, ...headers }, body };
}
