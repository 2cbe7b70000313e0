import type { JsonObject } from "@homeostat/api";
import { assign, isUnset, struct, text } from "./json-fields.ts";

/**
 * Events exist in two API groups with different names for the same fields; they are stored in the core form.
 * Source: events/v1 conversion.
 */

/** New name by old name. */
const renamed: readonly (readonly [core: string, current: string])[] = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["reportingComponent", "reportingController"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
];

/** A core/v1 Event as events.k8s.io/v1 shows it. */
export function toNewEvent(event: JsonObject): JsonObject {
  const result = rename(event, "events.k8s.io/v1", renamed);
  return withTimes(result, ["eventTime", "deprecatedFirstTimestamp", "deprecatedLastTimestamp"]);
}

/** An events.k8s.io/v1 Event as core/v1 shows it. */
export function toCoreEvent(event: JsonObject): JsonObject {
  const back = renamed.map(([core, current]) => [current, core] as const);
  const result = rename(event, "v1", back);
  // These two are always written in the core form.
  result["involvedObject"] ??= {};
  result["source"] ??= {};
  return withTimes(result, ["eventTime", "firstTimestamp", "lastTimestamp"]);
}

/** Times that are not set are written `null`, not left out: kubectl sorts by them, and shows nothing where one is missing. */
function withTimes(event: JsonObject, names: readonly string[]): JsonObject {
  for (const name of names) event[name] ??= null;
  return event;
}

function rename(event: JsonObject, apiVersion: string, pairs: readonly (readonly [string, string])[]): JsonObject {
  const names = new Map(pairs);
  const result: JsonObject = {};
  for (const [key, value] of Object.entries(event)) assign(result, names.get(key) ?? key, value);
  result["apiVersion"] = apiVersion;
  return result;
}

const referenceFields = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];

/** Field selectors of core/v1 Events. */
export const eventFieldNames: readonly string[] = [
  ...referenceFields.map((field) => `involvedObject.${field}`),
  "reason",
  "reportingComponent",
  "source",
  "type",
];

/** Field selectors of events.k8s.io/v1 Events. */
export const newEventFieldNames: readonly string[] = [
  ...referenceFields.map((field) => `regarding.${field}`),
  "reason",
  "reportingController",
  "type",
];

/** Values by either set of names, whichever form the event has: both groups read one storage. */
export function eventFields(event: JsonObject): Record<string, string> {
  return fieldsOf(event, "involvedObject", "reportingComponent", true);
}

export function newEventFields(event: JsonObject): Record<string, string> {
  return fieldsOf(event, "regarding", "reportingController", false);
}

function fieldsOf(event: JsonObject, object: string, controller: string, withSource: boolean): Record<string, string> {
  const reference = struct(event, "involvedObject") ?? struct(event, "regarding");
  const reporter = text(event, "reportingComponent") || text(event, "reportingController");
  const source = struct(event, "source") ?? struct(event, "deprecatedSource");
  const fields: Record<string, string> = {};
  for (const field of referenceFields) fields[`${object}.${field}`] = text(reference, field);
  fields["reason"] = text(event, "reason");
  fields[controller] = reporter;
  // The old source is empty for events of the new kind: the reporter stands in for it.
  if (withSource) fields["source"] = isUnset(source, "component") ? reporter : text(source, "component");
  fields["type"] = text(event, "type");
  return fields;
}
