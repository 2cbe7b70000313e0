import type { JsonObject } from "@homeostat/api";
import { metaOf } from "./object.ts";
import type { ServedResource } from "./served-resource.ts";

/**
 * What keeps an object that is being deleted: its finalizers and, for a namespace, those of its spec, which stand for
 * its content.
 */
export function pendingFinalizers(served: ServedResource, object: JsonObject): readonly string[] {
  const own = metaOf(object).finalizers ?? [];
  if (served.resource.group !== "" || served.resource.kind !== "Namespace") return own;
  const spec = object["spec"] as { finalizers?: string[] } | undefined;
  return [...own, ...(spec?.finalizers ?? [])];
}
