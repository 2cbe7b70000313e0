import type { FoundTest } from "../documents/find-tests.ts";
import { Bindings } from "../expressions/bindings.ts";
import { linesOf } from "../operations/context.ts";
import type { SuiteReport, TestReport } from "../reports/report.ts";
import { type CreatedObject, deleteOne } from "./cleanup.ts";
import { ensureNamespace } from "./namespace.ts";
import { runTest, type TestRun } from "./run-test.ts";
import type { SuiteContext } from "./suite-context.ts";

/**
 * Runs tests: first those that want to be alone, one after the other; then the others, as many at once as `parallel`
 * allows. That is the order of Go's tests, which chainsaw's are.
 *
 * @param name the report's
 */
export async function runSuite(
  tests: readonly FoundTest[],
  suite: SuiteContext,
  { name, parallel }: { readonly name: string; readonly parallel: number },
): Promise<SuiteReport> {
  const { clock, configuration } = suite;
  const startedAt = clock.now();
  const made = await makeSharedNamespace(suite);
  const runs = runsOf(tests, configuration.repeatCount);
  const reports = new Map<TestRun, TestReport>();
  let stopped = false;
  const one = async (run: TestRun): Promise<void> => {
    const report = stopped ? skipped(run, suite) : await runTest(run, suite);
    reports.set(run, report);
    const { failFast } = run.found.document.spec;
    if (report.outcome === "failed" && (failFast ?? configuration.failFast)) stopped = true;
  };
  const mayShare = ({ found }: TestRun): boolean => found.document.spec.concurrent ?? true;
  for (const run of runs.filter((candidate) => !mayShare(candidate))) await one(run);
  await inParallel(runs.filter(mayShare), parallel, one);
  if (made && !configuration.skipDelete) await removeSharedNamespace(made, suite);
  return { name, startedAt, endedAt: clock.now(), tests: runs.map((run) => reports.get(run)!) };
}

function runsOf(tests: readonly FoundTest[], repeatCount: number): TestRun[] {
  const runs: TestRun[] = [];
  for (const found of tests) {
    for (let repeat = 0; repeat < repeatCount; repeat++) {
      const { scenarios = [] } = found.document.spec;
      const id = runs.length + 1;
      if (scenarios.length === 0) runs.push({ found, name: found.name, id, scenarioId: 0, bindings: [] });
      scenarios.forEach((scenario, index) => {
        const name = `${found.name}#${scenario.name ?? index + 1}`;
        runs.push({ found, name, id: id + index, scenarioId: index + 1, bindings: scenario.bindings ?? [] });
      });
    }
  }
  return runs;
}

function skipped({ found, name }: TestRun, { clock, listener }: SuiteContext): TestReport {
  const at = clock.now();
  const report: TestReport = {
    name,
    folder: found.folder,
    concurrent: found.document.spec.concurrent ?? true,
    namespace: undefined,
    outcome: "skipped",
    startedAt: at,
    endedAt: at,
    steps: [],
    failures: [],
  };
  listener.testEnded(report);
  return report;
}

async function inParallel<T>(items: readonly T[], limit: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.max(1, limit) }, worker));
}

/** The one namespace that tests share, where the configuration names one. */
async function makeSharedNamespace(suite: SuiteContext): Promise<CreatedObject | undefined> {
  const { configuration, evaluator, signal } = suite;
  const { namespace, namespaceTemplate, compiler, namespaceCompiler, propagation } = configuration;
  const cluster = await suite.clusters.current();
  if (namespace === undefined || !cluster) return undefined;
  const object = await ensureNamespace(cluster, {
    name: namespace,
    template: namespaceTemplate,
    language: namespaceCompiler ?? compiler,
    bindings: Bindings.none.with("values", suite.values),
    evaluator,
    signal,
  });
  return object && { cluster, object, propagation };
}

async function removeSharedNamespace(made: CreatedObject, suite: SuiteContext): Promise<void> {
  const { fastNamespaceDeletion, timeoutsMs } = suite.configuration;
  const { signal } = new AbortController();
  const name = suite.configuration.namespace!;
  if (fastNamespaceDeletion) {
    const target = { apiVersion: "v1", kind: "Namespace", name };
    const say = (error: unknown): void => suite.listener.printed(name, linesOf(error).join("\n"));
    await made.cluster.delete(target, made.propagation, signal).catch(say);
    return;
  }
  await deleteOne(made, { suite, test: "", step: "", timeoutMs: timeoutsMs.cleanup, delayMs: 0, signal });
}
