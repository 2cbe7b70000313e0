import {
  badRequest,
  internalError,
  invalid,
  type Json,
  type JsonObject,
  methodNotAllowed,
  notFound,
} from "@homeostat/api";
import { applyBuiltinScale, builtinScaleOf } from "../builtins/scale.ts";
import { decodeJson } from "../codec/decode-body.ts";
import { applyScale, scaleOf, scaleProblems } from "../custom-resources/scale.ts";
import type { ServedCustomResource } from "../custom-resources/served.ts";
import { header, type ServerRequest } from "../http/handler.ts";
import { patchType } from "../http/media-type.ts";
import { applyJsonPatch } from "../patch/json-patch.ts";
import { applyMergePatch } from "../patch/merge-patch.ts";
import { recordManager } from "../registry/create.ts";
import { metaOf, mutableMeta } from "../registry/object.ts";
import type { ServedResource } from "../registry/served-resource.ts";
import { updateObject } from "../registry/update.ts";
import { responderOf, writeRequest } from "./resource-endpoint.ts";
import type { SubresourceHandler } from "./subresources.ts";
import { parseWriteQuery } from "./write-query.ts";

/** The way from an object to its Scale and back. Source: autoscaling/v1 `Scale`. */
export interface ScaleAccess {
  /** A text says why there is none: the object does not say how many replicas it wants. */
  read(object: JsonObject): JsonObject | string;
  /** Changes the object in place to what the Scale wants. */
  write(object: JsonObject, scale: JsonObject): void;
}

/** How a kind is scaled; undefined where it cannot be. */
export function scaleAccessOf(served: ServedResource): ScaleAccess | undefined {
  if (!served.custom) return { read: builtinScaleOf, write: applyBuiltinScale };
  const { scale } = served as ServedCustomResource;
  return (
    scale && { read: (object) => scaleOf(object, scale), write: (object, sent) => applyScale(object, sent, scale) }
  );
}

/** @param accessOf the way to the replicas of a kind; undefined where it cannot be scaled */
export function scaleHandler(accessOf: (served: ServedResource) => ScaleAccess | undefined): SubresourceHandler {
  return async (engine, call) => {
    const { served, info, request } = call;
    const access = accessOf(served);
    if (!access) throw notFound(served.resource, info.name!);
    const responder = responderOf({ engine }, call, []);
    if (info.verb === "get") {
      const entry = await engine.store.storage.get(engine.store.key(served, info.namespace, info.name!));
      if (!entry) throw notFound(served.resource, info.name!);
      return responder.object(200, shown(await engine.store.object(served, entry), access));
    }
    if (info.verb !== "update" && info.verb !== "patch") throw methodNotAllowed(served.resource, info.verb);
    const query = parseWriteQuery(info.query, header(request, "user-agent") ?? "", info.verb);
    const write = writeRequest(call, query);
    const wantedScale = await readScaleChange(request, info.verb);
    const outcome = await updateObject(engine, write, info.name!, {
      transform: (live) => {
        const before = structuredClone(live);
        const scale = wantedScale(shown(live, access));
        const wanted = metaOf(scale);
        if (wanted.name !== undefined && wanted.name !== info.name)
          throw badRequest(`the name of the object (${wanted.name}) does not match the name on the URL (${info.name})`);
        checkReplicas(scale, info.name!);
        access.write(live, scale);
        // An optimistic lock on the Scale is one on the object.
        if (wanted.resourceVersion) mutableMeta(live)["resourceVersion"] = wanted.resourceVersion;
        else delete mutableMeta(live)["resourceVersion"];
        recordManager(engine, write, live, before);
        return live;
      },
    });
    return responder.object(200, shown(outcome.object, access));
  };
}

async function readScaleChange(
  request: ServerRequest,
  verb: "update" | "patch",
): Promise<(scale: JsonObject) => JsonObject> {
  const type =
    verb === "patch" ? patchType(header(request, "content-type"), ["json", "merge", "strategic"]) : undefined;
  const { value } = decodeJson(await request.body());
  // A Scale has no lists: strategic merge and plain merge come to the same.
  return (scale) =>
    asObject(
      type === undefined ? value : type === "json" ? applyJsonPatch(scale, value) : applyMergePatch(scale, value),
    );
}

function asObject(value: Json): JsonObject {
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw badRequest("the body of the request is not a Scale");
  return value;
}

function checkReplicas(scale: JsonObject, name: string): void {
  const causes = scaleProblems(scale);
  if (causes.length > 0) throw invalid({ group: "autoscaling", kind: "Scale" }, name, causes);
}

/** @throws ApiError InternalError */
function shown(object: JsonObject, access: ScaleAccess): JsonObject {
  const scale = access.read(object);
  if (typeof scale === "string") throw internalError(scale);
  return scale;
}
