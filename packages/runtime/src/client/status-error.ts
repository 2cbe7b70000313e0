import { ApiError, type Status, type StatusReason } from "@homeostat/api";

/**
 * Failure answers as errors. A server answers with a Status; what stands before it (proxies, load balancers) with
 * whatever it likes, so a body that is no Status is shown in part and its code decides.
 */
export function errorOfResponse(
  response: { readonly status: number; readonly headers: Readonly<Record<string, string>> },
  body: Uint8Array,
  action: string,
): ApiError {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
  const status = statusOf(text);
  const retryAfterSeconds = retryAfter(response.headers);
  if (status) {
    const code = status.code ?? response.status;
    if (status.details?.retryAfterSeconds !== undefined || retryAfterSeconds === undefined)
      return new ApiError({ ...status, code });
    return new ApiError({ ...status, code, details: { ...status.details, retryAfterSeconds } });
  }
  const shown = text.trim().replace(/\s+/g, " ").slice(0, 300);
  return new ApiError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    code: response.status,
    reason: reasonOf(response.status),
    message: `${action}: server answered with status ${response.status}${shown ? `: ${shown}` : ""}`,
    ...(retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } }),
  });
}

function statusOf(text: string): Status | undefined {
  if (!text.includes('"Status"')) return undefined;
  try {
    const value = JSON.parse(text) as Partial<Status> | null;
    return value?.kind === "Status" && value.status !== "Success"
      ? ({ metadata: {}, status: "Failure", ...value } as Status)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds of a Retry-After header; dates, which the API never sends, are not understood. */
export function retryAfter(headers: Readonly<Record<string, string>>): number | undefined {
  const value = headers["retry-after"];
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

/** Source: apimachinery, api/errors `NewGenericServerResponse`. */
function reasonOf(code: number): StatusReason {
  const reasons: Readonly<Record<number, StatusReason>> = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    409: "Conflict",
    410: "Gone",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    503: "ServiceUnavailable",
    504: "Timeout",
  };
  return reasons[code] ?? (code >= 500 ? "InternalError" : "Unknown");
}
