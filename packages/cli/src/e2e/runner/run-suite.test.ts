import { ConfigMap, Namespace } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { failuresOf, operationsOf, runYaml, startWorld, testYaml } from "./suite.test-support.ts";

const map = (name: string, rest = ""): string =>
  `{apiVersion: v1, kind: ConfigMap, metadata: {name: ${name}${rest}}, data: {key: value}}`;
const live = { from: "live" } as const;

describe("apply, create, update, patch", () => {
  test("make and change objects in the test's namespace, which goes with them", async () => {
    const world = await startWorld();
    const seen: unknown[] = [];
    const done = await runYaml(
      world,
      testYaml(`
        - try:
          - create: {resource: ${map("a")}}
          - apply: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {more: data}}}
          - assert: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {key: value, more: data}}}
          - patch: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {key: null}}}
          - assert: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {(@): {more: data}}}}
          - update: {resource: ${map("a")}}
          - error: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {more: data}}}
          - delete: {ref: {apiVersion: v1, kind: ConfigMap, name: a}}`),
      { onOperation: (what) => seen.push(what) },
    );
    expect(done.tests.map(failuresOf)).toEqual([[]]);
    expect(done.tests[0]).toMatchObject({ outcome: "passed", namespace: expect.stringMatching(/^chainsaw-\w+-\w+$/) });
    expect(await world.cluster.client.find(Namespace, { name: done.tests[0]!.namespace! }, live)).toBeUndefined();
    expect(seen.slice(-2)).toEqual(["step-1 cleanup delete", " cleanup delete"]);
  });

  test("try again until the time is up, and say what was wrong last", async () => {
    const world = await startWorld();
    const began = world.clock.now();
    const done = await runYaml(
      world,
      testYaml(`
        - try:
          - create: {resource: ${map("a")}}
          - create: {resource: ${map("a")}, timeout: 3s}`),
    );
    expect(done.tests.map(failuresOf)).toEqual([
      [expect.stringMatching(/^v1\/ConfigMap a: the resource already exists$/)],
    ]);
    expect(world.clock.now() - began).toBeGreaterThanOrEqual(3_000);
  });

  test("let an expectation decide instead of the server", async () => {
    const world = await startWorld();
    const create = (name: string, expectation: string): string =>
      testYaml(`- try: [{create: {resource: ${map("NAME")}, timeout: 1s, expect: ${expectation}}}]`).replace(
        "NAME",
        name,
      );
    const refused = "[{check: {($error != null): true}}]";
    const done = await runYaml(
      world,
      [
        create("Not_A_Name", refused),
        create("good", refused),
        create("Not_A_Name", "[{match: {kind: Secret}, check: {($error != null): true}}]"),
        create("Not_A_Name", "[{check: {($error != null): true, \"(contains($error, 'RFC 1123'))\": true}}]"),
        create("good", "[{match: {kind: Secret}, check: {($error != null): true}}]"),
      ].join("---"),
    );
    expect(done.tests.map(({ outcome }) => outcome)).toEqual(["passed", "failed", "failed", "passed", "passed"]);
  });

  test("change nothing in a dry run", async () => {
    const world = await startWorld();
    const done = await runYaml(
      world,
      testYaml(`
        - try:
          - create: {resource: ${map("a")}, dryRun: true}
          - error: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}}`),
    );
    expect(done.tests.map(failuresOf)).toEqual([[]]);
    expect(operationsOf(done.tests[0]!)).toHaveLength(2);
  });
});

