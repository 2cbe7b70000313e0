import {
  badRequest,
  fieldError,
  invalid,
  type Json,
  type JsonObject,
  methodNotAllowed,
  notFound,
} from "@homeostat/api";
import { decodeJson } from "../codec/decode-body.ts";
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

/** How many replicas an object wants and has. Source: autoscaling/v1 `Scale`. */
export interface ScaleAccess {
  /** @throws ApiError InternalError when the object does not say how many replicas it wants */
  read(object: JsonObject): {
    readonly replicas: number;
    readonly observed: number;
    readonly selector: string | undefined;
  };
  /** Changes the object in place. */
  write(object: JsonObject, replicas: number): void;
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
      return responder.object(200, scaleOf(await engine.store.object(served, entry), access));
    }
    if (info.verb !== "update" && info.verb !== "patch") throw methodNotAllowed(served.resource, info.verb);
    const query = parseWriteQuery(info.query, header(request, "user-agent") ?? "", info.verb);
    const write = writeRequest(call, query);
    const wantedScale = await readScaleChange(request, info.verb);
    const outcome = await updateObject(engine, write, info.name!, {
      transform: (live) => {
        const before = structuredClone(live);
        const scale = wantedScale(scaleOf(live, access));
        const wanted = metaOf(scale);
        if (wanted.name !== undefined && wanted.name !== info.name)
          throw badRequest(`the name of the object (${wanted.name}) does not match the name on the URL (${info.name})`);
        access.write(live, replicasOf(scale, info.name!));
        // An optimistic lock on the Scale is one on the object.
        if (wanted.resourceVersion) mutableMeta(live)["resourceVersion"] = wanted.resourceVersion;
        else delete mutableMeta(live)["resourceVersion"];
        recordManager(engine, write, live, before);
        return live;
      },
    });
    return responder.object(200, scaleOf(outcome.object, access));
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

function replicasOf(scale: JsonObject, name: string): number {
  const replicas = (scale["spec"] as JsonObject | undefined)?.["replicas"] ?? 0;
  const kind = { group: "autoscaling", kind: "Scale" };
  if (typeof replicas !== "number" || !Number.isInteger(replicas))
    throw badRequest(`Scale.spec.replicas: ${JSON.stringify(replicas)} is not a whole number`);
  if (replicas < 0)
    throw invalid(kind, name, [fieldError.invalid("spec.replicas", replicas, "must be greater than or equal to 0")]);
  return replicas;
}

function scaleOf(object: JsonObject, access: ScaleAccess): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metaOf(object);
  const { replicas, observed, selector } = access.read(object);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: {
      name: name!,
      ...(namespace ? { namespace } : {}),
      uid: uid!,
      resourceVersion: resourceVersion!,
      creationTimestamp: creationTimestamp ?? null,
    },
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: observed, ...(selector ? { selector } : {}) },
  };
}
