import { notAcceptable, notFound } from "@homeostat/api";
import { accessDenied, attributesOf } from "../auth/authorizer.ts";
import { header, type ServerResponse } from "../http/handler.ts";
import { cborSequence, contentType, json, negotiate } from "../http/media-type.ts";
import { createObject } from "../registry/create.ts";
import { deleteObject } from "../registry/delete.ts";
import type { ResourceRequest } from "../request-info.ts";
import { readObject } from "./accept-object.ts";
import { awaitRevision } from "./await-revision.ts";
import { deleteCollection } from "./delete-collection.ts";
import { readDeleteOptions } from "./delete-options.ts";
import type { EndpointOptions } from "./endpoint-options.ts";
import {
  answer,
  type EndpointRequest,
  includeObject,
  responderOf,
  userAgentOf,
  writeRequest,
} from "./endpoint-request.ts";
import { listPage } from "./list.ts";
import { parseListQuery, parseVersion } from "./list-query.ts";
import { patchObject, patchTypeOf } from "./patch.ts";
import { postBinding } from "./pod-subresources.ts";
import { putObject } from "./put.ts";
import { postReview, reviewOf } from "./reviews.ts";
import { watchCollection } from "./watch.ts";
import { watchTransform } from "./watch-transform.ts";
import { parseWriteQuery } from "./write-query.ts";

type VerbHandler = (options: EndpointOptions, call: EndpointRequest) => Promise<ServerResponse>;

/** What each verb does with objects themselves. */
export const verbs: Record<ResourceRequest["verb"], VerbHandler> = {
  get: getObject,
  list: listObjects,
  watch: watchObjects,
  create: postObject,
  update: updateVerb,
  patch: patchVerb,
  delete: deleteVerb,
  deletecollection: deleteCollectionVerb,
};

const objectForms = ["Table", "PartialObjectMetadata"] as const;

async function getObject(options: EndpointOptions, call: EndpointRequest): Promise<ServerResponse> {
  const { engine } = options;
  const { served, info } = call;
  const responder = responderOf(options, call, objectForms);
  const version = parseVersion(info.query.get("resourceVersion") ?? "", false) ?? 0;
  await awaitRevision(engine, version, call.request.signal);
  const entry = await engine.store.storage.get(engine.store.key(served, info.namespace, info.name!));
  if (!entry) throw notFound(served.resource, info.name!);
  return responder.bytes(200, await engine.store.bytes(served, entry), () => engine.store.object(served, entry));
}

async function listObjects(options: EndpointOptions, call: EndpointRequest): Promise<ServerResponse> {
  const { served, info, request } = call;
  const responder = responderOf(options, call, ["Table", "PartialObjectMetadataList"]);
  const query = parseListQuery(info.query, served, false);
  return responder.page(await listPage(options.engine, served, info.namespace, query, request.signal));
}

async function watchObjects(
  options: EndpointOptions,
  { served, info, request }: EndpointRequest,
): Promise<ServerResponse> {
  const query = parseListQuery(info.query, served, true);
  const negotiated = negotiate(header(request, "accept"), { transforms: objectForms });
  const { format } = negotiated;
  // Frames are lines of JSON, or items of CBOR.
  if (format === "yaml") throw notAcceptable([json, cborSequence]);
  await awaitRevision(options.engine, query.resourceVersion ?? 0, request.signal);
  const body = watchCollection(options.engine, served, {
    query,
    format,
    namespace: info.namespace,
    transform: watchTransform(options.engine, served, negotiated.as, includeObject(info.query)),
    buffer: options.watchBuffer,
    bufferBytes: options.watchBufferBytes,
    bookmarkMs: 60_000,
    spread: options.random(),
  });
  return { status: 200, headers: { "content-type": contentType({ format }, true) }, body };
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
  const selected = parseListQuery(info.query, served, false);
  const page = await listPage(options.engine, served, info.namespace, selected, request.signal);
  await deleteCollection(options.engine, write, page, deleteOptions);
  return responder.page(page);
}
