import { apiVersionOf, type JsonObject } from "@homeostat/api";
import { encodeCbor } from "../codec/cbor-writer.ts";
import type { ServerResponse } from "../http/handler.ts";
import { contentType, type Negotiated } from "../http/media-type.ts";
import { yamlModule } from "../on-demand.ts";
import type { Engine } from "../registry/engine.ts";
import { encodeObject } from "../registry/object-store.ts";
import type { ServedResource } from "../registry/served-resource.ts";
import { partialObjectMetadata, partialObjectMetadataList } from "../tables/partial-object.ts";
import { toTable } from "../tables/table.ts";
import type { Page } from "./list.ts";

/** How much of an object a row of a table carries. */
export type IncludeObject = "None" | "Metadata" | "Object";

/** Answers are made here, in the form the client asked for: as they are, as a table, or metadata only; JSON, YAML or CBOR. */
export interface Responder {
  object(code: number, object: JsonObject): ServerResponse;
  /** An object as it is stored: copied where nothing is to be done to it. */
  bytes(code: number, bytes: Uint8Array, object: () => JsonObject | Promise<JsonObject>): Promise<ServerResponse>;
  page(page: Page): Promise<ServerResponse>;
}

const utf8 = new TextEncoder();

export function createResponder(
  engine: Engine,
  served: ServedResource,
  negotiated: Negotiated,
  includeObject: IncludeObject,
): Responder {
  const { as } = negotiated;

  const write = (code: number, value: JsonObject): ServerResponse => ({
    status: code,
    headers: { "content-type": contentType(negotiated) },
    body: encode(value, negotiated),
  });

  const shown = (object: JsonObject): JsonObject => {
    if (!as || object["kind"] === "Status") return object;
    if (as.kind === "Table")
      return toTable([object], served.columns, {
        includeObject,
        now: engine.clock.now(),
        version: as.version,
        metadata: listMetaOf(object),
      });
    return partialObjectMetadata(object, as.version);
  };

  return {
    object: (code, object) => write(code, shown(object)),
    async bytes(code, bytes, object) {
      if (as || negotiated.format !== "json" || negotiated.pretty) return write(code, shown(await object()));
      return { status: code, headers: { "content-type": contentType(negotiated) }, body: bytes };
    },
    async page(page) {
      const metadata = {
        resourceVersion: String(page.revision),
        ...(page.continueToken ? { continue: page.continueToken } : {}),
        ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
      };
      if (!as && negotiated.format === "json" && !negotiated.pretty) {
        return {
          status: 200,
          headers: { "content-type": contentType(negotiated) },
          body: await listBytes(engine, served, page, metadata),
        };
      }
      const objects = await engine.store.objects(served, page.entries);
      if (as?.kind === "Table")
        return write(
          200,
          toTable(objects, served.columns, { includeObject, now: engine.clock.now(), version: as.version, metadata }),
        );
      if (as) return write(200, partialObjectMetadataList(objects, metadata, as.version));
      return write(200, {
        kind: served.resource.listKind,
        apiVersion: apiVersionOf(served.resource),
        metadata,
        items: served.custom ? objects : objects.map(withoutType),
      });
    },
  };
}

export function encode(value: JsonObject, { format, pretty }: Negotiated): Uint8Array {
  if (format === "cbor") return encodeCbor(value);
  // Clients read by YAML 1.1, to which a plain `on` is true: such texts are quoted.
  if (format === "yaml") return utf8.encode(yamlModule().stringify(value, { version: "1.1" }));
  return utf8.encode(pretty ? `${JSON.stringify(value, null, 2)}\n` : JSON.stringify(value));
}

/** Items of built-in lists carry no type of their own. */
function withoutType({ kind: _, apiVersion: __, ...rest }: JsonObject): JsonObject {
  return rest;
}

function listMetaOf(object: JsonObject): JsonObject {
  const version = (object["metadata"] as JsonObject | undefined)?.["resourceVersion"];
  return version === undefined ? {} : { resourceVersion: version };
}

const comma = utf8.encode(",");
const end = utf8.encode("]}\n");

/** A list is the concatenation of what is stored: nothing is parsed, nothing is written again. */
async function listBytes(
  engine: Engine,
  served: ServedResource,
  page: Page,
  metadata: JsonObject,
): Promise<Uint8Array> {
  const { resource } = served;
  const parts: Uint8Array[] = [
    utf8.encode(
      `{"kind":${JSON.stringify(resource.listKind)},"apiVersion":${JSON.stringify(apiVersionOf(resource))},"metadata":${JSON.stringify(metadata)},"items":[`,
    ),
  ];
  // Items of built-in lists carry no type of their own, those of custom ones do.
  const skip = served.custom
    ? undefined
    : utf8.encode(`"kind":${JSON.stringify(resource.kind)},"apiVersion":${JSON.stringify(apiVersionOf(resource))},`)
        .length;
  const others = page.entries.filter((entry) => !engine.store.isVerbatim(served, entry));
  const converted = (others.length > 0 ? await engine.store.objects(served, others) : []).values();
  const isOther = new Set(others);
  for (const [index, entry] of page.entries.entries()) {
    if (index > 0) parts.push(comma);
    const bytes = isOther.has(entry) ? encodeObject(converted.next().value!) : entry.value;
    if (skip === undefined) parts.push(bytes);
    else parts.push(bytes.subarray(0, 1), bytes.subarray(1 + skip));
  }
  parts.push(end);
  return Buffer.concat(parts);
}
