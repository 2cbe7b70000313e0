import { ApiError, type Clock, internalError } from "@homeostat/api";
import type { Annotate } from "../audit/annotate.ts";
import type { Auditor, AuditTrail } from "../audit/audit.ts";
import type { Authenticator } from "../auth/authenticate.ts";
import { type Authorizer, accessDenied, attributesOf } from "../auth/authorizer.ts";
import { impersonate } from "../auth/impersonate.ts";
import { anonymous, type UserInfo } from "../auth/user-info.ts";
import type { ServerLog } from "../log.ts";
import type { NonResourceRequest, RequestInfo, ResourceRequest } from "../request-info.ts";
import { deadlineMs, withDeadline } from "./deadline.ts";
import { type Handler, header, type ServerRequest, type ServerResponse, type StreamBody } from "./handler.ts";
import { json, wantsPretty } from "./media-type.ts";
import { parseRequestInfo } from "./request-info.ts";
import type { RequestMetrics } from "./request-metrics.ts";
import { errorResponse, pathNotFound } from "./respond.ts";
import { Warnings } from "./warnings.ts";

/** What an endpoint may know beside the request itself. */
export interface RequestContext {
  /** Who asks, after impersonation. */
  readonly user: UserInfo;
  readonly auditId: string;
  /** Adds a `Warning` header to the answer. */
  warn(text: string): void;
  /** Puts something down in the audit log; undefined where the request has no entry there. */
  readonly annotate?: Annotate | undefined;
}

/** Answers requests for resources. An unknown resource is answered with {@link pathNotFound}. */
export type ResourceEndpoint = (
  info: ResourceRequest,
  request: ServerRequest,
  context: RequestContext,
) => Promise<ServerResponse>;

/** Answers requests for other paths, or gives undefined when the path is not its own. */
export type Route = (
  info: NonResourceRequest,
  request: ServerRequest,
  context: RequestContext,
) => Promise<ServerResponse | undefined> | ServerResponse | undefined;

export interface ChainOptions {
  readonly authenticate: Authenticator;
  readonly authorize: Authorizer;
  readonly endpoint: ResourceEndpoint;
  /** Asked in order. */
  readonly routes: readonly Route[];
  readonly clock: Clock;
  /** A fresh id for each request that brings none. */
  readonly newAuditId: () => string;
  readonly log: ServerLog;
  readonly metrics?: RequestMetrics;
  /** Bound of requests that do not stream, in milliseconds; default 34000. */
  readonly deadlineMs?: number;
  /** Ends all streams cleanly when it aborts. */
  readonly stopping?: AbortSignal;
  /** Uids of the flow schema and priority level that answers name; they must exist as objects. */
  readonly flowControl?: { readonly flowSchemaUid: string; readonly priorityLevelUid: string };
  /** Keeps a log of requests. Default: none is kept. */
  readonly auditor?: Auditor | undefined;
}

/** A request on its way through the stages; each stage fills in what it finds out. */
interface Exchange {
  request: ServerRequest;
  readonly auditId: string;
  readonly warnings: Warnings;
  info: RequestInfo;
  user: UserInfo;
  audit: AuditTrail | undefined;
}

type Stage = (exchange: Exchange, next: () => Promise<ServerResponse>) => Promise<ServerResponse>;

/** Puts the stages in front of the endpoints. The first listed sees a request first and its answer last. */
export function createHandler(options: ChainOptions): Handler {
  const stages: readonly Stage[] = [
    commonHeaders(options),
    errorsToStatus(options),
    requestInfo,
    countRequests(options),
    indentForPeople,
    errorsToStatus(options),
    endStreamsOnStop(options),
    deadline(options),
    authentication(options),
    ...(options.auditor ? [audit(options.auditor)] : []),
    impersonation(options),
    authorization(options),
  ];
  const last = dispatch(options);
  const run = (exchange: Exchange, index: number): Promise<ServerResponse> => {
    const stage = stages[index];
    return stage ? stage(exchange, () => run(exchange, index + 1)) : last(exchange);
  };
  return (request) => {
    const auditId = header(request, "audit-id") ?? options.newAuditId();
    const info: RequestInfo = {
      isResource: false,
      verb: request.method.toLowerCase(),
      path: request.path,
      query: new URLSearchParams(),
    };
    return run({ request, auditId, warnings: new Warnings(), info, user: anonymous, audit: undefined }, 0);
  };
}

function commonHeaders({ flowControl }: ChainOptions): Stage {
  const fixed = {
    "cache-control": "no-cache, private",
    ...(flowControl && {
      "x-kubernetes-pf-flowschema-uid": flowControl.flowSchemaUid,
      "x-kubernetes-pf-prioritylevel-uid": flowControl.priorityLevelUid,
    }),
  };
  return async (exchange, next) => {
    const response = await next();
    const warning = exchange.warnings.headers();
    const headers = {
      "audit-id": exchange.auditId,
      ...fixed,
      ...(warning.length > 0 && { warning }),
      ...response.headers,
    };
    if (exchange.request.method === "HEAD") return { status: response.status, headers };
    return { ...response, headers };
  };
}