describe("assert", () => {
  test("waits until the object is as the tree says", async () => {
    const world = await startWorld();
    const key = { namespace: "default", name: "late" };
    world.clock.setTimer(() => {
      void world.cluster.client.create(ConfigMap, { metadata: key, data: { key: "value" } });
    }, 20_000);
    const done = await runYaml(
      world,
      testYaml(`
        - try: [{assert: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: late, namespace: default}}}}]`),
    );
    expect(done.tests.map(failuresOf)).toEqual([[]]);
    expect(operationsOf(done.tests[0]!)[0]!.endedAt - done.startedAt).toBeGreaterThanOrEqual(20_000);
  });

  test("fails after its time with the paths of what is wrong, and a difference", async () => {
    const world = await startWorld();
    const done = await runYaml(
      world,
      testYaml(`
        - try:
          - create: {resource: ${map("a")}}
          - assert: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {key: other}}}`),
    );
    const lines = failuresOf(done.tests[0]!);
    expect(lines[0]).toMatch(
      /^v1\/ConfigMap chainsaw-\S+\/a: data\.key: Invalid value: "value": Expected value: "other"$/,
    );
    expect(lines).toContain("-  key: other");
    expect(lines).toContain("+  key: value");
    expect(done.endedAt - done.startedAt).toBeGreaterThanOrEqual(30_000);
  });

  test("fails at once where waiting cannot help", async () => {
    const world = await startWorld();
    const done = await runYaml(
      world,
      testYaml(`
        - try:
          - create: {resource: ${map("a")}}
          - assert: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {key: {a: b}}}}`),
    );
    expect(done.tests[0]!.outcome).toBe("failed");
    expect(done.endedAt - done.startedAt).toBeLessThan(1_000);
  });

  test("is content with one of several, chosen by labels; error with none", async () => {
    const world = await startWorld();
    const labelled = (name: string, app: string): string =>
      `- create: {resource: ${map(name, `, labels: {app: ${app}}`)}}`;
    const list = (verb: string, app: string, name: string): string =>
      `- ${verb}: {timeout: 1s, resource: {apiVersion: v1, kind: ConfigMap, metadata: {labels: {app: ${app}}, (name): ${name}}}}`;
    const done = await runYaml(
      world,
      testYaml(`
        - try:
          ${labelled("a", "x")}
          ${labelled("b", "x")}
          ${labelled("c", "y")}
          ${list("assert", "x", "b")}
          ${list("error", "x", "c")}
          ${list("assert", "y", "c")}
          ${list("error", "z", "a")}`),
    );
    expect(done.tests.map(failuresOf)).toEqual([[]]);
  });

  test("without a kind is about expressions only", async () => {
    const world = await startWorld();
    const done = await runYaml(
      world,
      testYaml(`
        - try:
          - assert: {resource: {"(x_k8s_get($client, 'v1', 'Namespace', '', $namespace).metadata.name == $namespace)": true}}
          - assert: {resource: {"(x_k8s_exists($client, 'v1', 'ConfigMap', $namespace, 'nope'))": false}}
          - assert: {resource: {"(x_k8s_resource_exists($client, 'v1', 'Nope'))": false}}
          - error: {resource: {(\`1\` == \`1\`): true}, timeout: 1s}`),
    );
    expect(failuresOf(done.tests[0]!)).toEqual(["expression: resource matches expectation"]);
  });
});

describe("a test", () => {
  test("sees bindings of its layers, and outputs in the same step only", async () => {
    const world = await startWorld();
    const done = await runYaml(
      world,
      testYaml(
        `
        - bindings: [{name: a, value: step}]
          try:
          - create:
              resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: ($b)}, data: {key: ($a)}}
              outputs: [{match: {kind: ConfigMap}, name: made, value: (metadata.name)}, {name: ($b), value: 5}]
          - assert: {resource: {($made): test, ($test): 5, ($a): step, ($values.v): 1, ($step.id): 1, ($operation.id): 2}}
          - assert: {bindings: [{name: a, value: own}], resource: {($a): own}}
        - try:
          - assert: {resource: {($a): test, ($made): test}}`,
        "bindings: [{name: a, value: test}, {name: b, value: ($a)}]",
      ),
      { values: { v: 1 } },
    );
    expect(failuresOf(done.tests[0]!)).toEqual([expect.stringContaining("variable $made is not defined")]);
  });

  test("ends with the first failure: catch of all levels, finally, cleanup, in that order and backwards", async () => {
    const world = await startWorld();
    const seen: string[] = [];
    const done = await runYaml(
      world,
      testYaml(
        `
        - name: one
          try:
          - create: {resource: ${map("a")}}
          - create: {resource: ${map("b")}}
          cleanup: [{sleep: {duration: 1s}}]
          catch: [{sleep: {duration: 1s}}]
        - name: two
          try:
          - create: {resource: ${map("c")}}
          - assert: {resource: {(\`1\`): 2}, timeout: 1s}
          - sleep: {duration: 1h}
          catch: [{sleep: {duration: 3s}}]
          finally: [{sleep: {duration: 4s}}]
          cleanup: [{sleep: {duration: 5s}}]
        - name: three
          try: [{sleep: {duration: 1h}}]`,
        "catch: [{sleep: {duration: 2s}}]",
      ),
      { onOperation: (what) => seen.push(what), configuration: { catch: [{ sleep: { duration: "1s" } }] } },
    );
    expect(done.tests[0]!.outcome).toBe("failed");
    expect(seen).toEqual([
      "one try create",
      "one try create",
      "two try create",
      "two try assert",
      ...["two catch sleep", "two catch sleep", "two catch sleep", "two finally sleep"],
      ...["two cleanup delete", "two cleanup sleep"],
      ...["one cleanup delete", "one cleanup delete", "one cleanup sleep"],
      " cleanup delete",
    ]);
    const catches = operationsOf(done.tests[0]!).filter(({ phase }) => phase === "catch");
    expect(catches.map(({ startedAt, endedAt }) => endedAt - startedAt)).toEqual([1_000, 2_000, 3_000]);
  });

  test("goes on after a failure that says so, and fails nevertheless", async () => {
    const world = await startWorld();
    const seen: string[] = [];
    const done = await runYaml(
      world,
      testYaml(`
        - try:
          - continueOnError: true
            assert: {resource: {(\`1\`): 2}, timeout: 1s}
          - sleep: {duration: 1s}
        - try: [{sleep: {duration: 1s}}]
          catch: [{sleep: {duration: 1s}}]`),
      { onOperation: (what) => seen.push(what) },
    );
    expect(done.tests[0]!.outcome).toBe("failed");
    expect(seen).toEqual([
      ...["step-1 try assert", "step-1 try sleep", "step-2 try sleep", "step-2 catch sleep"],
      " cleanup delete",
    ]);
  });

  test("fails when what it made does not go in time, and says what holds it", async () => {
    const world = await startWorld();
    const done = await runYaml(
      world,
      testYaml(
        `- try: [{create: {resource: ${map("a", ", finalizers: [example.com/held]")}}}]`,
        "timeouts: {cleanup: 2s}",
      ),
    );
    expect(done.tests[0]!.outcome).toBe("failed");
    expect(failuresOf(done.tests[0]!)[1]).toMatch(/\/a: still there after 2000 ms .*example\.com\/held/);
  });

  test("leaves everything when told to", async () => {
    const world = await startWorld();
    const done = await runYaml(world, testYaml(`- try: [{create: {resource: ${map("a")}}}]`, "skipDelete: true"));
    const { namespace } = done.tests[0]!;
    const key = { namespace: namespace!, name: "a" };
    expect(await world.cluster.client.find(ConfigMap, key, live)).toMatchObject({ data: { key: "value" } });
  });

  test("uses a namespace that is there, and leaves it; makes one from the template", async () => {
    const world = await startWorld();
    const template = "namespaceTemplate: {metadata: {labels: {made-for: ($test.metadata.name)}}}";
    const look = `- try: [{assert: {resource: {apiVersion: v1, kind: Namespace, metadata: {name: ($namespace), labels: {made-for: a-test}}}, timeout: 1s}}]`;
    const done = await runYaml(world, [testYaml(look, template), testYaml(look, "namespace: default")].join("---"));
    expect(done.tests.map(({ outcome }) => outcome)).toEqual(["passed", "failed"]);
    expect(await world.cluster.client.find(Namespace, { name: "default" }, live)).toBeDefined();
  });
});

