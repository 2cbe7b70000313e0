import { ConfigMap, Deployment, defineResource, type KubeObject, Node, Pod, systemClock } from "@homeostat/api";
import { controllerFor } from "@homeostat/runtime";
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { createDevCluster } from "./create-dev-cluster.ts";
import { eventually, expectApplied, expectCondition, expectExists, expectGone } from "./kit/expect.ts";
import { startCluster } from "./kit/with-cluster.test-support.ts";
import { choose } from "./start-controllers.ts";

const Greeting = defineResource({
  group: "example.com",
  version: "v1",
  kind: "Greeting",
  spec: z.object({ text: z.string() }),
  status: z.object({}),
});

const greetings = () =>
  controllerFor(Greeting).desired({
    children: [ConfigMap],
    desired: ({ metadata, spec }) => [
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: metadata.name },
        data: { text: spec.text },
      } as KubeObject,
    ],
  });
const operator = { name: "greeter", resources: [Greeting], controllers: () => [greetings()] };
const hello = Greeting.object({ metadata: { name: "hello", namespace: "default" }, spec: { text: "hi" } });
const key = { namespace: "default", name: "hello" };

describe("dev cluster", () => {
  test("runs an operator, whose children are collected with their owner", async () => {
    const cluster = await startCluster();
    await cluster.run(operator);
    await expectApplied(cluster, hello);
    await expectExists(cluster, ConfigMap, key, ({ data }) => data?.["text"] === "hi");
    await cluster.client.delete(Greeting, key);
    await expectGone(cluster, ConfigMap, key);
  });

  test("runs an operator as a service account that may do no more than its rules say", async () => {
    const cluster = await startCluster();
    const rules = [
      { apiGroups: ["example.com"], resources: ["greetings", "greetings/status"], verbs: ["*"] },
      { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch"] },
    ];
    const manager = await cluster.run(operator, { identity: { rules } });
    await expectApplied(cluster, hello);
    await eventually(cluster, () => {
      expect(
        manager.ledger
          .entries()
          .map(({ error }) => error)
          .join(),
      ).toContain('User "system:serviceaccount:default:greeter" cannot patch resource');
    });
    expect(await cluster.client.find(ConfigMap, key)).toBeUndefined();
  });

  test("runs a Deployment up to ready pods on its nodes", async () => {
    const cluster = await startCluster();
    expect((await cluster.client.list(Node)).items).toHaveLength(2);
    await expectApplied(cluster, web);
    await expectCondition(cluster, Deployment, { namespace: "default", name: "web" }, "Available", "True");
    const pods = (await cluster.client.list(Pod, { namespace: "default" })).items;
    expect(pods.filter(({ status }) => status?.phase === "Running")).toHaveLength(3);
    await cluster.client.delete(Deployment, { namespace: "default", name: "web" });
    await eventually(cluster, async () => {
      expect((await cluster.client.list(Pod, { namespace: "default" })).items).toEqual([]);
    });
  });

  test("works in the machine's time, too", async () => {
    const cluster = await createDevCluster({ clock: systemClock });
    onTestFinished(() => cluster.stop());
    await cluster.run(operator);
    await expectApplied(cluster, hello);
    await expectExists(cluster, ConfigMap, key);
    await cluster.client.delete(Greeting, key, { propagationPolicy: "Foreground" });
    await expectGone(cluster, Greeting, key);
    expect(await cluster.client.find(ConfigMap, key)).toBeUndefined();
  });

  test("without controllers is a bare API server", async () => {
    const cluster = await startCluster({ controllers: "none" });
    expect(cluster.controllers).toEqual([]);
    expect((await cluster.client.list(Node)).items).toEqual([]);
    await expectApplied(cluster, web);
    await cluster.clock.advance(60_000);
    expect((await cluster.client.list(Pod)).items).toEqual([]);
  });

  test("names the controllers there are when asked for one there is not", async () => {
    await expect(createDevCluster({ controllers: ["no-such"] })).rejects.toThrow(
      /there is no no-such; there are .*garbage-collector/,
    );
  });

  test("stops twice without complaint, and takes no requests afterwards", async () => {
    const cluster = await startCluster();
    await cluster.run(operator);
    await cluster.stop();
    await cluster.stop();
    expect(cluster.clock.next()).toBeUndefined();
  });
});

test.for([
  ["all", ["a", "b", "c"]],
  ["none", []],
  [
    ["c", "a"],
    ["a", "c"],
  ],
] as const)("of a, b and c %j chooses %j", ([wanted, chosen]) => {
  const all = ["a", "b", "c"].map((name) => ({ name }));
  expect(choose(all, wanted).map(({ name }) => name)).toEqual(chosen);
});

const web = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default" },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "web" }] } },
  },
} as KubeObject;
