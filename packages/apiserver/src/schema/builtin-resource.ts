import { readFileSync } from "node:fs";
import { apiVersionOf } from "@homeostat/api";

/** A built-in resource at one version, as a default server of Kubernetes 1.36 serves it. Generated. */
export interface BuiltinResource {
  /** `""` for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  /** `""` where the resource cannot be listed (reviews, bindings). */
  readonly listKind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** Verbs of discovery. */
  readonly verbs: readonly string[];
  readonly subresources: readonly BuiltinSubresource[];
  /** Name of the definition of its kind: `io.k8s.api.apps.v1.Deployment`. */
  readonly definition: string;
  readonly listDefinition?: string;
}

export interface BuiltinSubresource {
  readonly name: string;
  /** Group, version and kind of what it reads and writes; for `scale` autoscaling/v1 Scale. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly definition: string;
  /** A connection rather than an object: exec, attach, portforward, proxy. */
  readonly connect?: boolean;
}

/** Reads the table of built-in resources, in the order of discovery: groups as Kubernetes lists them, versions best first. */
export function loadBuiltinResources(): BuiltinResource[] {
  return JSON.parse(
    readFileSync(new URL("./builtin/resources.generated.json", import.meta.url), "utf8"),
  ) as BuiltinResource[];
}

/** Finds one by its URL parts. */
export function findBuiltinResource(
  resources: readonly BuiltinResource[],
  apiVersion: string,
  plural: string,
): BuiltinResource | undefined {
  return resources.find((resource) => resource.plural === plural && apiVersionOf(resource) === apiVersion);
}
