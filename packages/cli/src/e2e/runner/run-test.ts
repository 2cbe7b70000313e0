import { type Json, parseDuration } from "@homeostat/api";
import type { FoundTest } from "../documents/find-tests.ts";
import type { BindingDefinition } from "../documents/test-document.ts";
import { Bindings } from "../expressions/bindings.ts";
import { linesOf } from "../operations/context.ts";
import type { StepReport, TestReport } from "../reports/report.ts";
import { type CreatedObject, deleteOne } from "./cleanup.ts";
import { ensureNamespace, randomNamespace } from "./namespace.ts";
import type { TestPlace } from "./run-phase.ts";
import { type RanStep, runStep } from "./run-step.ts";
import { bindCluster, define, enter, type Scope } from "./scope.ts";
import type { SuiteContext } from "./suite-context.ts";

/** One run of a test: of each scenario there is one. */
export interface TestRun {
  readonly found: FoundTest;
  readonly name: string;
  /** From 1. */
  readonly id: number;
  /** From 1; 0 where the test has no scenarios. */
  readonly scenarioId: number;
  readonly bindings: readonly BindingDefinition[];
}

/** Runs a test and cleans up after it. Never throws. */
export async function runTest(run: TestRun, suite: SuiteContext): Promise<TestReport> {
  const { found, name } = run;
  const { spec } = found.document;
  const startedAt = suite.clock.now();
  const report = (rest: Pick<TestReport, "outcome" | "namespace" | "steps" | "failures">): TestReport => {
    const { folder } = found;
    const concurrent = spec.concurrent ?? true;
    const whole = { name, folder, concurrent, startedAt, endedAt: suite.clock.now(), ...rest };
    suite.listener.testEnded(whole);
    return whole;
  };
  if (spec.skip || suite.signal.aborted) {
    return report({ outcome: "skipped", namespace: undefined, steps: [], failures: [] });
  }
  const failures: string[] = [];
  const ran: RanStep[] = [];
  let place: Place | undefined;
  try {
    place = await settleDown(run, suite);
    suite.listener.testStarted(name, place.test.namespace);
    const scope = await enter(
      place.scope,
      { ...spec, bindings: [...run.bindings, ...(spec.bindings ?? [])] },
      found.folder,
      suite,
    );
    for (const [index, step] of spec.steps.entries()) {
      const alreadyFailed = ran.some(({ failed }) => failed);
      const done = await runStep(step, { suite, test: place.test, spec, scope, id: index + 1, alreadyFailed });
      ran.push(done);
      if (done.ended) break;
    }
  } catch (error) {
    failures.push(...linesOf(error));
  }
  const steps = await cleanUp(ran, place, run, suite, failures);
  const failed = failures.length > 0 || steps.some(hasFailed);
  return report({ outcome: failed ? "failed" : "passed", namespace: place?.test.namespace, steps, failures });
}

const hasFailed = ({ failures, operations }: StepReport): boolean =>
  failures.length > 0 || operations.some(({ failure }) => failure !== undefined);

/** Where a test lives. */
interface Place {
  readonly test: TestPlace;
  readonly scope: Scope;
  /** Its namespace, where it was made for this test. */
  readonly made: CreatedObject | undefined;
}

/** Finds the test's cluster and makes its namespace. */
async function settleDown({ found, id, scenarioId, name }: TestRun, suite: SuiteContext): Promise<Place> {
  const { configuration, evaluator } = suite;
  const { spec, metadata } = found.document;
  const clusters = suite.clusters.within(spec, found.folder);
  const language = spec.compiler ?? configuration.compiler;
  const known = Bindings.none
    .with("values", suite.values)
    .with("test", { id, scenarioId, metadata: metadata as unknown as Json });
  const bindings = await bindCluster(known, clusters, suite);
  const cluster = await clusters.current();
  const given = spec.namespace ?? configuration.namespace;
  const namespace = cluster ? await namespaceName(given, bindings) : undefined;
  const propagation = spec.deletionPropagationPolicy ?? configuration.propagation;
  let made: CreatedObject | undefined;
  if (cluster && namespace !== undefined) {
    const object = await ensureNamespace(cluster, {
      name: namespace,
      template: spec.namespaceTemplate ?? configuration.namespaceTemplate,
      language: spec.namespaceTemplateCompiler ?? configuration.namespaceCompiler ?? language,
      bindings: await define(bindings, spec.bindings, evaluator, language).catch(() => bindings),
      evaluator,
      signal: suite.signal,
    });
    if (object) made = { cluster, object, propagation };
  }
  const grace =
    spec.forceTerminationGracePeriod === undefined
      ? configuration.forceTerminationGracePeriodMs
      : parseDuration(spec.forceTerminationGracePeriod);
  return {
    test: {
      name,
      folder: found.folder,
      namespace,
      gracePeriodSeconds: grace === undefined ? undefined : Math.round(grace / 1000),
    },
    scope: {
      bindings: namespace === undefined ? bindings : bindings.with("namespace", namespace),
      language,
      clusters: suite.clusters,
      timeoutsMs: configuration.timeoutsMs,
      template: configuration.template,
      skipDelete: configuration.skipDelete,
      propagation: configuration.propagation,
    },
    made,
  };

  async function namespaceName(said: string | undefined, visible: Bindings): Promise<string> {
    if (said === undefined || said === "") return randomNamespace(suite.randomBytes);
    return evaluator.settle(() => evaluator.text(said, visible, language));
  }
}

/** Steps in reverse, at last the namespace. @returns the reports of the steps, in their order */
async function cleanUp(
  ran: readonly RanStep[],
  place: Place | undefined,
  { found, name }: TestRun,
  suite: SuiteContext,
  failures: string[],
): Promise<StepReport[]> {
  const { signal } = new AbortController();
  const steps: StepReport[] = [];
  for (const step of ran.toReversed()) steps.unshift(await step.cleanup(signal));
  const { spec } = found.document;
  const skipDelete = spec.skipDelete ?? suite.configuration.skipDelete;
  if (!place?.made || skipDelete) return steps;
  const isFast = spec.fastNamespaceDeletion ?? suite.configuration.fastNamespaceDeletion;
  if (isFast) {
    const { cluster, propagation } = place.made;
    const target = { apiVersion: "v1", kind: "Namespace", name: place.test.namespace! };
    await cluster.delete(target, propagation, signal).catch((error: unknown) => failures.push(...linesOf(error)));
    return steps;
  }
  const timeoutMs = spec.timeouts?.cleanup
    ? parseDuration(spec.timeouts.cleanup)
    : suite.configuration.timeoutsMs.cleanup;
  const done = await deleteOne(place.made, { suite, test: name, step: "", timeoutMs, delayMs: 0, signal });
  failures.push(...(done.failure ?? []));
  return steps;
}
