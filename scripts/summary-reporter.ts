import type { Reporter, TestModule } from "vitest/node";

/**
 * Ends a run with the line `N passed, N failed` (and `, N skipped` where tests were skipped), after naming each skipped
 * test: a test that did not run must not look like one that passed.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>): void {
    let passed = 0;
    let failed = 0;
    const skipped: string[] = [];
    for (const module of modules) {
      if (module.errors().length > 0) failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed++;
        else if (state === "failed") failed++;
        else skipped.push(test.fullName);
      }
    }
    // After the other reporters' last lines, which they write in the same turn.
    process.once("exit", () => {
      for (const name of skipped) process.stdout.write(`SKIPPED ${name}\n`);
      process.stdout.write(
        `${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}\n`,
      );
    });
  }
}
