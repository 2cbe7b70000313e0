import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: [
      "packages/*/src/**/*.test.ts",
      "operators/*/{src,test}/**/*.test.ts",
      "conformance/**/*.test.ts",
      "examples/**/*.test.ts",
      "scripts/**/*.test.ts",
      "bench/**/*.test.ts",
    ],
    reporters: ["default", "./scripts/summary-reporter.ts"],
    maxWorkers: 2,
    // No module here has state of its own (nothing happens at import), so files may share a worker: it saves seconds.
    isolate: false,
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
