import { groupResource } from "./resource.ts";

/** Why a request failed, as the API says it. Source: apimachinery, meta/v1 `StatusReason`. */
export type StatusReason =
  | "Unauthorized"
  | "Forbidden"
  | "NotFound"
  | "AlreadyExists"
  | "Conflict"
  | "Gone"
  | "Invalid"
  | "ServerTimeout"
  | "Timeout"
  | "TooManyRequests"
  | "BadRequest"
  | "MethodNotAllowed"
  | "NotAcceptable"
  | "RequestEntityTooLarge"
  | "UnsupportedMediaType"
  | "InternalError"
  | "Expired"
  | "ServiceUnavailable"
  | "StoreReadError"
  | (string & {});

/** Source: meta/v1 `CauseType`. */
export type CauseReason =
  | "FieldValueNotFound"
  | "FieldValueRequired"
  | "FieldValueDuplicate"
  | "FieldValueInvalid"
  | "FieldValueNotSupported"
  | "FieldValueForbidden"
  | "FieldValueTooLong"
  | "FieldValueTooMany"
  | "FieldValueTypeInvalid"
  | "FieldManagerConflict"
  | "InternalError"
  | "ResourceVersionTooLarge"
  | "UnexpectedServerResponse"
  | (string & {});

export interface StatusCause {
  readonly reason?: CauseReason;
  readonly message?: string;
  /** Path of the field, `spec.containers[0].name`; `<nil>` for the root. */
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** The API's answer where it is not an object: every error, and some successes. Source: API conventions, "Response Status Kind". */
export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: { readonly continue?: string };
  readonly status: "Success" | "Failure";
  readonly message?: string;
  readonly reason?: StatusReason;
  readonly details?: StatusDetails;
  readonly code?: number;
}

/** An error of the API, thrown by clients and, inside the server, by whatever refuses a request. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: Status;

  constructor(status: Status, options?: ErrorOptions) {
    super(`[${status.reason ?? status.code ?? "Unknown"}] ${status.message ?? "no message"}`, options);
    this.status = status;
  }

  /** HTTP status code. */
  get code(): number {
    return this.status.code ?? 500;
  }

  get reason(): StatusReason {
    return this.status.reason ?? "";
  }

  /** How long the server asks to wait, in milliseconds, if it does. */
  get retryAfterMs(): number | undefined {
    const seconds = this.status.details?.retryAfterSeconds;
    return seconds === undefined ? undefined : seconds * 1000;
  }
}

type ResourceName = { readonly group: string; readonly plural: string };

function failure(code: number, reason: StatusReason, message: string, details?: StatusDetails): ApiError {
  return new ApiError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    ...(details ? { details } : {}),
    code,
  });
}

const resourceDetails = (resource: ResourceName, name: string): StatusDetails => ({
  ...(name ? { name } : {}),
  ...(resource.group ? { group: resource.group } : {}),
  kind: resource.plural,
});

const quoted = (resource: ResourceName, name: string): string =>
  `${groupResource(resource)}${name ? ` "${name}"` : ""}`;

// The constructors carry the API's own messages, which clients and people match on. Source: apimachinery, api/errors.

export function notFound(resource: ResourceName, name: string): ApiError {
  return failure(404, "NotFound", `${quoted(resource, name)} not found`, resourceDetails(resource, name));
}

export function alreadyExists(resource: ResourceName, name: string): ApiError {
  return failure(409, "AlreadyExists", `${quoted(resource, name)} already exists`, resourceDetails(resource, name));
}

