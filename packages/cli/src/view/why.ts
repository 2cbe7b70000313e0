import type { LedgerReport, ReportedEntry } from "../up/ledger-lookup.ts";
import type { Told } from "../up/told.ts";
import { timeOfDay, tookText } from "./durations.ts";
import { outcomeText, whyText, writesText } from "./ledger-text.ts";
import { keyText } from "./live-state.ts";
import { printable } from "./text.ts";

/** What the ledger tells of an object, oldest first, for people. */
export function whyLines(
  { reconciled, entries }: LedgerReport,
  asked: { readonly kind: string; readonly namespace: string; readonly name: string },
): string[] {
  const about = `${asked.kind} ${asked.namespace}/${asked.name}`;
  const count = `the last ${entries.length === 1 ? "reconcile" : `${entries.length} reconciles`}`;
  const title = reconciled ? `${about}: ${count}` : `${about}: ${count} that it caused or that wrote it`;
  return [title, ...entries.flatMap((entry) => ["", ...entryLines(entry)])];
}

/** What was said about it, oldest first. */
export function toldLines(events: readonly Told[]): string[] {
  if (events.length === 0) return [];
  const lines = events.map(({ at, reason, message, count }) => {
    const often = count > 1 ? ` (${count} times)` : "";
    return `${timeOfDay(at)}  ${printable(reason)}: ${printable(message)}${often}`;
  });
  return ["", "said about it:", ...lines];
}

function entryLines(entry: ReportedEntry): string[] {
  const subject = entry;
  const by = `${entry.controller} for ${entry.resource.split(".")[0]}/${keyText(entry)}`;
  return [
    `${timeOfDay(entry.startedAt)}  ${outcomeText(entry)}, in ${tookText(entry.durationMs)}, by ${by}`,
    `  why    ${whyText(entry, subject)}`,
    `  wrote  ${entry.writes.length === 0 ? "nothing" : writesText(entry.writes, subject)}`,
  ];
}
