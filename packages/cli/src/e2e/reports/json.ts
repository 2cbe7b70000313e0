import type { OperationReport, StepReport, SuiteReport, TestReport } from "./report.ts";

const time = (ms: number): string => new Date(ms).toISOString();

/** The run as JSON, in chainsaw's shape. Source: chainsaw, "Reports". */
export function jsonReport({ name, startedAt, endedAt, tests }: SuiteReport): string {
  const report = { name, startTime: time(startedAt), endTime: time(endedAt), tests: tests.map(testOf) };
  return `${JSON.stringify(report, null, 2)}\n`;
}

function testOf(test: TestReport): object {
  return {
    basePath: test.folder,
    name: test.name,
    concurrent: test.concurrent,
    startTime: time(test.startedAt),
    endTime: time(test.endedAt),
    status: test.outcome,
    ...(test.outcome === "skipped" ? { skipped: true } : {}),
    ...(test.namespace === undefined ? {} : { namespace: test.namespace }),
    ...failureOf(test.failures),
    steps: test.steps.map(stepOf),
  };
}

function stepOf(step: StepReport): object {
  return {
    name: step.name,
    startTime: time(step.startedAt),
    endTime: time(step.endedAt),
    ...failureOf(step.failures),
    operations: step.operations.map(operationOf),
  };
}

function operationOf({ name, type, startedAt, endedAt, failure }: OperationReport): object {
  return {
    ...(name === undefined ? {} : { name }),
    type,
    startTime: time(startedAt),
    endTime: time(endedAt),
    ...failureOf(failure ?? []),
  };
}

const failureOf = (lines: readonly string[]): object =>
  lines.length === 0 ? {} : { failure: { error: lines.join("\n") } };
