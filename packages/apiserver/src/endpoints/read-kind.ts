import { apiVersionOf, badRequest, type GroupVersionKind, type JsonObject } from "@homeostat/api";
import { decodeBody } from "../codec/decode-body.ts";
import { header, type ServerRequest } from "../http/handler.ts";
import { builtinTypes, decodeBuiltin } from "../schema/index-builtin.ts";
import { typeField } from "./accept-object.ts";

export interface ReadKindOptions {
  /** Other apiVersions whose form is the same. */
  readonly alsoAccepted?: readonly string[];
}

/**
 * Reads an object of a kind that belongs to a subresource or to a request's options (Eviction, Binding, Scale,
 * TokenRequest, DeleteOptions) rather than to the resource of the URL.
 *
 * @throws ApiError BadRequest for another kind or a wrong type, UnsupportedMediaType
 */
export async function readKind(
  request: ServerRequest,
  kind: GroupVersionKind,
  { alsoAccepted = [] }: ReadKindOptions = {},
): Promise<JsonObject> {
  const { object } = decodeBody(await request.body(), header(request, "content-type"), { kind });
  requireKind(object, kind, alsoAccepted);
  const mismatch = decodeKind(object, kind);
  if (mismatch !== undefined) {
    throw badRequest(`${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled: ${mismatch}`);
  }
  return object;
}

/** Fills in the type where it is left out. @throws ApiError BadRequest where it is another one */
export function requireKind(object: JsonObject, kind: GroupVersionKind, alsoAccepted: readonly string[] = []): void {
  const wanted = apiVersionOf(kind);
  const sent = { apiVersion: typeField(object, "apiVersion"), kind: typeField(object, "kind") };
  if (sent.kind && sent.kind !== kind.kind) {
    throw badRequest(`the kind in the data (${sent.kind}) does not match the expected kind (${kind.kind})`);
  }
  if (sent.apiVersion && ![wanted, ...alsoAccepted].includes(sent.apiVersion)) {
    throw badRequest(
      `the API version in the data (${sent.apiVersion}) does not match the expected API version (${wanted})`,
    );
  }
  object["apiVersion"] = wanted;
  object["kind"] = kind.kind;
}

/** Brings an object into the form of its kind, in place. @returns what does not fit, if something does not */
export function decodeKind(object: JsonObject, kind: GroupVersionKind): string | undefined {
  const definition = builtinTypes().ofKind(apiVersionOf(kind), kind.kind);
  if (!definition) throw new Error(`no type is known for ${apiVersionOf(kind)} ${kind.kind}`);
  return decodeBuiltin(definition, object).mismatch;
}
