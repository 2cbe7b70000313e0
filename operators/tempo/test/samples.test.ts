import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import type { KubeObject } from "@homeostat/api";
import { expectApplied } from "@homeostat/devcluster";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { startWebhooks } from "../src/webhooks/admission.test-support.ts";

const folder = new URL("../config/samples/", import.meta.url).pathname;
const files = readdirSync(folder);
const main = new URL("../src/main.ts", import.meta.url).pathname;

/** The program, as a shell runs it. */
function run(args: readonly string[], input = "") {
  const { PATH = "" } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    input,
    env: { PATH },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

const objectsIn = (text: string) => parseAllDocuments(text).map((document) => document.toJS() as KubeObject);

describe("samples", () => {
  it.each(files)("%s is taken without a word", async (file) => {
    const world = await startWebhooks();
    const objects = objectsIn(readFileSync(folder + file, "utf8"));
    expect(objects.length).toBeGreaterThan(0);
    const here = objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace: "default" } }));
    await expectApplied({ ...world.cluster, client: world.admin }, ...(here as KubeObject[]));
    expect(world.warnings()).toEqual([]);
  });
});

describe("main.ts", () => {
  it("generates the objects of a sample from standard input", () => {
    const sample = readFileSync(`${folder}tempomonolithic.yaml`, "utf8");
    const { status, stdout } = run(["generate", "--cr", "-"], sample);
    expect(status).toBe(0);
    expect(objectsIn(stdout).map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(["ConfigMap", "ServiceAccount", "StatefulSet", "Service"]),
    );
  });

  it("says which versions it is of, and what there is to say", () => {
    expect(run(["version"])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^tempo-operator 0\.22\.0\+homeostat/),
    });
    expect(run(["--help"])).toMatchObject({ status: 0, stdout: expect.stringContaining("--metrics-tls-cert-dir") });
  });

  it("ends with 2 and the way out where it cannot be followed", () => {
    expect(run(["begin"])).toMatchObject({ status: 2, stderr: expect.stringContaining("start, generate and version") });
    expect(run(["start", "--no-such-flag"]).status).toBe(2);
    expect(run(["generate"])).toMatchObject({ status: 1, stderr: expect.stringContaining("--cr") });
  });

  it("ends with 1 where there is no cluster", () => {
    const { status, stderr } = run(["start", "--kubeconfig", "/no/such/kubeconfig"]);
    expect(status).toBe(1);
    expect(stderr).toContain("/no/such/kubeconfig");
  });
});
