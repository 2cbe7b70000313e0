import { forbidden, type JsonObject } from "@homeostat/api";
import { metaOf } from "../registry/object.ts";
import type { AdmissionPlugin } from "./admission.ts";

/**
 * Nothing is made of a kind whose definition is being deleted: it would be deleted at once, or keep the definition.
 *
 * @param definition reads a CustomResourceDefinition; undefined where there is none
 */
export function definitionTerminating(definition: (name: string) => Promise<JsonObject | undefined>): AdmissionPlugin {
  return {
    name: "CustomResourceDefinitionTerminating",
    async mutate({ served, operation, name }) {
      if (!served.custom || operation !== "CREATE") return;
      const { plural, group } = served.resource;
      const found = await definition(`${plural}.${group}`);
      if (found && metaOf(found).deletionTimestamp) {
        throw forbidden(served.resource, name, "create not allowed while custom resource definition is terminating");
      }
    },
  };
}
