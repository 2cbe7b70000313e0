import type { Rule } from "../../platform/kinds.ts";

/** Series of this operator: others have metrics of the same names. */
export function operatorAlerts(filter: string): readonly Rule[] {
  const grown = (metric: string) => `sum by (controller) (increase(${metric}{${filter}}[15m])) > 0`;
  const terminal = grown("controller_runtime_terminal_reconcile_errors_total");
  const errors = grown("controller_runtime_reconcile_errors_total");
  const perSecond = (part: "sum" | "count") =>
    `sum by (controller) (rate(controller_runtime_reconcile_time_seconds_${part}{${filter}}[5m]))`;
  return [
    {
      alert: "TempoOperatorFailedUpgrade",
      expr: `sum by (kind) (tempooperator_upgrades_total{${filter}, state="failed"}) > 0`,
      labels: { severity: "warning" },
      annotations: {
        summary: "{{ $value }} resources of kind {{ $labels.kind }} could not be upgraded: their events say why.",
      },
    },
    {
      alert: "TempoOperatorTerminalReconcileError",
      expr: terminal,
      for: "15m",
      labels: { severity: "critical" },
      annotations: {
        summary:
          "Controller {{ $labels.controller }} has met resources that only a change can mend: look for the condition ConfigurationError.",
      },
    },
    {
      alert: "TempoOperatorReconcileError",
      expr: `${errors} unless on (controller) ${terminal}`,
      for: "15m",
      labels: { severity: "warning" },
      annotations: { summary: "Controller {{ $labels.controller }} fails, and tries again: its log says at what." },
    },
    {
      alert: "TempoOperatorReconcileDurationHigh",
      expr: `${perSecond("sum")} / ${perSecond("count")} > 600`,
      for: "10m",
      labels: { severity: "warning" },
      annotations: { summary: "A reconcile of {{ $labels.controller }} takes {{ $value }} s on average." },
    },
    {
      alert: "TempoStackUnhealthy",
      expr: `tempostack_status_condition{${filter}, condition=~"ConfigurationError|Failed"} == 1`,
      for: "5m",
      labels: { severity: "critical" },
      annotations: {
        summary:
          "TempoStack {{ $labels.stack_namespace }}/{{ $labels.stack_name }} has the condition {{ $labels.condition }}.",
      },
    },
    {
      alert: "TempoOperatorReconcileFailed",
      // Wider than the rest on purpose: it is the expression that people's own rules have.
      expr: 'increase(controller_runtime_reconcile_errors_total{controller="tempostack"}[5m]) > 0',
      for: "2m",
      labels: { severity: "warning" },
      annotations: {
        summary: "Reconciles of TempoStacks fail.",
        description: "{{ $value }} reconciles of TempoStacks have failed within the last five minutes.",
      },
    },
  ];
}
