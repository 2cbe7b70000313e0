import type { LedgerEntry } from "@homeostat/runtime";
import type { FindingRow, ObjectRow, ReconcileRow } from "./live-state.ts";

/** Noon where the tests run. */
export const noon = new Date(2026, 0, 1, 12, 0, 0).getTime();

export const webApp: ObjectRow = {
  kind: "WebApp",
  namespace: "default",
  name: "hello",
  phase: "Ready",
  ready: "True",
  message: undefined,
  generation: 1,
  observedGeneration: 1,
  createdAt: noon - 65_000,
  deleting: false,
};

export function reconcile(change: Partial<LedgerEntry> = {}): ReconcileRow {
  return {
    resource: "webapps.apps.example.com",
    times: 1,
    entry: {
      controller: "webapp",
      namespace: "default",
      name: "hello",
      reconcileID: "0011223344556677",
      startedAt: noon,
      durationMs: 3.2,
      causes: [{ type: "initial" }],
      droppedCauses: 0,
      outcome: "success",
      writes: [],
      ...change,
    },
  };
}

export const finding: FindingRow = {
  controller: "webapp",
  namespace: "default",
  name: "hello",
  at: noon - 2_000,
  message: 'the controller calls itself: "webapp" writes spec.replicas in every pass',
  slowed: true,
};
