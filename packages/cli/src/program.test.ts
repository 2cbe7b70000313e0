import { bugs } from "@homeostat/webapp";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { fakeEnvironment } from "./environment.test-support.ts";
import { bugNames } from "./operators.ts";
import { run } from "./program.ts";

async function call(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const environment = fakeEnvironment();
  const code = await run(argv, environment);
  return { code, out: environment.stdout.text, err: environment.stderr.text };
}

describe("the command line", () => {
  test.each([[[]], [["--help"]], [["help"]]])("lists its commands for %j", async (argv) => {
    const { code, out, err } = await call(...argv);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const command of ["up", "why", "crds", "assets", "version"])
      expect(out).toMatch(new RegExp(`^  ${command} `, "m"));
  });

  test("explains a command", async () => {
    const { code, out } = await call("up", "--help");
    expect(code).toBe(0);
    expect(out).toContain("--port <number>");
    expect(out).toContain("6443");
  });

  test("prints its version", async () => {
    expect(await call("version")).toEqual({ code: 0, out: "homeostat 0.1.0\n", err: "" });
  });

  test("prints definitions that are whole documents of YAML", async () => {
    const { out } = await call("crds", "webapp");
    const [definition, ...others] = parseAllDocuments(out).map((document) => document.toJS());
    expect(others).toEqual([]);
    expect(definition).toMatchObject({
      kind: "CustomResourceDefinition",
      metadata: { name: "webapps.apps.example.com" },
    });
    expect((await call("crds")).out).toContain(out);
  });

  test.each([
    [["fly"], 'there is no command "fly": there are up, e2e, why, crds, assets, version'],
    [["up", "--prot", "1"], "unknown option '--prot': did you mean --port?"],
    [["up", "--port", "many"], "--port many: a port is a number from 1 to 65535"],
    [["up", "--port", "65536"], "--port 65536: a port is a number"],
    [["up", "--port", "-1"], "--port -1: a port is a number"],
    [["up", "--port"], "option '--port <number>' argument missing"],
    [["up", "now"], "too many arguments for 'up'"],
    [["up", "--operators", "nope"], 'there is no operator "nope": there are webapp, reloader, tempo (or none)'],
    [["up", "--operators", ","], "--operators is empty"],
    [["up", "--bug", "typo"], "--bug typo: choose one of status-timestamp, spec-write, recreate-child, rivals"],
    [["up", "--bug", "rivals", "--operators", "none"], "--bug rivals needs the webapp operator: add it to --operators"],
    [["up", "--speed", "warp"], "--speed warp: choose one of instant, real"],
    [["up", "--controllers", "some"], "--controllers some: choose one of all, none"],
    [["up", "--kubeconfig", ""], "--kubeconfig is empty"],
    [["crds", "nope"], 'there is no operator "nope"'],
    [["why"], "missing required argument 'kind/name'"],
    [["why", "hello"], '"hello": name the object as kind/name: webapp/hello'],
    [["why", "webapp/hello", "--last", "0"], "--last 0: give a number of at least 1"],
  ])("answers %j with one line and code 2", async (argv, text) => {
    const { code, out, err } = await call(...argv);
    expect(err).toContain(text);
    expect(err).toMatch(/^homeostat: [^\n]+\n$/);
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });

  test("knows the bugs that the operator has", () => {
    expect([...bugNames]).toEqual(Object.keys(bugs));
  });
});
