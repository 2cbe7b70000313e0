import type { Output } from "../../environment.ts";
import type { Listener } from "../runner/suite-context.ts";
import { counts, type SuiteReport, type TestReport } from "./report.ts";

/** Says what happens, a line each; what is wrong comes below its line. */
export function textListener(stdout: Output, { quiet }: { readonly quiet: boolean }): Listener {
  const indented = (lines: readonly string[]): string => lines.map((line) => `    ${line}\n`).join("");
  return {
    testStarted(test, namespace) {
      if (!quiet) stdout.write(`${test}: starts${namespace === undefined ? "" : ` in namespace ${namespace}`}\n`);
    },
    operationEnded({ test, step, phase, type, what, tookMs, failure }) {
      if (quiet && failure === undefined) return;
      const where = [test, step].filter((part) => part !== "").join("/");
      const which = phase === "try" ? type : `${phase} ${type}`;
      const verdict = failure === undefined ? "done" : "FAILED";
      stdout.write(`${where}: ${which} ${what}: ${verdict} after ${tookMs} ms\n${indented(failure ?? [])}`);
    },
    printed(test, text) {
      if (!quiet) stdout.write(`${test}:\n${indented(text.split("\n"))}`);
    },
    testEnded({ name, outcome, failures, startedAt, endedAt }: TestReport) {
      const took = outcome === "skipped" ? "" : ` after ${endedAt - startedAt} ms`;
      const verdict = outcome === "failed" ? "FAILED" : outcome;
      stdout.write(`${name}: ${verdict}${took}\n${indented(failures)}`);
    },
  };
}

export function summary(report: SuiteReport): string {
  const { passed, failed, skipped } = counts(report);
  return `homeostat: tests: ${passed} passed, ${failed} failed, ${skipped} skipped\n`;
}
