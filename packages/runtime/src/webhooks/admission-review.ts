import { type AdmissionRequest, type AdmissionResponse, ApiError, type JsonObject, type Status } from "@homeostat/api";
import type { Logger } from "../log.ts";
import { type AdmissionAnswer, type AdmissionWebhook, errored } from "./admission.ts";
import { decodeReview, jsonReply, type WebhookHandler } from "./http-handler.ts";

const versions = ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"];

/**
 * Serves an admission webhook: AdmissionReview in, AdmissionReview of the same version out. Whatever goes wrong is
 * said inside the review, with HTTP status 200, because the API server shows users only that.
 *
 * @param panicked called where the webhook failed rather than refused
 */
export function admissionReview(webhook: AdmissionWebhook, panicked: () => void): WebhookHandler {
  return async (http) => {
    let apiVersion = versions[0]!;
    let request: AdmissionRequest = {};
    let answer: AdmissionAnswer;
    let log = http.log;
    try {
      const review = decodeReview(http, "AdmissionReview", versions);
      apiVersion = (review["apiVersion"] as string | undefined) ?? apiVersion;
      request = requestOf(review);
      log = requestLog(http.log, request);
      answer = await webhook.review(request, { log, signal: http.signal });
    } catch (error) {
      if (error instanceof ApiError) answer = { allowed: false, status: error.status };
      else {
        panicked();
        log.error({ err: error }, "Webhook failed");
        answer = errored(500, `webhook ${webhook.path} failed: ${text(error)}; its operator's log tells more`);
      }
    }
    log.debug({ allowed: answer.allowed, code: answer.status?.code }, "Webhook answered");
    return jsonReply({ kind: "AdmissionReview", apiVersion, response: response(request.uid ?? "", answer) });
  };
}

function requestOf(review: JsonObject): AdmissionRequest {
  const request = review["request"];
  if (typeof request !== "object" || request === null || Array.isArray(request))
    throw new ApiError(errored(400, "the review has no request").status as Status);
  return request as unknown as AdmissionRequest;
}

/** Fields under controller-runtime's names. */
function requestLog(log: Logger, request: AdmissionRequest): Logger {
  const { kind, resource, namespace, name, userInfo, uid } = request;
  return log.child({
    ...(kind ? { webhookGroup: kind.group ?? "", webhookKind: kind.kind } : {}),
    ...(kind?.kind ? { [kind.kind]: { ...(namespace ? { namespace } : {}), name: name ?? "" } } : {}),
    namespace: namespace ?? "",
    name: name ?? "",
    ...(resource ? { resource } : {}),
    user: userInfo?.username ?? "",
    requestID: uid ?? "",
  });
}

function response(uid: string, answer: AdmissionAnswer): AdmissionResponse {
  const { allowed, status, patch = [], warnings = [], auditAnnotations = {} } = answer;
  const withPatch = allowed && patch.length > 0;
  return {
    uid,
    allowed,
    status: { metadata: {}, code: allowed ? 200 : 403, ...status } as Status,
    ...(withPatch ? { patch: Buffer.from(JSON.stringify(patch)).toString("base64"), patchType: "JSONPatch" } : {}),
    ...(warnings.length > 0 ? { warnings } : {}),
    ...(Object.keys(auditAnnotations).length > 0 ? { auditAnnotations } : {}),
  };
}

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error));
