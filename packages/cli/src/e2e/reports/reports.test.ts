import { describe, expect, test } from "vitest";
import { jsonReport } from "./json.ts";
import { junitReport } from "./junit.ts";
import type { OperationReport, SuiteReport } from "./report.ts";

const at = Date.UTC(2026, 0, 1);
const operation = (type: string, failure?: readonly string[]): OperationReport => ({
  name: undefined,
  type,
  phase: "try",
  startedAt: at,
  endedAt: at + 500,
  failure,
});
const span = { startedAt: at, endedAt: at + 1_500 };
const base = { folder: "/tests", concurrent: true, namespace: "ns", failures: [], ...span };
const report: SuiteReport = {
  name: "suite",
  ...span,
  tests: [
    {
      ...base,
      name: "good",
      outcome: "passed",
      steps: [{ name: "one", ...span, failures: [], operations: [operation("apply")] }],
    },
    {
      ...base,
      name: "bad",
      outcome: "failed",
      steps: [
        {
          name: "two",
          ...span,
          failures: [],
          operations: [operation("apply"), operation("assert", ['<a> & "b"', "\u0001"])],
        },
      ],
    },
    { ...base, name: "idle", outcome: "skipped", namespace: undefined, steps: [] },
  ],
};

test("JSON has tests, steps and operations", () => {
  const parsed = JSON.parse(jsonReport(report));
  expect(parsed).toMatchObject({ name: "suite", startTime: "2026-01-01T00:00:00.000Z" });
  expect(parsed.tests[0]).toMatchObject({ basePath: "/tests", name: "good", namespace: "ns", status: "passed" });
  expect(parsed.tests[0].steps[0].operations[0]).toEqual({
    type: "apply",
    startTime: "2026-01-01T00:00:00.000Z",
    endTime: "2026-01-01T00:00:00.500Z",
  });
  expect(parsed.tests[1].steps[0].operations[1].failure.error).toContain("<a>");
  expect(parsed.tests[2]).toMatchObject({ skipped: true });
});

describe("JUnit", () => {
  test.each([
    ["test", 3, /<testcase name="bad" classname="suite" time="1\.500">/],
    ["step", 3, /<testcase name="two" classname="bad" time="1\.500">/],
    ["operation", 4, /<testcase name="two \/ assert 2" classname="bad" time="0\.500">/],
  ] as const)("has a case for each %s", (grain, count, wanted) => {
    const text = junitReport(report, grain);
    expect(text).toMatch(new RegExp(`<testsuites name="suite" tests="${count}" failures="1" skipped="1" errors="0"`));
    expect(text.match(/<testcase /g)).toHaveLength(count);
    expect(text).toMatch(wanted);
    expect(text).toContain("&lt;a&gt; &amp; &quot;b&quot;");
    expect(text).not.toContain("\u0001");
    expect(text).toContain("<skipped/>");
  });
});
