import { createHash } from "node:crypto";
import { methodNotAllowed, notAcceptable } from "@homeostat/api";
import type { Route } from "../http/chain.ts";
import { header, type ServerRequest, type ServerResponse } from "../http/handler.ts";
import { json, type MediaRange, parseAccept } from "../http/media-type.ts";
import { pathNotFound } from "../http/respond.ts";
import type { ServedResource } from "../registry/served-resource.ts";
import {
  type AggregatedVersion,
  aggregatedDiscovery,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  type DiscoveredElsewhere,
  groupsOf,
  type ServedGroup,
} from "./documents.ts";

export interface DiscoverySource {
  /** Changes whenever the resources do; documents are made anew then. */
  version(): number;
  resources(): readonly ServedResource[];
  /** What other servers serve; default nothing. */
  elsewhere?(): readonly DiscoveredElsewhere[];
}

type Form = "plain" | AggregatedVersion;

interface Document {
  readonly bytes: Uint8Array;
  /** Quoted hash of the bytes. */
  readonly etag: string;
}

/**
 * Answers `/api` and `/apis` with everything below them that names no resource. Documents are made when first asked for
 * and kept until the resources change.
 *
 * @param serverAddress host and port clients reach the server by; read at each answer, since it is known late
 */
export function discoveryRoute(source: DiscoverySource, serverAddress: () => string): Route {
  let builtFor: number | undefined;
  let groups: readonly ServedGroup[] = [];
  const documents = new Map<string, Document>();
  const document = (key: string, make: () => object): Document => {
    const known = documents.get(key);
    if (known) return known;
    const bytes = Buffer.from(JSON.stringify(make()));
    const made = { bytes, etag: `"${createHash("sha256").update(bytes).digest("hex").toUpperCase()}"` };
    documents.set(key, made);
    return made;
  };

  return (info, request) => {
    const [root, group, version, ...rest] = info.path.split("/").filter((segment) => segment !== "");
    if ((root !== "api" && root !== "apis") || rest.length > 0) return undefined;
    if (info.verb !== "get" && info.verb !== "head")
      throw methodNotAllowed({ group: "", plural: info.path }, info.verb);
    if (builtFor !== source.version()) {
      builtFor = source.version();
      groups = groupsOf(source.resources(), source.elsewhere?.());
      documents.clear();
    }
    if (root === "api") {
      if (version !== undefined) return undefined;
      return group === undefined ? coreGroup(request) : resourceList("", group, request);
    }
    if (group === undefined) return namedGroups(request);
    const found = groups.find(({ name }) => name === group && name !== "");
    if (!found) return pathNotFound();
    if (version !== undefined) return resourceList(group, version, request);
    return answer(
      request,
      "plain",
      document(`group ${group}`, () => apiGroup(found)),
    );
  };

  function coreGroup(request: ServerRequest): ServerResponse {
    const form = formOf(request);
    const address = serverAddress();
    const core = groups.filter(({ name }) => name === "");
    const make = (): object => (form === "plain" ? apiVersions(groups, address) : aggregatedDiscovery(core, form));
    return answer(request, form, document(`api ${form} ${address}`, make));
  }

  function namedGroups(request: ServerRequest): ServerResponse {
    const form = formOf(request);
    const others = groups.filter(({ name }) => name !== "");
    const make = (): object => (form === "plain" ? apiGroupList(groups) : aggregatedDiscovery(others, form));
    return answer(request, form, document(`apis ${form}`, make));
  }

  function resourceList(group: string, version: string, request: ServerRequest): ServerResponse {
    const found = groups
      .find(({ name }) => name === group)
      ?.versions.find((candidate) => candidate.version === version);
    if (!found) return pathNotFound();
    const make = (): object => apiResourceList(group, version, found.resources);
    return answer(request, "plain", document(`version ${group}/${version}`, make));
  }
}

/** The first form the client accepts. @throws ApiError 406 */
function formOf(request: ServerRequest): Form {
  const accept = header(request, "accept");
  if (!accept) return "plain";
  for (const range of parseAccept(accept)) {
    const form = formOfRange(range);
    if (form) return form;
  }
  throw notAcceptable([json]);
}

function formOfRange({ type, subtype, parameters }: MediaRange): Form | undefined {
  if (type !== "*" && type !== "application") return undefined;
  if (subtype !== "*" && subtype !== "json") return undefined;
  const { as, g, v } = parameters;
  if (as === undefined) return "plain";
  const aggregated = as === "APIGroupDiscoveryList" && g === "apidiscovery.k8s.io";
  return aggregated && (v === "v2" || v === "v2beta1") ? v : undefined;
}

/** Aggregated documents name their form in the Content-Type: without it clients would take them for the plain ones. */
function answer(request: ServerRequest, form: Form, { bytes, etag }: Document): ServerResponse {
  if (form === "plain") return { status: 200, headers: { "content-type": json, vary: "Accept" }, body: bytes };
  const headers = {
    "content-type": `application/json;g=apidiscovery.k8s.io;v=${form};as=APIGroupDiscoveryList`,
    "cache-control": "public",
    etag,
    vary: "Accept",
  };
  const known = (header(request, "if-none-match") ?? "").split(",").map((value) => value.trim());
  return known.includes(etag) ? { status: 304, headers } : { status: 200, headers, body: bytes };
}
