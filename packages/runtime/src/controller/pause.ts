import type { KubeObject, Resource } from "@homeostat/api";

/**
 * The pause contract: an annotation `<prefix>/reconcile: "false"` stops every controller that acts on the object,
 * `<prefix>/reconcile.<plural>: "false"` only those of its kind (annotations are often copied to children), and
 * `spec.managementState: Unmanaged` does the same where the kind has that field. Deletion is handled all the same.
 * @param when further grounds; see `ControllerOptions.pausedWhen`
 *
 * @returns what pauses the object, for people; undefined when nothing does
 */
export function pausedBy(
  object: KubeObject,
  resource: Resource,
  prefix: string,
  when?: (object: KubeObject) => string | undefined,
): string | undefined {
  const annotations = object.metadata?.annotations ?? {};
  for (const name of [`${prefix}/reconcile`, `${prefix}/reconcile.${resource.plural}`]) {
    if (annotations[name] === "false") return `annotation ${name} is "false"`;
  }
  const spec = (object as { readonly spec?: { readonly managementState?: unknown } }).spec;
  if (spec?.managementState === "Unmanaged") return "spec.managementState is Unmanaged";
  return when?.(object);
}
