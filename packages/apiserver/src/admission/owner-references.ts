import {
  type ApiError,
  apiVersionOf,
  forbidden,
  type JsonObject,
  type OwnerReference,
  parseApiVersion,
} from "@homeostat/api";
import type { Authorizer, Decision } from "../auth/authorizer.ts";
import type { Catalog } from "../registry/catalog.ts";
import { metaOf } from "../registry/object.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "./admission.ts";

/**
 * Who makes an owner's deletion wait for an object (`blockOwnerDeletion`) must have the right to put finalizers on the
 * owner, and who changes the owners of an object that is there must have the right to delete it: each of the two would
 * come to the same. Off unless asked for, as upstream; OpenShift has it on.
 *
 * Source: plugin OwnerReferencesPermissionEnforcement.
 */
export function ownerReferencesPermission(authorize: Authorizer, catalog: Pick<Catalog, "findKind">): AdmissionPlugin {
  return {
    name: "OwnerReferencesPermissionEnforcement",
    async validate(attributes) {
      const { object, old, operation, served, subresource, user, namespace, name } = attributes;
      const { group, version, plural } = served.resource;
      if (!object || (group === "" && plural === "pods" && subresource === "status")) return;
      const [owners, before] = [ownersOf(object), ownersOf(old)];
      if (JSON.stringify(owners) === JSON.stringify(before)) return;
      if (operation !== "CREATE") {
        const decision = await authorize({
          ...{ isResource: true, user, verb: "delete", group, version, resource: plural },
          ...{ subresource, namespace, name },
        });
        if (!decision.allowed)
          throw refusal(attributes, "cannot set an ownerRef on a resource you can't delete", decision);
      }
      for (const owner of newlyBlocking(owners, before)) {
        const known = catalog.findKind(...kindOf(owner));
        if (!known) throw unmapped(attributes, owner);
        const { resource } = known;
        const decision = await authorize({
          ...{ isResource: true, user, verb: "update", group: resource.group, version: resource.version },
          ...{ resource: resource.plural, subresource: "finalizers", name: owner.name },
          namespace: resource.scope === "Namespaced" ? namespace : undefined,
        });
        const why =
          "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on";
        if (!decision.allowed) throw refusal(attributes, why, decision);
      }
    },
  };
}

const ownersOf = (object: JsonObject | undefined): readonly OwnerReference[] =>
  (object && metaOf(object).ownerReferences) ?? [];

function newlyBlocking(owners: readonly OwnerReference[], before: readonly OwnerReference[]): OwnerReference[] {
  const blocked = new Set(before.filter(({ blockOwnerDeletion }) => blockOwnerDeletion).map(({ uid }) => uid));
  return owners.filter(({ blockOwnerDeletion, uid }) => blockOwnerDeletion && !blocked.has(uid));
}

function kindOf({ apiVersion, kind }: OwnerReference): [group: string, version: string, kind: string] {
  const { group, version } = parseApiVersion(apiVersion);
  return [group, version, kind];
}

/** Worded as Go words a decision without an error. */
function refusal({ served, name }: AdmissionAttributes, why: string, { reason = "" }: Decision): ApiError {
  return forbidden(served.resource, name, `${why}: ${reason}, <nil>`);
}

function unmapped({ served, name }: AdmissionAttributes, owner: OwnerReference): ApiError {
  const [group, version, kind] = kindOf(owner);
  const match = `no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersionOf({ group, version }))}`;
  return forbidden(
    served.resource,
    name,
    `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${owner.apiVersion} Kind ${kind}: ${match}`,
  );
}
