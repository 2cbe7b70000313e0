import type { JsonObject } from "@homeostat/api";

/** The forms of meta.k8s.io a client may ask for; they differ in name only. */
export type MetaVersion = "v1" | "v1beta1";

/**
 * An object reduced to its identity and metadata, for clients that watch many and read little: garbage collectors,
 * metadata informers. Source: meta/v1 `PartialObjectMetadata`.
 */
export function partialObjectMetadata(object: JsonObject, version: MetaVersion = "v1"): JsonObject {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata: object["metadata"] ?? {} };
}

/** @param metadata of the list: resourceVersion, continue, remainingItemCount */
export function partialObjectMetadataList(
  objects: readonly JsonObject[],
  metadata: JsonObject,
  version: MetaVersion = "v1",
): JsonObject {
  return {
    kind: "PartialObjectMetadataList",
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    items: objects.map((object) => partialObjectMetadata(object, version)),
  };
}
