import type { Json, JsonObject } from "@homeostat/api";
import { isObject, member } from "../patch/json-value.ts";
import type { TypeSchema } from "../schema/type-schema.ts";
import { compare } from "./compare.ts";
import { difference, emptySet, type FieldSet, union } from "./field-set.ts";
import { canonicalJson } from "./path-element.ts";
import { bare } from "./record-update.ts";
import { TypedError } from "./typed-error.ts";
import { fieldSetOf } from "./value-set.ts";

/**
 * Moving from kubectl's client-side apply to server-side apply. The annotation holds what was applied last; fields
 * that still have those values are kubectl's, whatever name it wrote them under. Source: managedfields
 * `lastAppliedManager` and `lastAppliedUpdater`.
 */
const annotation = "kubectl.kubernetes.io/last-applied-configuration";

/** Most bytes of all annotations of an object. Source: apimachinery `TotalAnnotationSizeLimitB`. */
const maxAnnotationBytes = 256 * 1024;

/** Fields of which a conflict is none, because client-side apply set them and they are as it left them. */
export function allowedByLastApplied(live: JsonObject | undefined, type: TypeSchema): FieldSet {
  const text = live === undefined ? undefined : annotationsOf(live)?.[annotation];
  const applied = typeof text === "string" ? parse(text) : undefined;
  if (!isObject(applied) || applied["apiVersion"] !== live!["apiVersion"]) return emptySet;
  try {
    const { added, modified, removed } = compare(bare(applied), bare(live), type);
    return difference(fieldSetOf(bare(applied), type), union(union(added, modified), removed));
  } catch (error) {
    if (error instanceof TypedError) return emptySet;
    throw error;
  }
}

/** The object with the annotation brought up to the configuration, if it has the annotation. */
export function withLastApplied(object: JsonObject, config: JsonObject): JsonObject {
  const annotations = annotationsOf(object);
  if (annotations === undefined || member(annotations, annotation) === undefined) return object;
  const { [annotation]: _, ...others } = annotations;
  const text = `${canonicalJson(withoutAnnotation(bare(config)))}\n`;
  const bytes = Object.entries({ ...others, [annotation]: text }).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(String(value)),
    0,
  );
  const next = { ...annotations, [annotation]: bytes > maxAnnotationBytes ? "" : text };
  return { ...object, metadata: { ...(object["metadata"] as JsonObject), annotations: next } };
}

function withoutAnnotation(config: JsonObject): JsonObject {
  const annotations = annotationsOf(config);
  if (annotations === undefined || member(annotations, annotation) === undefined) return config;
  const { [annotation]: _, ...others } = annotations;
  return { ...config, metadata: { ...(config["metadata"] as JsonObject), annotations: others } };
}

function annotationsOf(object: JsonObject): JsonObject | undefined {
  const metadata = object["metadata"];
  const annotations = isObject(metadata) ? metadata["annotations"] : undefined;
  return isObject(annotations) ? annotations : undefined;
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
