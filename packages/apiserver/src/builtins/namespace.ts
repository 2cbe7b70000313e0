import type { JsonObject } from "@homeostat/api";
import { assign, ensure, struct } from "./json-fields.ts";

/** Holds a namespace in its spec until everything in it is gone. */
export const namespaceFinalizer = "kubernetes";

/** Namespaces that cannot be deleted. Source: NamespaceLifecycle admission. */
export const immortalNamespaces: readonly string[] = ["default", "kube-system", "kube-public"];

/** Namespaces that exist from the start. */
export const bootNamespaces: readonly string[] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/** What a write through `/finalize` stores: nothing but the finalizers of the spec may change. */
export function finalizeNamespace(old: JsonObject, sent: JsonObject): JsonObject {
  const result = structuredClone(old);
  assign(ensure(result, "spec"), "finalizers", struct(sent, "spec")?.["finalizers"]);
  const version = struct(sent, "metadata")?.["resourceVersion"];
  if (version !== undefined) ensure(result, "metadata")["resourceVersion"] = version;
  return result;
}

/** Whether nothing holds a namespace that is being deleted any more, neither in its spec nor in its metadata. */
export function isNamespaceFinalized(namespace: JsonObject): boolean {
  const count = (list: unknown): number => (Array.isArray(list) ? list.length : 0);
  return (
    count(struct(namespace, "spec")?.["finalizers"]) === 0 && count(struct(namespace, "metadata")?.["finalizers"]) === 0
  );
}

/**
 * Marks a namespace as going, in place; a second time changes nothing. The namespace controller empties it then.
 *
 * @param now RFC 3339 time to the second
 */
export function terminateNamespace(namespace: JsonObject, now: string): void {
  const metadata = ensure(namespace, "metadata");
  metadata["deletionTimestamp"] ??= now;
  ensure(namespace, "status")["phase"] = "Terminating";
}
