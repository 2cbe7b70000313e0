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

/** How the two APIs call the same fields. */
interface EventNames {
  readonly reporter: string;
  readonly note: string;
}

/** What an event with a time of its own must say. Source: core validation `legacyValidateEvent` and `ValidateEventCreate`. */
function demands(event: JsonObject, { reporter, note }: EventNames): StatusCause[] {
  const name = text(event, reporter);
  return [
    ...required(event, reporter, ""),
    ...(name === "" ? [] : problems(reporter, name, qualifiedName(name))),
    ...required(event, "reportingInstance", ""),
    ...short(event, "reportingInstance", 128),
    ...required(event, "action", ""),
    ...short(event, "action", 128),
    ...required(event, "reason", ""),
    ...short(event, "reason", 128),
    ...short(event, note, 1024),
  ];
}

/** The old API takes events without a time, and asks nothing of them. */
export function coreEvent(event: JsonObject): StatusCause[] {
  return isUnset(event, "eventTime") ? [] : demands(event, { reporter: "reportingComponent", note: "message" });
}

/** The new API takes none without. */
export function newEvent(event: JsonObject): StatusCause[] {
  return [
    ...required(event, "eventTime", ""),
    ...demands(event, { reporter: "reportingController", note: "note" }),
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
