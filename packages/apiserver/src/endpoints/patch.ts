import {
  ApiError,
  badRequest,
  fieldError,
  formatTime,
  internalError,
  invalid,
  type Json,
  type JsonObject,
  requestEntityTooLarge,
  statusError,
} from "@homeostat/api";
import { TypedError } from "../apply/typed-error.ts";
import { applyConfiguration } from "../apply/updater.ts";
import { decodeApplied, decodeJson } from "../codec/decode-body.ts";
import { header, type ServerRequest } from "../http/handler.ts";
import { type PatchType, patchType } from "../http/media-type.ts";
import { applyJsonPatch } from "../patch/json-patch.ts";
import { applyMergePatch } from "../patch/merge-patch.ts";
import { PatchError } from "../patch/patch-error.ts";
import { applyStrategicMergePatch } from "../patch/strategic-merge.ts";
import { resetFields, servedVersions } from "../registry/create.ts";
import type { Engine, Outcome, WriteRequest } from "../registry/engine.ts";
import { metaOf, mutableMeta } from "../registry/object.ts";
import { updateObject } from "../registry/update.ts";
import type { TypeSchema } from "../schema/type-schema.ts";
import { checkType, type Expected, placeObject, reportFindings, shape } from "./accept-object.ts";
import type { WriteQuery } from "./write-query.ts";

/** Patches the kind understands; custom kinds have no strategic merge. */
export function supportedPatches(custom: boolean): PatchType[] {
  return custom ? ["json", "merge", "apply"] : ["json", "merge", "strategic", "apply"];
}

export function patchTypeOf(request: ServerRequest, custom: boolean): PatchType {
  return patchType(header(request, "content-type"), supportedPatches(custom));
}

export interface PatchInput {
  readonly type: PatchType;
  readonly query: WriteQuery;
  readonly expected: Expected & { readonly name: string };
  /** Throws where the caller may not create; asked when an apply finds nothing. */
  readonly mayCreate: () => Promise<void>;
}

/** @throws ApiError BadRequest for a patch that makes no sense, Invalid for one that does not fit the object */
export async function patchObject(
  engine: Engine,
  write: WriteRequest,
  request: ServerRequest,
  input: PatchInput,
): Promise<Outcome> {
  const { type } = input;
  return type === "apply"
    ? applyPatch(engine, write, request, input)
    : mergePatch(engine, write, request, { ...input, type });
}

async function mergePatch(
  engine: Engine,
  write: WriteRequest,
  request: ServerRequest,
  { type, query, expected }: PatchInput & { readonly type: Exclude<PatchType, "apply"> },
): Promise<Outcome> {
  const { served } = write;
  const { value: patch, duplicates } = decodeJson(await request.body(), { custom: served.custom });
  return updateObject(engine, write, expected.name, {
    fields: "record",
    transform: (live) => {
      const { kind, apiVersion } = live;
      const patched = changedBy(type, live, patch, served.schema.type, served.resource, expected.name);
      if (patched["kind"] !== kind || patched["apiVersion"] !== apiVersion) checkType(patched, expected);
      const findings = [...duplicates, ...shapePatched(patched, expected)];
      const refuse = (message: string): Error =>
        invalid(served.resource, expected.name, [
          fieldError.invalid("patch", JSON.stringify(patch), message.replace(/^.*?(?=strict decoding error)/, "")),
        ]);
      reportFindings(findings, { served, fieldValidation: query.fieldValidation, warn: write.warn }, refuse);
      requireSamePlace(patched, expected);
      return patched;
    },
  });
}

/**
 * The object a patch other than apply makes of the live one, which it may change.
 * @throws ApiError BadRequest, Invalid, RequestEntityTooLarge
 */
export function changedBy(
  type: Exclude<PatchType, "apply">,
  live: JsonObject,
  patch: Json,
  schema: TypeSchema,
  resource: { group: string; kind: string },
  name: string,
): JsonObject {
  return asPatchAnswer(resource, name, () => applied(type, live, patch, schema));
}

