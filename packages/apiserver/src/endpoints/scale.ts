import {
  apiVersionOf,
  badRequest,
  fieldError,
  formatTime,
  internalError,
  invalid,
  type Json,
  type JsonObject,
  methodNotAllowed,
  notFound,
} from "@homeostat/api";
import { managedFieldsFromScale, managedFieldsToScale, type ScaleOwnership } from "../apply/scale-ownership.ts";
import { applyConfiguration, type FieldWrite, recordUpdate } from "../apply/updater.ts";
import { applyBuiltinScale, builtinScaleOf } from "../builtins/scale.ts";
import { decodeApplied, decodeJson } from "../codec/decode-body.ts";
import { applyScale, scaleOf, scaleProblems } from "../custom-resources/scale.ts";
import type { ServedCustomResource } from "../custom-resources/served.ts";
import { header, type ServerRequest } from "../http/handler.ts";
import { type PatchType, patchType } from "../http/media-type.ts";
import type { Engine, WriteRequest } from "../registry/engine.ts";
import { metaOf, mutableMeta } from "../registry/object.ts";
import type { ServedResource } from "../registry/served-resource.ts";
import { updateObject } from "../registry/update.ts";
import { builtinKindType } from "../schema/index-builtin.ts";
import { requireName } from "./accept-object.ts";
import { type EndpointRequest, responderOf, writeRequest } from "./endpoint-request.ts";
import { asApplyAnswer, changedBy } from "./patch.ts";
import { decodeKind, readKind, requireKind } from "./read-kind.ts";
import type { SubresourceHandler } from "./subresources.ts";
import { parseWriteQuery, type WriteQuery } from "./write-query.ts";

const scaleKind = { group: "autoscaling", version: "v1", kind: "Scale" };

/** The way from an object to its Scale and back. Source: autoscaling/v1 `Scale`. */
export interface ScaleAccess {
  /** Where the object keeps its replicas: `["spec", "replicas"]`. */
  readonly replicasPath: readonly string[];
  /** A text says why there is none: the object does not say how many replicas it wants. */
  read(object: JsonObject): JsonObject | string;
  /** Changes the object in place to what the Scale wants. */
  write(object: JsonObject, scale: JsonObject): void;
}

/** How a kind is scaled; undefined where it cannot be. */
export function scaleAccessOf(served: ServedResource): ScaleAccess | undefined {
  if (!served.custom) return { replicasPath: ["spec", "replicas"], read: builtinScaleOf, write: applyBuiltinScale };
  const { scale } = served as ServedCustomResource;
  return (
    scale && {
      replicasPath: scale.specReplicasPath.split(".").filter((name) => name !== ""),
      read: (object) => scaleOf(object, scale),
      write: (object, sent) => applyScale(object, sent, scale),
    }
  );
}

/** @param accessOf the way to the replicas of a kind; undefined where it cannot be scaled */
export function scaleHandler(accessOf: (served: ServedResource) => ScaleAccess | undefined): SubresourceHandler {
  return async (engine, call) => {
    const { served, info } = call;
    const access = accessOf(served);
    if (!access) throw notFound(served.resource, info.name!);
    const responder = responderOf({ engine }, call, []);
    if (info.verb === "get") {
      const entry = await engine.store.storage.get(engine.store.key(served, info.namespace, info.name!));
      if (!entry) throw notFound(served.resource, info.name!);
      return responder.object(200, shown(await engine.store.object(served, entry), access));
    }
    if (info.verb !== "update" && info.verb !== "patch") throw methodNotAllowed(served.resource, info.verb);
    return responder.object(200, shown(await changeScale(engine, call, info.verb, access), access));
  };
}

