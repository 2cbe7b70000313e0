import { badRequest, type JsonObject, requestEntityTooLarge } from "@homeostat/api";
import type { Logger } from "../log.ts";

/** A request to a webhook server, its body read. */
export interface WebhookRequest {
  readonly method: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The header as it came. */
  readonly contentType: string | undefined;
  /** Undefined: it was as large as the server's limit, or larger, and was thrown away. */
  readonly body: Uint8Array | undefined;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

export interface WebhookReply {
  /** HTTP status; what a review says about an object is inside the body. */
  readonly status: number;
  readonly body: string;
  /** Default `application/json`. */
  readonly contentType?: string;
}

/** What a path of a webhook server is answered with. Rejecting is answered with 500. */
export type WebhookHandler = (request: WebhookRequest) => Promise<WebhookReply>;

export const jsonReply = (body: unknown, status = 200): WebhookReply => ({ status, body: JSON.stringify(body) });

/**
 * The JSON object of a review.
 * @throws ApiError 413 for a body that is too large; 400 for one that is missing, of another type or no such review
 */
export function decodeReview(request: WebhookRequest, kind: string, versions: readonly string[]): JsonObject {
  if (!request.body) throw requestEntityTooLarge("the limit of the webhook server is reached");
  if (request.body.length === 0) throw badRequest("the request has no body: send a review");
  if (request.contentType !== "application/json")
    throw badRequest(`content type ${request.contentType ?? "(none)"} is not understood: send application/json`);
  const review = parse(request.body);
  if (typeof review !== "object" || review === null || Array.isArray(review))
    throw badRequest(`the body is no JSON object: send a ${kind}`);
  if (review["kind"] !== undefined && review["kind"] !== kind)
    throw badRequest(`kind ${JSON.stringify(review["kind"])} is not understood: send a ${kind}`);
  const version = review["apiVersion"];
  if (version !== undefined && !versions.includes(version as string))
    throw badRequest(`apiVersion ${JSON.stringify(version)} is not understood: send one of ${versions.join(", ")}`);
  return review;
}

function parse(body: Uint8Array): JsonObject | null {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) as JsonObject | null;
  } catch (error) {
    throw badRequest(`the body is no JSON: ${(error as Error).message}`);
  }
}
