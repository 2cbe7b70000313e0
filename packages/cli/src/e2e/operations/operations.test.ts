import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@homeostat/api";
import { expect, onTestFinished, test } from "vitest";
import { failuresOf, runYaml, startWorld, testYaml } from "../runner/suite.test-support.ts";

/** These run programs, so they run in the machine's time. */
async function realWorld() {
  const world = await startWorld(systemClock);
  const { kubeconfig } = await world.cluster.listen({ port: 0 });
  const folder = await mkdtemp(join(tmpdir(), "homeostat-e2e-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "kubeconfig");
  await writeFile(path, kubeconfig(), { mode: 0o600 });
  return { ...world, folder, options: { folder, kubeconfig: path, env: process.env } };
}

test("scripts and commands see the namespace and the cluster, and their output is bound", async () => {
  const world = await realWorld();
  const done = await runYaml(
    world,
    testYaml(`
      - try:
        - script:
            timeout: 30s
            content: kubectl create configmap made -n "$NAMESPACE" --from-literal=a="$WHO" -o name; echo oops >&2; exit 3
            env: [{name: WHO, value: "(join('-', ['x', $namespace]))"}]
            check:
              (trim_space($stdout)): configmap/made
              ($stderr): "oops\\n"
              ($error): exit status 3
            outputs: [{name: made, value: (trim_space($stdout))}]
        - assert: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: made}, data: {a: "(join('-', ['x', $namespace]))"}}}
        - command: {timeout: 30s, entrypoint: kubectl, args: [get, $MADE, -n, "\${NAMESPACE}", -o, name], env: [{name: MADE, value: ($made)}]}
        - script: {shell: bash, shellArgs: [-e, -c], content: "[[ -n $NAMESPACE ]]; pwd"}
        - script: {content: exit 4}`),
    world.options,
  );
  expect(failuresOf(done.tests[0]!)).toEqual(["exit status 4"]);
  expect(done.printed).toContain("=== stdout\nconfigmap/made");
  expect(done.printed).toContain(world.folder);
});

test("a program that takes too long is ended, with its children", async () => {
  const world = await realWorld();
  const done = await runYaml(
    world,
    testYaml(`- try: [{script: {content: "sleep 100 & sleep 100", timeout: 200ms}}]`),
    world.options,
  );
  expect(failuresOf(done.tests[0]!)).toEqual(["signal: killed"]);
});

test("a program that is not there is named", async () => {
  const world = await realWorld();
  const done = await runYaml(world, testYaml("- try: [{command: {entrypoint: no-such-program}}]"), world.options);
  expect(failuresOf(done.tests[0]!)).toEqual([
    expect.stringMatching(/^exec: "no-such-program": executable file not found/),
  ]);
});

test("get, describe, events, podLogs, wait are kubectl's", async () => {
  const world = await realWorld();
  const pod =
    "{apiVersion: v1, kind: Pod, metadata: {name: web, labels: {app: web}}, spec: {containers: [{name: web, image: nginx}]}}";
  const done = await runYaml(
    world,
    testYaml(
      `
      - try:
        - create: {resource: ${pod}}
        - wait: {apiVersion: v1, kind: Pod, name: web, for: {condition: {name: Ready, value: "True"}}}
        - wait: {apiVersion: v1, kind: Pod, selector: app=web, for: {jsonPath: {path: "{.status.phase}", value: Running}}}
        - get: {apiVersion: v1, kind: Pod, name: "(join('', ['w', 'eb']))", format: "jsonpath={.metadata.labels.app}", outputs: [{name: app, value: ($stdout)}]}
        - assert: {resource: {($app): web}}
        - describe: {apiVersion: v1, kind: Pod, selector: app=web}
        - events: {}
        - podLogs: {selector: app=web, tail: 5}
        - wait: {apiVersion: v1, kind: Pod, name: web, timeout: 1s, for: {condition: {name: Nope}}}`,
      "timeouts: {exec: 30s}",
    ),
    world.options,
  );
  const failures = failuresOf(done.tests[0]!);
  expect(failures[0]).toMatch(
    /^kubectl wait pods web -n chainsaw-\S+ --for=condition=Nope --timeout=1s: exit status 1$/,
  );
  expect(failures.slice(1)).toEqual([expect.stringContaining("timed out waiting for the condition")]);
  expect(done.printed).toMatch(/Name: +web/);
});

test("files hold several objects, or are many", async () => {
  const world = await realWorld();
  const map = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;
  await writeFile(join(world.folder, "a.yaml"), `${map("a1")}---\n${map("a2")}---\n`);
  await writeFile(
    join(world.folder, "b.yaml"),
    `apiVersion: v1\nkind: List\nitems:\n- ${map("b").trim().replaceAll("\n", "\n  ")}\n`,
  );
  await writeFile(
    join(world.folder, "template.yaml"),
    [
      "apiVersion: chainsaw.kyverno.io/v1alpha1\nkind: StepTemplate\nmetadata: {name: t}\nspec:",
      "  bindings: [{name: wanted, value: \"(join('', ['a', $which]))\"}, {name: also, value: no}]",
      "  try: [{assert: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: ($wanted)}, ($also): sure}}}]",
    ].join("\n"),
  );
  const done = await runYaml(
    world,
    testYaml(`
      - try:
        - apply: {file: "[ab].yaml"}
        - assert: {file: a.yaml}
        - assert: {file: b.yaml}
        - error: {file: c.yaml, timeout: 1s}`),
    world.options,
  );
  expect(failuresOf(done.tests[0]!)).toEqual([expect.stringMatching(/cannot read .*c\.yaml/)]);
  const next = await runYaml(
    world,
    testYaml(`
      - try: [{apply: {file: a.yaml}}]
      - use: {template: template.yaml, with: {bindings: [{name: which, value: '2'}, {name: also, value: sure}]}}
      - try: [{delete: {file: a.yaml}}, {error: {file: a.yaml}}]`),
    world.options,
  );
  expect(failuresOf(next.tests[0]!)).toEqual([]);
});
