import { tookText } from "./durations.ts";
import { outcomeText, whyText, writesText } from "./ledger-text.ts";
import { keyText, type LiveEvent, type ObjectRow } from "./live-state.ts";
import { printable } from "./text.ts";

/** How many causes and writes a line tells; `homeostat why` tells them all. */
const FEW = 3;

/**
 * One line per event, for logs and pipes: time, what it is about, and the news. No colours, no cursor codes.
 *
 * @param now milliseconds since the epoch
 */
export function plainLine(event: LiveEvent, now: number): string {
  switch (event.type) {
    case "operator":
      return line(event.operator.at, "operator", event.operator.name, event.operator.running ? "runs" : "is started");
    case "object":
      return line(now, "object", `${event.object.kind} ${keyText(event.object)}`, stateText(event.object));
    case "objectGone":
      return line(now, "object", `${event.object.kind} ${keyText(event.object)}`, "gone");
    case "reconciled": {
      const { entry, resource } = event.row;
      const subject = { ...entry, resource };
      const wrote = entry.writes.length === 0 ? "wrote nothing" : `wrote: ${writesText(entry.writes, subject, FEW)}`;
      const why = whyText(entry, subject, FEW);
      const news = `${outcomeText(entry)} in ${tookText(entry.durationMs)}; why: ${why}; ${wrote}`;
      return line(entry.startedAt + entry.durationMs, "reconcile", `${entry.controller} ${keyText(entry)}`, news);
    }
    case "finding": {
      const { finding } = event;
      const word = finding.slowed ? "LOOP" : "busy";
      return line(finding.at, word, `${finding.controller} ${keyText(finding)}`, printable(finding.message));
    }
    case "warning":
      return `${new Date(event.warning.at).toISOString()} warning ${printable(event.warning.text)}`;
  }
}

const line = (at: number, what: string, about: string, news: string): string =>
  `${new Date(at).toISOString()} ${what} ${about}: ${news}`;

/** `Ready, ready True, generation 2 (1 observed)` */
export function stateText(object: ObjectRow): string {
  const { phase, ready, message, generation, observedGeneration, deleting } = object;
  const parts = [
    deleting ? "being deleted" : "",
    phase === undefined ? "" : `phase ${phase}`,
    ready === undefined ? "" : `ready ${ready}${message === undefined ? "" : ` (${message})`}`,
    generation === undefined ? "" : `generation ${generationText(generation, observedGeneration)}`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? "there" : parts.join(", ");
}

/** `2`, or `2 (1 seen)` where the status is about an older one. */
export function generationText(generation: number | undefined, observed: number | undefined): string {
  if (generation === undefined) return "-";
  return observed === undefined || observed === generation ? `${generation}` : `${generation} (${observed} seen)`;
}
