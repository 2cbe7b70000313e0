import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseLabelSelector } from "@homeostat/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadConfiguration } from "./configuration.ts";
import { chooseTests, type FindOptions, findTests, numberedSteps } from "./find-tests.ts";
import { parseDocuments, testsOf } from "./load-tests.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "homeostat-e2e-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

const aTest = (name: string, labels = "{}"): string => `
apiVersion: chainsaw.kyverno.io/v1alpha1
kind: Test
metadata: {name: ${name}, labels: ${labels}}
spec: {steps: [{try: [{sleep: {duration: 1s}}]}]}
`;

const find = (options: Partial<FindOptions> = {}) =>
  findTests({ folders: ["."], cwd: folder, testFile: "chainsaw-test", fullName: false, remarshal: false, ...options });

describe("finding tests", () => {
  test("takes all Tests of a file, in folders below, and folders of numbered files", async () => {
    await write("b/chainsaw-test.yaml", `${aTest("one")}---${aTest("two")}`);
    await write("b/00-ignored.yaml", "{}");
    await write("a/deep/chainsaw-test.yml", aTest("three"));
    await write("c/Some_Test/00-install.yaml", "{}");
    await write("c/README.md", "");
    const tests = await find();
    expect(tests.map(({ name }) => name)).toEqual(["three", "one", "two", "some-test"]);
    expect(tests[0]!.folder).toBe(join(folder, "a/deep"));
  });

  test("goes by the wanted file name, and names by path", async () => {
    await write("x/mine.yaml", aTest("one"));
    const tests = await find({ testFile: "mine.yaml", fullName: true });
    expect(tests.map(({ name }) => name)).toEqual(["x[one]"]);
  });

  test("says which folder cannot be read", async () => {
    await expect(find({ folders: ["nope"] })).rejects.toThrow(/cannot read the folder .*nope/);
  });

  test("chooses by name, labels and shard", async () => {
    await write("chainsaw-test.yaml", [aTest("a1", "{x: y}"), aTest("a2"), aTest("b", "{x: y}")].join("---"));
    const tests = await find();
    const names = (choice: Partial<Parameters<typeof chooseTests>[1]>): string[] =>
      chooseTests(tests, { selects: () => true, ...choice }).map(({ name }) => name);
    expect(names({ include: "^a" })).toEqual(["a1", "a2"]);
    expect(names({ exclude: "1$" })).toEqual(["a2", "b"]);
    expect(names({ selects: (labels) => parseLabelSelector("x=y").matches(labels) })).toEqual(["a1", "b"]);
    expect(names({ shard: { index: 1, count: 2 } })).toEqual(["a2"]);
  });
});

test("numbered files are applied, then asserted, then refuted, number by number", () => {
  const steps = numberedSteps([
    "10-z.yaml",
    "02-assert.yaml",
    "02-errors.yaml",
    "02-app.yaml",
    "02-app-assert.yaml",
    "x.yaml",
  ]);
  expect(steps).toEqual([
    {
      name: "app",
      try: [
        { apply: { file: "02-app.yaml" } },
        { assert: { file: "02-app-assert.yaml" } },
        { assert: { file: "02-assert.yaml" } },
        { error: { file: "02-errors.yaml" } },
      ],
    },
    { name: "z", try: [{ apply: { file: "10-z.yaml" } }] },
  ]);
});

