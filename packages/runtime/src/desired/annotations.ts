import type { KubeObject, Resource } from "@homeostat/api";

/** `<controller>/<uid of the owner>`: who made an object, and for whom. Only what carries this is ever pruned. */
export const APPLIED_FOR = "homeostat.dev/applied-for";
/** Digest of what was applied last. */
export const APPLIED_HASH = "homeostat.dev/applied-hash";
/** Ids of the children that a child needs, `deployments.apps/demo/db,secrets/demo/db`: they are deleted after it. */
export const DEPENDS_ON = "homeostat.dev/depends-on";
/** Label with the owner's uid, on children that cannot carry an owner reference. */
export const OWNER_UID = "homeostat.dev/owner-uid";
/** `"false"`: never deleted by a controller. Set by `prune: false`, or by a person. */
export const PRUNE = "homeostat.dev/prune";

/** Whether a live object must not be deleted. */
export function isPruneProtected(annotations: Readonly<Record<string, string>> | undefined): boolean {
  return annotations?.[PRUNE] === "false";
}

/**
 * What keeps a controller from touching a child, for people: the child's own `<prefix>/reconcile: "false"`, or its
 * owner's `<prefix>/reconcile.<plural of the child>: "false"`, which pauses all children of a kind.
 */
export function childPausedBy(
  owner: KubeObject,
  resource: Resource,
  annotations: Readonly<Record<string, string>> | undefined,
  prefix: string,
): string | undefined {
  if (annotations?.[`${prefix}/reconcile`] === "false") return `its annotation ${prefix}/reconcile is "false"`;
  const ofKind = `${prefix}/reconcile.${resource.plural}`;
  return owner.metadata?.annotations?.[ofKind] === "false" ? `annotation ${ofKind} is "false"` : undefined;
}
