import { ConfigMap, Namespace, PodDisruptionBudget, systemClock } from "@homeostat/api";
import { describe, expect, onTestFinished, test } from "vitest";
import { createDevCluster } from "../create-dev-cluster.ts";
import {
  eventually,
  expectApplied,
  expectCondition,
  expectEvent,
  expectExists,
  expectGone,
  expectReconciled,
} from "./expect.ts";
import { objectText } from "./expectation.ts";
import { configMap, startCluster } from "./with-cluster.test-support.ts";

const key = { namespace: "default", name: "settings" };
const bare = { controllers: "none" } as const;

describe("expectations", () => {
  test("an unmet one says what was awaited, what there is, and the last events", async () => {
    const cluster = await startCluster(bare);
    const [object] = await expectApplied(cluster, configMap("settings", { finalizers: ["example.com/hold"] }));
    await expectApplied(cluster, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "settings.1", namespace: "default" },
      involvedObject: { apiVersion: "v1", kind: "ConfigMap", ...key, uid: object!.metadata.uid },
      type: "Warning",
      reason: "Held",
      message: "somebody holds it",
      count: 3,
    } as never);
    const failure = await expectGone(cluster, ConfigMap, key, { limitMs: 5_000 }).then(String, String);
    expect(failure).toContain(
      "ExpectationFailed: expected configmaps default/settings to be gone, within 5s of virtual time",
    );
    expect(failure).toContain("finalizers:\n      - example.com/hold");
    expect(failure).toContain("last events:\n  Warning Held (3 times): somebody holds it");
  });

  test("one about an object that is not there says so", async () => {
    const cluster = await startCluster(bare);
    const failure = expectCondition(cluster, Namespace, { name: "nowhere" }, "Ready", "True", undefined, {
      limitMs: 10,
    });
    await expect(failure).rejects.toThrow(
      "expected namespaces nowhere to have condition Ready=True, within 10ms of virtual time\nthere is no such object",
    );
  });

  test("one of an event finds it by type, reason and message, and says what was said instead", async () => {
    const cluster = await startCluster(bare);
    const say = (name: string, type: string, message: string) =>
      expectApplied(cluster, {
        apiVersion: "v1",
        kind: "Event",
        metadata: { name, namespace: "default" },
        involvedObject: { apiVersion: "v1", kind: "ConfigMap", ...key },
        type,
        reason: "Held",
        message,
      } as never);
    await say("settings.1", "Normal", "a hand holds it");
    cluster.clock.setTimer(() => void say("settings.2", "Warning", "a vice holds it"), 60_000);
    const found = await expectEvent(cluster, ConfigMap, key, { type: "Warning", reason: "Held", message: /^a vice/ });
    expect(found.metadata.name).toBe("settings.2");
    const other = { ...key, name: "other" };
    await expect(expectEvent(cluster, ConfigMap, other, { reason: "Held" }, { limitMs: 10 })).rejects.toThrow(
      "there is no event about it",
    );
    const failure = expectEvent(
      cluster,
      ConfigMap,
      key,
      { type: "Normal", message: "a vice holds it" },
      { limitMs: 10 },
    );
    await expect(failure).rejects.toThrow(
      /expected an event about configmaps default\/settings with Normal message a vice holds it .*Normal Held: a hand holds it/s,
    );
  });

  test("a met one costs no virtual time", async () => {
    const cluster = await startCluster(bare);
    await expectApplied(cluster, configMap("settings"));
    const before = cluster.clock.now();
    await expectExists(cluster, ConfigMap, key);
    expect(cluster.clock.now()).toBe(before);
  });

  test("virtual time runs until the condition holds, and no further than the limit", async () => {
    const cluster = await startCluster(bare);
    const start = cluster.clock.now();
    cluster.clock.setTimer(() => void expectApplied(cluster, configMap("settings")), 1_800_000);
    await expectExists(cluster, ConfigMap, key);
    expect(cluster.clock.now() - start).toBe(1_800_000);
    await expect(expectGone(cluster, ConfigMap, key, { limitMs: 60_000 })).rejects.toThrow("to be gone");
    expect(cluster.clock.now() - start).toBeLessThanOrEqual(1_860_000);
  });

  test("applies the status, too, and knows when it speaks of the newest generation", async () => {
    const cluster = await startCluster(bare);
    const budget = (minAvailable: number, observedGeneration: number) => ({
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: key,
      spec: { minAvailable, selector: { matchLabels: { app: "web" } } },
      status: { observedGeneration, currentHealthy: 1, desiredHealthy: 1, disruptionsAllowed: 0, expectedPods: 1 },
    });
    const [applied] = await expectApplied(cluster, budget(1, 1));
    expect(applied).toMatchObject({ status: { currentHealthy: 1 } });
    await expectReconciled(cluster, PodDisruptionBudget, key);
    await expectApplied(cluster, budget(2, 1));
    await expect(expectReconciled(cluster, PodDisruptionBudget, key, { limitMs: 1_000 })).rejects.toThrow("reconciled");
  });

  test("an object of a kind that is not served cannot be applied", async () => {
    const cluster = await startCluster(bare);
    const object = { apiVersion: "example.com/v1", kind: "Shop", metadata: { name: "corner" } };
    await expect(expectApplied(cluster, object)).rejects.toThrow("install its CustomResourceDefinition first");
  });

  test("eventually returns what its check returns, and fails with its last error", async () => {
    const cluster = await startCluster(bare);
    let ready = false;
    cluster.clock.setTimer(() => (ready = true), 60_000);
    const check = () => {
      if (!ready) throw new Error("not ready");
      return 42;
    };
    expect(await eventually(cluster, check)).toBe(42);
    const never = () => expect(1).toBe(2);
    await expect(eventually(cluster, never, { limitMs: 10 })).rejects.toThrow(/it last said: .*expected 1 to be 2/);
  });

  test("in the machine's time they watch", async () => {
    const cluster = await createDevCluster({ ...bare, clock: systemClock });
    onTestFinished(() => cluster.stop());
    const awaited = expectExists(cluster, ConfigMap, key, ({ data }) => data?.["step"] === "2");
    await expectApplied(cluster, configMap("settings", {}, { step: "1" }));
    await expectApplied(cluster, configMap("settings", {}, { step: "2" }));
    expect((await awaited).data).toEqual({ step: "2" });
    const gone = expectGone(cluster, ConfigMap, key);
    await cluster.client.delete(ConfigMap, key);
    await gone;
    await expect(expectExists(cluster, ConfigMap, key, undefined, { limitMs: 1 })).rejects.toThrow(
      "within 1ms of time",
    );
  });

  test("an error of the server ends the wait", async () => {
    const cluster = await startCluster(bare);
    const { transport } = cluster;
    const noone = {
      ...cluster,
      transport,
      client: { ...cluster.client, find: () => Promise.reject(new Error("refused")) },
    };
    await expect(expectExists(noone, ConfigMap, key)).rejects.toThrow("refused");
  });
});

test("the text of an object leaves out what tells nothing", async () => {
  expect(await objectText({ metadata: { name: "a", generation: 2 } })).toBe(
    "metadata:\n  generation: 2\nstatus: (none)",
  );
});
