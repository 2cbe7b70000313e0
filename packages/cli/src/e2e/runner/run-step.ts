import { join } from "node:path";
import { parseDuration } from "@homeostat/api";
import { loadStepTemplate } from "../documents/load-tests.ts";
import type { OperationSpec, StepSpec, TestSpec } from "../documents/test-document.ts";
import { linesOf } from "../operations/context.ts";
import type { OperationReport, StepReport } from "../reports/report.ts";
import { type CreatedObject, deleteCreated } from "./cleanup.ts";
import { type PhaseOptions, runPhase, type TestPlace } from "./run-phase.ts";
import { define, enter, type Scope } from "./scope.ts";
import type { SuiteContext } from "./suite-context.ts";

/** A step that was run: what is left of it is to be cleaned up when the test ends. */
export interface RanStep {
  /** Whether something failed; a failure that was gone on from counts, too. */
  readonly failed: boolean;
  /** Whether the test must not go on. */
  readonly ended: boolean;
  /** Deletes what the step has created, then does what it says itself. @returns the step's report, whole */
  cleanup(signal: AbortSignal): Promise<StepReport>;
}

export interface StepOptions {
  readonly suite: SuiteContext;
  readonly test: TestPlace;
  readonly spec: TestSpec;
  readonly scope: Scope;
  /** From 1. */
  readonly id: number;
  readonly alreadyFailed: boolean;
}

/** Runs a step: try; catch, where the test has failed; finally, always. Never throws. */
export async function runStep(said: StepSpec, options: StepOptions): Promise<RanStep> {
  const { suite, test, id } = options;
  const name = said.name ?? `step-${id}`;
  const startedAt = suite.clock.now();
  const created: CreatedObject[] = [];
  const reports: OperationReport[] = [];
  const failures: string[] = [];
  let step = said;
  let { scope } = options;
  let ended = false;
  try {
    ({ step, scope } = await opened(said, options));
  } catch (error) {
    failures.push(...linesOf(error));
    suite.listener.operationEnded({
      test: test.name,
      step: name,
      phase: "try",
      type: "bind",
      what: "",
      tookMs: 0,
      failure: failures,
    });
    ended = true;
  }
  const run = async (phase: PhaseOptions["phase"], operations: readonly OperationSpec[], signal: AbortSignal) => {
    const goOn = phase !== "try";
    const keep: PhaseOptions["created"] = (cluster, object) =>
      created.push({ cluster, object, propagation: scope.propagation });
    const result = await runPhase({ suite, test, step: name, phase, operations, scope, goOn, signal, created: keep });
    reports.push(...result.reports);
    scope = { ...scope, bindings: result.bindings };
    return result;
  };
  // Reports and clean-up of a run that was stopped are wanted still.
  const always = new AbortController().signal;
  if (!ended) ({ ended } = await run("try", step.try ?? [], suite.signal));
  const hasFailed = (): boolean => failures.length > 0 || reports.some(({ failure }) => failure !== undefined);
  if (options.alreadyFailed || hasFailed()) {
    const { configuration, listener } = suite;
    await run("catch", [...configuration.catch, ...(options.spec.catch ?? []), ...(step.catch ?? [])], always);
    if (ended) await listener.failed?.(test.name);
  }
  await run("finally", step.finally ?? [], always);
  return {
    failed: hasFailed(),
    ended,
    async cleanup(signal) {
      const delayMs = delayOf(options);
      const timeoutMs = scope.timeoutsMs.cleanup;
      if (!scope.skipDelete) {
        reports.push(
          ...(await deleteCreated(created, { suite, test: test.name, step: name, timeoutMs, delayMs, signal })),
        );
      }
      await run("cleanup", step.cleanup ?? [], signal);
      return { name, startedAt, endedAt: suite.clock.now(), operations: reports, failures };
    },
  };
}

function delayOf({ spec, suite }: StepOptions): number {
  const { delayBeforeCleanup } = spec;
  return delayBeforeCleanup === undefined
    ? (suite.configuration.delayBeforeCleanupMs ?? 0)
    : parseDuration(delayBeforeCleanup);
}

/** The step, or what its template says, with its bindings. */
async function opened(
  said: StepSpec,
  { suite, test, scope, id }: StepOptions,
): Promise<{ step: StepSpec; scope: Scope }> {
  const numbered = { ...scope, bindings: scope.bindings.with("step", { id }) };
  const own = await enter(numbered, said, test.folder, suite);
  if (!said.use) return { step: said, scope: own };
  const file = await suite.evaluator.settle(() => suite.evaluator.text(said.use!.template, own.bindings, own.language));
  const step = await loadStepTemplate(join(test.folder, file));
  // What `with` binds, the template's own bindings may use; and what both bind, `with` decides.
  const given = await define(own.bindings, said.use.with?.bindings, suite.evaluator, own.language);
  const taken = await define(given, step.bindings, suite.evaluator, own.language);
  const bindings = await define(taken, said.use.with?.bindings, suite.evaluator, own.language);
  return { step, scope: { ...own, bindings } };
}
