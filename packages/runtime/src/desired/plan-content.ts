import type { JsonObject, KubeObject } from "@homeostat/api";
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

/** Two states of a Secret with all values hidden; one that differs says so, and nothing more about itself. */
export function masked(old: JsonObject, now: JsonObject): readonly [JsonObject, JsonObject] {
  const [before, after] = [valuesOf(old), valuesOf(now)];
  const hidden = Object.fromEntries(Object.keys(before).map((key) => [key, HIDDEN]));
  const told = Object.entries(after).map(([key, value]) => {
    const changed = before[key] !== undefined && before[key] !== value;
    return [key, changed ? CHANGED : HIDDEN];
  });
  return [withValues(old, hidden), withValues(now, Object.fromEntries(told))];
}

const HIDDEN = "(hidden)";
const CHANGED = "(hidden, changed)";
/** What `kubectl apply` keeps of a Secret, values and all. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** In base64, whichever way they were given. */
function valuesOf({ data, stringData }: JsonObject): Record<string, string> {
  const plain = Object.entries((stringData ?? {}) as Record<string, string>);
  const encoded = plain.map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  return { ...((data ?? {}) as Record<string, string>), ...Object.fromEntries(encoded) };
}

function withValues(secret: JsonObject, values: JsonObject): JsonObject {
  const { data: _, stringData: __, metadata, ...rest } = secret;
  const { annotations, ...others } = (metadata ?? {}) as JsonObject;
  const { [LAST_APPLIED]: ___, ...kept } = (annotations ?? {}) as JsonObject;
  const told = Object.keys(kept).length > 0 ? { ...others, annotations: kept } : others;
  return { ...rest, metadata: told, ...(Object.keys(values).length > 0 ? { data: values } : {}) };
}