/** Whatever goes wrong is answered; what nobody expected is logged, since the client learns only its message. */
function errorsToStatus({ log }: ChainOptions): Stage {
  return async (exchange, next) => {
    try {
      return await next();
    } catch (thrown) {
      const accept = header(exchange.request, "accept");
      if (thrown instanceof ApiError) return errorResponse(thrown, accept);
      const { request, auditId } = exchange;
      // A client that has gone away needs no answer, and its going is no fault of ours.
      if (!request.signal.aborted)
        log.error({ err: thrown, method: request.method, path: request.path, auditId }, "request failed unexpectedly");
      return errorResponse(
        internalError(thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown }),
        accept,
      );
    }
  };
}

const requestInfo: Stage = async (exchange, next) => {
  exchange.info = parseRequestInfo(exchange.request.method, exchange.request.path);
  return next();
};

function countRequests({ metrics }: ChainOptions): Stage {
  return async (exchange, next) => {
    const response = await next();
    metrics?.count(exchange.info, response.status);
    return response;
  };
}

/** Endpoints indent what they encode themselves; this is for errors, discovery and the like. */
const indentForPeople: Stage = async (exchange, next) => {
  const response = await next();
  const { body, headers } = response;
  if (!(body instanceof Uint8Array) || headers["content-type"] !== json || body.at(-1) === lineEnd) return response;
  if (!wantsPretty(exchange.info.query, header(exchange.request, "user-agent"))) return response;
  const document: unknown = JSON.parse(new TextDecoder().decode(body));
  return { ...response, body: Buffer.from(`${JSON.stringify(document, undefined, 2)}\n`) };
};

const lineEnd = 0x0a;

function endStreamsOnStop({ stopping }: ChainOptions): Stage {
  return async (_exchange, next) => {
    const response = await next();
    if (!stopping || typeof response.body !== "function") return response;
    return { ...response, body: endingWith(response.body, stopping) };
  };
}

function endingWith(body: StreamBody, stopping: AbortSignal): StreamBody {
  return async (stream) => {
    const ending = new AbortController();
    const end = (): void => ending.abort();
    for (const signal of [stream.signal, stopping]) {
      if (signal.aborted) end();
      signal.addEventListener("abort", end, { once: true });
    }
    try {
      await body({ write: (chunk) => stream.write(chunk), buffered: () => stream.buffered(), signal: ending.signal });
    } finally {
      for (const signal of [stream.signal, stopping]) signal.removeEventListener("abort", end);
    }
  };
}

function deadline(options: ChainOptions): Stage {
  return (exchange, next) => {
    const ms = deadlineMs(exchange.info, options.deadlineMs);
    return ms === undefined ? next() : withDeadline(next(), ms, options.clock);
  };
}

function authentication({ authenticate, auditor }: ChainOptions): Stage {
  return async (exchange, next) => {
    try {
      exchange.user = await authenticate(exchange.request);
    } catch (error) {
      if (error instanceof ApiError && error.code === 401) auditor?.refused(exchange);
      throw error;
    }
    return next();
  };
}

/** The log names the sender as the sender, so it comes before impersonation; what is not allowed is in it, too. */
function audit(auditor: Auditor): Stage {
  return async (exchange, next) => {
    const trail = auditor.begin(exchange);
    if (!trail) return next();
    exchange.audit = trail;
    exchange.request = trail.request;
    try {
      return trail.answered(await next());
    } catch (error) {
      trail.failed(error);
      throw error;
    }
  };
}

function impersonation({ authorize }: ChainOptions): Stage {
  return async (exchange, next) => {
    const sender = exchange.user;
    exchange.user = await impersonate(exchange.request, sender, authorize);
    if (exchange.user !== sender) exchange.audit?.impersonated(exchange.user);
    return next();
  };
}

function authorization({ authorize }: ChainOptions): Stage {
  return async (exchange, next) => {
    const attributes = attributesOf(exchange.info, exchange.user);
    const { allowed, reason = "" } = await authorize(attributes);
    exchange.audit?.annotate("authorization.k8s.io/decision", allowed ? "allow" : "forbid");
    exchange.audit?.annotate("authorization.k8s.io/reason", reason);
    if (!allowed) throw accessDenied(attributes);
    return next();
  };
}

function dispatch({ endpoint, routes }: ChainOptions): (exchange: Exchange) => Promise<ServerResponse> {
  return async ({ request, info, user, auditId, warnings, audit }) => {
    const context: RequestContext = { user, auditId, warn: (text) => warnings.add(text), annotate: audit?.annotate };
    if (info.isResource) return endpoint(info, request, context);
    for (const route of routes) {
      const response = await route(info, request, context);
      if (response) return response;
    }
    return pathNotFound();
  };
}
