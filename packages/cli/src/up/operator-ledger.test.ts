import { createDevCluster, eventually } from "@homeostat/devcluster";
import { createManager, silentLogger } from "@homeostat/runtime";
import { WebApp, webAppOperator } from "@homeostat/webapp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { askOperator } from "./operator-ledger.ts";

const cluster = await createDevCluster({ controllers: "none" });
const manager = createManager({
  transport: cluster.transport(),
  log: silentLogger,
  profilingAddress: "127.0.0.1:0",
});

beforeAll(async () => {
  const running = await cluster.run(webAppOperator);
  await running.stop();
  for (const controller of webAppOperator.controllers()) manager.add(controller);
  await manager.start();
  await cluster.client.create(WebApp, webAppOperator.sample);
  await eventually(cluster, () => expect(manager.ledger.entries({ name: "hello" })).not.toEqual([]));
});
afterAll(async () => {
  await manager.stop();
  await cluster.stop();
});

const ask = (kind: string, name: string, address = manager.profilingAddress!) =>
  askOperator(address, { kind, name, namespace: "default" });

test("tells why an operator that runs elsewhere reconciled an object", async () => {
  const report = await ask("webapp", "hello");
  expect(report.reconciled).toBe(true);
  expect(report.entries[0]).toMatchObject({ name: "hello", resource: "webapps.apps.example.com", outcome: "success" });
});

test("tells which reconciles wrote an object that the operator does not reconcile itself", async () => {
  const report = await ask("configmap", "hello-config");
  expect(report.reconciled).toBe(false);
  expect(report.entries.length).toBeGreaterThan(0);
});

test("says what the operator reconciles where nothing is remembered", async () => {
  await expect(ask("pod", "x")).rejects.toThrow(/nothing is remembered about pod default\/x: .* reconciles WebApp/);
});

test("says what to do where no operator answers, or somebody else does", async () => {
  await expect(ask("webapp", "hello", "127.0.0.1:1")).rejects.toThrow("start it with --profiling-address");
  await expect(ask("webapp", "hello", "not an address")).rejects.toThrow("must be host:port");
  const { url, stop } = await cluster.listen();
  await expect(ask("webapp", "hello", url.replace("https", "http"))).rejects.toThrow(/127\.0\.0\.1/);
  await stop();
});
