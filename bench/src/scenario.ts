/**
 * What is measured, against what. A scenario is one file in `scenarios/`; it sets a world up once and offers
 * comparisons in it. The runner measures the subjects of a comparison in turn, round after round, so that what the
 * machine does besides hits all of them alike; only then are ratios worth quoting.
 */
export interface Scenario {
  /** Name of its file and on the command line. */
  readonly name: string;
  /** One sentence. */
  readonly about: string;
  open(options: ScenarioOptions): Promise<OpenScenario>;
}

export interface ScenarioOptions {
  /** Share of the usual amount of work, in (0, 1]. Figures of less than 1 are for trying things, not for quoting. */
  readonly scale: number;
}

export interface OpenScenario extends AsyncDisposable {
  readonly comparisons: readonly Comparison[];
}

export interface Comparison {
  readonly title: string;
  readonly metrics: readonly Metric[];
  readonly subjects: readonly Subject[];
}

export interface Metric {
  readonly name: string;
  readonly unit: "ms" | "µs" | "ns" | "MB" | "1/s" | "count";
  /** What our own subjects should stay below (above, for `1/s`). Default: nothing is asked. */
  readonly target?: number;
}

export interface Subject {
  readonly name: string;
  /** `beside`: something others do, or the least the machine needs; ratios are told against each of these. */
  readonly role: "ours" | "beside";
  /** One round: a figure for each metric of the comparison; a subject may leave out what it does not have. */
  round(): Promise<Figures>;
}

export type Figures = Readonly<Record<string, number>>;
