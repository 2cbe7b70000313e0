import { type ApiError, type Json, type JsonObject, statusError } from "@homeostat/api";
import type { WebhookClient, WebhookClientConfig } from "../webhooks/webhook-client.ts";
import { listAt, objectAt, textAt } from "./definition.ts";
import { isJsonObject } from "./json-schema-props.ts";

export interface ConversionSurroundings {
  readonly client: WebhookClient;
  readonly newUid: () => string;
}

/** Converts objects of any versions to one version, all in one call. @throws ApiError InternalError */
export type ConvertAll = (objects: readonly JsonObject[], apiVersion: string) => Promise<JsonObject[]>;

/** How long a conversion is waited for. Source: apiextensions, conversion `webhookConverter`. */
const timeoutMs = 30_000;

/** How a definition with `strategy: Webhook` converts its objects; undefined for others. */
export function conversionWebhookOf(
  definition: JsonObject,
  surroundings: ConversionSurroundings,
): ConvertAll | undefined {
  const conversion = objectAt(objectAt(definition, "spec"), "conversion");
  if (textAt(conversion, "strategy") !== "Webhook") return undefined;
  const webhook = objectAt(conversion, "webhook");
  const config = objectAt(webhook, "clientConfig") as unknown as WebhookClientConfig;
  const version = listAt(webhook, "conversionReviewVersions").find((each) => each === "v1" || each === "v1beta1");
  const convert = async (waiting: readonly JsonObject[], apiVersion: string): Promise<JsonObject[]> => {
    const from = `conversion webhook for ${kindOf(waiting[0]!)}`;
    if (!version) throw failure(`${from} failed: it accepts no ConversionReview version of v1, v1beta1`);
    const uid = surroundings.newUid();
    const review = {
      kind: "ConversionReview",
      apiVersion: `apiextensions.k8s.io/${version}`,
      request: { uid, desiredAPIVersion: apiVersion, objects: [...waiting] },
    };
    let converted: readonly Json[];
    try {
      const answer = await surroundings.client.post(config, review, { timeoutMs, tellTimeout: true });
      converted = convertedObjects(answer, uid, version === "v1");
    } catch (error) {
      throw failure(`${from} failed: ${(error as Error).message}`, error);
    }
    if (converted.length !== waiting.length) {
      throw failure(`${from} returned ${converted.length} objects, expected ${waiting.length}`);
    }
    return converted.map((object, index) => {
      try {
        return accepted(object, waiting[index]!, apiVersion);
      } catch (error) {
        throw failure(
          `${from} returned invalid converted object at index ${index}: ${(error as Error).message}`,
          error,
        );
      }
    });
  };
  return async (objects, apiVersion) => {
    const waiting = objects.filter((object) => object["apiVersion"] !== apiVersion);
    if (waiting.length === 0) return [...objects];
    const converted = (await convert(waiting, apiVersion)).values();
    return objects.map((object) => (object["apiVersion"] === apiVersion ? object : converted.next().value!));
  };
}

/** Upstream gives these errors no form of their own; their text is what people know. */
function failure(message: string, cause?: unknown): ApiError {
  const error = statusError(500, "InternalError", message);
  if (cause !== undefined) error.cause = cause;
  return error;
}

/** Source: apiextensions, conversion `getConvertedObjectsFromResponse`. */
function convertedObjects(review: JsonObject, uid: string, isStrict: boolean): readonly Json[] {
  const { response } = review;
  if (!isJsonObject(response)) throw new Error("no response provided");
  if (isStrict) {
    const [apiVersion, kind] = [textAt(review, "apiVersion"), textAt(review, "kind")];
    if (apiVersion !== "apiextensions.k8s.io/v1" || kind !== "ConversionReview") {
      throw new Error(
        `expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got ${apiVersion}, Kind=${kind}`,
      );
    }
    if (response["uid"] !== uid) {
      throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(textAt(response, "uid"))}`);
    }
  }
  const result = objectAt(response, "result");
  if (result["status"] !== "Success") {
    const message = textAt(result, "message");
    throw new Error(message || `response.result.status was '${textAt(result, "status")}', not 'Success'`);
  }
  return listAt(response, "convertedObjects");
}

/** A webhook decides about everything but identity; of metadata only labels and annotations are its. */
function accepted(converted: Json, original: JsonObject, apiVersion: string): JsonObject {
  if (!isJsonObject(converted)) throw new Error("it is no object");
  const version = textAt(converted, "apiVersion");
  if (version !== apiVersion) {
    throw new Error(`invalid groupVersion (expected ${apiVersion}, received ${version})`);
  }
  const kind = textAt(original, "kind");
  if (converted["kind"] !== kind) {
    throw new Error(`invalid kind (expected ${kind}, received ${textAt(converted, "kind")})`);
  }
  const [before, after] = [objectAt(original, "metadata"), objectAt(converted, "metadata")];
  for (const [field, word] of [
    ["name", "name"],
    ["namespace", "namespace"],
    ["uid", "UID"],
  ] as const) {
    const [was, is] = [textAt(before, field), textAt(after, field)];
    if (was !== is) throw new Error(`must have the same ${word}: ${was} != ${is}`);
  }
  const metadata: JsonObject = { ...before };
  for (const field of ["labels", "annotations"] as const) {
    const value = after[field];
    if (isJsonObject(value) && Object.values(value).some((each) => typeof each !== "string")) {
      throw new Error(`metadata.${field} must hold strings only`);
    }
    if (isJsonObject(value) && Object.keys(value).length > 0) metadata[field] = value;
    else delete metadata[field];
  }
  return { ...converted, metadata };
}

function kindOf(object: JsonObject): string {
  return `${textAt(object, "apiVersion")}, Kind=${textAt(object, "kind")}`;
}
