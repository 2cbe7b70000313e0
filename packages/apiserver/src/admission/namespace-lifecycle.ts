import { forbidden, type JsonObject, notFound } from "@homeostat/api";
import { immortalNamespaces } from "../builtins/namespace.ts";
import { metaOf } from "../registry/object.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "./admission.ts";

const namespaces = { group: "", plural: "namespaces" };

/**
 * Nothing is made in a namespace that is not there or goes away, and some namespaces do not go.
 * Source: apiserver plugin NamespaceLifecycle.
 *
 * @param namespace reads a namespace; undefined where there is none
 */
export function namespaceLifecycle(namespace: (name: string) => Promise<JsonObject | undefined>): AdmissionPlugin {
  const check = async (attributes: AdmissionAttributes): Promise<void> => {
    if (attributes.operation !== "CREATE" || attributes.namespace === undefined) return;
    if (attributes.served.resource.scope !== "Namespaced" || isReview(attributes)) return;
    const found = await namespace(attributes.namespace);
    if (!found) throw notFound(namespaces, attributes.namespace);
    if (metaOf(found).deletionTimestamp) throw terminating(attributes, attributes.namespace);
  };
  return {
    name: "NamespaceLifecycle",
    mutate: check,
    validate(attributes) {
      const { operation, served, name } = attributes;
      if (operation !== "DELETE" || served.resource.group !== "" || served.resource.kind !== "Namespace") return;
      if (immortalNamespaces.includes(name)) throw forbidden(namespaces, name, "this namespace may not be deleted");
    },
  };
}

/** Local access reviews are asked about namespaces that need not exist. */
function isReview({ served }: AdmissionAttributes): boolean {
  return served.resource.group === "authorization.k8s.io";
}

function terminating({ served, name }: AdmissionAttributes, namespace: string) {
  return forbidden(
    served.resource,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
    [
      {
        reason: "NamespaceTerminating",
        message: `namespace ${namespace} is being terminated`,
        field: "metadata.namespace",
      },
    ],
  );
}