describe("a run", () => {
  const sleeper = (spec = ""): string => testYaml("- try: [{sleep: {duration: 10s}}]", spec);

  test("runs tests at once, after those that want to be alone; scenarios are runs of their own", async () => {
    const world = await startWorld();
    const done = await runYaml(
      world,
      [sleeper("scenarios: [{name: x}, {}]"), sleeper("concurrent: false"), sleeper("concurrent: false")].join("---"),
      { parallel: 2 },
    );
    expect(done.tests.map(({ name }) => name)).toEqual(["a-test#x", "a-test#2", "a-test", "a-test"]);
    const [one, two, three, four] = done.tests;
    expect(two!.startedAt).toBeLessThan(one!.endedAt);
    expect(four!.startedAt).toBeGreaterThanOrEqual(three!.endedAt);
    expect(one!.startedAt).toBeGreaterThanOrEqual(four!.endedAt);
  });

  test("skips what says so, and after a failure what has not begun", async () => {
    const world = await startWorld();
    const failing = testYaml("- try: [{assert: {resource: {(`1`): 2}, timeout: 1s}}]");
    const done = await runYaml(world, [sleeper("skip: true"), failing, sleeper()].join("---"), {
      parallel: 1,
      configuration: { failFast: true },
    });
    expect(done.tests.map(({ outcome }) => outcome)).toEqual(["skipped", "failed", "skipped"]);
  });

  test("cleans up when it is stopped", async () => {
    const world = await startWorld();
    const stopping = new AbortController();
    world.clock.setTimer(() => stopping.abort(new Error("the run was stopped")), 5_000);
    const done = await runYaml(world, testYaml(`- try: [{create: {resource: ${map("a")}}}, {sleep: {duration: 1h}}]`), {
      signal: stopping.signal,
    });
    expect(failuresOf(done.tests[0]!)).toEqual(["the run was stopped"]);
    expect(done.endedAt - done.startedAt).toBeLessThan(60_000);
    expect(await world.cluster.client.find(Namespace, { name: done.tests[0]!.namespace! }, live)).toBeUndefined();
  });

  test("shares one namespace when the configuration names it, and removes it in the end", async () => {
    const world = await startWorld();
    const done = await runYaml(world, [sleeper(), sleeper()].join("---"), { configuration: { namespace: "shared" } });
    expect(done.tests.map(({ namespace }) => namespace)).toEqual(["shared", "shared"]);
    expect(await world.cluster.client.find(Namespace, { name: "shared" }, live)).toBeUndefined();
  });

  test("says what needs a cluster where there is none", async () => {
    const world = await startWorld();
    const done = await runYaml(world, testYaml(`- try: [{create: {resource: ${map("a")}}}]`), { withoutCluster: true });
    expect(failuresOf(done.tests[0]!)).toEqual([expect.stringContaining("create needs a cluster, and --no-cluster")]);
  });
});
