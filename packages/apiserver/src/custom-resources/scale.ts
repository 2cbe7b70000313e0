import type { Json, JsonObject, StatusCause } from "@homeostat/api";
import { fieldError } from "@homeostat/api";
import { isJsonObject, ownField, setField } from "./json-schema-props.ts";

/** Where a custom kind keeps what its scale subresource shows. Source: apiextensions/v1 `CustomResourceSubresourceScale`. */
export interface ScalePaths {
  /** Path below `.spec`. */
  readonly specReplicasPath: string;
  /** Path below `.status`. */
  readonly statusReplicasPath: string;
  /** Path of the selector as a text, below `.status` or `.spec`. */
  readonly labelSelectorPath?: string;
}

/** The scale paths of a version of a CustomResourceDefinition; undefined where it has no scale subresource. */
export function scalePathsOf(crdVersion: JsonObject): ScalePaths | undefined {
  const subresources = ownField(crdVersion, "subresources");
  const scale = isJsonObject(subresources) ? ownField(subresources, "scale") : undefined;
  if (!isJsonObject(scale)) return undefined;
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale;
  return {
    specReplicasPath: typeof specReplicasPath === "string" ? specReplicasPath : "",
    statusReplicasPath: typeof statusReplicasPath === "string" ? statusReplicasPath : "",
    ...(typeof labelSelectorPath === "string" && labelSelectorPath !== "" ? { labelSelectorPath } : {}),
  };
}

/**
 * The `autoscaling/v1` Scale of a custom object.
 *
 * @returns a text that names the path where the object has no replicas at it: upstream answers such a read with 500
 */
export function scaleOf(object: JsonObject, paths: ScalePaths): JsonObject | string {
  const wanted = valueAt(object, paths.specReplicasPath);
  if (typeof wanted !== "number") return `the spec replicas field "${paths.specReplicasPath}" does not exist`;
  const actual = valueAt(object, paths.statusReplicasPath);
  const selector = paths.labelSelectorPath === undefined ? undefined : valueAt(object, paths.labelSelectorPath);
  const metadata = isJsonObject(object["metadata"]) ? object["metadata"] : {};
  const kept: JsonObject = {};
  for (const name of ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"]) {
    const value = ownField(metadata, name);
    if (value !== undefined) kept[name] = value;
  }
  return {
    apiVersion: "autoscaling/v1",
    kind: "Scale",
    metadata: kept,
    spec: { replicas: wanted },
    status: {
      replicas: typeof actual === "number" ? actual : 0,
      ...(typeof selector === "string" && selector !== "" ? { selector } : {}),
    },
  };
}

/** What is wrong with a Scale somebody sends. */
export function scaleProblems(scale: JsonObject): StatusCause[] {
  const replicas = wantedReplicas(scale);
  if (typeof replicas !== "number" || !Number.isInteger(replicas)) {
    return [fieldError.invalid("spec.replicas", replicas, "must be an integer")];
  }
  if (replicas < 0) return [fieldError.invalid("spec.replicas", replicas, "must be greater than or equal to 0")];
  return [];
}

/** Writes the replicas of a Scale into a custom object, in place; nothing else changes. */
export function applyScale(object: JsonObject, scale: JsonObject, paths: ScalePaths): void {
  const names = fieldsOf(paths.specReplicasPath);
  let at = object;
  for (const name of names.slice(0, -1)) {
    let next = ownField(at, name);
    if (!isJsonObject(next)) setField(at, name, (next = {}));
    at = next;
  }
  setField(at, names.at(-1)!, wantedReplicas(scale));
}

/** Absent replicas are zero, as in every Scale. */
function wantedReplicas(scale: JsonObject): Json {
  const spec = ownField(scale, "spec");
  return (isJsonObject(spec) ? ownField(spec, "replicas") : undefined) ?? 0;
}

function valueAt(object: JsonObject, path: string): Json | undefined {
  return fieldsOf(path).reduce<Json | undefined>(
    (value, name) => (isJsonObject(value) ? ownField(value, name) : undefined),
    object,
  );
}

/** Scale paths are plain: dots and names, no indexes. */
function fieldsOf(path: string): string[] {
  return path.split(".").filter((name) => name !== "");
}
