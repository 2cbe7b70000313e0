import type { OperationReport, StepReport, SuiteReport, TestReport } from "./report.ts";

/** What a case of the report is. */
export type Grain = "test" | "step" | "operation";

interface Case {
  readonly name: string;
  readonly className: string;
  readonly tookMs: number;
  readonly failure: readonly string[];
  readonly skipped: boolean;
}

/** The run as JUnit writes it: a suite for each test where cases are smaller than that; else one. */
export function junitReport(report: SuiteReport, grain: Grain): string {
  const suites =
    grain === "test"
      ? [
          suite(
            report.name,
            report,
            report.tests.map((test) => testCase(test, report.name)),
          ),
        ]
      : report.tests.map((test) => suite(test.name, test, casesOf(test, grain)));
  const all = suites.flatMap(({ cases }) => cases);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${attributes({ name: report.name, ...totals(all), time: seconds(report) })}>`,
    ...suites.map(({ text }) => text),
    "</testsuites>",
    "",
  ].join("\n");
}

interface Span {
  readonly startedAt: number;
  readonly endedAt: number;
}

function suite(name: string, span: Span, cases: readonly Case[]): { text: string; cases: readonly Case[] } {
  const timestamp = new Date(span.startedAt).toISOString();
  const head = `  <testsuite ${attributes({ name, ...totals(cases), time: seconds(span), timestamp })}>`;
  return { text: [head, ...cases.map(caseText), "  </testsuite>"].join("\n"), cases };
}

function totals(cases: readonly Case[]): Record<string, number> {
  return {
    tests: cases.length,
    failures: cases.filter(({ failure }) => failure.length > 0).length,
    skipped: cases.filter(({ skipped }) => skipped).length,
    errors: 0,
  };
}

function testCase(test: TestReport, className: string): Case {
  const failure = [...test.failures, ...test.steps.flatMap(stepFailures)];
  return { name: test.name, className, tookMs: took(test), failure, skipped: test.outcome === "skipped" };
}

const stepFailures = ({ name, failures, operations }: StepReport): string[] => [
  ...failures.map((line) => `${name}: ${line}`),
  ...operations.flatMap(({ type, failure }) => (failure ?? []).map((line) => `${name}: ${type}: ${line}`)),
];

function casesOf(test: TestReport, grain: "step" | "operation"): Case[] {
  if (test.outcome === "skipped") return [testCase(test, test.name)];
  const cases = test.steps.flatMap((step): Case[] => {
    const whole = {
      name: step.name,
      className: test.name,
      tookMs: took(step),
      failure: stepFailures(step),
      skipped: false,
    };
    if (grain === "step") return [whole];
    const own = step.failures.length > 0 ? [{ ...whole, failure: step.failures }] : [];
    return [...own, ...step.operations.map((operation, index) => operationCase(operation, index, step, test))];
  });
  const own = { name: test.name, className: test.name, tookMs: took(test), failure: test.failures, skipped: false };
  return test.failures.length > 0 ? [own, ...cases] : cases;
}

function operationCase(operation: OperationReport, index: number, step: StepReport, test: TestReport): Case {
  const { name, type, failure } = operation;
  return {
    name: `${step.name} / ${name ?? `${type} ${index + 1}`}`,
    className: test.name,
    tookMs: took(operation),
    failure: failure ?? [],
    skipped: false,
  };
}

function caseText({ name, className, tookMs, failure, skipped }: Case): string {
  const head = `    <testcase ${attributes({ name, classname: className, time: (tookMs / 1000).toFixed(3) })}`;
  if (skipped) return `${head}><skipped/></testcase>`;
  if (failure.length === 0) return `${head}/>`;
  const message = attributes({ message: failure[0]!, type: "failure" });
  return `${head}>\n      <failure ${message}>${escaped(failure.join("\n"))}</failure>\n    </testcase>`;
}

const took = ({ startedAt, endedAt }: Span): number => endedAt - startedAt;
const seconds = (span: Span): string => (took(span) / 1000).toFixed(3);

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escaped(String(value))}"`)
    .join(" ");
}

/** XML knows no other control characters than tab and line ends, in whatever form. */
function escaped(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
