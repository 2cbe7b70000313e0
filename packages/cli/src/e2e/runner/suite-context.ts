import type { Clock, Json } from "@homeostat/api";
import type { Cluster } from "../clusters/cluster.ts";
import type { ClusterNames } from "../clusters/clusters.ts";
import type { Configuration } from "../documents/configuration.ts";
import type { Evaluator } from "../expressions/evaluator.ts";
import type { Phase, TestReport } from "../reports/report.ts";

/** Hears what happens while tests run. Calls come at once, those of tests that run together mixed. */
export interface Listener {
  testStarted(test: string, namespace: string | undefined): void;
  operationEnded(news: {
    readonly test: string;
    readonly step: string;
    readonly phase: Phase;
    readonly type: string;
    readonly what: string;
    readonly tookMs: number;
    /** Undefined where it succeeded. */
    readonly failure: readonly string[] | undefined;
  }): void;
  printed(test: string, text: string): void;
  testEnded(report: TestReport): void;
  /** Called after a failure, before anything is cleaned up; the test goes on when it resolves. */
  failed?(test: string): Promise<void>;
}

/** What all tests of a run share. */
export interface SuiteContext {
  readonly configuration: Configuration;
  readonly clock: Clock;
  readonly evaluator: Evaluator;
  /** Value of `$values`. */
  readonly values: Json;
  readonly clusters: ClusterNames;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Aborted when the run is to stop; cleaning up still happens. */
  readonly signal: AbortSignal;
  readonly listener: Listener;
  /** Remembers which binding stands for which cluster. */
  readonly clientBindings: WeakMap<object, Cluster>;
}
