import { createHash } from "node:crypto";
import type { Json, JsonObject, KubeObject } from "@homeostat/api";
import { APPLIED_HASH } from "./annotations.ts";

/** What of an object people care about when they compare: not what changes with every write, and what only we read. */
export function withoutBookkeeping(object: unknown): JsonObject {
  if (object === undefined) return {};
  const { metadata, ...rest } = object as JsonObject & KubeObject;
  const {
    managedFields: _,
    resourceVersion: __,
    generation: ___,
    uid,
    creationTimestamp,
    annotations,
    ...kept
  } = metadata ?? {};
  const { [APPLIED_HASH]: ____, ...others } = annotations ?? {};
  const known = Object.keys(others).length > 0 ? { ...kept, annotations: others } : kept;
  return { ...rest, metadata: known } as unknown as JsonObject;
}

/** Two states of a Secret with its values hidden such that equal values stay equal and others differ. */
export function masked(old: JsonObject, now: JsonObject): readonly [JsonObject, JsonObject] {
  return [mask(old), mask(now)];
}

function mask(secret: JsonObject): JsonObject {
  const hide = (values: Json | undefined, encoding: "base64" | "utf8"): JsonObject =>
    Object.fromEntries(
      Object.entries((values ?? {}) as JsonObject).map(([key, value]) => {
        const bytes = Buffer.from(String(value), encoding);
        // A digest of the size alone would hide a change; of the value, cut short, it says no more than that.
        const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 4);
        return [key, `(hidden, ${bytes.length} bytes, ${digest})`];
      }),
    );
  const { data, stringData, ...rest } = secret;
  const hidden = { ...hide(data, "base64"), ...hide(stringData, "utf8") };
  return Object.keys(hidden).length > 0 ? { ...rest, data: hidden } : rest;
}
