import { formatLabelSelector, type JsonObject, type LabelSelector } from "@homeostat/api";
import { metaOf } from "../registry/object.ts";
import { ensure } from "./json-fields.ts";

export function builtinScaleOf(object: JsonObject): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metaOf(object);
  const spec = (object["spec"] ?? {}) as JsonObject;
  const status = (object["status"] ?? {}) as JsonObject;
  const selector = formatLabelSelector(spec["selector"] as LabelSelector);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: {
      name: name!,
      namespace: namespace!,
      uid: uid!,
      resourceVersion: resourceVersion!,
      creationTimestamp: creationTimestamp ?? null,
    },
    spec: { replicas: spec["replicas"] ?? 0 },
    status: { replicas: status["replicas"] ?? 0, ...(selector ? { selector } : {}) },
  };
}

export function applyBuiltinScale(object: JsonObject, scale: JsonObject): void {
  ensure(object, "spec")["replicas"] = ((scale["spec"] ?? {}) as JsonObject)["replicas"] ?? 0;
}
