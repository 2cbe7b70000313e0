/**
 * Why a key is reconciled. Causes travel with queue entries, merged and capped; they are for logs, traces, `why` and
 * tests, never for logic: a reconcile must do the right thing whatever woke it.
 */
export type Cause =
  | {
      readonly type: "event";
      readonly event: "added" | "updated" | "deleted";
      readonly resource: string;
      readonly namespace: string | undefined;
      readonly name: string;
      readonly resourceVersion: string;
      /** What an update was about, as metadata tells: the desired state, labels and the like, or the rest. */
      readonly changed?: "spec" | "metadata" | "status";
      /** Paths that changed, `spec.replicas`; at most eight, computed lazily from the bytes. */
      readonly paths?: readonly string[];
      /** Field manager that wrote the change, where managedFields tell. */
      readonly writer?: string;
    }
  | { readonly type: "initial" }
  | { readonly type: "requeue"; readonly afterMs: number }
  | { readonly type: "retry"; readonly attempt: number; readonly error: string }
  | { readonly type: "resync" }
  | { readonly type: "slowed"; readonly afterMs: number }
  | { readonly type: "manual"; readonly reason: string }
  /** A timer, a webhook, an iterable. */
  | { readonly type: "source"; readonly source: string; readonly detail?: string }
  /** The key has come to this replica from another. */
  | { readonly type: "rebalance" };

/** One reconcile in the ledger. */
export interface LedgerEntry {
  readonly controller: string;
  /** Name of the engaged cluster; undefined: the manager's own. */
  readonly cluster?: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly reconcileID: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly causes: readonly Cause[];
  /** Causes beyond the cap, only counted. */
  readonly droppedCauses: number;
  readonly outcome: "success" | "requeue_after" | "error" | "terminal_error" | "skipped";
  readonly error?: string;
  readonly requeueAfterMs?: number;
  /** Writes made during it: verb, resource, name, and whether anything changed. */
  readonly writes: readonly LedgerWrite[];
}

/** A write during a reconcile, without its values. */
export interface LedgerWrite {
  readonly verb: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly changed: boolean;
}
