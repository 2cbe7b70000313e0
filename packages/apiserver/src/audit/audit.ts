import type { UserInfo } from "../auth/user-info.ts";
import type { ServerRequest, ServerResponse } from "../http/handler.ts";
import type { RequestInfo } from "../request-info.ts";
import type { Annotate } from "./annotate.ts";

/** A request as the log sees it. */
export interface AuditedRequest {
  readonly request: ServerRequest;
  readonly auditId: string;
  readonly info: RequestInfo;
  /** Who sends it. */
  readonly user: UserInfo;
}

/** Keeps a log of requests. Source: KEP-0022; apiserver, endpoints/filters `WithAudit`. */
export interface Auditor {
  /** Called when the sender is known. @returns undefined where the policy wants nothing of the request in the log */
  begin(audited: AuditedRequest): AuditTrail | undefined;
  /** Called in place of `begin` for a request whose credentials are not good. */
  refused(audited: AuditedRequest): void;
}

/** One request, on its way through the log. */
export interface AuditTrail {
  /** To be used in place of the request: what is read of its body is noticed. */
  readonly request: ServerRequest;
  readonly annotate: Annotate;
  /** For whom the request is made, where that is not its sender. */
  impersonated(user: UserInfo): void;
  /** @returns the answer to be sent in place of this one: the log has more to say when it is over */
  answered(response: ServerResponse): ServerResponse;
  failed(error: unknown): void;
}
