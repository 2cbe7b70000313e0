import { apiVersionOf, type JsonObject, type LabelSelector, labelMatcher } from "@homeostat/api";
import type { Lookup } from "../builtins/admission/lookup.ts";
import { struct, text } from "../builtins/json-fields.ts";
import type { Catalog } from "../registry/catalog.ts";
import { metaOf } from "../registry/object.ts";
import type { BoundPolicy, PolicyBinding } from "./policy.ts";

/**
 * The objects a binding parametrizes its policy with: the policy is evaluated with each of them. A single undefined
 * stands for a policy without parameters; none at all: the policy is not evaluated.
 *
 * @param namespace of the request
 * @throws Error, in upstream's words, where the binding is wrong or demands what is not there
 */
export async function paramsOf(
  { paramKind }: Pick<BoundPolicy, "paramKind">,
  { paramRef }: PolicyBinding,
  namespace: string | undefined,
  { catalog, lookup }: { readonly catalog: Catalog; readonly lookup: Lookup },
): Promise<readonly (JsonObject | undefined)[]> {
  if (!paramKind || !paramRef) return [undefined];
  const [version = "", group = ""] = paramKind.apiVersion.split("/").reverse();
  const served = catalog.findKind(group, version, paramKind.kind);
  if (!served) {
    throw new Error(
      `failed to find resource referenced by paramKind: '${paramKind.apiVersion}, Kind=${paramKind.kind}'`,
    );
  }
  const { plural, scope } = served.resource;
  const named = text(paramRef, "namespace");
  if (scope === "Cluster" && named) {
    throw new Error("paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
  }
  const where = scope === "Cluster" ? undefined : named || namespace;
  if (scope === "Namespaced" && !where) {
    throw new Error("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources");
  }
  const found = await find(lookup, group, plural, where, paramRef);
  if (found.length === 0 && text(paramRef, "parameterNotFoundAction") === "Deny") {
    throw new Error("no params found for policy binding with `Deny` parameterNotFoundAction");
  }
  const apiVersion = apiVersionOf(served.resource);
  return Promise.all(
    found.map((object) => (object["apiVersion"] === apiVersion ? object : served.convert(structuredClone(object)))),
  );
}

async function find(
  lookup: Lookup,
  group: string,
  plural: string,
  namespace: string | undefined,
  paramRef: JsonObject,
): Promise<readonly JsonObject[]> {
  const name = text(paramRef, "name");
  if (name) {
    const object = await lookup.get(group, plural, name, namespace);
    return object ? [object] : [];
  }
  const selector = labelMatcher((struct(paramRef, "selector") ?? {}) as LabelSelector);
  const all = await lookup.list(group, plural, namespace);
  return all.filter((object) => selector.matches(metaOf(object).labels ?? {}));
}
