import type { Comparison, Scenario, ScenarioOptions, Subject } from "./scenario.ts";
import { ratios, type Summary, summarize } from "./statistics.ts";

export interface RunOptions extends ScenarioOptions {
  /** Measured rounds; one more goes before them, for all subjects alike, and is not counted. */
  readonly rounds: number;
  /** Told what is under way. */
  readonly onProgress?: (text: string) => void;
}

export interface ScenarioResult {
  readonly scenario: string;
  readonly about: string;
  readonly comparisons: readonly ComparisonResult[];
}

export interface ComparisonResult {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** One subject and metric. */
export interface Row extends Summary {
  readonly subject: string;
  readonly role: Subject["role"];
  readonly metric: string;
  readonly unit: string;
  readonly target?: number;
  /** Whether the median keeps the target. */
  readonly met?: boolean;
  /** Every round, in order. */
  readonly rounds: readonly number[];
  /** Median and range of the quotients with each subject beside ours, by its name. */
  readonly ratios: Readonly<Record<string, Summary>>;
}

/** Runs one scenario: its comparisons one after the other, their subjects interleaved. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<ScenarioResult> {
  await using world = await scenario.open(options);
  const comparisons: ComparisonResult[] = [];
  for (const comparison of world.comparisons) {
    options.onProgress?.(`${scenario.name}: ${comparison.title}`);
    comparisons.push(await compare(comparison, options.rounds));
  }
  return { scenario: scenario.name, about: scenario.about, comparisons };
}

async function compare(comparison: Comparison, rounds: number): Promise<ComparisonResult> {
  const { title, metrics, subjects } = comparison;
  const figures = new Map<Subject, Map<string, number[]>>(subjects.map((subject) => [subject, new Map()]));
  for (let round = -1; round < rounds; round++) {
    for (const subject of inTurn(subjects, round)) {
      const measured = await subject.round();
      if (round < 0) continue;
      for (const [metric, value] of Object.entries(measured)) {
        const series = figures.get(subject)!;
        series.set(metric, [...(series.get(metric) ?? []), value]);
      }
    }
  }
  const rows = metrics.flatMap((metric) =>
    subjects.flatMap((subject): Row[] => {
      const series = figures.get(subject)!.get(metric.name);
      if (!series) return [];
      const summary = summarize(series);
      const target = subject.role === "ours" ? metric.target : undefined;
      return [
        {
          subject: subject.name,
          role: subject.role,
          metric: metric.name,
          unit: metric.unit,
          ...summary,
          ...(target === undefined ? {} : { target, met: isMet(metric.unit, summary.median, target) }),
          rounds: series,
          ratios: subject.role === "ours" ? ratiosTo(series, metric.name, subjects, figures) : {},
        },
      ];
    }),
  );
  return { title, rows };
}

/** A different subject begins in each round, so that none always follows the same one. */
function inTurn(subjects: readonly Subject[], round: number): readonly Subject[] {
  const first = (round + subjects.length) % subjects.length;
  return [...subjects.slice(first), ...subjects.slice(0, first)];
}

function isMet(unit: string, value: number, target: number): boolean {
  return unit === "1/s" ? value >= target : value <= target;
}

function ratiosTo(
  series: readonly number[],
  metric: string,
  subjects: readonly Subject[],
  figures: ReadonlyMap<Subject, ReadonlyMap<string, readonly number[]>>,
): Record<string, Summary> {
  return Object.fromEntries(
    subjects.flatMap((subject) => {
      const other = subject.role === "beside" ? figures.get(subject)!.get(metric) : undefined;
      return other ? [[subject.name, ratios(series, other)]] : [];
    }),
  );
}
