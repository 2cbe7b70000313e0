import { notAcceptable } from "@homeostat/api";
import type { Route } from "../http/chain.ts";
import { header, type ServerRequest, type ServerResponse } from "../http/handler.ts";
import { json, parseAccept } from "../http/media-type.ts";
import { jsonResponse, textResponse } from "../http/respond.ts";
import { type OpenapiSource, type PublishedOpenapi, publishOpenapi } from "./published.ts";
import { OPENAPI_V2_PROTOBUF_ACCEPT, OPENAPI_V2_PROTOBUF_TYPE } from "./v2-protobuf.ts";
import { openapiV3Index, openapiV3Path } from "./v3.ts";

/**
 * `/openapi/v3` with the documents below it, and `/openapi/v2`. Version 3 in protobuf is not offered: every client that
 * asks for it takes JSON too. Source: KEP-2896, kube-openapi handler3 and handler.
 */
export function openapiRoutes(source: OpenapiSource): Route {
  const published = publishOpenapi(source);
  return ({ path, query, verb }, request) => {
    const name =
      path === "/openapi/v3" ? "" : path.startsWith("/openapi/v3/") ? path.slice("/openapi/v3/".length) : undefined;
    if (name === undefined && path !== "/openapi/v2") return undefined;
    if (verb !== "get" && verb !== "head") return textResponse(405, "Method Not Allowed\n");
    if (name === undefined) return version2(published, request);
    if (name === "") return jsonResponse(200, openapiV3Index(published.hashes()));
    return version3(published, name, query.get("hash") ?? undefined, request);
  };
}

function version3(
  published: PublishedOpenapi,
  name: string,
  asked: string | undefined,
  request: ServerRequest,
): ServerResponse | undefined {
  const found = [...published.hashes()].find(([groupVersion]) => openapiV3Path(groupVersion) === name);
  if (!found) return undefined;
  const [groupVersion, hash] = found;
  if (asked && asked !== hash) return { status: 301, headers: { location: `/openapi/v3/${name}?hash=${hash}` } };
  // With its hash in the URL a document never changes.
  const forever = { "cache-control": "public, immutable", expires: "Fri, 31 Dec 2100 00:00:00 GMT" };
  return tagged(request, hash, json, asked ? forever : {}, () => published.v3(groupVersion));
}

/** JSON unless protobuf is asked for first: kubectl before 1.29 takes nothing else. */
function version2(published: PublishedOpenapi, request: ServerRequest): ServerResponse {
  const ranges = parseAccept(header(request, "accept") || "*/*").map(({ type, subtype }) => `${type}/${subtype}`);
  const wanted = ranges.find((range) =>
    [json, "application/*", "*/*", OPENAPI_V2_PROTOBUF_ACCEPT, OPENAPI_V2_PROTOBUF_TYPE].includes(range),
  );
  if (!wanted) throw notAcceptable([json, OPENAPI_V2_PROTOBUF_ACCEPT]);
  const isProtobuf = wanted.endsWith("+protobuf");
  const hash = published.v2Hash();
  return tagged(request, isProtobuf ? `${hash}-protobuf` : hash, isProtobuf ? OPENAPI_V2_PROTOBUF_TYPE : json, {}, () =>
    published.v2(isProtobuf ? "protobuf" : "json"),
  );
}

/** An answer that clients may keep and ask about by its tag. */
function tagged(
  request: ServerRequest,
  tag: string,
  type: string,
  extra: ServerResponse["headers"],
  body: () => Uint8Array,
): ServerResponse {
  const headers = { etag: `"${tag}"`, vary: "Accept", ...extra };
  if (header(request, "if-none-match") === `"${tag}"`) return { status: 304, headers };
  return { status: 200, headers: { ...headers, "content-type": type }, body: body() };
}
