import type { LedgerEntry } from "../ledger/cause.ts";
import { settledCause } from "../ledger/event-cause.ts";
import type { Call } from "./call.ts";
import type { ReconcileEnd } from "./instrument.ts";
import { isTerminal } from "./reconciler.ts";

/** How one reconcile ended that did not throw. `gone`: the object is not there any more. */
export interface Ended extends ReconcileEnd {
  readonly gone?: boolean;
  readonly afterMs?: number;
  readonly priority?: number | undefined;
}

export interface Failed {
  readonly type: "error";
  readonly error: unknown;
  readonly panic: boolean;
}

export type Outcome = Ended | Failed;

/** What the ledger keeps of a reconcile. */
export function ledgerEntry(controller: string, call: Call, outcome: Outcome): LedgerEntry {
  const { taken, writes, reconcileID, startedAt, durationMs } = call;
  const { cluster, namespace, name } = taken.item;
  return {
    controller,
    ...(cluster === undefined ? {} : { cluster }),
    namespace,
    name,
    reconcileID,
    startedAt,
    durationMs,
    causes: taken.causes.map(settledCause),
    droppedCauses: taken.droppedCauses,
    outcome: outcome.type === "error" && isTerminal(outcome.error) ? "terminal_error" : outcome.type,
    ...(outcome.type === "error" ? { error: messageOf(outcome.error) } : {}),
    ...(outcome.type === "requeue_after" ? { requeueAfterMs: outcome.afterMs ?? 0 } : {}),
    writes: writes.map(({ verb, resource, subresource, namespace, name, changed }) => ({
      verb,
      resource,
      ...(subresource === undefined ? {} : { subresource }),
      namespace,
      name,
      changed,
    })),
  };
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
