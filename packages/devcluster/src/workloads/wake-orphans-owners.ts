import {
  controllerOf,
  type KubeObject,
  type LabelSelector,
  matchesLabelSelector,
  type Resource,
  type Stored,
} from "@homeostat/api";
import type { EventHandler } from "@homeostat/runtime";

/**
 * Wakes whoever might adopt an object that has no controller: every owner of the namespace whose selector selects it.
 * Objects with a controller are left to the handler of owned kinds.
 */
export function wakeOrphansOwners<O extends KubeObject>(
  owner: Resource<O>,
  selectorOf: (owner: Stored<O>) => LabelSelector | undefined,
): EventHandler<KubeObject> {
  return ({ type, object }, enqueue, cache) => {
    const { namespace, labels, ownerReferences } = object.metadata;
    if (type === "deleted" || controllerOf({ metadata: { ownerReferences } })) return;
    for (const candidate of cache.store(owner)?.entries(namespace === undefined ? {} : { namespace }) ?? []) {
      if (matchesLabelSelector(selectorOf(candidate.object()), labels)) {
        enqueue({ name: candidate.metadata.name, ...(namespace === undefined ? {} : { namespace }) });
      }
    }
  };
}
