import { createVirtualClock, Deployment } from "@homeostat/api";
import { expectApplied, expectCondition } from "@homeostat/devcluster";
import { type LedgerEntry, type Logger, silentLogger } from "@homeostat/runtime";
import { describe, expect, onTestFinished, test } from "vitest";
import { Alerter } from "../src/alerts/alerter.ts";
import { createWebhook } from "../src/alerts/webhook.ts";
import { ReloaderConfig } from "../src/api.ts";
import { manifests } from "../src/manifests.ts";
import { resolveOptions } from "../src/options.ts";
import { permissions } from "../src/permissions.ts";
import { writeMetaInfo } from "../src/program/meta-info.ts";
import { createMetrics } from "../src/program/metrics.ts";
import { queueMetricsText } from "../src/program/queue-metrics.ts";
import { auto, ConfigMap, key, rolls, Secret, startWorld, workload } from "./world.test-support.ts";

/** Remembers what was logged at `info`. */
function listening() {
  const lines: { readonly message: string; readonly fields: Record<string, unknown> }[] = [];
  const log: Logger = {
    ...silentLogger,
    info: (fields, message) => void lines.push({ message, fields }),
    child: () => log,
  };
  return { log, lines };
}

describe("the three scenarios of the progress report", () => {
  test("1: creating a ReloaderConfig fills its status", async () => {
    const world = await startWorld();
    await world.secret("test-secret", { key: "value1" });
    await world.configMap("test-cm", { key: "value1" });
    const sample = ReloaderConfig.object({
      metadata: key("reloaderconfig-sample"),
      spec: {
        watchedResources: { secrets: ["test-secret"], configMaps: ["test-cm"] },
        targets: [{ kind: "Deployment", name: "web" }],
      },
    });
    await expectApplied(world.cluster, workload("web"), sample);
    const { status } = await expectCondition(
      world.cluster,
      ReloaderConfig,
      key("reloaderconfig-sample"),
      "Available",
      "True",
    );
    expect(status?.observedGeneration).toBe(1);
    expect(Object.keys(status?.watchedResourceHashes ?? {})).toEqual([
      "default/ConfigMap/test-cm",
      "default/Secret/test-secret",
    ]);
  });

  test("2, 3: changing a Secret and a ConfigMap is logged with both hashes, and annotated", async () => {
    const world = await startWorld();
    await world.manager.stop();
    const { log, lines } = listening();
    await world.start({}, { log });
    await world.secret("test-secret", { key: "value1" });
    await world.configMap("test-cm", { key: "value1" });
    const both = { annotations: auto, secrets: ["test-secret"], configMaps: ["test-cm"] };
    await expectApplied(world.cluster, workload("web", both));
    await world.settle();
    const hash = "reloader.stakater.com/last-hash";
    const hashOf = async () => [
      (await world.cluster.client.get(Secret, key("test-secret"))).metadata.annotations?.[hash],
      (await world.cluster.client.get(ConfigMap, key("test-cm"))).metadata.annotations?.[hash],
    ];
    const before = await hashOf();
    await world.secret("test-secret", { key: "value2" });
    await world.configMap("test-cm", { key: "value2" });
    await world.settle();
    const after = await hashOf();
    for (const [index, message] of ["Secret data changed", "ConfigMap data changed"].entries()) {
      const line = lines.find((each) => each.message === message);
      expect(line?.fields).toMatchObject({ oldHash: before[index], newHash: after[index] });
    }
    expect(JSON.stringify(lines)).not.toContain("value2");
  });
});

