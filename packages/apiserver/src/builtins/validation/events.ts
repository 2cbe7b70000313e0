import { fieldError, type JsonObject, qualifiedName, type StatusCause } from "@homeostat/api";
import { isUnset, struct, text } from "../json-fields.ts";
import { at, immutable, oneOf, problems, required } from "./checks.ts";

/** An event lives where what it is about lives; of what lives nowhere, in `default`. */
export function eventInNamespace(event: JsonObject): StatusCause[] {
  const field = struct(event, "involvedObject") ? "involvedObject" : "regarding";
  const about = text(struct(event, field), "namespace");
  const namespace = text(struct(event, "metadata"), "namespace");
  const fits = about === "" ? namespace === "default" || namespace === "kube-system" : about === namespace;
  return fits ? [] : [fieldError.invalid(at(field, "namespace"), about, "does not match event.namespace")];
}

function short(event: JsonObject, key: string, limit: number): StatusCause[] {
  return Buffer.byteLength(text(event, key)) > limit
    ? [fieldError.invalid(key, "", `can have at most ${limit} characters`)]
    : [];
}

/** The new API demands what the old one only hoped for. Source: core validation `ValidateEventCreate`. */
export function newEvent(event: JsonObject): StatusCause[] {
  const reporter = text(event, "reportingController");
  return [
    ...required(event, "eventTime", ""),
    ...required(event, "reportingController", ""),
    ...(reporter === "" ? [] : problems("reportingController", reporter, qualifiedName(reporter))),
    ...required(event, "reportingInstance", ""),
    ...short(event, "reportingInstance", 128),
    ...required(event, "action", ""),
    ...short(event, "action", 128),
    ...required(event, "reason", ""),
    ...short(event, "reason", 128),
    ...short(event, "note", 1024),
    ...(isUnset(event, "type")
      ? [fieldError.invalid("type", "", "has invalid value: ")]
      : oneOf(event, "type", "", ["Normal", "Warning"])),
  ];
}

/** Of an event only how often it happened may change. */
export function newEventUpdate(event: JsonObject, old: JsonObject): StatusCause[] {
  return immutable(
    event,
    old,
    "",
    "regarding",
    "reason",
    "note",
    "type",
    "eventTime",
    "action",
    "related",
    "reportingController",
    "reportingInstance",
    "deprecatedSource",
    "deprecatedFirstTimestamp",
    "deprecatedLastTimestamp",
    "deprecatedCount",
  );
}