export function conflict(resource: ResourceName, name: string, why: string): ApiError {
  return failure(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${quoted(resource, name)}: ${why}`,
    resourceDetails(resource, name),
  );
}

/** The 409 of an optimistic lock that failed. */
export function staleResourceVersion(resource: ResourceName, name: string): ApiError {
  return conflict(
    resource,
    name,
    "the object has been modified; please apply your changes to the latest version and try again",
  );
}

export function forbidden(
  resource: ResourceName,
  name: string,
  why: string,
  causes?: readonly StatusCause[],
): ApiError {
  return failure(403, "Forbidden", `${quoted(resource, name)} is forbidden: ${why}`, {
    ...resourceDetails(resource, name),
    ...(causes ? { causes } : {}),
  });
}

export function unauthorized(message = "Unauthorized"): ApiError {
  return failure(401, "Unauthorized", message);
}

export function badRequest(message: string): ApiError {
  return failure(400, "BadRequest", message);
}

/**
 * 422 with one cause per finding. A message of one finding stands alone; several are joined in brackets.
 * Findings' messages follow {@link fieldError}.
 */
export function invalid(
  kind: { readonly group: string; readonly kind: string },
  name: string,
  causes: readonly StatusCause[],
): ApiError {
  const texts = [...new Set(causes.map((cause) => `${cause.field ?? "<nil>"}: ${cause.message ?? ""}`))];
  const what = kind.group === "" ? kind.kind : `${kind.kind}.${kind.group}`;
  return failure(
    422,
    "Invalid",
    `${what} "${name}" is invalid: ${texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`}`,
    {
      ...(name ? { name } : {}),
      ...(kind.group ? { group: kind.group } : {}),
      kind: kind.kind,
      causes,
    },
  );
}

export function methodNotAllowed(resource: ResourceName, verb: string): ApiError {
  return failure(
    405,
    "MethodNotAllowed",
    `${verb} is not supported on resources of kind "${groupResource(resource)}"`,
    resourceDetails(resource, ""),
  );
}

export function notAcceptable(accepted: readonly string[]): ApiError {
  return failure(406, "NotAcceptable", `only the following media types are accepted: ${accepted.join(", ")}`);
}

export function unsupportedMediaType(accepted: readonly string[]): ApiError {
  return failure(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  );
}

export function requestEntityTooLarge(message: string): ApiError {
  return failure(413, "RequestEntityTooLarge", `Request entity too large: ${message}`);
}

/** 410: the wanted resourceVersion is no longer kept. */
export function expired(message: string, continueToken?: string): ApiError {
  const error = failure(410, "Expired", message);
  return continueToken === undefined ? error : new ApiError({ ...error.status, metadata: { continue: continueToken } });
}

export function tooManyRequests(message: string, retryAfterSeconds: number, causes?: readonly StatusCause[]): ApiError {
  return failure(429, "TooManyRequests", message, { retryAfterSeconds, ...(causes ? { causes } : {}) });
}

export function timeout(message: string, details?: StatusDetails): ApiError {
  return failure(504, "Timeout", `Timeout: ${message}`, details);
}

export function internalError(message: string, options?: ErrorOptions): ApiError {
  const status = failure(500, "InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] }).status;
  return new ApiError(status, options);
}

export function serviceUnavailable(message: string): ApiError {
  return failure(503, "ServiceUnavailable", message);
}

/** Any other failure. */
export function statusError(code: number, reason: StatusReason, message: string, details?: StatusDetails): ApiError {
  return failure(code, reason, message, details);
}

const hasReason = (error: unknown, ...reasons: readonly StatusReason[]): error is ApiError =>
  error instanceof ApiError && reasons.includes(error.reason);

export const isNotFound = (error: unknown): error is ApiError => hasReason(error, "NotFound");
export const isAlreadyExists = (error: unknown): error is ApiError => hasReason(error, "AlreadyExists");
export const isConflict = (error: unknown): error is ApiError => hasReason(error, "Conflict");
export const isInvalid = (error: unknown): error is ApiError => hasReason(error, "Invalid");
export const isForbidden = (error: unknown): error is ApiError => hasReason(error, "Forbidden");
export const isUnauthorized = (error: unknown): error is ApiError => hasReason(error, "Unauthorized");
export const isBadRequest = (error: unknown): error is ApiError => hasReason(error, "BadRequest");
export const isTooManyRequests = (error: unknown): error is ApiError => hasReason(error, "TooManyRequests");
/** The wanted version is gone: list again. Both reasons share code 410. */
export const isExpired = (error: unknown): error is ApiError => hasReason(error, "Expired", "Gone");

/** Resolves to undefined where the object does not exist. */
export async function ignoreNotFound<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
