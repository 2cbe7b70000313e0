import type { Stored } from "@homeostat/api";
import type { Recorder } from "../events/recorder.ts";
import type { Logger } from "../log.ts";
import { type Finding, findingMessage } from "./finding.ts";

/** Says what the loop guard found: in the log, and as an event on the object. */
export function tellFinding(
  finding: Finding,
  to: { readonly log: Logger; readonly recorder: Recorder; readonly object: Stored | undefined },
): void {
  const { log, recorder, object } = to;
  const message = findingMessage(finding);
  const fields = { finding: finding.type, rounds: finding.rounds, delayMs: finding.delayMs, reason: message };
  if (finding.type === "foreign") {
    log.warn(fields, "Reconciled over and over by another writer");
    if (object) recorder.event(object, { type: "Normal", reason: "BusyObject", message, action: "Reconcile" });
    return;
  }
  log.warn(fields, "Reconcile loop");
  if (object) recorder.event(object, { type: "Warning", reason: "ReconcileLoop", message, action: "Reconcile" });
}
