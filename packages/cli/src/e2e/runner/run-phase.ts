import { type Json, type JsonObject, parseDuration } from "@homeostat/api";
import { CommandError } from "../../errors.ts";
import type { Cluster } from "../clusters/cluster.ts";
import type { OperationSpec } from "../documents/test-document.ts";
import type { Bindings } from "../expressions/bindings.ts";
import { linesOf, type OperationContext } from "../operations/context.ts";
import { check } from "../operations/expect.ts";
import { actionOf, commonOf, runOperation, timeoutName } from "../operations/run-operation.ts";
import type { OperationReport, Phase } from "../reports/report.ts";
import { define, enter, type Scope } from "./scope.ts";
import type { SuiteContext } from "./suite-context.ts";

/** The test that operations belong to. */
export interface TestPlace {
  readonly name: string;
  /** Absolute. */
  readonly folder: string;
  readonly namespace: string | undefined;
  readonly gracePeriodSeconds: number | undefined;
}

export interface PhaseOptions {
  readonly suite: SuiteContext;
  readonly test: TestPlace;
  readonly step: string;
  readonly phase: Phase;
  readonly operations: readonly OperationSpec[];
  readonly scope: Scope;
  /** Whether what comes after a failure is done nevertheless. */
  readonly goOn: boolean;
  readonly signal: AbortSignal;
  /** Told of objects that were created. */
  created(cluster: Cluster, object: JsonObject): void;
}

export interface PhaseResult {
  readonly reports: readonly OperationReport[];
  /** With the outputs of the operations. */
  readonly bindings: Bindings;
  /** Whether the phase was ended by a failure. */
  readonly ended: boolean;
}

/** Runs operations one after the other. Never throws, but for the reason of a signal that ends the run. */
export async function runPhase(options: PhaseOptions): Promise<PhaseResult> {
  const { suite, operations, scope, goOn } = options;
  const reports: OperationReport[] = [];
  let { bindings } = scope;
  for (const [index, operation] of operations.entries()) {
    const startedAt = suite.clock.now();
    let failure: readonly string[] | undefined;
    try {
      const place = { ...scope, bindings: bindings.with("operation", { id: index + 1, resourceId: 1 }) };
      bindings = bindings.withAll(await runOne(operation, place, options));
    } catch (error) {
      failure = linesOf(options.signal.aborted ? options.signal.reason : error);
    }
    const report = reported(operation, options, startedAt, failure);
    reports.push(report);
    if (failure !== undefined && ((!goOn && !operation.continueOnError) || options.signal.aborted)) {
      return { reports, bindings, ended: true };
    }
  }
  return { reports, bindings, ended: false };
}

function reported(
  operation: OperationSpec,
  { suite, test, step, phase }: PhaseOptions,
  startedAt: number,
  failure: readonly string[] | undefined,
): OperationReport {
  const type = actionOf(operation);
  const endedAt = suite.clock.now();
  const what = operation.description ?? summary(operation);
  suite.listener.operationEnded({ test: test.name, step, phase, type, what, tookMs: endedAt - startedAt, failure });
  return { name: operation.description, type, phase, startedAt, endedAt, failure };
}

/** What an operation is about, in a few words. */
function summary(operation: OperationSpec): string {
  const said = operation[actionOf(operation)] as unknown as Readonly<Record<string, unknown>>;
  const { file, resource, ref, entrypoint, args, content, duration, kind, name, selector } = said;
  if (file) return String(file);
  if (entrypoint) return [entrypoint, ...((args as string[]) ?? [])].join(" ");
  if (content) return String(content).trim().split("\n")[0]!;
  if (duration) return String(duration);
  const object = (resource ?? ref ?? said) as { kind?: string; name?: string; metadata?: { name?: string } };
  return [kind ?? object.kind, name ?? object.name ?? object.metadata?.name ?? selector].filter(Boolean).join(" ");
}

/** @returns the operation's outputs, by name */
async function runOne(operation: OperationSpec, outer: Scope, options: PhaseOptions): Promise<Record<string, Json>> {
  const { suite, test, signal } = options;
  const common = commonOf(operation);
  const { timeout, outputs, ...said } = common;
  const scope = await enter(outer, said, test.folder, suite);
  const cluster = await scope.clusters.current();
  const context: OperationContext = {
    clock: suite.clock,
    evaluator: suite.evaluator,
    bindings: scope.bindings,
    language: scope.language,
    template: scope.template,
    folder: test.folder,
    namespace: test.namespace,
    timeoutMs: timeout === undefined ? scope.timeoutsMs[timeoutName(operation)] : parseDuration(timeout),
    propagation: scope.propagation,
    gracePeriodSeconds: test.gracePeriodSeconds,
    signal,
    env: suite.env,
    async cluster() {
      if (!cluster) throw new CommandError(`${actionOf(operation)} needs a cluster, and --no-cluster was given`);
      return cluster;
    },
    kubeconfig: async () => cluster?.kubeconfig,
    created: (where, object) => {
      if (!scope.skipDelete) options.created(where, object);
    },
    print: (text) => suite.listener.printed(test.name, text),
  };
  const result = await runOperation(operation, context);
  const made: Record<string, Json> = {};
  for (const { match, ...definition } of outputs ?? []) {
    for (const value of result.values) {
      const { bindings } = result;
      if (match !== undefined && match !== null && (await check(match, value, bindings, context)).length > 0) continue;
      const before = bindings.withAll(made);
      const after = await define(before, [definition], suite.evaluator, scope.language, value);
      const name = await suite.evaluator.settle(() => suite.evaluator.text(definition.name, before, scope.language));
      made[name] = after.get(name) ?? null;
    }
  }
  return made;
}
