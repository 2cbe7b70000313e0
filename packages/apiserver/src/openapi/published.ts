import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { apiVersionOf } from "@homeostat/api";
import type { ServedResource } from "../registry/served-resource.ts";
import { loadBuiltinResources } from "../schema/index-builtin.ts";
import type { OpenapiDocument } from "./document.ts";
import { openapiV2Document } from "./v2.ts";
import { encodeOpenapiV2 } from "./v2-protobuf.ts";
import { customOpenapiV3Document, openapiV3Document } from "./v3.ts";

/** What is served at the moment, as far as documents show it; a `Catalog` is one. */
export interface OpenapiSource {
  /** Changes whenever the resources do. */
  readonly version: number;
  all(): readonly Pick<ServedResource, "resource" | "custom" | "openapiSchema">[];
  /** Documents of what other servers serve; default none. */
  elsewhere?(): readonly PublishedElsewhere[];
}

/** A group version that another server serves; without a document where that publishes none. */
export interface PublishedElsewhere {
  readonly group: string;
  readonly version: string;
  readonly openapi:
    | { readonly hash: string; readonly body: Uint8Array; readonly document: OpenapiDocument }
    | undefined;
}

/** The documents of what is served, each made when first asked for and kept until its resources change. */
export interface PublishedOpenapi {
  /** By group version. A hash names what its document is made from, so it costs no document. */
  hashes(): ReadonlyMap<string, string>;
  /** The v3 document of a group version in JSON. */
  v3(groupVersion: string): Uint8Array;
  /** Names the state of the v2 document. */
  v2Hash(): string;
  v2(format: "json" | "protobuf"): Uint8Array;
}

type Kept = { readonly hash: string; readonly body: Uint8Array };

export function publishOpenapi(source: OpenapiSource): PublishedOpenapi {
  // Clients keep documents by hash, on disk too: another release may make another document of the same resources.
  const release = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const kept = new Map<string, Kept>();
  let current: { readonly version: number; readonly hashes: ReadonlyMap<string, string> } | undefined;

  const hashes = (): ReadonlyMap<string, string> => {
    if (current?.version !== source.version) current = { version: source.version, hashes: hashesOf(source, release) };
    return current.hashes;
  };
  const keep = (name: string, hash: string, make: () => Uint8Array): Uint8Array => {
    const known = kept.get(name);
    if (known?.hash === hash) return known.body;
    const body = make();
    kept.set(name, { hash, body });
    return body;
  };
  const v2Hash = (): string => digest([...hashes()]);

  return {
    hashes,
    v3: (groupVersion) =>
      openapiElsewhere(source, groupVersion)?.body ??
      keep(groupVersion, hashes().get(groupVersion) ?? "", () => json(makeDocument(source, groupVersion))),
    v2Hash,
    v2: (format) =>
      keep(`v2 ${format}`, v2Hash(), () => {
        const document = openapiV2Document(
          [...hashes().keys()].map((groupVersion) => makeDocument(source, groupVersion)),
        );
        return format === "json" ? json(document) : encodeOpenapiV2(document);
      }),
  };
}

const json = (document: object): Uint8Array => Buffer.from(JSON.stringify(document));

const digest = (value: unknown): string =>
  createHash("sha512").update(JSON.stringify(value)).digest("hex").toUpperCase();

function hashesOf(source: OpenapiSource, release: string): ReadonlyMap<string, string> {
  const groups = new Map<string, unknown[]>();
  for (const { resource, openapiSchema } of source.all()) {
    const name = apiVersionOf(resource);
    groups.set(name, [...(groups.get(name) ?? []), [resource, openapiSchema]]);
  }
  const hashes = new Map([...groups].map(([name, parts]) => [name, digest([release, name, parts])]));
  for (const { openapi, ...each } of source.elsewhere?.() ?? []) {
    if (openapi) hashes.set(apiVersionOf(each), openapi.hash);
  }
  return hashes;
}

function openapiElsewhere(source: OpenapiSource, groupVersion: string): PublishedElsewhere["openapi"] {
  return source.elsewhere?.().find((each) => apiVersionOf(each) === groupVersion)?.openapi;
}

function makeDocument(source: OpenapiSource, groupVersion: string): OpenapiDocument {
  const elsewhere = openapiElsewhere(source, groupVersion);
  if (elsewhere) return elsewhere.document;
  const resources = source.all().filter(({ resource }) => apiVersionOf(resource) === groupVersion);
  if (!resources.some(({ custom }) => custom)) return openapiV3Document(groupVersion, loadBuiltinResources());
  const { group, version } = resources[0]!.resource;
  const custom = resources.map(({ resource, openapiSchema }) => ({ resource, schema: openapiSchema }));
  return customOpenapiV3Document(group, version, custom);
}
