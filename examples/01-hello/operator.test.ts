import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ConfigMap, createVirtualClock, Deployment, type KubeObject } from "@homeostat/api";
import { createDevCluster, expectApplied, expectCondition, expectExists, expectGone } from "@homeostat/devcluster";
import { expect, onTestFinished, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { Greeting, operator } from "./operator.ts";

const program = new URL("./operator.ts", import.meta.url);
const key = { namespace: "default", name: "hello" };
const greeting = (message: string) => Greeting.object({ metadata: key, spec: { message } });

async function setUp() {
  const cluster = await createDevCluster({ clock: createVirtualClock() });
  onTestFinished(() => cluster.stop());
  return cluster;
}

test("keeps a greeting in a ConfigMap, repairs it, tells of it, and leaves nothing behind", async () => {
  const cluster = await setUp();
  await cluster.run(operator);
  const says = (text: string) => expectExists(cluster, ConfigMap, key, ({ data }) => data?.["text"] === text);
  await expectApplied(cluster, greeting("hi"));
  await says("hi");
  await expectExists(cluster, Greeting, key, ({ status }) => status?.configMap === "hello");
  await expectCondition(cluster, Greeting, key, "Ready", "True");

  await cluster.client.patchMerge(ConfigMap, key, { data: { text: "changed by somebody" } });
  await says("hi");
  const { metadata } = await says("hi");
  await cluster.client.delete(ConfigMap, key);
  await expectExists(cluster, ConfigMap, key, (anew) => anew.metadata.uid !== metadata.uid);
  await expectApplied(cluster, greeting("good morning"));
  await says("good morning");

  await cluster.client.delete(Greeting, key);
  await expectGone(cluster, Greeting, key);
  await expectGone(cluster, ConfigMap, key);
});

test("is deployed by the manifests its program prints, and needs no more than their permissions", async () => {
  const cluster = await setUp();
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(program), "manifests"]);
  const objects = parseAllDocuments(stdout).map((document) => document.toJS() as KubeObject);
  await expectApplied(cluster, ...objects);
  const at = { namespace: operator.name, name: operator.name };
  await expectExists(cluster, Deployment, at, ({ status }) => status?.availableReplicas === 2);

  // What runs in those pods: the same program, as their service account, with an election as their flags say.
  const account = {
    username: `system:serviceaccount:${at.namespace}:${at.name}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${at.namespace}`, "system:authenticated"],
  };
  const leaderElection = { id: at.name, namespace: at.namespace };
  const manager = await cluster.run(operator, { identity: account, leaderElection });
  await expectApplied(cluster, greeting("hi"));
  await expectExists(cluster, ConfigMap, key, ({ data }) => data?.["text"] === "hi");
  await expectCondition(cluster, Greeting, key, "Ready", "True");
  await cluster.client.delete(Greeting, key);
  await expectGone(cluster, ConfigMap, key);
  expect(manager.ledger.entries().filter(({ outcome }) => outcome.endsWith("error"))).toEqual([]);
});

test("is written in at most 20 lines of code", () => {
  const lines = readFileSync(program, "utf8").split("\n");
  const code = lines.filter((line) => line.trim() !== "" && !line.trim().startsWith("//"));
  expect(code.length).toBeLessThanOrEqual(20);
});
