import { type JsonObject, statusError } from "@homeostat/api";
import type { Annotate } from "../audit/annotate.ts";
import type { UserInfo } from "../auth/user-info.ts";
import { header, type ServerRequest, type ServerResponse } from "../http/handler.ts";
import { negotiate } from "../http/media-type.ts";
import type { Engine, Outcome, WriteRequest } from "../registry/engine.ts";
import type { ServedResource } from "../registry/served-resource.ts";
import type { ResourceRequest } from "../request-info.ts";
import { createResponder, type IncludeObject, type Responder } from "./respond.ts";
import type { WriteQuery } from "./write-query.ts";

/** One request about a resource, with all that its verb may need. */
export interface EndpointRequest {
  readonly info: ResourceRequest;
  readonly served: ServedResource;
  readonly request: ServerRequest;
  readonly user: UserInfo;
  /** Adds a `Warning` header to the answer. */
  warn(text: string): void;
  /** Puts something down in the audit log; undefined where the request has no entry there. */
  readonly annotate?: Annotate | undefined;
}

/** How this request wants to be answered. */
export function responderOf(
  { engine }: { readonly engine: Engine },
  { request, info, served }: EndpointRequest,
  transforms: readonly ("Table" | "PartialObjectMetadata" | "PartialObjectMetadataList")[],
): Responder {
  const negotiated = negotiate(header(request, "accept"), {
    transforms,
    query: info.query,
    userAgent: header(request, "user-agent") ?? "",
  });
  return createResponder(engine, served, negotiated, includeObject(info.query));
}

export function includeObject(query: URLSearchParams): IncludeObject {
  const value = query.get("includeObject") || "Metadata";
  if (value === "None" || value === "Metadata" || value === "Object") return value;
  throw statusError(
    400,
    "BadRequest",
    `unrecognized includeObject value: ${JSON.stringify(value)}: use None, Metadata or Object`,
  );
}

/** The part of a write that all verbs share. */
export function writeRequest(call: EndpointRequest, query: WriteQuery): WriteRequest {
  return {
    served: call.served,
    namespace: call.info.namespace,
    subresource: call.info.subresource,
    user: call.user,
    dryRun: query.dryRun,
    fieldManager: query.fieldManager,
    options: () => optionsOf(query),
    warn: call.warn,
    annotate: call.annotate,
  };
}

/** Options of a write, as webhooks are shown them. */
function optionsOf(query: WriteQuery): JsonObject {
  return {
    ...(query.dryRun ? { dryRun: ["All"] } : {}),
    ...(query.namedManager ? { fieldManager: query.fieldManager } : {}),
    ...(query.namedValidation ? { fieldValidation: query.fieldValidation } : {}),
  };
}

export const userAgentOf = (request: ServerRequest): string => header(request, "user-agent") ?? "";

export async function answer(responder: Responder, outcome: Outcome): Promise<ServerResponse> {
  return responder.object(outcome.code, outcome.object);
}
