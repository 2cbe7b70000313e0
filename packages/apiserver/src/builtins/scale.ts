import { formatLabelSelector, type JsonObject, type LabelSelector } from "@homeostat/api";
import { assign, ensure, integer, stringMap, struct } from "./json-fields.ts";

/** Kinds that have a Scale, by `group/kind`. */
export const scalableKinds: ReadonlySet<string> = new Set([
  "/ReplicationController",
  "apps/Deployment",
  "apps/ReplicaSet",
  "apps/StatefulSet",
]);

/** The autoscaling/v1 Scale of a Deployment, ReplicaSet, StatefulSet or ReplicationController. */
export function builtinScaleOf(object: JsonObject): JsonObject {
  const selector = selectorOf(object);
  const metadata: JsonObject = {};
  for (const key of ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"]) {
    assign(metadata, key, struct(object, "metadata")?.[key]);
  }
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata,
    spec: { replicas: integer(struct(object, "spec"), "replicas") ?? 0 },
    status: { replicas: integer(struct(object, "status"), "replicas") ?? 0, ...(selector === "" ? {} : { selector }) },
  };
}

/** Gives an object the replicas a Scale wants, in place. None given means zero, as in the API. */
export function applyBuiltinScale(object: JsonObject, scale: JsonObject): void {
  ensure(object, "spec")["replicas"] = integer(struct(scale, "spec"), "replicas") ?? 0;
}

/** The selector as a text, as autoscalers need it. A ReplicationController's is a plain map. */
function selectorOf(object: JsonObject): string {
  const spec = struct(object, "spec");
  const given = struct(spec, "selector");
  if (!given) return "";
  const isPlain = object["kind"] === "ReplicationController";
  return formatLabelSelector(isPlain ? { matchLabels: stringMap(spec, "selector") } : (given as LabelSelector));
}
