import {
  type ApiError,
  apiVersionOf,
  type GroupVersionKind,
  type Json,
  type JsonObject,
  notFound,
  statusError,
} from "@homeostat/api";
import { isTrue } from "../http/request-info.ts";
import type { Engine } from "../registry/engine.ts";
import type { ServedSubresource } from "../registry/served-resource.ts";
import { builtinKindType } from "../schema/index-builtin.ts";
import type { TypeSchema } from "../schema/type-schema.ts";
import { admitSubresource } from "./admit-subresource.ts";
import { type EndpointRequest, userAgentOf, writeRequest } from "./endpoint-request.ts";
import type { SubresourceHandler } from "./subresources.ts";
import { parseWriteQuery } from "./write-query.ts";

/**
 * Subresources that are connections to a process (exec, attach, portforward, proxy), where nothing runs behind the
 * object: it says so.
 */
export const noConnection: SubresourceHandler = async (engine, call, subresource) => {
  await admitConnection(engine, call, subresource);
  throw nothingRuns(call, subresource);
};

/** @returns what is connected to, and the connection's options. @throws ApiError 404 without the object */
export async function admitConnection(
  engine: Engine,
  call: EndpointRequest,
  subresource: ServedSubresource,
): Promise<{ readonly object: JsonObject; readonly options: JsonObject }> {
  const { served, info } = call;
  const entry = await engine.store.storage.get(engine.store.key(served, info.namespace, info.name!));
  if (!entry) throw notFound(served.resource, info.name!);
  const options = connectOptions(subresource.kind, info.query);
  const query = parseWriteQuery(new URLSearchParams(), userAgentOf(call.request), "create");
  await admitSubresource(engine, writeRequest(call, query), info.name!, options, "CONNECT");
  return { object: await engine.store.object(served, entry), options };
}

export function nothingRuns({ served, info }: EndpointRequest, subresource: ServedSubresource): ApiError {
  return statusError(
    501,
    "NotImplemented",
    `${served.resource.singular} ${JSON.stringify(info.name)} runs no process that ${subresource.name} could connect to: it exists in the API only`,
  );
}

/** A connection's options, from its query. */
function connectOptions(kind: GroupVersionKind, query: URLSearchParams): JsonObject {
  const apiVersion = apiVersionOf(kind);
  const options: JsonObject = { kind: kind.kind, apiVersion };
  const type = builtinKindType(apiVersion, kind.kind);
  for (const name of type?.kind === "struct" ? type.names : []) {
    const field = type?.kind === "struct" ? type.field(name) : undefined;
    const given = query.getAll(name);
    if (!field || given.length === 0 || name === "kind" || name === "apiVersion") continue;
    options[name] = field.type.kind === "list" ? given : scalarOf(field.type, given[0]!);
  }
  return options;
}

function scalarOf(type: TypeSchema, text: string): Json {
  if (type.kind !== "scalar") return text;
  if (type.scalar === "boolean") return isTrue(text);
  return type.scalar === "integer" ? Number(text) : text;
}
