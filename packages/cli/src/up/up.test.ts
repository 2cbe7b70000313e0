import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Lease, Pod, systemClock } from "@homeostat/api";
import { connect, createClient } from "@homeostat/runtime";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeEnvironment, type FakeOptions, fakeEnvironment } from "../environment.test-support.ts";
import { run } from "../program.ts";

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "homeostat-"));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

/** `up` on a terminal that is none, until it shows what is wanted; then Ctrl-C. */
async function show(wanted: RegExp, options: FakeOptions, ...flags: string[]): Promise<FakeEnvironment> {
  const environment = fakeEnvironment({ clock: systemClock, cwd, ...options });
  const ended = run(["up", "--port", "0", "--controllers", "none", ...flags], environment);
  await Promise.race([environment.stdout.says(wanted), ended]);
  environment.signal();
  expect([await ended, environment.stderr.text]).toEqual([0, ""]);
  return environment;
}

const terminal = { size: { columns: 100, rows: 30 } };

test("draws a screen on a terminal, and leaves it as it was, with a summary", async () => {
  const { stdout } = await show(/\x1b\[\d+;1H[^\n]*default\/hello.*Ready/, terminal);
  expect(stdout.text).toMatch(/^homeostat: ready at https:/);
  expect(stdout.text).toContain("\x1b[?1049h");
  expect(stdout.text).toContain("RECONCILED");
  expect(stdout.text).toMatch(/\x1b\[\?25h\x1b\[\?1049lhomeostat: stopped after \d+s: \d+ objects?, [^\n]+\n$/);
});

test("draws without colours where they are not wanted", async () => {
  const { stdout } = await show(/default\/hello/, { ...terminal, variables: { NO_COLOR: "1" } });
  expect(stdout.text).toContain("\x1b[?1049h");
  expect(stdout.text).not.toMatch(/\x1b\[[1-9]\d*m/);
});

test.each<[string, FakeOptions, string[]]>([
  ["off a terminal", {}, []],
  ["on a terminal that cannot do more", { ...terminal, variables: { TERM: "dumb" } }, []],
  ["when asked to", terminal, ["--plain"]],
])("prints plain lines %s", async (_, options, flags) => {
  const { stdout } = await show(/object WebApp default\/hello: phase Ready/, options, ...flags);
  expect(stdout.text).not.toContain("\x1b");
  expect(stdout.text.split("\n")[0]).toMatch(/^homeostat: ready at/);
});

test("prints log lines to standard error when asked to", async () => {
  const environment = fakeEnvironment({ clock: systemClock, cwd, ...terminal });
  const ended = run(["up", "--port", "0", "--controllers", "none", "--verbose"], environment);
  await Promise.race([environment.stdout.says(/phase Ready/), ended]);
  environment.signal();
  expect(await ended).toBe(0);
  const lines = environment.stderr.text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { msg: string });
  expect(lines.map(({ msg }) => msg)).toContain("Starting workers");
});

test("stops after booting when Ctrl-C comes in the middle of it", async () => {
  const environment = fakeEnvironment({ clock: systemClock, cwd });
  const ended = run(["up", "--port", "0", "--controllers", "none"], environment);
  await environment.listens();
  environment.signal();
  expect(await ended).toBe(0);
  expect(environment.stdout.text).toContain("homeostat: stopped after 0s");
});

test("B280 has nodes and a server that renew their leases, unless told not to", async () => {
  const leases = async (...flags: string[]): Promise<string[]> => {
    const environment = fakeEnvironment({ clock: systemClock, cwd });
    const ended = run(["up", "--port", "0", "--operators", "none", ...flags], environment);
    await Promise.race([environment.stdout.says(/ready at/), ended]);
    const { transport } = connect({ kubeconfig: join(cwd, ".homeostat/kubeconfig") });
    const { items } = await createClient({ transport }).list(Lease);
    transport.close();
    environment.signal();
    expect(await ended).toBe(0);
    return items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  };
  expect(await leases()).toEqual([
    "kube-node-lease/node-1",
    "kube-node-lease/node-2",
    expect.stringMatching(/^kube-system\/apiserver-[a-z2-7]{26}$/),
  ]);
  expect(await leases("--no-heartbeats")).toEqual([]);
});

test("has pods behave as stages of a file say", async () => {
  const stage = {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Stage",
    metadata: { name: "s", annotations: { "dev.homeostat/behavior": "exit=7" } },
    spec: { resourceRef: { apiGroup: "v1", kind: "Pod" }, selector: { matchLabels: { app: "web" } } },
  };
  await writeFile(join(cwd, "stages.yaml"), JSON.stringify(stage));
  const environment = fakeEnvironment({ clock: systemClock, cwd });
  const ended = run(["up", "--port", "0", "--operators", "none", "--stages", "stages.yaml"], environment);
  await Promise.race([environment.stdout.says(/ready at/), ended]);
  const { transport } = connect({ kubeconfig: join(cwd, ".homeostat/kubeconfig") });
  const client = createClient({ transport });
  const metadata = { name: "web", namespace: "default", labels: { app: "web" } };
  const containers = [{ name: "c", image: "web" }];
  await client.create(Pod, { metadata, spec: { restartPolicy: "Never", containers } });
  await expect.poll(async () => (await client.get(Pod, metadata)).status?.phase).toBe("Failed");
  const { status } = await client.get(Pod, metadata);
  expect(status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(7);
  transport.close();
  environment.signal();
  expect(await ended).toBe(0);
});

test.each([
  ["is not there", "none.yaml", [], 1, "--stages"],
  ["holds other things", "kubeconfig", [], 1, "document 1: expected apiVersion kwok.x-k8s.io/v1alpha1 and kind Stage"],
  ["nothing would read", "kubeconfig", ["--controllers", "none"], 2, "--stages needs the kubelet"],
])("says that a file of stages %s", async (_, file, flags, code, message) => {
  await writeFile(join(cwd, "kubeconfig"), "kind: Config");
  const environment = fakeEnvironment({ clock: systemClock, cwd });
  expect(await run(["up", "--port", "0", "--stages", file, ...flags], environment)).toBe(code);
  expect(environment.stderr.text).toContain(message);
});

test("is ready before operators run, and says when each does", async () => {
  const { stdout } = await show(/operator reloader: runs/, {});
  expect(stdout.text).toMatch(/^homeostat: ready at.+operator reloader: is started.+operator reloader: runs/s);
});

test("stops cleanly while operators are being started", async () => {
  const { stdout } = await show(/ready at/, {});
  expect(stdout.text).toContain("homeostat: stopped after 0s");
});
