import type { JsonObject } from "@homeostat/api";
import { definitionOf, listAt, objectAt, textAt } from "./definition.ts";
import { isJsonObject, ownField } from "./json-schema-props.ts";

/**
 * Fills what a CustomResourceDefinition may leave out, in place: singular and list kind from the kind, no conversion,
 * port 443 of a conversion service. Source: apiextensions/v1 defaults.
 */
export function defaultDefinition(crd: JsonObject): void {
  const spec = ownField(crd, "spec");
  if (!isJsonObject(spec)) return;
  const names = ownField(spec, "names");
  if (isJsonObject(names)) {
    const kind = textAt(names, "kind");
    if (kind && !names["singular"]) names["singular"] = kind.toLowerCase();
    if (kind && !names["listKind"]) names["listKind"] = `${kind}List`;
  }
  if (!isJsonObject(spec["conversion"])) spec["conversion"] = { strategy: "None" };
  const service = objectAt(objectAt(objectAt(spec, "conversion"), "webhook"), "clientConfig")["service"];
  if (isJsonObject(service) && service["port"] === undefined) service["port"] = 443;
}

/** `status` of a definition that was just created: nothing accepted yet, objects will be stored at the storage version. */
export function initialDefinitionStatus(crd: JsonObject): JsonObject {
  return { conditions: [], acceptedNames: { plural: "", kind: "" }, storedVersions: storedVersionsOf(crd) };
}

/**
 * `status.storedVersions` after a write: every version objects may be stored at. It only grows here; users shrink it
 * through the status subresource once they have migrated.
 */
export function storedVersionsOf(crd: JsonObject): string[] {
  const definition = definitionOf(crd);
  const stored = [...definition.status.storedVersions];
  const storage = definition.spec.versions.find((version) => version.storage)?.name;
  if (storage && !stored.includes(storage)) stored.push(storage);
  return stored;
}

/** Whether the definition has the condition with status True. */
export function hasCondition(crd: JsonObject, type: string): boolean {
  return listAt(objectAt(crd, "status"), "conditions").some(
    (condition) => isJsonObject(condition) && condition["type"] === type && condition["status"] === "True",
  );
}
