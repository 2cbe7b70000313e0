import { EventsV1Event, Lease, type PolicyRule, type Resource } from "@homeostat/api";
import type { ControllerDefinition } from "../controller/definition.ts";
import type { Access } from "./access.ts";
import { accessesOf, rulesFor } from "./rules.ts";

/** What the process does beside its controllers. */
export interface DeriveOptions {
  /** What the operator elects its leader with, where it does. */
  readonly leaderElection?: { readonly id: string };
  /** Whether replicas share the keys, each with a Lease. */
  readonly sharding?: boolean;
  /** Whether /metrics asks the API server who may read it. */
  readonly metricsAuth?: boolean;
  /** What it does beyond what its definitions say; see `recordAccess`. */
  readonly extra?: readonly PolicyRule[];
}

/** Permissions, by where they are needed. */
export interface DerivedRules {
  /** For a ClusterRole; for a Role in each watched namespace where the manager watches only some. */
  readonly rules: readonly PolicyRule[];
  /** For a Role in the operator's own namespace. */
  readonly ownNamespace: readonly PolicyRule[];
}

/**
 * The least an operator needs, of what its controllers declare: reading what is watched, finalizers and status of its
 * own kinds, writing and pruning of children, events. What a `reconcile` function does on its own account is not
 * visible here: declare it (`access` of the controller), or record it in the tests and pass it as `extra`.
 */
export function deriveRules(
  // biome-ignore lint/suspicious/noExplicitAny: a definition's object type is its own business, and no variance fits
  definitions: readonly ControllerDefinition<any>[],
  options: DeriveOptions = {},
): DerivedRules {
  const accesses: Access[] = [];
  const add = (resource: Resource, subresource: string, verbs: readonly string[], name?: string): void => {
    const plural = subresource === "" ? resource.plural : `${resource.plural}/${subresource}`;
    for (const verb of verbs)
      accesses.push({ verb, group: resource.group, resource: plural, ...(name === undefined ? {} : { name }) });
  };
  for (const { for: own, watches, cleanup, access } of definitions) {
    for (const watch of watches)
      add(watch.resource, "", ["get", "list", "watch"], watch.name ?? nameOf(watch.fieldSelector));
    if (cleanup && own) add(own, "", ["patch"]);
    const { children = [], status = false, rules = [] } = access ?? {};
    if (status && own?.subresources?.includes("status")) add(own, "status", ["patch"]);
    else if (status && own) add(own, "", ["patch"]);
    for (const child of children) add(child, "", ["get", "list", "watch", "create", "patch", "delete"]);
    // Where OwnerReferencesPermissionEnforcement is on, an owner may only be blocked by who may finalize it.
    if (children.length > 0 && own) add(own, "finalizers", ["update"]);
    accesses.push(...accessesOf(rules));
  }
  if (definitions.length > 0) add(EventsV1Event, "", ["create", "patch"]);
  if (options.metricsAuth) {
    accesses.push({ verb: "create", group: "authentication.k8s.io", resource: "tokenreviews" });
    accesses.push({ verb: "create", group: "authorization.k8s.io", resource: "subjectaccessreviews" });
  }
  accesses.push(...accessesOf(options.extra ?? []));
  return { rules: rulesFor(accesses), ownNamespace: leaseRules(options) };
}

function leaseRules({ leaderElection, sharding = false }: DeriveOptions): PolicyRule[] {
  if (sharding) {
    const verbs = ["get", "list", "watch", "create", "patch", "delete"];
    return rulesFor(verbs.map((verb) => ({ group: Lease.group, resource: Lease.plural, verb })));
  }
  if (!leaderElection) return [];
  const at = { group: Lease.group, resource: Lease.plural };
  const held = ["get", "update", "patch"].map((verb): Access => ({ ...at, verb, name: leaderElection.id }));
  const event = { group: EventsV1Event.group, resource: EventsV1Event.plural };
  const told = ["create", "patch"].map((verb): Access => ({ ...event, verb }));
  return rulesFor([...held, { ...at, verb: "create" }, ...told]);
}

const nameOf = (fieldSelector: string | undefined): string | undefined =>
  fieldSelector === undefined ? undefined : /^metadata\.name==?([^,]+)$/.exec(fieldSelector)?.[1];