async function changeScale(
  engine: Engine,
  call: EndpointRequest,
  verb: "update" | "patch",
  access: ScaleAccess,
): Promise<JsonObject> {
  const { served, info, request } = call;
  const name = info.name!;
  const type =
    verb === "patch" ? patchType(header(request, "content-type"), ["json", "merge", "strategic", "apply"]) : undefined;
  const query = parseWriteQuery(info.query, header(request, "user-agent") ?? "", verb, type === "apply");
  const admittedAs = { kind: scaleKind, show: (object: JsonObject) => shown(object, access), write: access.write };
  const write = { ...writeRequest(call, query), admittedAs };
  const wantedScale = await readScaleChange(request, type, { resource: served.resource, name, write, query, engine });
  const ownership: ScaleOwnership = { apiVersion: apiVersionOf(served.resource), replicasPath: access.replicasPath };
  const outcome = await updateObject(engine, write, name, {
    transform: (live) => {
      const owners = mutableMeta(live)["managedFields"];
      const before = shown(live, access);
      mutableMeta(before)["managedFields"] = managedFieldsToScale(owners, ownership);
      const scale = wantedScale(before);
      const wanted = metaOf(scale);
      if (wanted.name !== undefined && wanted.name !== name)
        throw badRequest(`the name of the object (${wanted.name}) does not match the name on the URL (${name})`);
      checkReplicas(scale, name);
      access.write(live, scale);
      const meta = mutableMeta(live);
      // An optimistic lock on the Scale is one on the object.
      if (wanted.resourceVersion) meta["resourceVersion"] = wanted.resourceVersion;
      else delete meta["resourceVersion"];
      if (wanted.uid) meta["uid"] = wanted.uid;
      meta["managedFields"] = managedFieldsFromScale(owners, mutableMeta(scale)["managedFields"], ownership);
      return live;
    },
  });
  return outcome.object;
}

interface ScaleWrite {
  readonly engine: Engine;
  readonly resource: { readonly group: string; readonly kind: string };
  readonly name: string;
  readonly write: WriteRequest;
  readonly query: WriteQuery;
}

/** Reads what a request wants of a Scale. @returns makes the wanted Scale, with its managed fields, of the present one */
async function readScaleChange(
  request: ServerRequest,
  type: PatchType | undefined,
  { engine, resource, name, write, query }: ScaleWrite,
): Promise<(scale: JsonObject) => JsonObject> {
  const fieldWrite: FieldWrite = {
    type: builtinKindType(apiVersionOf(scaleKind), scaleKind.kind)!,
    manager: write.fieldManager,
    apiVersion: apiVersionOf(scaleKind),
    subresource: "scale",
    now: formatTime(engine.clock.now()),
  };
  const recorded = (live: JsonObject, updated: JsonObject): JsonObject =>
    recordUpdate({ ...fieldWrite, live, updated });
  if (type === undefined) {
    const sent = await readKind(request, scaleKind);
    requireName(metaOf(sent).name, name);
    return (scale) => recorded(scale, structuredClone(sent));
  }
  const body = await request.body();
  if (type === "apply") {
    const config = asScale(decodeApplied(body, { contentType: header(request, "content-type") }).value);
    requireKind(config, scaleKind);
    const force = query.force === true;
    return (live) => {
      const applied = { ...fieldWrite, live, config: structuredClone(config), force };
      return fitting(
        asApplyAnswer(() => applyConfiguration(applied).object),
        name,
      );
    };
  }
  const { value } = decodeJson(body);
  // A Scale has no lists: strategic merge and plain merge come to the same.
  const plain = type === "strategic" ? "merge" : type;
  return (scale) => {
    const patched = changedBy(plain, structuredClone(scale), value, fieldWrite.type, resource, name);
    return recorded(scale, fitting(patched, name));
  };
}

/** What a patch makes of a Scale must be one. @throws ApiError Invalid */
function fitting(scale: JsonObject, name: string): JsonObject {
  const mismatch = decodeKind(scale, scaleKind);
  if (mismatch !== undefined) throw invalid(scaleKind, name, [fieldError.invalid("patch", {}, mismatch)]);
  return scale;
}

function asScale(value: Json): JsonObject {
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw badRequest("the body of the request is not a Scale");
  return value;
}

function checkReplicas(scale: JsonObject, name: string): void {
  const causes = scaleProblems(scale);
  if (causes.length > 0) throw invalid(scaleKind, name, causes);
}

/** @throws ApiError InternalError */
function shown(object: JsonObject, access: ScaleAccess): JsonObject {
  const scale = access.read(object);
  if (typeof scale === "string") throw internalError(scale);
  return scale;
}
