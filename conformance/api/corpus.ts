import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "@homeostat/api";
import { parse, parseAllDocuments } from "yaml";

/** A manifest as teams and tools write them. */
export interface Manifest {
  /** Kind and name, `Deployment web`. */
  readonly id: string;
  /** The collection it belongs to; what is left of it in a namespace begins with `namespaces/`. */
  readonly collection: (namespace: string) => string;
  readonly object: JsonObject & { readonly metadata: { readonly name: string } };
}

export const corpusFolder = join(import.meta.dirname, "corpus");

/** All manifests, those first that others need. */
export function readCorpus(): readonly Manifest[] {
  const order = ["storage", "policy", "access", "extension", "network", "workloads", "batch", "pods"];
  const files = readdirSync(corpusFolder).map((file) => file.replace(".yaml", ""));
  const known = new Set(order);
  const unknown = files.filter((file) => !known.has(file));
  if (unknown.length > 0) throw new Error(`${unknown.join(", ")}: name these files of the corpus in their order`);
  return order.flatMap((file) =>
    parseAllDocuments(readFileSync(join(corpusFolder, `${file}.yaml`), "utf8"), { version: "1.1" }).map((document) =>
      manifest(document.toJS() as Manifest["object"]),
    ),
  );
}

/** By id: what an ordinary server adds to a manifest, and what it drops. */
export function readDefaults(): Readonly<Record<string, { readonly added?: JsonObject; readonly lost?: JsonObject }>> {
  return parse(readFileSync(join(import.meta.dirname, "corpus-defaults.yaml"), "utf8"));
}

const clusterScoped = new Set([
  "StorageClass",
  "PersistentVolume",
  "CSIDriver",
  "VolumeAttributesClass",
  "PriorityClass",
  "RuntimeClass",
  "ClusterRole",
  "ClusterRoleBinding",
  "Namespace",
  "IngressClass",
  "ValidatingWebhookConfiguration",
  "MutatingWebhookConfiguration",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "CustomResourceDefinition",
  "APIService",
  "FlowSchema",
  "DeviceClass",
]);

function manifest(object: Manifest["object"]): Manifest {
  const { apiVersion, kind } = object as { apiVersion: string; kind: string } & typeof object;
  const base = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const collection = (namespace: string): string =>
    clusterScoped.has(kind) ? `${base}/${plural(kind)}` : `${base}/namespaces/${namespace}/${plural(kind)}`;
  return { id: `${kind} ${object.metadata.name}${apiVersion === "autoscaling/v1" ? " (v1)" : ""}`, collection, object };
}

function plural(kind: string): string {
  const name = kind.toLowerCase();
  if (name === "endpoints") return name;
  if (name.endsWith("y")) return `${name.slice(0, -1)}ies`;
  return name.endsWith("s") ? `${name}es` : `${name}s`;
}
