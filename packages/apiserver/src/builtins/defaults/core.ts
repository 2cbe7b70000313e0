import type { JsonObject } from "@homeostat/api";
import { ensure, setDefault, struct, structs, text } from "../json-fields.ts";
import { defaultClaimSpec, defaultDiskVolume } from "./volumes.ts";

/** Label that every namespace carries, so that selectors can name one. Source: KEP-2161. */
export const namespaceNameLabel = "kubernetes.io/metadata.name";

export function defaultNamespace(namespace: JsonObject): void {
  const name = text(struct(namespace, "metadata"), "name");
  if (name !== "") ensure(ensure(namespace, "metadata"), "labels")[namespaceNameLabel] = name;
  setDefault(ensure(namespace, "status"), "phase", "Active");
}

/**
 * Defaults of a Secret. `stringData` is a convenience for writers: it is merged over `data` and never kept.
 * Source: core/v1 `Secret`, conversion and defaults.
 */
export function defaultSecret(secret: JsonObject): void {
  setDefault(secret, "type", "Opaque");
  const plain = struct(secret, "stringData");
  if (plain && Object.keys(plain).length > 0) {
    const data = ensure(secret, "data");
    for (const [key, value] of Object.entries(plain)) {
      if (typeof value === "string") data[key] = Buffer.from(value, "utf8").toString("base64");
    }
  }
  delete secret["stringData"];
}

/** What a node can give is, unless it says otherwise, all it has. */
export function defaultNode(node: JsonObject): void {
  const status = struct(node, "status");
  const capacity = struct(status, "capacity");
  if (status && capacity) setDefault(status, "allocatable", capacity);
}

export function defaultPersistentVolume(volume: JsonObject): void {
  const spec = ensure(volume, "spec");
  setDefault(ensure(volume, "status"), "phase", "Pending");
  setDefault(spec, "persistentVolumeReclaimPolicy", "Retain");
  setDefault(spec, "volumeMode", "Filesystem");
  const hostPath = struct(spec, "hostPath");
  if (hostPath && hostPath["type"] == null) hostPath["type"] = "";
  defaultDiskVolume(spec);
}

export function defaultPersistentVolumeClaim(claim: JsonObject): void {
  setDefault(ensure(claim, "status"), "phase", "Pending");
  defaultClaimSpec(ensure(claim, "spec"));
}

/** Limits of a container stand in for each other: max → default, default → defaultRequest, min → defaultRequest. */
export function defaultLimitRange(range: JsonObject): void {
  for (const item of structs(struct(range, "spec"), "limits")) {
    if (text(item, "type") !== "Container") continue;
    fillFrom(item, "default", "max");
    fillFrom(item, "defaultRequest", "default");
    fillFrom(item, "defaultRequest", "min");
  }
}

function fillFrom(item: JsonObject, target: string, source: string): void {
  for (const [resource, quantity] of Object.entries(struct(item, source) ?? {})) {
    setDefault(ensure(item, target), resource, quantity);
  }
}
