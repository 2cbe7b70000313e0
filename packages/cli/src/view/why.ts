import type { LedgerReport, ReportedEntry } from "../up/ledger-lookup.ts";
import { timeOfDay, tookText } from "./durations.ts";
import { outcomeText, whyText, writesText } from "./ledger-text.ts";
import { keyText } from "./live-state.ts";

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

function entryLines(entry: ReportedEntry): string[] {
  const subject = entry;
  const by = `${entry.controller} for ${entry.resource.split(".")[0]}/${keyText(entry)}`;
  return [
    `${timeOfDay(entry.startedAt)}  ${outcomeText(entry)}, in ${tookText(entry.durationMs)}, by ${by}`,
    `  why    ${whyText(entry, subject)}`,
    `  wrote  ${entry.writes.length === 0 ? "nothing" : writesText(entry.writes, subject)}`,
  ];
}
