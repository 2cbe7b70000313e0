import type { Cause, LedgerEntry, LedgerWrite } from "@homeostat/runtime";
import { tookText } from "./durations.ts";
import { printable } from "./text.ts";

/** What an entry is about, beyond what it says itself. */
export interface Subject {
  readonly namespace?: string | undefined;
  readonly name: string;
  /** `webapps.apps.example.com`, where known. */
  readonly resource?: string | undefined;
}

/** Why an object was reconciled, in words: `configmaps/hello-config deleted`. */
export function whyText(entry: Pick<LedgerEntry, "causes" | "droppedCauses">, subject: Subject): string {
  const texts = merged(entry.causes).map((cause) => causeText(cause, subject));
  const distinct = [...new Set(texts)];
  if (entry.droppedCauses > 0) distinct.push(`and ${entry.droppedCauses} more`);
  return distinct.length === 0 ? "not recorded" : distinct.join(", ");
}

/** Changes that differ in nothing but the writer become one with all writers. */
function merged(causes: readonly Cause[]): Cause[] {
  const result: Cause[] = [];
  for (const cause of causes) {
    const same = result.findIndex((other) => isSameChange(other, cause));
    const found = result[same];
    if (found?.type !== "event" || cause.type !== "event") result.push(cause);
    else if (cause.writer !== undefined && !found.writer?.split(" and ").includes(cause.writer)) {
      result[same] = {
        ...found,
        writer: found.writer === undefined ? cause.writer : `${found.writer} and ${cause.writer}`,
      };
    }
  }
  return result;
}

function isSameChange(a: Cause, b: Cause): boolean {
  if (a.type !== "event" || b.type !== "event") return false;
  const what = ({ event, resource, namespace, name, changed, paths }: typeof a): string =>
    JSON.stringify([event, resource, namespace, name, paths ?? changed]);
  return what(a) === what(b);
}

export function causeText(cause: Cause, subject: Subject): string {
  switch (cause.type) {
    case "event":
      return eventText(cause, subject);
    case "initial":
      return "found at start";
    case "requeue":
      return `asked to look again after ${tookText(cause.afterMs)}`;
    case "retry":
      return `retry ${cause.attempt} after: ${printable(cause.error)}`;
    case "resync":
      return "looked at again without a change";
    case "slowed":
      return `slowed by the loop guard for ${tookText(cause.afterMs)}`;
    case "manual":
      return `asked for: ${printable(cause.reason)}`;
    case "source":
      return `${printable(cause.source)} said so${cause.detail === undefined ? "" : `: ${printable(cause.detail)}`}`;
    case "rebalance":
      return "came over from another replica";
  }
}

const verbs = { added: "created", updated: "changed", deleted: "deleted" } as const;

function eventText(cause: Extract<Cause, { type: "event" }>, subject: Subject): string {
  const object = objectText(cause, subject);
  const by = cause.writer === undefined ? "" : ` by ${printable(cause.writer)}`;
  const verb = verbs[cause.event];
  // The writer of the last state is not who deleted it.
  if (cause.event === "deleted") return `${object || "it was"} ${verb}`;
  if (cause.event === "added") return `${object || "it was"} ${verb}${by}`;
  const what = cause.paths?.length ? cause.paths.map(printable).join(", ") : (cause.changed ?? "");
  if (object === "") return `${what || "it"} ${verb}${by}`;
  return what === "" ? `${object} ${verb}${by}` : `${object}: ${what} ${verb}${by}`;
}

type Named = { readonly resource: string; readonly namespace: string | undefined; readonly name: string };

/** `configmaps/hello-config`, with the namespace where it is another one; empty for the subject itself. */
function objectText({ resource, namespace, name }: Named, subject: Subject): string {
  if (resource === subject.resource && name === subject.name && namespace === subject.namespace) return "";
  const elsewhere = namespace !== undefined && namespace !== subject.namespace ? `${namespace}/` : "";
  return `${resource.split(".")[0]}/${elsewhere}${name}`;
}

/** What a reconcile wrote: `apply configmaps/hello-config, patch status`. */
export function writesText(writes: readonly LedgerWrite[], subject: Subject): string {
  return writes.map((write) => writeText(write, subject)).join(", ");
}

export function writeText(write: LedgerWrite, subject: Subject): string {
  const object = objectText(write, subject);
  const target = [object, write.subresource ?? ""].filter((part) => part !== "").join(" ");
  return `${write.verb} ${target || "itself"}${write.changed ? "" : " (no change)"}`;
}

/** How it ended: `success`, `error: …`, `again in 5 s`. */
export function outcomeText(entry: Pick<LedgerEntry, "outcome" | "error" | "requeueAfterMs">): string {
  const { outcome, error, requeueAfterMs } = entry;
  if (outcome === "requeue_after")
    return requeueAfterMs === undefined ? "again later" : `again in ${tookText(requeueAfterMs)}`;
  const word = outcome === "terminal_error" ? "error, no retry" : outcome;
  return error === undefined ? word : `${word}: ${printable(error)}`;
}
