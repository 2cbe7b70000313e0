import type { JsonObject } from "@homeostat/api";
import { ensure, setDefault, struct, structs, text } from "../json-fields.ts";
import { pullPolicyOf } from "./pull-policy.ts";
import { roundResources } from "./resource-list.ts";

/** Permissions of files in projected volumes: 0644 in octal. */
const defaultMode = 420;

/** Defaults of a pod's volume. One without a source is an empty directory. Source: core/v1 `SetDefaults_Volume`. */
export function defaultVolume(volume: JsonObject): void {
  const sources = Object.keys(volume).filter((key) => key !== "name" && volume[key] !== null);
  if (sources.length === 0) volume["emptyDir"] = {};
  for (const source of ["secret", "configMap", "downwardAPI", "projected"]) {
    const files = struct(volume, source);
    if (files) setDefault(files, "defaultMode", defaultMode);
  }
  for (const item of structs(struct(volume, "downwardAPI"), "items")) defaultFieldRef(item);
  for (const projection of structs(struct(volume, "projected"), "sources")) defaultProjection(projection);
  const hostPath = struct(volume, "hostPath");
  if (hostPath && hostPath["type"] == null) hostPath["type"] = "";
  const image = struct(volume, "image");
  if (image) setDefault(image, "pullPolicy", pullPolicyOf(text(image, "reference")));
  const claim = struct(struct(struct(volume, "ephemeral"), "volumeClaimTemplate"), "spec");
  if (claim) defaultClaimSpec(claim);
  defaultDiskVolume(volume);
}

/** Fields of storage systems that few use, but which have defaults all the same; shared with persistent volumes. */
export function defaultDiskVolume(volume: JsonObject): void {
  const iscsi = struct(volume, "iscsi");
  if (iscsi) setDefault(iscsi, "iscsiInterface", "default");
  const rbd = struct(volume, "rbd");
  if (rbd) {
    setDefault(rbd, "pool", "rbd");
    setDefault(rbd, "user", "admin");
    setDefault(rbd, "keyring", "/etc/ceph/keyring");
  }
  const azureDisk = struct(volume, "azureDisk");
  if (azureDisk) {
    setDefault(azureDisk, "cachingMode", "ReadWrite");
    setDefault(azureDisk, "kind", "Shared");
    setDefault(azureDisk, "fsType", "ext4");
    setDefault(azureDisk, "readOnly", false);
  }
  const scaleIO = struct(volume, "scaleIO");
  if (scaleIO) {
    setDefault(scaleIO, "storageMode", "ThinProvisioned");
    setDefault(scaleIO, "fsType", "xfs");
  }
}

/** Spec of a PersistentVolumeClaim, also where it is a template. */
export function defaultClaimSpec(spec: JsonObject): void {
  setDefault(spec, "volumeMode", "Filesystem");
  roundResources(struct(spec, "resources"), "limits", "requests");
}

/** A claim, also as an entry of a StatefulSet's templates. */
export function defaultClaim(claim: JsonObject): void {
  setDefault(ensure(claim, "status"), "phase", "Pending");
  defaultClaimSpec(ensure(claim, "spec"));
}

/** An environment variable's source or a file of a downward API volume that takes a field of the pod. */
export function defaultFieldRef(holder: JsonObject): void {
  const fieldRef = struct(holder, "fieldRef");
  if (fieldRef) setDefault(fieldRef, "apiVersion", "v1");
}

function defaultProjection(projection: JsonObject): void {
  const token = struct(projection, "serviceAccountToken");
  if (token) setDefault(token, "expirationSeconds", 3600);
  for (const item of structs(struct(projection, "downwardAPI"), "items")) defaultFieldRef(item);
}
