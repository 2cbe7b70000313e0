import { describe, expect, it } from "vitest";
import { generateCommand } from "./generate-command.ts";

const stack = `apiVersion: tempo.grafana.com/v1alpha1
kind: TempoStack
metadata: { name: simplest }
spec: { storage: { secret: { name: minio, type: s3 } } }
`;

/** Runs the command with files, and tells everything that came of it. */
async function run(line: string, files: Record<string, string> = {}, env: Record<string, string> = {}) {
  const said = { out: "", err: "" };
  const written: Record<string, string> = {};
  const code = await generateCommand({
    argv: line.split(" "),
    env,
    async readFile(path) {
      if (files[path] === undefined) throw new Error(`ENOENT: no such file, open '${path}'`);
      return files[path];
    },
    stdin: async () => files["/dev/stdin"] ?? "",
    stdout: (text) => (said.out += text),
    stderr: (text) => (said.err += text),
    async writeFile(path, text) {
      if (path.startsWith("/root/")) throw new Error("EACCES: permission denied");
      written[path] = text;
    },
  });
  return { code, ...said, written };
}

const clear = { FEATURE_GATES: "-httpEncryption,-grpcEncryption" };

describe("7.2 command generate", () => {
  it("reads a file and prints objects", async () => {
    const { code, out, err } = await run("generate --cr a.yaml", { "a.yaml": stack }, clear);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain("kind: StatefulSet");
    expect(out).toContain("  namespace: default");
  });

  it.each(["-", "/dev/stdin"])("reads standard input as %s", async (name) => {
    const { code, out } = await run(`generate --cr ${name}`, { "/dev/stdin": stack }, clear);
    expect([code, out.startsWith("---\napiVersion: v1\n")]).toEqual([0, true]);
  });

  it("writes a file instead, and takes overrides and namespace", async () => {
    const line =
      "generate --cr a.yaml --output b.yaml --namespace traces --storage.s3.bucket b --storage.s3.endpoint http://x:1";
    const { code, out, written } = await run(line, { "a.yaml": stack }, clear);
    expect([code, out]).toEqual([0, ""]);
    expect(written["b.yaml"]).toContain("bucket: b\n");
    expect(written["b.yaml"]).toContain("endpoint: x:1\n");
    expect(written["b.yaml"]).toContain("  namespace: traces\n");
  });

  it("follows the operator's settings: variables and file", async () => {
    const env = { ...clear, RELATED_IMAGE_TEMPO: "own/tempo:2" };
    const files = { "a.yaml": stack, "c.yaml": "distribution: openshift\n" };
    const { out } = await run("--config c.yaml generate --cr a.yaml", files, env);
    expect(out).toContain("image: own/tempo:2");
    expect(out).toContain("name: tempo-simplest-allow-dns-openshift");
  });

  it("tells warnings apart from objects", async () => {
    const { code, out, err } = await run("generate --cr a.yaml", { "a.yaml": stack }, { METRICS_SECURE: "perhaps" });
    expect(code).toBe(0);
    expect(err).toMatch(
      /^warning: variable METRICS_SECURE: .*\nwarning: document 1, TempoStack simplest: certificates/,
    );
    expect(out).not.toContain("warning");
  });

  it.each([
    ["generate", {}, "error: generate: name the file with resources: --cr FILE, or --cr - for standard input\n"],
    ["generate --cr no.yaml", {}, "error: --cr no.yaml: ENOENT: no such file, open 'no.yaml'\n"],
    [
      "--config no.yaml generate --cr a.yaml",
      { "a.yaml": stack },
      "error: --config no.yaml: ENOENT: no such file, open 'no.yaml'\n",
    ],
    [
      "generate --cr a.yaml --output /root/b",
      { "a.yaml": stack },
      "error: --output /root/b: EACCES: permission denied\n",
    ],
    ["generate --cr a.yaml --colour red", { "a.yaml": stack }, "error: command line: Unknown option '--colour'"],
    ["generate --cr a.yaml", { "a.yaml": "" }, "error: input: holds neither a TempoStack nor a TempoMonolithic\n"],
  ])("ends with 1 and prints nothing: %s", async (line, files, message) => {
    const { code, out, err } = await run(line, files as unknown as Record<string, string>, clear);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain(message);
  });
});