function applied(type: Exclude<PatchType, "apply">, live: JsonObject, patch: Json, schema: TypeSchema): JsonObject {
  const result =
    type === "json"
      ? applyJsonPatch(live, patch)
      : type === "merge"
        ? applyMergePatch(live, patch)
        : applyStrategicMergePatch(live, patch, schema);
  if (result === null || typeof result !== "object" || Array.isArray(result))
    throw new PatchError("malformed", "the patch does not leave an object");
  return result as JsonObject;
}

/** Turns a patch's own errors into the API's answers. */
function asPatchAnswer<T>(resource: { group: string; kind: string }, name: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    switch (error.kind) {
      case "malformed":
        throw badRequest(error.message);
      case "too-large":
        throw requestEntityTooLarge(error.message);
      case "internal":
        throw internalError(error.message);
      case "inapplicable":
        throw new ApiError({ ...invalid(resource, name, []).status, message: error.message });
    }
  }
}

/** The result of a patch whose types do not fit is the patch's fault: 422 rather than 400. */
function shapePatched(object: JsonObject, { served, name }: Expected & { readonly name: string }): string[] {
  try {
    return shape(object, served);
  } catch (error) {
    throw invalid(served.resource, name, [fieldError.invalid("patch", {}, (error as Error).message)]);
  }
}

function requireSamePlace(object: JsonObject, { name, namespace, served }: Expected & { readonly name: string }): void {
  const meta = mutableMeta(object);
  if (served.resource.scope === "Namespaced" && meta["namespace"] && meta["namespace"] !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  if (meta["name"] !== undefined && meta["name"] !== name) {
    throw badRequest(
      `the name of the object (${JSON.stringify(meta["name"])}) does not match the name on the URL (${name})`,
    );
  }
}

async function applyPatch(
  engine: Engine,
  write: WriteRequest,
  request: ServerRequest,
  { query, expected, mayCreate }: PatchInput,
): Promise<Outcome> {
  const { served } = write;
  const raw = await readApplied(request, expected);
  const configure = (live: JsonObject | undefined): JsonObject =>
    asApplyAnswer(
      () =>
        applyConfiguration({
          live,
          config: structuredClone(raw),
          type: served.schema.type,
          manager: write.fieldManager,
          force: query.force === true,
          apiVersion: String(raw["apiVersion"]),
          subresource: write.subresource,
          now: formatTime(engine.clock.now()),
          reset: resetFields(write),
          ...servedVersions(engine, write),
        }).object,
    );
  return updateObject(engine, write, expected.name, {
    transform: (live) => shaped(configure(live), expected),
    create: async () => {
      await mayCreate();
      return shaped(configure(undefined), expected);
    },
    uid: metaOf(raw).uid,
  });
}

/** A configuration that does not fit the kind is a plain error: upstream gives it no reason. */
export function asApplyAnswer<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof TypedError) throw statusError(500, "", error.message);
    throw error;
  }
}

/** The merged object in the kind's shape: canonical values, nothing unknown. */
function shaped(object: JsonObject, expected: Expected & { readonly name: string }): JsonObject {
  shapePatched(object, expected);
  return object;
}

/**
 * The configuration as it was sent. What the kind does not declare is left in: apply refuses it, whatever the client
 * asked for about unknown fields.
 */
async function readApplied(request: ServerRequest, expected: Expected): Promise<JsonObject> {
  const { value, duplicates } = decodeApplied(await request.body(), {
    contentType: header(request, "content-type"),
    custom: expected.served.custom,
  });
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw badRequest("the body of an apply is not an object");
  const object = value as JsonObject;
  const { apiVersion, kind } = object;
  checkType(object, expected);
  // Other patches may leave the type out; an apply is a whole object and says what it is.
  if (!apiVersion || !kind) {
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${apiVersion ?? ""}, Kind=${kind ?? ""}, expected: ${object["apiVersion"]}, Kind=${object["kind"]}`,
    );
  }
  reportFindings(duplicates, expected, (message) => badRequest(message));
  placeObject(object, expected);
  if (mutableMeta(object)["managedFields"] !== undefined) throw badRequest("metadata.managedFields must be nil");
  return object;
}
