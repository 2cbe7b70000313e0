import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "@homeostat/api";
import { createDevCluster } from "@homeostat/devcluster";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { fakeEnvironment } from "../environment.test-support.ts";
import { run } from "../program.ts";

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "homeostat-e2e-test-"));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(cwd, path)), { recursive: true });
  await writeFile(join(cwd, path), text);
}

/** kubectl keeps what it discovers at home. */
const variablesOf = (home: string): Record<string, string> => ({ PATH: process.env["PATH"] ?? "", HOME: home });

/** `homeostat e2e` with names of namespaces that differ. */
async function e2e(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let bytes = 0;
  const environment = {
    ...fakeEnvironment({ clock: systemClock, cwd, variables: variablesOf(cwd) }),
    randomBytes: (count: number) => new Uint8Array(count).map(() => bytes++),
  };
  const code = await run(["e2e", ...argv], environment);
  return { code, out: environment.stdout.text, err: environment.stderr.text };
}

const aTest = (name: string, operations: string): string => `
apiVersion: chainsaw.kyverno.io/v1alpha1
kind: Test
metadata: {name: ${name}}
spec: {steps: [{try: [${operations}]}]}
`;
const webApp =
  "{apiVersion: apps.example.com/v1, kind: WebApp, metadata: {name: shop}, spec: {message: ($values.message)}}";
const assertion = (message: string): string =>
  `{assert: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: shop-config}, data: {message: ${message}}}}}`;

