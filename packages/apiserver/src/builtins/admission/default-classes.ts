import type { JsonObject } from "@homeostat/api";
import { ensure, stringMap, strings, struct, text } from "../json-fields.ts";
import type { Lookup } from "./lookup.ts";

const annotationsOf = (object: JsonObject): Record<string, string> =>
  stringMap(struct(object, "metadata"), "annotations");

/** Of the classes marked as default the newest; of two of one age the first by name. */
function defaultOf(classes: readonly JsonObject[], ...annotations: readonly string[]): string | undefined {
  const marked = classes.filter((each) => annotations.some((annotation) => annotationsOf(each)[annotation] === "true"));
  const key = (each: JsonObject, field: string): string => text(struct(each, "metadata"), field);
  const [first] = marked.sort(
    (a, b) =>
      compare(key(b, "creationTimestamp"), key(a, "creationTimestamp")) || compare(key(a, "name"), key(b, "name")),
  );
  return first && key(first, "name");
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A claim that names no class gets the default one, if there is one; `""` says that it wants none. Source: plugin DefaultStorageClass. */
export async function admitStorageClass(claim: JsonObject, lookup: Lookup): Promise<void> {
  const spec = ensure(claim, "spec");
  if (typeof spec["storageClassName"] === "string" || "volume.beta.kubernetes.io/storage-class" in annotationsOf(claim))
    return;
  const found = defaultOf(
    await lookup.list("storage.k8s.io", "storageclasses"),
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
  );
  if (found !== undefined) spec["storageClassName"] = found;
}

/** An Ingress that names no class, by field or annotation, gets the default one. Source: plugin DefaultIngressClass. */
export async function admitIngressClass(ingress: JsonObject, lookup: Lookup): Promise<void> {
  const spec = ensure(ingress, "spec");
  if (typeof spec["ingressClassName"] === "string" || "kubernetes.io/ingress.class" in annotationsOf(ingress)) return;
  const classes = await lookup.list("networking.k8s.io", "ingressclasses");
  const found = defaultOf(classes, "ingressclass.kubernetes.io/is-default-class");
  if (found !== undefined) spec["ingressClassName"] = found;
}

/** What keeps storage from being pulled from under its user, by kind. */
export const storageFinalizers: Readonly<Record<string, string>> = {
  PersistentVolumeClaim: "kubernetes.io/pvc-protection",
  PersistentVolume: "kubernetes.io/pv-protection",
};

/** New claims and volumes stay until nobody uses them; a controller then lets them go. Source: plugin StorageObjectInUseProtection. */
export function protectStorage(kind: string, object: JsonObject): void {
  const finalizer = storageFinalizers[kind];
  if (finalizer === undefined) return;
  const metadata = ensure(object, "metadata");
  const present = strings(metadata, "finalizers");
  if (!present.includes(finalizer)) metadata["finalizers"] = [...present, finalizer];
}
