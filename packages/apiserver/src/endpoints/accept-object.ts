import { apiVersionOf, badRequest, fieldError, invalid, type JsonObject } from "@homeostat/api";
import { decodeBody } from "../codec/decode-body.ts";
import { header, type ServerRequest } from "../http/handler.ts";
import { metaOf, mutableMeta } from "../registry/object.ts";
import type { ServedResource } from "../registry/served-resource.ts";
import type { WriteQuery } from "./write-query.ts";

/** What a body is checked against. */
export interface Expected {
  readonly served: ServedResource;
  readonly namespace: string | undefined;
  /** From the URL; undefined on a create. */
  readonly name: string | undefined;
  readonly fieldValidation: WriteQuery["fieldValidation"];
  warn(text: string): void;
}

/**
 * Reads an object of the served kind from a request: decoded, its type and place checked against the URL, unknown
 * fields gone and reported as the client asked.
 *
 * @throws ApiError BadRequest, UnsupportedMediaType, RequestEntityTooLarge
 */
export async function readObject(request: ServerRequest, expected: Expected): Promise<JsonObject> {
  const { object, duplicates } = decodeBody(await request.body(), header(request, "content-type"), {
    custom: expected.served.custom,
  });
  checkType(object, expected);
  const findings = [...duplicates, ...shape(object, expected.served)];
  reportFindings(findings, expected, (message) => badRequest(message));
  if (expected.name !== undefined) requireName(metaOf(object).name, expected.name);
  placeObject(object, expected);
  return object;
}

/** What replaces an object says which. @throws ApiError BadRequest */
export function requireName(name: string | undefined, nameInUrl: string): void {
  if (!name)
    throw badRequest(`the name of the object (${nameInUrl} based on URL) was undeterminable: name must be provided`);
}

/** Brings an object into the kind's shape. @returns texts about unknown fields @throws ApiError BadRequest for a wrong type */
export function shape(object: JsonObject, served: ServedResource): string[] {
  const { unknown, mismatch } = served.schema.decode(object);
  if (mismatch !== undefined) {
    const { kind, version } = served.resource;
    throw badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${mismatch}`);
  }
  return unknown.map((path) => `unknown field ${JSON.stringify(path)}`);
}

/** Strict refuses, Warn warns, Ignore says nothing. Source: KEP-2885. */
export function reportFindings(
  findings: readonly string[],
  { served, fieldValidation, warn }: Pick<Expected, "served" | "fieldValidation" | "warn">,
  refuse: (message: string) => Error,
): void {
  if (findings.length === 0 || fieldValidation === "Ignore") return;
  if (fieldValidation === "Warn") {
    for (const finding of findings) warn(finding);
    return;
  }
  const { kind, version } = served.resource;
  throw refuse(
    `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: strict decoding error: ${findings.join(", ")}`,
  );
}

/** A part of an object's type; empty where it is left out. @throws ApiError BadRequest when it is no text */
export function typeField(object: JsonObject, name: "apiVersion" | "kind"): string {
  const value = object[name] ?? "";
  if (typeof value !== "string") throw badRequest(`${name} in the data must be a string, not ${JSON.stringify(value)}`);
  return value;
}

/** Type from the URL where the body leaves it out; another one is refused. */
export function checkType(object: JsonObject, { served }: Pick<Expected, "served">): void {
  const { resource, custom } = served;
  const wanted = apiVersionOf(resource);
  const apiVersion = typeField(object, "apiVersion");
  const kind = typeField(object, "kind");
  if (apiVersion && apiVersion !== wanted) {
    throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${wanted})`);
  }
  if (kind && kind !== resource.kind) {
    const { name }: { name?: unknown } = metaOf(object);
    if (custom && apiVersion)
      throw invalid(resource, typeof name === "string" ? name : "", [
        fieldError.invalid("kind", kind, `must be ${resource.kind}`),
      ]);
    throw badRequest(`the kind in the data (${kind}) does not match the expected kind (${resource.kind})`);
  }
  object["apiVersion"] = wanted;
  object["kind"] = resource.kind;
}

/** Namespace and name from the URL where the body leaves them out; others are refused. */
export function placeObject(
  object: JsonObject,
  { served, namespace, name }: Pick<Expected, "served" | "namespace" | "name">,
): void {
  const meta = mutableMeta(object);
  if (served.resource.scope === "Cluster") delete meta["namespace"];
  else if (meta["namespace"] && meta["namespace"] !== namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  } else if (namespace) meta["namespace"] = namespace;
  if (name === undefined) return;
  if (meta["name"] && meta["name"] !== name) {
    throw badRequest(
      `the name of the object (${JSON.stringify(meta["name"])}) does not match the name on the URL (${name})`,
    );
  }
  meta["name"] = name;
}
