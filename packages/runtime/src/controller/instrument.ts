import type { Cause } from "../ledger/cause.ts";

/**
 * Wraps every reconcile, for traces and the like. `run` must be called once, and its outcome handed on as it is; what
 * the reconcile does asynchronously happens within that call.
 */
export interface ReconcileInstrument {
  reconcile<T extends ReconcileEnd>(info: ReconcileInfo, run: () => Promise<T>): Promise<T>;
}

/** What is known of a reconcile before it runs. */
export interface ReconcileInfo {
  readonly controller: string;
  /** Group and kind of the controller's own kind; undefined where its requests are not objects of one kind. */
  readonly kind: { readonly group: string; readonly kind: string } | undefined;
  /** A `Request` where the controller has a kind, else whatever its requests are. */
  readonly request: object;
  /** The string the request is known by, `namespace/name`, `cluster|namespace/name` in an engaged cluster. */
  readonly key: string;
  readonly reconcileID: string;
  readonly causes: readonly Cause[];
  /** How long the key was ready before it was taken, in milliseconds. */
  readonly waitedMs: number;
  readonly priority: number;
}

/** How a reconcile ended that did not throw. `skipped`: there was nothing to do it for (gone, paused). */
export interface ReconcileEnd {
  readonly type: "success" | "requeue_after" | "skipped";
}
