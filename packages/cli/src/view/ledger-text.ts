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

/**
 * Why an object was reconciled, in words: `configmaps/hello-config deleted`.
 *
 * @param most how many causes are told, the first ones; the others are counted. Default all
 */
export function whyText(
  entry: Pick<LedgerEntry, "causes" | "droppedCauses">,
  subject: Subject,
  most = Number.POSITIVE_INFINITY,
): string {
  const texts = merged(entry.causes).map((cause) => causeText(cause, subject));
  const distinct = [...new Set(texts)];
  return distinct.length === 0 && entry.droppedCauses === 0 ? "not recorded" : few(distinct, most, entry.droppedCauses);
}

/** The first of them, and how many more there are. */
function few(texts: readonly string[], most: number, dropped = 0): string {
  // "and 1 more" is no shorter than most texts.
  const told = texts.length > most + 1 ? texts.slice(0, most) : texts;
  const rest = texts.length - told.length + dropped;
  return [...told, ...(rest > 0 ? [`and ${rest} more`] : [])].join(", ");
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

/** How many paths of one change are told. */
const PATHS = 3;

const verbs = { added: "created", updated: "changed", deleted: "deleted" } as const;

function eventText(cause: Extract<Cause, { type: "event" }>, subject: Subject): string {
  const object = objectText(cause, subject);
  const by = cause.writer === undefined ? "" : ` by ${printable(cause.writer)}`;
  const verb = verbs[cause.event];
  // The writer of the last state is not who deleted it.
  if (cause.event === "deleted") return `${object || "it was"} ${verb}`;
  if (cause.event === "added") return `${object || "it was"} ${verb}${by}`;
  const what = cause.paths?.length ? few(cause.paths.map(printable), PATHS) : (cause.changed ?? "");
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

/**
 * What a reconcile wrote: `apply configmaps/hello-config, patch status`.
 *
 * @param most how many writes are told, the first ones; the others are counted. Default all
 */
export function writesText(writes: readonly LedgerWrite[], subject: Subject, most = Number.POSITIVE_INFINITY): string {
  return few(
    writes.map((write) => writeText(write, subject)),
    most,
  );
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
