import type { Cause, LedgerEntry, Logger } from "@homeostat/runtime";

/** So many causes and writes are told; others are counted. */
const MOST = 5;

/**
 * Logs each reconcile that changed something: of what, because of what, and what. Failures have a line of their own
 * already, and a reconcile that found all in order is nothing to tell.
 */
export function logReconciles(log: Logger): (entry: LedgerEntry) => void {
  return ({ controller, namespace, name, durationMs, outcome, causes, droppedCauses, writes }) => {
    const changes = writes.filter(({ changed }) => changed);
    if (changes.length === 0 || outcome === "error" || outcome === "terminal_error") return;
    const because = [...new Set(causes.map(textOf))];
    const wrote = changes.map(
      ({ verb, resource, subresource, name: its }) => `${verb} ${[resource, its, subresource ?? []].flat().join("/")}`,
    );
    log.info(
      { controller, namespace, name, because: few(because, droppedCauses), wrote: few(wrote), durationMs },
      "Reconciled",
    );
  };
}

function few(texts: readonly string[], dropped = 0): string[] {
  const rest = Math.max(0, texts.length - MOST) + dropped;
  return [...texts.slice(0, MOST), ...(rest > 0 ? [`and ${rest} more`] : [])];
}

function textOf(cause: Cause): string {
  switch (cause.type) {
    case "event":
      return `${cause.resource}/${cause.name} ${cause.event}`;
    case "initial":
      return "found at start";
    case "retry":
      return `retry ${cause.attempt}`;
    case "manual":
      return cause.reason;
    case "source":
      return cause.detail ?? cause.source;
    default:
      return cause.type;
  }
}
