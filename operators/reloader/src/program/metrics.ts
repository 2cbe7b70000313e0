import type { LedgerEntry } from "@homeostat/runtime";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { SourceKind } from "../content/hash.ts";
import type { ReloadObserver } from "../engine/observer.ts";
import { controllerName, workloadKinds } from "../kinds.ts";

/** Of a rotation the driver's report on a pod is what changes. */
const resourceTypes: Readonly<Record<SourceKind, string>> = {
  ConfigMap: "configmaps",
  Secret: "secrets",
  SecretProviderClass: "secretproviderclasspodstatuses",
};

const kindsByController = new Map(Object.keys(workloadKinds).map((kind) => [controllerName(kind), kind]));

/** The kinds of changed resources that woke a reconcile. */
function changedBy({ causes }: LedgerEntry): Set<string> {
  const changed = new Set<string>();
  for (const cause of causes) {
    if (cause.type === "source") changed.add(resourceTypes.SecretProviderClass);
    else if (cause.type === "event" && ["secrets", "configmaps"].includes(cause.resource)) changed.add(cause.resource);
  }
  return changed;
}

export interface ReloaderMetrics {
  readonly observer: ReloadObserver;
  /** To be told of every reconcile: a manager's `onReconciled`. */
  reconciled(entry: LedgerEntry): void;
  /** An alert that could not be delivered. */
  alertFailed(): void;
  text(): Promise<string>;
}

/**
 * Stakater Reloader's metrics by their names, labels and buckets, as far as they mean something here, and ours. Those
 * of queues and requests are the runtime's own.
 *
 * @param options.byNamespace count reloads by namespace, too; a series for each. Default false
 */
export function createMetrics({ byNamespace = false }: { readonly byNamespace?: boolean } = {}): ReloaderMetrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name: `reloader_${name}`, help, labelNames, registers });
  const executed = counter("reload_executed_total", "Reloads, by whether they succeeded", ["success"]);
  const inNamespace = byNamespace
    ? counter("reload_executed_total_by_namespace", "Reloads, by namespace of the workload", ["success", "namespace"])
    : undefined;
  const actions = counter("action_total", "Reloads, by kind of workload", ["workload_kind", "result"]);
  const skipped = counter("skipped_total", "Changes that reloaded nothing, by why", ["reason"]);
  const errors = counter("errors_total", "Failures, by what failed", ["type"]);
  const received = counter("events_received_total", "Changes of Secrets and ConfigMaps", [
    "event_type",
    "resource_type",
  ]);
  const matched = counter("workloads_matched_total", "Workloads that a change concerned", ["kind"]);
  const scanned = counter("workloads_scanned_total", "Workloads that were looked at for a change", ["kind"]);
  const retries = counter("retries_total", "Looks that were tried again after a failure", []);
  const processed = counter("events_processed_total", "Changes that workloads were looked at for", [
    "event_type",
    "resource_type",
    "result",
  ]);
  const reconciles = counter("reconcile_total", "Looks at a workload or config, by result", ["result"]);
  const reconcileTime = new Histogram({
    name: "reloader_reconcile_duration_seconds",
    help: "Time of one look at a workload or config",
    labelNames: ["result"],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const latency = new Histogram({
    name: "reloader_action_latency_seconds",
    help: "Time of one reload",
    labelNames: ["workload_kind"],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  });
  const last = new Gauge({
    name: "reloader_last_reload_timestamp_seconds",
    help: "When something was last reloaded",
    labelNames: ["workload_kind"],
    registers,
  });
  for (const success of ["true", "false"]) executed.inc({ success }, 0);

  const done = (kind: string, namespace: string, success: boolean): void => {
    executed.inc({ success: String(success) });
    inNamespace?.inc({ success: String(success), namespace });
    actions.inc({ workload_kind: kind, result: success ? "success" : "error" });
    matched.inc({ kind });
  };
  return {
    observer: {
      reloaded({ workload, durationMs, atMs }) {
        done(workload.kind, workload.namespace, true);
        latency.observe({ workload_kind: workload.kind }, durationMs / 1000);
        last.set({ workload_kind: workload.kind }, atMs / 1000);
      },
      failed({ workload }) {
        done(workload.kind, workload.namespace, false);
        errors.inc({ type: "handler_error" });
      },
      // The words for people would be a series each.
      skipped: (_, __, already) =>
        skipped.inc({ reason: already ? "strategy_not_updated" : "ignored_or_not_selected" }),
      unchanged: () => skipped.inc({ reason: "no_data_change" }),
      changed(kind, type) {
        const event = { added: "add", updated: "update", deleted: "delete" }[type];
        received.inc({ event_type: event, resource_type: resourceTypes[kind] });
      },
    },
    reconciled(entry) {
      const { outcome, durationMs, causes } = entry;
      const result = outcome.includes("error") ? "error" : outcome === "skipped" ? "skipped" : "success";
      reconciles.inc({ result });
      reconcileTime.observe({ result }, durationMs / 1000);
      if (causes.some(({ type }) => type === "retry")) retries.inc();
      const kind = kindsByController.get(entry.controller);
      const changed = changedBy(entry);
      if (kind === undefined || changed.size === 0) return;
      scanned.inc({ kind });
      // What failed is tried again: nothing is dropped but what can never succeed.
      if (outcome === "error") return;
      const done = outcome === "terminal_error" ? "dropped" : "success";
      for (const type of changed) processed.inc({ event_type: "unknown", resource_type: type, result: done });
    },
    alertFailed: () => errors.inc({ type: "alert_error" }),
    text: () => registry.metrics(),
  };
}