describe("homeostat e2e", () => {
  test("runs tests in a cluster of its own with operators, and writes a report", async () => {
    await write("a/chainsaw-test.yaml", aTest("good", `{apply: {resource: ${webApp}}}, ${assertion("Open")}`));
    const { code, out, err } = await e2e(
      "a",
      "--set",
      "message=Open",
      "--report-format",
      "JSON",
      "--report-path",
      "out",
    );
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^good: passed after \d+ ms$/m);
    expect(out).toContain("homeostat: tests: 1 passed, 0 failed, 0 skipped");
    const report = JSON.parse(await readFile(join(cwd, "out/chainsaw-report.json"), "utf8"));
    expect(report.tests).toMatchObject([{ name: "good", status: "passed" }]);
  });

  test("says what failed and where, with code 1", async () => {
    await write("chainsaw-test.yaml", aTest("bad", `{apply: {resource: ${webApp}}}, ${assertion("Closed")}`));
    const { code, out, err } = await e2e("--set", "message=Open", "--assert-timeout", "1s", "--quiet", "--no-color");
    expect({ code, err }).toEqual({ code: 1, err: "homeostat: 1 of 1 tests failed\n" });
    expect(out).toMatch(/^bad\/step-1: assert ConfigMap shop-config: FAILED after \d+ ms$/m);
    expect(out).toMatch(/data\.message: Invalid value: "Open": Expected value: "Closed"/);
  });

  test("runs tests in the cluster of a kubeconfig, and in further ones by name", async () => {
    const clusters = await Promise.all(["main", "other"].map(() => createDevCluster({ controllers: "none" })));
    for (const [index, cluster] of clusters.entries()) {
      onTestFinished(() => cluster.stop());
      await write(`${index}.kubeconfig`, (await cluster.listen({ port: 0 })).kubeconfig());
    }
    const node = (name: string): string => `{apiVersion: v1, kind: Node, metadata: {name: ${name}}}`;
    await write(
      "t/chainsaw-test.yaml",
      aTest(
        "two-clusters",
        `{create: {cluster: second, resource: ${node("far")}}}, {create: {resource: ${node("near")}}},
         {assert: {cluster: second, resource: ${node("far")}}}, {error: {resource: ${node("far")}}},
         {error: {cluster: second, resource: ${node("near")}}}`,
      ),
    );
    const flags = ["--kubeconfig", "0.kubeconfig", "--cluster", "second=1.kubeconfig", "--namespace", "default"];
    const { code, out, err } = await e2e("t", ...flags);
    expect({ code, err }, out).toEqual({ code: 0, err: "" });
  });

  test("takes flags over what the kubeconfig says", async () => {
    const cluster = await createDevCluster({ controllers: "none" });
    onTestFinished(() => cluster.stop());
    const listening = await cluster.listen({ port: 0 });
    const broken = listening.kubeconfig().replaceAll(listening.url, "https://127.0.0.1:1");
    await write("kubeconfig", broken.replace(/certificate-authority-data: \S+/, "certificate-authority-data: QQ=="));
    await write(
      "t/chainsaw-test.yaml",
      aTest(
        "who",
        `{script: {content: "kubectl auth whoami -o jsonpath={.status.userInfo.username}", check: {($stdout): jane}, timeout: 30s}}`,
      ),
    );
    const server = ["--kube-server", listening.url, "--kube-insecure-skip-tls-verify"];
    // Nobody would remove a namespace of the test's own: no controllers run.
    const who = ["--kube-as", "jane", "--kube-as-group", "system:masters", "--namespace", "default"];
    const { code, out, err } = await e2e("t", "--kubeconfig", "kubeconfig", ...server, ...who);
    expect({ code, err }, out).toEqual({ code: 0, err: "" });
  });

  test("waits for Enter after a failure when asked to, with everything still there", async () => {
    await write("chainsaw-test.yaml", aTest("bad", `{apply: {resource: ${webApp}}}, {script: {content: exit 1}}`));
    const environment = fakeEnvironment({ clock: systemClock, cwd, variables: variablesOf(cwd) });
    let before = "";
    const readLine = async (): Promise<void> => {
      before = environment.stdout.text;
    };
    expect(await run(["e2e", "--pause-on-failure", "--set", "message=hi"], { ...environment, readLine })).toBe(1);
    expect(before).toMatch(/bad: failed; Enter goes on\n$/);
    expect(before).not.toContain("cleanup");
    expect(environment.stdout.text).toContain("cleanup delete apps.example.com/v1/WebApp");
  });

  test("passes the project's own scenarios", async () => {
    const folder = fileURLToPath(new URL("../../../../e2e/", import.meta.url));
    const { code, out } = await e2e(join(folder, "webapp"), join(folder, "reloader"), "--quiet");
    expect(code, out).toBe(0);
    expect(out).toMatch(/tests: 10 passed, 0 failed/);
  });

  test("passes the scenarios of the Tempo operator", async () => {
    const folders = ["reconcile", "compatibility", "bad-input", "gateway", "monolithic"].map((name) =>
      fileURLToPath(new URL(`../../../../e2e/tempo-${name}`, import.meta.url)),
    );
    const { code, out } = await e2e(...folders, "--operators", "tempo", "--parallel", "5", "--quiet");
    expect(code, out).toBe(0);
    expect(out).toMatch(/tests: 6 passed, 0 failed/);
  }, 120_000);

  test("asks the operators' webhooks when told to", async () => {
    const gateway = "template: {gateway: {enabled: true}}, storage: {secret: {name: s, type: s3}}";
    const stack = `{apiVersion: tempo.grafana.com/v1alpha1, kind: TempoStack, metadata: {name: s}, spec: {${gateway}}}`;
    const check = `{"(contains($error || '', 'spec.template.gateway.enabled'))": true}`;
    await write("chainsaw-test.yaml", aTest("judged", `{create: {resource: ${stack}, expect: [{check: ${check}}]}}`));
    expect(await e2e("--operators", "tempo", "--webhooks")).toMatchObject({ code: 0, err: "" });
  });

  test("runs without a cluster", async () => {
    await write("chainsaw-test.yaml", aTest("scripts", '{script: {content: "test -z \\"$NAMESPACE\\""}}'));
    expect(await e2e("--no-cluster")).toMatchObject({ code: 0, err: "" });
  });

  test.each([
    [["nope"], 1, "cannot read the folder"],
    [[], 1, "no tests in ."],
    [["--parallel", "0"], 2, "--parallel 0: give a number of at least 1"],
    [["--assert-timeout", "soon"], 2, "--assert-timeout soon: write a duration"],
    [["--shard-index", "1"], 2, "--shard-index and --shard-count belong together"],
    [["--cluster", "x"], 2, "--cluster x: write it as name=kubeconfig"],
    [["--operators", "nope"], 2, 'there is no operator "nope"'],
    [["--report-format", "PDF"], 2, "--report-format PDF: choose one of JSON, XML"],
    [["--no-cluster", "--kubeconfig", "x"], 2, "exclude each other"],
    [["--config", "nope.yaml"], 1, "nope.yaml"],
  ] as const)("answers %j with code %i and one line", async (argv, code, text) => {
    const done = await e2e(...argv);
    expect(done.err).toContain(text);
    expect(done.err).toMatch(/^homeostat: [^\n]+\n$/);
    expect(done.code).toBe(code);
  });
});
