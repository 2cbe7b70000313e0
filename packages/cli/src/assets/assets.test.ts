import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@homeostat/api";
import { createHttpTransport } from "@homeostat/runtime";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fakeEnvironment } from "../environment.test-support.ts";
import { run } from "../program.ts";
import { parseGoFlags } from "./go-flags.ts";
import { ignoredFlags, serveOptions, serverOptions } from "./kube-apiserver.ts";
import { runAsset } from "./run-asset.ts";
import { assetDirectory } from "./write-assets.ts";

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "assets-"));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

test("prints a folder with what envtest looks for, and nothing else", async () => {
  const environment = fakeEnvironment({ cwd });
  expect(await run(["assets", "--dir", "bin"], environment)).toBe(0);
  expect(environment.stdout.text).toBe(`${join(cwd, "bin")}\n`);
  expect((await readdir(join(cwd, "bin"))).toSorted()).toEqual(["etcd", "kube-apiserver", "kubectl"]);
  expect((await stat(join(cwd, "bin/etcd"))).mode & 0o777).toBe(0o755);
  expect(await readFile(join(cwd, "bin/etcd"), "utf8")).toContain(environment.execPath);
});

test("uses a folder of the user's cache, one for each installation", async () => {
  const environment = fakeEnvironment({ cwd, variables: { XDG_CACHE_HOME: cwd } });
  expect(await run(["assets"], environment)).toBe(0);
  expect(environment.stdout.text).toMatch(new RegExp(`^${cwd}/homeostat/assets/[0-9a-f]{12}\n$`));
  expect(assetDirectory({ HOME: "/home/me" }, "/a")).not.toBe(assetDirectory({ HOME: "/home/me" }, "/b"));
});

test("says where it cannot write", async () => {
  await writeFile(join(cwd, "file"), "");
  const environment = fakeEnvironment({ cwd });
  expect(await run(["assets", "--dir", "file/bin"], environment)).toBe(1);
  expect(environment.stderr.text).toContain("choose another directory with --dir");
});

test("serves until it is told to stop", async () => {
  const environment = fakeEnvironment({ clock: systemClock, cwd });
  const ended = runAsset("kube-apiserver", ["--secure-port=0", "--etcd-servers=http://127.0.0.1:1"], environment);
  await environment.stderr.says(/serving securely on https:\/\/127\.0\.0\.1:\d+\n/);
  environment.signal();
  expect(await ended).toBe(0);
});

test("logs requests where it is told to, by a policy", async () => {
  await writeFile(join(cwd, "policy.yaml"), "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}");
  const environment = fakeEnvironment({ clock: systemClock, cwd });
  const files = [`--audit-policy-file=${join(cwd, "policy.yaml")}`, `--audit-log-path=${join(cwd, "audit.log")}`];
  const ended = runAsset("kube-apiserver", ["--secure-port=0", ...files], environment);
  await environment.stderr.says(/serving securely/);
  const [, url = ""] = /on (https:\S+)/.exec(environment.stderr.text)!;
  // Nobody's certificate is known: anonymous, and refused, which is logged as well.
  const refused = createHttpTransport({ server: url, insecureSkipTlsVerify: true });
  await (await refused({ method: "GET", path: "/api/v1/secrets", headers: {} })).bytes();
  refused.close();
  environment.signal();
  expect(await ended).toBe(0);
  const lines = (await readFile(join(cwd, "audit.log"), "utf8")).trim().split("\n");
  const events = lines.map((line) => JSON.parse(line));
  expect(
    events.find(({ requestURI, stage }) => requestURI === "/api/v1/secrets" && stage === "ResponseComplete"),
  ).toMatchObject({
    kind: "Event",
    level: "Metadata",
    verb: "list",
    user: { username: "system:anonymous" },
    responseStatus: { code: 403 },
  });
});

test("says which flags have no effect, but for those that every test environment gives", () => {
  const flags = parseGoFlags(["--etcd-servers=x", "--allow-privileged=true", "--v=2", "--feature-gates=A=true"]);
  expect(ignoredFlags(flags)).toEqual(["kube-apiserver: --feature-gates has no effect here"]);
});

test.each([
  ["--audit-policy-file=/no/such.yaml --audit-log-path=-", "/no/such.yaml"],
  ["--audit-log-format=legacy", "only json is written here"],
  ["--secure-port=many", "--secure-port many: a port is a number from 0 to 65535"],
  ["--tls-cert-file=/a", "--tls-cert-file and --tls-private-key-file go together"],
  ["--client-ca-file=/no/such.crt", "/no/such.crt"],
])("refuses %s", async (flag, text) => {
  const environment = fakeEnvironment({ cwd });
  expect(await runAsset("kube-apiserver", flag.split(" "), environment)).toBe(1);
  expect(environment.stderr.text).toContain(text);
});

test("means by flags what a kube-apiserver means", async () => {
  const key = join(cwd, "keys.pem");
  await writeFile(key, "-----BEGIN PUBLIC KEY-----\nAA\n-----END PUBLIC KEY-----\n".repeat(2));
  const flags = parseGoFlags([
    "--authorization-mode=Node,AlwaysAllow",
    "--disable-admission-plugins=ServiceAccount",
    "--enable-admission-plugins=NamespaceLifecycle,OwnerReferencesPermissionEnforcement",
    "--event-ttl=30m0s",
    "--service-cluster-ip-range=10.0.0.0/24,fd00::/108",
    `--service-account-key-file=${key}`,
    "--bind-address=::1",
  ]);
  expect(serverOptions(flags)).toEqual({
    authorization: "AlwaysAllow",
    admission: { serviceAccounts: false, storageProtection: true, ownerReferencesPermission: true },
    eventTtlMs: 1_800_000,
    serviceRange: "10.0.0.0/24",
    formerServiceAccountKeys: [expect.stringMatching(/^-----BEGIN/), expect.stringMatching(/^-----BEGIN/)],
  });
  expect(serveOptions(flags)).toEqual({ port: 6443, host: "::1" });
});
