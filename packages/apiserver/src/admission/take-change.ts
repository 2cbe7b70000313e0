import { internalError, type JsonObject } from "@homeostat/api";
import { mutableMeta } from "../registry/object.ts";
import type { AdmissionAttributes } from "./admission.ts";
import type { SeenRequest } from "./admission-review.ts";

/**
 * Puts what a webhook or a policy made of an object in its place, in the version of the request.
 *
 * @param who made it, for messages
 * @throws ApiError InternalError where it is no such object any more
 */
export async function takeChange(who: string, { attributes, seenAs }: SeenRequest, patched: JsonObject): Promise<void> {
  const { served, admittedAs, subresource } = attributes;
  const object = attributes.object!;
  if (admittedAs !== undefined && admittedAs !== "already") {
    admittedAs.write(object, patched);
    return;
  }
  const converted = seenAs === served ? patched : await served.convert(patched);
  if (subresource === undefined || isOwnKind(attributes)) bringIntoShape(who, converted, attributes);
  replaceContent(object, converted);
}

/** Whether the subresource shows the object itself, as `status` does. */
function isOwnKind({ served, subresource }: AdmissionAttributes): boolean {
  return served.subresources.get(subresource ?? "")?.kind.kind === served.resource.kind;
}

/** Nothing that the kind does not have, and its defaults; what only the server says is as it was. */
function bringIntoShape(who: string, changed: JsonObject, attributes: AdmissionAttributes): void {
  const { served, object, operation } = attributes;
  const { mismatch } = served.schema.decode(changed);
  if (mismatch !== undefined) throw internalError(`${who} left a ${served.resource.kind}: ${mismatch}`);
  served.schema.default(changed);
  if (operation !== "CREATE") return;
  const [meta, before] = [mutableMeta(changed), mutableMeta(object!)];
  for (const field of ["uid", "creationTimestamp"]) if (before[field] !== undefined) meta[field] = before[field];
  if (meta["name"] === undefined) meta["name"] = before["name"]!;
}

function replaceContent(object: JsonObject, wanted: JsonObject): void {
  for (const field of Object.keys(object)) delete object[field];
  Object.assign(object, wanted);
}
