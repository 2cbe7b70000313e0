import type { OwnerReference, Resource } from "@homeostat/api";
import type { CachedMetadata } from "@homeostat/runtime";
import { foregroundFinalizer, orphanFinalizer } from "./decide.ts";

/** An object as the garbage collector knows it. */
export interface GraphNode {
  readonly resource: Resource;
  readonly uid: string;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly owners: readonly OwnerReference[];
  readonly deleting: boolean;
  /** Being deleted in the foreground: it waits for its dependents. */
  readonly waitsForDependents: boolean;
  /** Being deleted, and its dependents are to be set free first. */
  readonly orphans: boolean;
}

/**
 * Who owns whom, by uid. Owners that were never seen have dependents here, too: references may arrive before the
 * object they refer to, or refer to nothing at all.
 *
 * Source: garbage collector, `graph_builder`.
 */
export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  /** @returns the node as it was before */
  set(node: GraphNode): GraphNode | undefined {
    const before = this.#nodes.get(node.uid);
    if (before) this.#unlink(before);
    this.#nodes.set(node.uid, node);
    for (const { uid } of node.owners) {
      let dependents = this.#dependents.get(uid);
      if (!dependents) this.#dependents.set(uid, (dependents = new Set()));
      dependents.add(node.uid);
    }
    return before;
  }

  /** @returns the node that was there */
  delete(uid: string): GraphNode | undefined {
    const node = this.#nodes.get(uid);
    if (!node) return undefined;
    this.#nodes.delete(uid);
    this.#unlink(node);
    return node;
  }

  dependents(uid: string): GraphNode[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((dependent) => this.#nodes.get(dependent) ?? []);
  }

  /** Those the owner waits for when it is deleted in the foreground. */
  blockingDependents(uid: string): GraphNode[] {
    return this.dependents(uid).filter(({ owners }) =>
      owners.some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true),
    );
  }

  /** All nodes of a kind, for when the kind is no longer served. */
  *ofResource(resource: Resource): Iterable<GraphNode> {
    for (const node of this.#nodes.values()) if (node.resource === resource) yield node;
  }

  #unlink(node: GraphNode): void {
    for (const { uid } of node.owners) {
      const dependents = this.#dependents.get(uid);
      dependents?.delete(node.uid);
      if (dependents?.size === 0) this.#dependents.delete(uid);
    }
  }
}

export function graphNode(resource: Resource, metadata: CachedMetadata): GraphNode {
  const { uid, name, namespace, ownerReferences, finalizers, deletionTimestamp } = metadata;
  const deleting = deletionTimestamp !== undefined;
  return {
    resource,
    uid,
    name,
    namespace,
    owners: ownerReferences,
    deleting,
    waitsForDependents: deleting && finalizers.includes(foregroundFinalizer),
    orphans: deleting && finalizers.includes(orphanFinalizer),
  };
}

/** Uids worth another look after a change of a node. Pure but for the graph it reads. */
export function affectedBy(graph: OwnerGraph, node: GraphNode, before: GraphNode | undefined): string[] {
  const affected: string[] = [];
  if (node.owners.length > 0 && (!before || !sameOwners(node, before))) {
    // Who its owners are is checked when one is not known to be where the reference says.
    if (before || node.owners.some((owner) => !isKnownOwner(graph.get(owner.uid), owner, node)))
      affected.push(node.uid);
  }
  if (node.orphans || node.waitsForDependents) affected.push(node.uid);
  if (node.waitsForDependents && !before?.waitsForDependents) {
    affected.push(...graph.dependents(node.uid).map(({ uid }) => uid));
  }
  // An owner that waits may have been waiting for this one, or for this reference to it.
  for (const { uid } of [...node.owners, ...(before?.owners ?? [])]) {
    if (graph.get(uid)?.waitsForDependents) affected.push(uid, node.uid);
  }
  return [...new Set(affected)];
}

function sameOwners(a: GraphNode, b: GraphNode): boolean {
  return (
    a.owners.length === b.owners.length &&
    a.owners.every(
      (owner, index) =>
        owner.uid === b.owners[index]!.uid && owner.blockOwnerDeletion === b.owners[index]!.blockOwnerDeletion,
    )
  );
}

function isKnownOwner(owner: GraphNode | undefined, reference: OwnerReference, dependent: GraphNode): boolean {
  if (!owner || owner.deleting) return false;
  const inPlace = owner.namespace === undefined || owner.namespace === dependent.namespace;
  return inPlace && owner.name === reference.name && owner.resource.kind === reference.kind;
}