describe("a Test is refused", () => {
  const load = (spec: string) =>
    testsOf(
      parseDocuments(`{apiVersion: chainsaw.kyverno.io/v1alpha1, kind: Test, metadata: {name: a}, spec: ${spec}}`, "f"),
      "f",
    );
  test.each([
    ["{}", "spec.steps: is required"],
    ["{steps: [{}]}", "spec.steps[0].try: is required"],
    ["{step: []}", "spec.step: there is no such field"],
    ["{steps: [{try: [{aply: {}}]}]}", "spec.steps[0].try[0].aply: there is no such field"],
    ["{steps: [{try: [{}]}]}", "spec.steps[0].try[0]: must be exactly one of apply"],
    ["{steps: [{try: [{get: {}, sleep: {duration: 1s}}]}]}", "it is sleep, get"],
    ["{steps: [{try: [{apply: {}}]}]}", "spec.steps[0].try[0].apply: must have one of file, resource"],
    ["{steps: [{try: [{sleep: {duration: 1}}]}]}", "duration: must be a duration, as 30s"],
    ["{steps: [{try: [{sleep: {duration: 1s}}], catch: [{apply: {file: a}}]}]}", "apply cannot stand here"],
    ["{steps: [{try: [{wait: {kind: Pod, for: {}}}]}]}", "spec.steps[0].try[0].wait.for: must be exactly one of"],
    ["{steps: [{use: {template: a}, try: [{sleep: {duration: 1s}}]}]}", "has no operations of its own"],
    ["{skip: 'yes', steps: []}", "spec.skip: must be true or false"],
  ])("%s", (spec, text) => {
    expect(() => load(spec)).toThrow(text);
  });

  test("when it is something else", () => {
    expect(() => testsOf([{ kind: "Pod", apiVersion: "v1" }], "f")).toThrow(
      "expected chainsaw.kyverno.io/v1alpha1 Test",
    );
  });
});

test("aliases meet the anchors of earlier documents when asked to", () => {
  const text = "a: &name {x: 1}\n---\nb: *name\n";
  expect(() => parseDocuments(text, "f")).toThrow(/name/);
  expect(parseDocuments(text, "f", { remarshal: true })).toEqual([{ a: { x: 1 } }, { b: { x: 1 } }]);
});

describe("a Configuration", () => {
  const grouped = `
apiVersion: chainsaw.kyverno.io/v1alpha2
kind: Configuration
metadata: {name: c}
spec:
  cleanup: {skipDelete: true, delayBeforeCleanup: 1s}
  deletion: {propagation: Foreground}
  discovery: {testFile: mine, includeTestRegex: a}
  error: {catch: [{events: {}}]}
  execution: {failFast: true, parallel: 3, forceTerminationGracePeriod: 5s}
  namespace: {name: shared}
  report: {format: JSON, path: out}
  templating: {enabled: false}
  timeouts: {assert: 1m}
`;
  const flat = `
apiVersion: chainsaw.kyverno.io/v1alpha1
kind: Configuration
metadata: {name: c}
spec:
  skipDelete: true
  delayBeforeCleanup: 1s
  deletionPropagationPolicy: Foreground
  testFile: mine
  includeTestRegex: a
  catch: [{events: {}}]
  failFast: true
  parallel: 3
  forceTerminationGracePeriod: 5s
  namespace: shared
  reportFormat: JSON
  reportPath: out
  template: false
  timeouts: {assert: 1m}
`;

  test.each([
    ["grouped", grouped],
    ["flat", flat],
  ])("is read in its %s form", async (_, text) => {
    await write(".chainsaw.yaml", text);
    expect(await loadConfiguration(undefined, folder)).toMatchObject({
      skipDelete: true,
      delayBeforeCleanupMs: 1_000,
      propagation: "Foreground",
      testFile: "mine",
      include: "a",
      catch: [{ events: {} }],
      failFast: true,
      parallel: 3,
      forceTerminationGracePeriodMs: 5_000,
      namespace: "shared",
      report: { format: "JSON", path: "out", name: "chainsaw-report" },
      template: false,
      timeoutsMs: { apply: 5_000, assert: 60_000 },
    });
  });

  test("need not be there, unless it is named", async () => {
    expect(await loadConfiguration(undefined, folder)).toMatchObject({ testFile: "chainsaw-test", template: true });
    await expect(loadConfiguration(join(folder, "nope.yaml"), folder)).rejects.toThrow(/cannot read .*nope\.yaml/);
  });

  test("is refused with a field that does not exist", async () => {
    await write(".chainsaw.yaml", grouped.replace("timeouts:", "timeout:"));
    await expect(loadConfiguration(undefined, folder)).rejects.toThrow("spec.timeout: there is no such field");
  });
});
