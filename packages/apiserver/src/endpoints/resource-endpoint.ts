import { methodNotAllowed, notAcceptable, notFound, statusError } from "@homeostat/api";
import { type Authorizer, accessDenied, attributesOf } from "../auth/authorizer.ts";
import type { Reviews } from "../auth/reviews.ts";
import type { UserInfo } from "../auth/user-info.ts";
import type { ResourceEndpoint } from "../http/chain.ts";
import { header, type ServerRequest, type ServerResponse } from "../http/handler.ts";
import { contentType, json, negotiate } from "../http/media-type.ts";
import { pathNotFound } from "../http/respond.ts";
import { createObject } from "../registry/create.ts";
import { deleteObject } from "../registry/delete.ts";
import type { Engine, Outcome, WriteRequest } from "../registry/engine.ts";
import type { ServedResource, Verb } from "../registry/served-resource.ts";
import type { ResourceRequest } from "../request-info.ts";
import { readObject } from "./accept-object.ts";
import { deleteCollection } from "./delete-collection.ts";
import { readDeleteOptions } from "./delete-options.ts";
import { listPage, requireReached } from "./list.ts";
import { parseListQuery, parseVersion } from "./list-query.ts";
import { patchObject, patchTypeOf } from "./patch.ts";
import { postBinding } from "./pod-subresources.ts";
import { putObject } from "./put.ts";
import { createResponder, type IncludeObject, type Responder } from "./respond.ts";
import { postReview, reviewOf } from "./reviews.ts";
import type { Subresources } from "./subresources.ts";
import { watchCollection } from "./watch.ts";
import { watchTransform } from "./watch-transform.ts";
import { parseWriteQuery, type WriteQuery } from "./write-query.ts";

export interface EndpointOptions {
  readonly engine: Engine;
  /** Asked again by a PUT or an apply that creates. */
  readonly authorize: Authorizer;
  /** Kinds that are answered and never stored. */
  readonly reviews: Reviews;
  readonly subresources: Subresources;
  /** Frames a watch may queue. */
  readonly watchBuffer: number;
  /** Bytes the reader of a watch may leave untaken. */
  readonly watchBufferBytes: number;
  /** In [0, 1), for spreading the ends of watches. */
  readonly random: () => number;
}

/** One request about a resource, with all that its verb may need. */
export interface EndpointRequest {
  readonly info: ResourceRequest;
  readonly served: ServedResource;
  readonly request: ServerRequest;
  readonly user: UserInfo;
  /** Adds a `Warning` header to the answer. */
  warn(text: string): void;
}

/** Serves the verbs of all resources. */
export function createResourceEndpoint(options: EndpointOptions): ResourceEndpoint {
  return async (info, request, { user, warn }) => {
    const served = options.engine.catalog.find(info.group, info.version, info.resource);
    if (!served || misplaced(served, info)) return pathNotFound();
    const call: EndpointRequest = { info, served, request, user, warn };
    if (served.deprecation) warn(served.deprecation);
    if (info.subresource !== undefined) {
      const subresource = served.subresources.get(info.subresource);
      if (!subresource) return pathNotFound();
      if (!subresource.verbs.includes(info.verb)) throw methodNotAllowed(served.resource, info.verb);
      return options.subresources.handle(call, subresource);
    }
    if (!supported(served, info)) throw methodNotAllowed(served.resource, info.verb);
    return verbs[info.verb](options, call);
  };
}

/** A namespaced object outside a namespace, or the reverse. Lists may span all namespaces. */
function misplaced(served: ServedResource, info: ResourceRequest): boolean {
  if (served.resource.scope === "Cluster")
    return info.namespace !== undefined && !(info.resource === "namespaces" && info.group === "");
  return (
    info.namespace === undefined &&
    info.verb !== "list" &&
    info.verb !== "watch" &&
    info.verb !== "create" &&
    info.verb !== "deletecollection"
  );
}

function supported(served: ServedResource, info: ResourceRequest): boolean {
  if (!served.verbs.includes(info.verb as Verb)) return false;
  if (info.verb === "create")
    return !info.named && (served.resource.scope === "Cluster" || info.namespace !== undefined);
  if (info.verb === "update" || info.verb === "patch" || info.verb === "delete") return info.named;
  if (info.verb === "deletecollection") return served.resource.scope === "Cluster" || info.namespace !== undefined;
  return true;
}

type VerbHandler = (options: EndpointOptions, call: EndpointRequest) => Promise<ServerResponse>;

const verbs: Record<ResourceRequest["verb"], VerbHandler> = {
  get: getObject,
  list: listObjects,
  watch: watchObjects,
  create: postObject,
  update: updateVerb,
  patch: patchVerb,
  delete: deleteVerb,
  deletecollection: deleteCollectionVerb,
};

