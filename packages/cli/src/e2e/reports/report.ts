/** What became of a run; times in milliseconds since the epoch. */
export interface SuiteReport {
  readonly name: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly tests: readonly TestReport[];
}

export type Outcome = "passed" | "failed" | "skipped";

export interface TestReport {
  readonly name: string;
  /** The folder of its files. */
  readonly folder: string;
  readonly concurrent: boolean;
  /** Undefined where there was none. */
  readonly namespace: string | undefined;
  readonly outcome: Outcome;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly steps: readonly StepReport[];
  /** What failed beside operations: bindings, the namespace. */
  readonly failures: readonly string[];
}

export interface StepReport {
  readonly name: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly operations: readonly OperationReport[];
  /** What failed beside operations: bindings, a template. */
  readonly failures: readonly string[];
}

export type Phase = "try" | "catch" | "finally" | "cleanup";

export interface OperationReport {
  /** Its description. */
  readonly name: string | undefined;
  /** `apply`, `assert` … */
  readonly type: string;
  readonly phase: Phase;
  readonly startedAt: number;
  readonly endedAt: number;
  /** What is wrong, a line each; undefined where nothing is. */
  readonly failure: readonly string[] | undefined;
}

export function counts({ tests }: SuiteReport): Readonly<Record<Outcome, number>> {
  const count = (outcome: Outcome): number => tests.filter((test) => test.outcome === outcome).length;
  return { passed: count("passed"), failed: count("failed"), skipped: count("skipped") };
}
