import { apiVersionOf, type KubeObject, type Resource } from "@homeostat/api";

/**
 * An object of which only the metadata is known. `apiVersion` and `kind` are those of the object itself, as everywhere.
 *
 * Source: API conventions; meta/v1 `PartialObjectMetadata`.
 */
export interface PartialObjectMetadata extends KubeObject {}

/** A kind of which a client asks for metadata only. */
export interface MetadataResource extends Resource<PartialObjectMetadata> {
  readonly metadataOnly: true;
}

/**
 * The same kind, of which only metadata is asked for: with it `get`, `find`, `list`, `watch`, the patches, `apply` and
 * `delete` work as always and answer without spec and status, which saves what the rest of large objects costs.
 * `create` and `update` would lose the rest, so they are refused: patch instead.
 */
export function metadataOf(resource: Resource): MetadataResource {
  const { __object, ...rest } = resource as Resource<PartialObjectMetadata>;
  return { ...rest, metadataOnly: true };
}

export function isMetadataOnly(resource: Resource): boolean {
  return (resource as Partial<MetadataResource>).metadataOnly === true;
}

const whole = "application/json";
const metadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
const metadataList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/** What a request of this kind accepts. */
export function acceptOf(resource: Resource, answer: "object" | "list" = "object"): string {
  return isMetadataOnly(resource) ? (answer === "list" ? metadataList : metadata) : whole;
}

/** The metadata of an object, under its own kind. A server that answers with the whole is understood as well. */
export function partial(object: KubeObject, resource: Resource): PartialObjectMetadata {
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    ...(object.metadata ? { metadata: object.metadata } : {}),
  };
}

/** @throws Error with a hint, where a write would need the whole object */
export function refuseMetadataOnly(verb: string, resource: Resource): void {
  if (isMetadataOnly(resource))
    throw new Error(
      `${verb} ${resource.kind}: only its metadata is known here, the rest would be lost; use patchMerge, or the whole resource`,
    );
}
