import type { Rule } from "../../platform/kinds.ts";
import { latency99 } from "./recording-rules.ts";

export interface AlertOptions {
  /** Matchers that every series is filtered by. */
  readonly filter: string;
  /** Regular expressions of the last part of `job`, for what ingests and for what compacts. */
  readonly jobs: { readonly ingester: string; readonly compactor: string };
}

interface Alert {
  readonly name: string;
  readonly expr: string;
  readonly severity: "critical" | "warning";
  /** How long it must hold. Left out: it fires at once. */
  readonly for?: string;
  readonly summary: string;
  /** Alert whose page of the runbook fits. Default: its own. */
  readonly runbook?: string;
}

const runbook = "https://github.com/grafana/tempo/tree/main/operations/tempo-mixin/runbook.md";

/** Alerts of one instance. */
export function alerts(options: AlertOptions): readonly Rule[] {
  return [latency, ringMembers, failures, tenantIndexes, others].flatMap((of) => of(options)).map(ruleOf);
}

function ruleOf({ name, expr, severity, for: duration, summary, runbook: page = name }: Alert): Rule {
  return {
    alert: name,
    expr,
    ...(duration === undefined ? {} : { for: duration }),
    labels: { severity },
    annotations: { summary, runbook_url: `${runbook}#${page}` },
  };
}

const by = "by (cluster, namespace)";
const byTenant = "by (cluster, namespace, tenant)";

function latency({ filter }: AlertOptions): readonly Alert[] {
  const routes = 'route!~"metrics|/frontend.Frontend/Process|debug_pprof"';
  return [
    {
      name: "TempoRequestLatency",
      expr: `${latency99}{${filter}, ${routes}} > 3`,
      for: "15m",
      severity: "critical",
      summary: "One in a hundred requests to {{ $labels.job }} on {{ $labels.route }} takes {{ $value }} s or more.",
    },
  ];
}

function ringMembers({ filter }: AlertOptions): readonly Alert[] {
  const unhealthy = (name: string) =>
    `max ${by} (tempo_ring_members{${filter}, state="Unhealthy", name="${name}"}) > 0`;
  const summary = (what: string) => `{{ $value }} members of the ring of ${what}s are unhealthy.`;
  return [
    {
      name: "TempoCompactorUnhealthy",
      expr: unhealthy("compactor"),
      for: "15m",
      severity: "critical",
      summary: summary("compactor"),
    },
    {
      name: "TempoDistributorUnhealthy",
      expr: unhealthy("distributor"),
      for: "15m",
      severity: "warning",
      summary: summary("distributor"),
    },
  ];
}

/** Counters of failures that must have grown more than once within the hour, and are growing still. */
function failures({ filter }: AlertOptions): readonly Alert[] {
  const failing = (metric: string) => {
    const grown = (range: string) => `sum ${by} (increase(${metric}{${filter}}[${range}]))`;
    return `${grown("1h")} > 2 and ${grown("5m")} > 0`;
  };
  return [
    {
      name: "TempoCompactionsFailing",
      expr: failing("tempodb_compaction_errors_total"),
      for: "5m",
      severity: "critical",
      summary: "Compactions fail: more than two within an hour, and some in the last five minutes.",
    },
    {
      name: "TempoIngesterFlushesUnhealthy",
      expr: failing("tempo_ingester_failed_flushes_total"),
      for: "5m",
      severity: "warning",
      summary: "Ingesters cannot write all blocks to the object store at the first attempt.",
      runbook: "TempoIngesterFlushesFailing",
    },
    {
      name: "TempoIngesterFlushesFailing",
      expr: failing("tempo_ingester_flush_failed_retries_total"),
      for: "5m",
      severity: "critical",
      summary: "Ingesters cannot write blocks to the object store when they try again either.",
    },
    {
      name: "TempoPollsFailing",
      expr: failing("tempodb_blocklist_poll_errors_total"),
      severity: "critical",
      summary: "The list of blocks cannot be read from the object store: searches miss recent traces.",
    },
    {
      name: "TempoTenantIndexFailures",
      expr: failing("tempodb_blocklist_tenant_index_errors_total"),
      severity: "critical",
      summary: "Indexes of tenants' blocks cannot be read or written.",
    },
  ];
}

function tenantIndexes({ filter }: AlertOptions): readonly Alert[] {
  const builders = `sum ${byTenant} (tempodb_blocklist_tenant_index_builder{${filter}}) == 0`;
  const blocks = `max ${byTenant} (tempodb_blocklist_length{${filter}}) > 0`;
  return [
    {
      name: "TempoNoTenantIndexBuilders",
      expr: `${builders} and on (cluster, namespace, tenant) ${blocks}`,
      for: "5m",
      severity: "critical",
      summary: "Nobody keeps the index of the blocks of tenant {{ $labels.tenant }}: it grows old.",
    },
    {
      name: "TempoTenantIndexTooOld",
      expr: `max ${byTenant} (tempodb_blocklist_tenant_index_age_seconds{${filter}}) > 600`,
      for: "5m",
      severity: "critical",
      summary: "The index of the blocks of tenant {{ $labels.tenant }} is {{ $value }} s old.",
    },
  ];
}

function others({ filter, jobs }: AlertOptions): readonly Alert[] {
  const job = (component: keyof AlertOptions["jobs"]) => `job=~".+/(${jobs[component]})"`;
  const outstanding = `sum ${byTenant} (tempodb_compaction_outstanding_blocks{${filter}, ${job("compactor")}})`;
  const compactors = `count ${by} (tempo_build_info{${filter}, ${job("compactor")}})`;
  return [
    {
      name: "TempoBadOverrides",
      expr: `sum by (cluster, namespace, job) (tempo_runtime_config_last_reload_successful{${filter}} == 0)`,
      for: "15m",
      severity: "warning",
      summary: "{{ $labels.job }} could not read the overrides of tenants again: it goes on with earlier ones.",
    },
    {
      name: "TempoProvisioningTooManyWrites",
      expr: `avg ${by} (rate(tempo_ingester_bytes_received_total{${filter}, ${job("ingester")}}[1m])) / 1024 / 1024 > 30`,
      for: "15m",
      severity: "warning",
      summary: "Each ingester takes in {{ $value }} MiB/s: add ingesters.",
    },
    {
      name: "TempoCompactorsTooManyOutstandingBlocks",
      expr: `${outstanding} / on (cluster, namespace) group_left ${compactors} > 100`,
      for: "6h",
      severity: "warning",
      summary: "{{ $value }} blocks of tenant {{ $labels.tenant }} wait for each compactor: add compactors.",
    },
    {
      name: "TempoIngesterReplayErrors",
      expr: `sum ${byTenant} (increase(tempo_ingester_replay_errors_total{${filter}}[5m])) > 0`,
      for: "5m",
      severity: "critical",
      summary: "Spans of tenant {{ $labels.tenant }} in the write-ahead log could not be read after a restart.",
    },
  ];
}