/** How this request wants to be answered. */
export function responderOf(
  { engine }: Pick<EndpointOptions, "engine">,
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

function includeObject(query: URLSearchParams): IncludeObject {
  const value = query.get("includeObject") || "Metadata";
  if (value === "None" || value === "Metadata" || value === "Object") return value;
  throw statusError(
    400,
    "BadRequest",
    `unrecognized includeObject value: ${JSON.stringify(value)}: use None, Metadata or Object`,
  );
}

const objectForms = ["Table", "PartialObjectMetadata"] as const;

async function getObject(options: EndpointOptions, call: EndpointRequest): Promise<ServerResponse> {
  const { engine } = options;
  const { served, info } = call;
  const responder = responderOf(options, call, objectForms);
  requireReached(engine, parseVersion(info.query.get("resourceVersion") ?? "", false) ?? 0);
  const entry = await engine.store.storage.get(engine.store.key(served, info.namespace, info.name!));
  if (!entry) throw notFound(served.resource, info.name!);
  return responder.bytes(200, await engine.store.bytes(served, entry), () => engine.store.object(served, entry));
}

async function listObjects(options: EndpointOptions, call: EndpointRequest): Promise<ServerResponse> {
  const { served, info } = call;
  const responder = responderOf(options, call, ["Table", "PartialObjectMetadataList"]);
  const query = parseListQuery(info.query, served, false);
  return responder.page(await listPage(options.engine, served, info.namespace, query));
}

async function watchObjects(
  options: EndpointOptions,
  { served, info, request }: EndpointRequest,
): Promise<ServerResponse> {
  const query = parseListQuery(info.query, served, true);
  const negotiated = negotiate(header(request, "accept"), { transforms: objectForms });
  // Frames are lines of JSON.
  if (negotiated.format !== "json") throw notAcceptable([json]);
  const body = watchCollection(options.engine, served, {
    query,
    namespace: info.namespace,
    transform: watchTransform(options.engine, served, negotiated.as, includeObject(info.query)),
    buffer: options.watchBuffer,
    bufferBytes: options.watchBufferBytes,
    bookmarkMs: 60_000,
    spread: options.random(),
  });
  return { status: 200, headers: { "content-type": contentType({ format: "json" }, true) }, body };
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
    warn: call.warn,
  };
}

const userAgentOf = (request: ServerRequest): string => header(request, "user-agent") ?? "";

export async function answer(responder: Responder, outcome: Outcome): Promise<ServerResponse> {
  return responder.object(outcome.code, outcome.object);
}

async function postObject(options: EndpointOptions, call: EndpointRequest): Promise<ServerResponse> {
  const { served, info, request } = call;
  const review = reviewOf(options.reviews, info.group, info.resource);
  if (review) return postReview(options, call, review);
  if (info.group === "" && info.resource === "bindings") return postBinding(options.engine, call);
  const responder = responderOf(options, call, objectForms);
  const query = parseWriteQuery(info.query, userAgentOf(request), "create");
  const object = await readObject(request, {
    served,
    namespace: info.namespace,
    name: undefined,
    fieldValidation: query.fieldValidation,
    warn: call.warn,
  });
  return answer(responder, await createObject(options.engine, writeRequest(call, query), object));
}

async function updateVerb(options: EndpointOptions, call: EndpointRequest): Promise<ServerResponse> {
  const responder = responderOf(options, call, objectForms);
  const query = parseWriteQuery(call.info.query, userAgentOf(call.request), "update");
  const outcome = await putObject(options.engine, writeRequest(call, query), call, query, () =>
    mayCreate(options, call),
  );
  return answer(responder, outcome);
}

async function patchVerb(options: EndpointOptions, call: EndpointRequest): Promise<ServerResponse> {
  const { served, info, request } = call;
  const responder = responderOf(options, call, objectForms);
  const type = patchTypeOf(request, served.custom);
  const query = parseWriteQuery(info.query, userAgentOf(request), "patch", type === "apply");
  const expected = {
    served,
    namespace: info.namespace,
    name: info.name!,
    fieldValidation: query.fieldValidation,
    warn: call.warn,
  };
  const input = { type, query, expected, mayCreate: () => mayCreate(options, call) };
  return answer(responder, await patchObject(options.engine, writeRequest(call, query), request, input));
}

/** The right to update or patch is not the right to create. @throws ApiError Forbidden */
async function mayCreate({ authorize }: EndpointOptions, { info, user }: EndpointRequest): Promise<void> {
  const attributes = attributesOf({ ...info, verb: "create" }, user);
  if (!(await authorize(attributes)).allowed) throw accessDenied(attributes);
}

async function deleteVerb(options: EndpointOptions, call: EndpointRequest): Promise<ServerResponse> {
  const { info, request } = call;
  const responder = responderOf(options, call, objectForms);
  const { dryRun, ...deleteOptions } = await readDeleteOptions(request, info.query);
  const query = parseWriteQuery(info.query, userAgentOf(request), "delete");
  const write = { ...writeRequest(call, query), dryRun: dryRun || query.dryRun };
  return answer(responder, await deleteObject(options.engine, write, info.name!, deleteOptions));
}

async function deleteCollectionVerb(options: EndpointOptions, call: EndpointRequest): Promise<ServerResponse> {
  const { served, info, request } = call;
  const responder = responderOf(options, call, ["Table", "PartialObjectMetadataList"]);
  const { dryRun, ...deleteOptions } = await readDeleteOptions(request, info.query);
  const query = parseWriteQuery(info.query, userAgentOf(request), "delete");
  const write = { ...writeRequest(call, query), dryRun: dryRun || query.dryRun };
  const page = await listPage(options.engine, served, info.namespace, parseListQuery(info.query, served, false));
  await deleteCollection(options.engine, write, page, deleteOptions);
  return responder.page(page);
}
