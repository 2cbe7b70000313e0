import { createHash } from "node:crypto";
import { apiVersionOf } from "@homeostat/api";
import type { Route } from "../http/chain.ts";
import { header, type ServerResponse } from "../http/handler.ts";
import { json } from "../http/media-type.ts";
import { jsonResponse, textResponse } from "../http/respond.ts";
import type { Catalog } from "../registry/catalog.ts";
import type { ServedResource } from "../registry/served-resource.ts";
import { loadBuiltinResources } from "../schema/index-builtin.ts";
import { customOpenapiV3Document, openapiV3Document, openapiV3Index, openapiV3Path } from "./v3.ts";

/**
 * `/openapi/v3` and the documents below it. A document is made when it is first asked for and kept until its
 * resources change; its hash names what it is made from, so that the index costs nothing.
 * Source: KEP-2896, kube-openapi handler3.
 */
export function openapiRoutes(catalog: Catalog): Route {
  const documents = new Map<string, { readonly hash: string; readonly body: Uint8Array }>();
  let hashes: { readonly version: number; readonly byGroupVersion: ReadonlyMap<string, string> } | undefined;

  const currentHashes = (): ReadonlyMap<string, string> => {
    if (hashes?.version !== catalog.version) hashes = { version: catalog.version, byGroupVersion: hashesOf(catalog) };
    return hashes.byGroupVersion;
  };

  const documentOf = (groupVersion: string, hash: string): Uint8Array => {
    const kept = documents.get(groupVersion);
    if (kept?.hash === hash) return kept.body;
    const body = Buffer.from(JSON.stringify(makeDocument(catalog, groupVersion)));
    documents.set(groupVersion, { hash, body });
    return body;
  };

  return ({ path, query, verb }, request) => {
    if (path !== "/openapi/v3" && !path.startsWith("/openapi/v3/")) return undefined;
    if (verb !== "get" && verb !== "head") return textResponse(405, "Method Not Allowed\n");
    const byGroupVersion = currentHashes();
    if (path === "/openapi/v3") return jsonResponse(200, openapiV3Index(byGroupVersion));
    const name = path.slice("/openapi/v3/".length);
    const found = [...byGroupVersion].find(([groupVersion]) => openapiV3Path(groupVersion) === name);
    if (!found) return undefined;
    const [groupVersion, hash] = found;
    const asked = query.get("hash");
    if (asked && asked !== hash) return { status: 301, headers: { location: `/openapi/v3/${name}?hash=${hash}` } };
    const headers = cacheHeaders(hash, asked !== null);
    if (header(request, "if-none-match") === `"${hash}"`) return { status: 304, headers };
    return { status: 200, headers: { ...headers, "content-type": json }, body: documentOf(groupVersion, hash) };
  };
}

/** With its hash in the URL a document never changes. */
function cacheHeaders(hash: string, isPinned: boolean): ServerResponse["headers"] {
  const forever = { "cache-control": "public, immutable", expires: "Fri, 31 Dec 2100 00:00:00 GMT" };
  return { etag: `"${hash}"`, vary: "Accept", ...(isPinned ? forever : {}) };
}

function byGroupVersion(catalog: Catalog): Map<string, ServedResource[]> {
  const groups = new Map<string, ServedResource[]>();
  for (const served of catalog.all()) {
    const name = apiVersionOf(served.resource);
    groups.set(name, [...(groups.get(name) ?? []), served]);
  }
  return groups;
}

function hashesOf(catalog: Catalog): ReadonlyMap<string, string> {
  const hashes = new Map<string, string>();
  for (const [groupVersion, resources] of byGroupVersion(catalog)) {
    // Built-in kinds change with the release only; custom ones are told apart by their schema.
    const parts = resources.map(({ resource, openapiSchema }) => [resource, openapiSchema]);
    hashes.set(
      groupVersion,
      createHash("sha512")
        .update(JSON.stringify([groupVersion, parts]))
        .digest("hex")
        .toUpperCase(),
    );
  }
  return hashes;
}

function makeDocument(catalog: Catalog, groupVersion: string): object {
  const resources = byGroupVersion(catalog).get(groupVersion) ?? [];
  if (!resources.some(({ custom }) => custom)) return openapiV3Document(groupVersion, loadBuiltinResources());
  const { group, version } = resources[0]!.resource;
  return customOpenapiV3Document(
    group,
    version,
    resources.map(({ resource, openapiSchema }) => ({ resource, schema: openapiSchema })),
  );
}
