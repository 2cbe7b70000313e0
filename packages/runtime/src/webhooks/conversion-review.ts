import { ApiError, type ConversionRequest, type JsonObject, type KubeObject, parseApiVersion } from "@homeostat/api";
import { type Conversion, ConversionError } from "./conversion.ts";
import { decodeReview, jsonReply, type WebhookHandler, type WebhookRequest } from "./http-handler.ts";
import { isMistake } from "./refusal.ts";

/** Where controller-runtime serves conversion, for all kinds. */
export const conversionPath = "/convert";

const version = "apiextensions.k8s.io/v1";

/**
 * Serves the conversions of several kinds: ConversionReview in, ConversionReview out. One object that cannot be
 * converted fails the whole review, as the API demands. A request that is no review is answered with its HTTP code,
 * for there is nothing to reply in.
 */
export class ConversionReviews {
  readonly #conversions = new Map<string, Conversion>();
  readonly #panicked: () => void;

  /** @param panicked called where a converter failed rather than refused */
  constructor(panicked: () => void) {
    this.#panicked = panicked;
  }

  /** @throws Error where the kind has a conversion already */
  add(conversion: Conversion): void {
    const key = groupKind(conversion.group, conversion.kind);
    if (this.#conversions.has(key)) throw new Error(`conversion of ${key} is registered already: register it once`);
    this.#conversions.set(key, conversion);
  }

  readonly handle: WebhookHandler = async (http) => {
    let review: JsonObject;
    try {
      review = decodeReview(http, "ConversionReview", [version]);
    } catch (error) {
      if (error instanceof ApiError) return jsonReply(error.status, error.code);
      throw error;
    }
    const request = review["request"] as unknown as ConversionRequest | undefined;
    const response = (rest: object) =>
      jsonReply({ kind: "ConversionReview", apiVersion: version, response: { uid: request?.uid ?? "", ...rest } });
    try {
      if (!request || !Array.isArray(request.objects)) throw new ConversionError("the review has no request.objects");
      const convertedObjects = request.objects.map((object) => this.#convert(object, request.desiredAPIVersion));
      return response({ convertedObjects, result: { metadata: {}, status: "Success" } });
    } catch (error) {
      const message = this.#explain(error, http);
      return response({ convertedObjects: [], result: { metadata: {}, status: "Failure", message } });
    }
  };

  #convert(object: JsonObject, apiVersion: string): KubeObject {
    const { apiVersion: from = "", kind = "" } = object as KubeObject;
    const key = groupKind(parseApiVersion(from).group, kind);
    const conversion = this.#conversions.get(key);
    if (!conversion)
      throw new ConversionError(
        `${key} has no conversion here: register one, there are ${[...this.#conversions.keys()].join(", ") || "none"}`,
      );
    return conversion.convert(object as KubeObject, apiVersion);
  }

  /** What a converter throws on purpose is told; a mistake in it stays in the log. */
  #explain(error: unknown, { log }: WebhookRequest): string {
    if (error instanceof Error && !isMistake(error)) return error.message;
    this.#panicked();
    log.error({ err: error }, "Conversion failed");
    return "the conversion failed unexpectedly; the log of its operator tells more";
  }
}

const groupKind = (group: string, kind: string): string => (group === "" ? kind : `${kind}.${group}`);
