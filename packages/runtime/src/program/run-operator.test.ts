import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigMap, conditions, createVirtualClock, defineResource, type KubeObject, Lease } from "@homeostat/api";
import {
  createDevCluster,
  expectApplied,
  expectCondition,
  expectExists,
  installResources,
} from "@homeostat/devcluster";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { z } from "zod";
import { controllerFor } from "../controller/builder.ts";
import { operatorManifests } from "../deploy/operator-manifests.ts";
import { silentLogger } from "../log.ts";
import type { Manager } from "../manager/manager.ts";
import { type FlagValues, parseFlags } from "./flags.ts";
import { type OperatorProcess, type RunOperatorOptions, runOperator } from "./run-operator.ts";

const Greeting = defineResource({
  group: "example.com",
  version: "v1",
  kind: "Greeting",
  spec: z.object({ message: z.string() }),
  status: z.object({ conditions: conditions().optional() }),
});

const greeter = {
  name: "greeter",
  resources: [Greeting],
  controllers: [
    controllerFor(Greeting).desired({
      children: [ConfigMap],
      desired: ({ metadata, spec }) => [
        { apiVersion: "v1", kind: "ConfigMap", metadata: { name: metadata.name }, data: { text: spec.message } },
      ],
    }),
  ],
};

const hello = {
  apiVersion: "example.com/v1",
  kind: "Greeting",
  metadata: { name: "hello", namespace: "default" },
  spec: { message: "hi" },
};

/** A process of its own: what it is told, and what it says. */
function fakeProcess(...args: string[]) {
  const listeners = new Map<string, () => void>();
  const out: string[] = [];
  const err: string[] = [];
  const exits: number[] = [];
  const process: OperatorProcess = {
    argv: ["node", "operator.ts", ...args],
    stdout: { write: (text) => out.push(text) },
    stderr: { write: (text) => err.push(text) },
    on: (signal, listener) => listeners.set(signal, listener),
    off: (signal) => listeners.delete(signal),
    exit: (code) => exits.push(code),
  };
  return { process, out, err, exits, signal: (name: string) => listeners.get(name)?.(), listeners };
}

async function manifests(...args: string[]): Promise<KubeObject[]> {
  const { process, out, err } = fakeProcess("manifests", ...args);
  await runOperator(greeter, { process });
  expect(err).toEqual([]);
  return parseAllDocuments(out.join("")).map((document) => document.toJS() as KubeObject);
}