describe("program", () => {
  test("S10: counts reloads by Stakater Reloader's names, and tells the last one's time", async () => {
    const metrics = createMetrics({ byNamespace: true });
    const world = await startWorld({ observers: [metrics.observer] });
    await world.manager.stop();
    const run = { onReconciled: (entry: LedgerEntry) => metrics.reconciled(entry) };
    world.manager = await world.start({ observers: [metrics.observer] }, run);
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await world.settle();
    expect(await metrics.text()).toContain('reloader_reload_executed_total{success="true"} 0');
    await world.secret("db", { a: "2" });
    await world.settle();
    const text = (await metrics.text()) + (await queueMetricsText(world.manager.registry));
    expect(text).toContain('reloader_reload_executed_total{success="true"} 1');
    expect(text).toMatch(/reloader_workloads_scanned_total\{kind="Deployment"\} [1-9]/);
    expect(text).toMatch(
      /reloader_events_processed_total\{event_type="unknown",resource_type="secrets",result="success"\} [1-9]/,
    );
    expect(text).toContain("reloader_retries_total 0");
    expect(text).not.toContain("no_data_change");
    await world.secret("db", { a: "2" }, { labels: { x: "y" } });
    await world.settle();
    expect(await metrics.text()).toContain('reloader_skipped_total{reason="no_data_change"} 1');
    expect(await metrics.text()).toContain('reloader_reload_executed_total{success="true"} 1');
    expect(text).toMatch(/reloader_workqueue_adds_total [1-9]/);
    expect(text).toContain("reloader_workqueue_depth 0");
    const [, looked] = /reloader_workqueue_latency_seconds_count (\d+)/.exec(text) ?? [];
    expect(Number(looked)).toBeGreaterThan(1);
    expect(text).toContain(`reloader_workqueue_latency_seconds_bucket{le="+Inf"} ${looked}`);
    expect(text).toContain('reloader_reload_executed_total_by_namespace{success="true",namespace="default"} 1');
    expect(text).toContain('reloader_action_total{workload_kind="Deployment",result="success"} 1');
    expect(text).toMatch(/reloader_last_reload_timestamp_seconds\{workload_kind="Deployment"\} 1767225\d\d\d/);
    expect(text).toMatch(/reloader_reconcile_total\{result="success"\} [1-9]/);
    expect(text).toContain('reloader_events_received_total{event_type="update",resource_type="secrets"}');
  });

  test("S9: a config's alert goes to the address in its Secret, and a reload does not wait for it", async () => {
    const posted: { url: string; body: string }[] = [];
    const world = await startWorld();
    const alerter = new Alerter({
      clock: world.clock,
      log: silentLogger,
      client: () => world.manager.client,
      lookup: async () => ["203.0.113.9"],
      post: async ({ url }, { body }) => {
        posted.push({ url: url.href, body });
        return new Promise(() => {});
      },
    });
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    void alerter.run(abort.signal);
    await world.manager.stop();
    world.manager = await world.start({ observers: [alerter.observer] });
    await world.secret("hook", { url: "https://hooks.example/T0\n" });
    await world.secret("db", { a: "1" });
    const config = ReloaderConfig.object({
      metadata: key("c"),
      spec: {
        watchedResources: { secrets: ["db"] },
        targets: [{ kind: "Deployment", name: "web" }],
        alerts: { slack: { secretRef: { name: "hook" } } },
      },
    });
    await expectApplied(world.cluster, workload("web"), config);
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.settle();
    await world.secret("db", { a: "3" });
    await world.settle(3_000);
    expect(rolls(await world.cluster.client.get(Deployment, key("web")))).toBe(2);
    expect(posted[0]).toMatchObject({ url: "https://hooks.example/T0", body: expect.stringContaining("*web*") });
  });

  test("webhook mode tells each change once and rolls nothing, and tells again what was not taken", async () => {
    const posted: unknown[] = [];
    let status = 500;
    const notify = createWebhook(
      "https://hooks.example/x",
      async (_, { body }) => {
        if (status === 200) posted.push(JSON.parse(body));
        return status;
      },
      createVirtualClock(),
    );
    const world = await startWorld({ notify });
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.settle();
    status = 200;
    await world.settle(120_000);
    expect(posted).toMatchObject([
      {
        webhook: "update successful",
        kind: "Secret",
        namespace: "default",
        resourceName: "db",
        workloads: [{ kind: "Deployment", name: "web", namespace: "default" }],
      },
    ]);
    expect(rolls(await world.cluster.client.get(Deployment, key("web")))).toBe(0);
  });

  test("the profile that writes no Secrets reloads all the same", async () => {
    const world = await startWorld();
    await world.manager.stop();
    const rules = permissions.readOnlySecrets.map((rule) => ({ ...rule }));
    await world.start({ writeLastHash: false }, { identity: { name: "read-only", rules } });
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.settle();
    expect(rolls(await world.cluster.client.get(Deployment, key("web")))).toBe(1);
    const { annotations } = (await world.cluster.client.get(Secret, key("db"))).metadata;
    expect(annotations?.["reloader.stakater.com/last-hash"]).toBeUndefined();
  });

  test("an operator that ignores Secrets needs no right to see them", async () => {
    const world = await startWorld();
    await world.manager.stop();
    const rules = permissions.full.map((rule) => ({
      ...rule,
      resources: rule.resources.filter((resource) => resource !== "secrets"),
    }));
    await world.start({ ignoredResources: ["Secret"] }, { identity: { name: "no-secrets", rules } });
    await world.configMap("app", { a: "1" });
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"], configMaps: ["app"] }));
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.settle();
    expect(rolls(await world.cluster.client.get(Deployment, key("web")))).toBe(0);
    await world.configMap("app", { a: "2" });
    await world.settle();
    expect(rolls(await world.cluster.client.get(Deployment, key("web")))).toBe(1);
  });

  test("2.12: tells what runs, with which options, in a ConfigMap of its namespace", async () => {
    const world = await startWorld();
    const options = resolveOptions({ reloadOnCreate: true });
    const info = { namespace: "default", deployment: "reloader", version: "1.2.3", options };
    await writeMetaInfo(world.cluster.client, info);
    const { metadata, data } = await world.cluster.client.get(ConfigMap, key("reloader-meta-info"));
    expect(metadata.labels).toEqual({ "reloader.stakater.com/meta-info": "reloader" });
    expect(JSON.parse(data!["reloaderOptions"]!)).toMatchObject({ reloadOnCreate: true, reloadStrategy: "env-vars" });
    expect(JSON.parse(data!["deploymentInfo"]!)).toEqual({ name: "reloader", namespace: "default" });
    expect(JSON.parse(data!["buildInfo"]!)).toMatchObject({ releaseVersion: "1.2.3" });
  });

  test("its manifests are taken by a server", async () => {
    const world = await startWorld();
    const files = manifests();
    const applied = Object.keys(files).filter((name) => !name.startsWith("../") && name !== "rbac-each-namespace.yaml");
    expect(applied).toHaveLength(6);
    for (const name of applied)
      await expectApplied(world.cluster, ...(files[name] as Parameters<typeof expectApplied>[1][]));
    const live = await world.cluster.client.get(Deployment, key("reloader", "reloader"));
    expect(live.spec?.template.spec?.containers[0]?.args).toEqual(["--write-last-hash=false"]);
  });
});
