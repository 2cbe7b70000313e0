import type { Machine } from "./machine.ts";
import type { ComparisonResult, Row, ScenarioResult } from "./runner.ts";
import type { Summary } from "./statistics.ts";

/** What was measured on one day on one machine, each scenario as it was measured last. */
export interface Report {
  readonly machine: Machine;
  readonly scenarios: readonly MeasuredScenario[];
}

export interface MeasuredScenario extends ScenarioResult {
  /** When it was measured, RFC 3339. */
  readonly at: string;
  /** How many programs wanted to run on average in the minute before. Above a tenth of the cores, trust ratios only. */
  readonly load: number;
  /** Whether nobody else was at work; of older results nothing is known. */
  readonly quiet?: boolean;
}

/** Puts new measurements in the place of older ones of the same scenarios. */
export function mergeReports(before: Report | undefined, now: Report): Report {
  const replaced = new Set(now.scenarios.map(({ scenario }) => scenario));
  const kept = (before?.scenarios ?? []).filter(({ scenario }) => !replaced.has(scenario));
  return { machine: now.machine, scenarios: [...kept, ...now.scenarios] };
}

/** One scenario as a table in plain text. */
export function tableOf(result: ScenarioResult): string {
  return [`${result.scenario}: ${result.about}`, ...result.comparisons.map(comparisonTable), ""].join("\n");
}

function comparisonTable({ title, rows }: ComparisonResult): string {
  const lines = rows.map((row) => [
    `  ${row.subject}`,
    row.metric,
    `${figure(row.median)} ${row.unit}`,
    `${figure(row.min)}..${figure(row.max)}`,
    targetText(row),
    Object.entries(row.ratios)
      .map(([name, ratio]) => `${ratioText(ratio)} × ${name}`)
      .join(", "),
  ]);
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...lines.map((line) => line[column]!.length)));
  const printed = lines.map((line) =>
    line
      .map((cell, column) =>
        column === 2 || column === 3 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  return [`\n ${title}`, ...printed].join("\n");
}

function targetText({ target, met, unit }: Row): string {
  if (target === undefined) return "";
  return `${met ? "ok" : "MISSED"} ${unit === "1/s" ? "≥" : "≤"} ${figure(target)}`;
}

function ratioText({ median, min, max }: Summary): string {
  return `${figure(median)} [${figure(min)}..${figure(max)}]`;
}

/** Three digits that mean something. */
function figure(value: number): string {
  if (!Number.isFinite(value)) return "-";
  if (value >= 1000) return Math.round(value).toString();
  return Number(value.toPrecision(3)).toString();
}