describe("the program of an operator", () => {
  test("runs until it is told to stop", async () => {
    const clock = createVirtualClock();
    const cluster = await createDevCluster({ clock, controllers: "none" });
    onTestFinished(() => cluster.stop());
    await installResources(cluster.client, clock, [Greeting]);
    const { process, signal, exits, listeners } = fakeProcess("--metrics-address=0", "--health-address=0");
    let started = false;
    const options: RunOperatorOptions = {
      process,
      manager: { transport: cluster.transport(), clock, log: silentLogger },
      setup: () => void (started = true),
    };
    const running = runOperator(greeter, options);
    await expectApplied(cluster, hello);
    await expectExists(cluster, ConfigMap, { namespace: "default", name: "hello" });
    expect(started).toBe(true);
    signal("SIGTERM");
    await clock.advance(1_000);
    await running;
    expect([process.exitCode, exits, listeners.size]).toEqual([undefined, [], 0]);
  });

  test("applies the definitions of its kinds first where it is told to", async () => {
    const clock = createVirtualClock();
    const cluster = await createDevCluster({ clock, controllers: "none" });
    onTestFinished(() => cluster.stop());
    const { process, signal } = fakeProcess("--metrics-address=0", "--health-address=0", "--install-crds");
    const manager = { transport: cluster.transport(), clock, log: silentLogger };
    let started = false;
    const running = runOperator(greeter, { process, manager, setup: () => void (started = true) });
    await clock.until(() => started, "the definitions to be served");
    await expectApplied(cluster, hello);
    await expectExists(cluster, ConfigMap, { namespace: "default", name: "hello" });
    signal("SIGTERM");
    await clock.advance(1_000);
    await running;
  });

  test("gives permissions in its own namespace beside those of its controllers", () => {
    const ownRules = [{ apiGroups: [""], resources: ["secrets"], resourceNames: ["certificates"], verbs: ["get"] }];
    const { "rbac.yaml": rbac = [] } = operatorManifests(greeter, { image: "greeter:1", ownRules });
    expect(rbac).toContainEqual(
      expect.objectContaining({
        kind: "Role",
        metadata: expect.objectContaining({ namespace: "greeter", name: "greeter-own" }),
        rules: ownRules,
      }),
    );
  });

  test("prints manifests that run it under no more than it needs", async () => {
    const cluster = await createDevCluster({ clock: createVirtualClock(), controllers: "none" });
    onTestFinished(() => cluster.stop());
    const objects = await manifests("--image", "registry.example.com/greeter:1", "--replicas", "1");
    const order = ["Namespace", "CustomResourceDefinition"];
    objects.sort((a, b) => order.indexOf(b.kind ?? "") - order.indexOf(a.kind ?? ""));
    await expectApplied(cluster, ...objects);
    const user = {
      username: "system:serviceaccount:greeter:greeter",
      groups: ["system:serviceaccounts", "system:authenticated"],
    };
    await cluster.run(greeter.controllers, { name: "greeter", identity: user });
    await expectApplied(cluster, hello);
    await expectCondition(cluster, Greeting, hello.metadata, "Ready", "True");
    const deployment = objects.find(({ kind }) => kind === "Deployment");
    expect(JSON.stringify(deployment)).toContain("registry.example.com/greeter:1");
    expect(JSON.stringify(deployment)).not.toContain("--leader-elect");
  });

  test("prints Roles in the watched namespaces in place of a ClusterRole, and may elect a leader", async () => {
    const objects = await manifests("--namespaces", "a,b");
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata?.namespace ?? ""}/${metadata?.name}`);
    expect(names).toEqual([
      "CustomResourceDefinition /greetings.example.com",
      "Namespace /greeter",
      "ServiceAccount greeter/greeter",
      "Role a/greeter",
      "RoleBinding a/greeter",
      "Role b/greeter",
      "RoleBinding b/greeter",
      "Role greeter/greeter-leader",
      "RoleBinding greeter/greeter-leader",
      "ClusterRole /greeter-metrics",
      "ClusterRoleBinding /greeter-metrics",
      "Deployment greeter/greeter",
    ]);
    expect(JSON.stringify(objects.at(-1))).toContain("--namespaces=a,b");
  });

  test("plans what it would do for an object of the cluster, and for those in a file", async () => {
    const cluster = await createDevCluster({ clock: createVirtualClock(), controllers: "none" });
    onTestFinished(() => cluster.stop());
    await installResources(cluster.client, cluster.clock, [Greeting]);
    const ask = async (...args: string[]) => {
      const { process, out, err } = fakeProcess("plan", ...args);
      await runOperator(greeter, { process, manager: { transport: cluster.transport() } });
      return [...out, ...err].join("");
    };
    const folder = mkdtempSync(join(tmpdir(), "plan-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "hello.yaml");
    writeFileSync(file, stringify({ ...hello, metadata: { name: "hello" } }));
    expect(await ask("-f", file)).toMatch(/configmaps\/default\/hello[\s\S]*hi/);
    await expectApplied(cluster, hello);
    expect(await ask("greeting/hello")).toMatch(/configmaps\/default\/hello[\s\S]*hi/);
    expect(await cluster.client.find(ConfigMap, { namespace: "default", name: "hello" })).toBeUndefined();
    expect(await ask("-f", join(folder, "none.yaml"))).toMatch(/-f .*none\.yaml cannot be read: ENOENT/);
    expect(await ask("pod/x")).toContain("pod: no declarative controller is for that kind; there are Greeting");
    expect(await ask()).toContain("plan: name an object as kind/name, or a file with -f");
    expect(await ask("greeting/none")).toContain('greetings.example.com "none" not found');
  });

  test.each([
    [["--help"], undefined, "greeter manifests [flags]"],
    [["serve"], 2, 'greeter: "serve" is no command: there are run, manifests and plan; see --help'],
    [["--replicas", "x", "manifests"], 2, "--replicas x: must be a positive number"],
    [["--log-level", "loud"], 2, "--log-level loud: must be one of debug, info, warn, error"],
    [["--no-such"], 2, "--no-such"],
    [["--kubeconfig", "/no/such/file"], 1, "/no/such/file"],
  ])("answers %j with exit code %s", async (args, code, text) => {
    const { process, out, err } = fakeProcess(...args);
    await runOperator(greeter, { process });
    expect(process.exitCode).toBe(code);
    expect((code === undefined ? out : err).join("")).toContain(text);
  });

  test("shares its work among replicas that elect nobody, where it says so", async () => {
    const clock = createVirtualClock();
    const cluster = await createDevCluster({ clock, controllers: "none" });
    onTestFinished(() => cluster.stop());
    await installResources(cluster.client, clock, [Greeting]);
    const set: string[] = [];
    const shared = {
      ...greeter,
      sharding: true,
      setup: (manager: Manager) => void set.push(manager.log ? "set up" : ""),
    };
    const args = ["--metrics-address=0", "--health-address=0", "--leader-elect", "--leader-election-namespace=default"];
    const replicas = [fakeProcess(...args), fakeProcess(...args)].map(({ process, signal }) => ({
      running: runOperator(shared, { process, manager: { transport: cluster.transport(), clock, log: silentLogger } }),
      signal,
    }));
    await clock.advance(10_000);
    expect((await cluster.client.list(Lease, { namespace: "default" })).items).toHaveLength(2);
    await expectApplied(cluster, hello);
    await expectExists(cluster, ConfigMap, { namespace: "default", name: "hello" });
    for (const { signal } of replicas) signal("SIGTERM");
    await clock.advance(1_000);
    await Promise.all(replicas.map(({ running }) => running));
    expect((await cluster.client.list(Lease, { namespace: "default" })).items).toEqual([]);
    expect(set).toEqual(["set up", "set up"]);
    const files = operatorManifests(
      { ...shared, manifests: ({ namespace }) => ({ "more.yaml": [{ metadata: { namespace } }] }) },
      { image: "x" },
    );
    expect(files["more.yaml"]).toEqual([{ metadata: { namespace: "greeter" } }]);
    expect(JSON.stringify(files["deployment.yaml"])).not.toContain("--leader-elect");
    expect(JSON.stringify(files["rbac.yaml"])).toContain(
      '"resources":["leases"],"verbs":["get","list","watch","create","patch","delete"]',
    );
  });

  test("has flags of its own, which make another operator of it", async () => {
    const flags = {
      loud: { type: "boolean", help: "shout" },
      bug: { type: "string", value: "NAME", help: "err" },
    } as const;
    const seen: unknown[] = [];
    const configure = (given: FlagValues) => {
      seen.push(given);
      if (given["bug"] === "no-such") throw new Error("--bug no-such: there is no such bug");
      return { ...greeter, name: "shouter" };
    };
    const ask = async (...args: string[]) => {
      const { process, out, err } = fakeProcess(...args);
      await runOperator(greeter, { process, flags, configure });
      return [...out, ...err].join("");
    };
    expect(await ask("manifests", "--loud", "--bug=x")).toContain("name: shouter");
    expect(seen).toEqual([{ loud: true, bug: "x" }]);
    expect(await ask("--bug", "no-such")).toBe("greeter: --bug no-such: there is no such bug\n");
    expect(await ask("--help")).toMatch(/Flags of this operator\n {2}--loud +shout\n {2}--bug NAME +err\n$/);
    expect(() => parseFlags([], false, { image: { type: "string", help: "" } })).toThrow("give yours another name");
  });

  test("logs text for people and JSON for machines", () => {
    expect(parseFlags([], true)?.logFormat).toBe("text");
    expect(parseFlags([], false)?.logFormat).toBe("json");
    expect(parseFlags(["--log-format=json"], true)?.logFormat).toBe("json");
  });
});
