import { apiVersionOf, type Resource } from "@homeostat/api";

/** Objects of one kind that the server is asked for by one watch: what makes two watches one. */
export interface Selection {
  /** Undefined: all namespaces, or a kind without. */
  readonly namespace: string | undefined;
  readonly labelSelector: string | undefined;
  readonly fieldSelector: string | undefined;
  readonly metadataOnly: boolean;
}

export function selectionId(resource: Resource, selection: Selection): string {
  const { namespace = "", labelSelector = "", fieldSelector = "", metadataOnly } = selection;
  return JSON.stringify([
    apiVersionOf(resource),
    resource.plural,
    namespace,
    labelSelector,
    fieldSelector,
    metadataOnly,
  ]);
}
