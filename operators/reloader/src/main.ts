import { lookup } from "node:dns/promises";
import { systemClock } from "@homeostat/api";
import { createLogger, createManager, runUntilSignal } from "@homeostat/runtime";
import metadata from "../package.json" with { type: "json" };
import { Alerter } from "./alerts/alerter.ts";
import { createPost } from "./alerts/post.ts";
import { createWebhook } from "./alerts/webhook.ts";
import { reloaderOperator } from "./operator.ts";
import { resolveOptions } from "./options.ts";
import { type Program, readProgram } from "./program/flags.ts";
import { httpRunnable } from "./program/http-runnable.ts";
import { writeMetaInfo } from "./program/meta-info.ts";
import { createMetrics } from "./program/metrics.ts";
import { queueMetricsText } from "./program/queue-metrics.ts";

/** Runs the operator against the cluster of the kubeconfig, or of the pod it runs in. */
async function main(): Promise<void> {
  const program = readProgram(process.argv.slice(2), process.env);
  const log = createLogger({ level: program.logLevel, format: program.logFormat });
  for (const warning of program.warnings) log.warn({ reason: warning }, "Flag has no effect");
  const metrics = createMetrics({ byNamespace: program.countByNamespace });
  const manager = createManager({
    name: "reloader",
    log,
    healthAddress: program.healthAddress,
    // Served beside ours; with durations, as Stakater Reloader has them.
    metrics: { address: false, requestDetails: true },
    onReconciled: (entry) => metrics.reconciled(entry),
    ...(program.election ? { leaderElection: { id: "stakater-reloader-lock", ...program.election } } : {}),
  });
  const post = createPost(program.alertProxy);
  const alerter = new Alerter({
    clock: systemClock,
    log,
    client: () => manager.client,
    post,
    lookup: addressesOf(program),
    allowPrivate: program.alertAllowPrivate,
    onFailed: () => metrics.alertFailed(),
    ...(program.alerts === undefined ? {} : { global: program.alerts }),
  });
  const observers = [metrics.observer, alerter.observer];
  const notify =
    program.webhookUrl === undefined ? {} : { notify: createWebhook(program.webhookUrl, createPost(), systemClock) };
  const controllers = reloaderOperator.controllers({ ...program.operator, observers, ...notify });
  for (const controller of controllers) manager.add(controller);
  manager.add(alerter);
  const texts = [() => manager.metrics.text(), () => metrics.text(), () => queueMetricsText(manager.registry)];
  manager.add(httpRunnable(program.address, async () => (await Promise.all(texts.map((text) => text()))).join("\n")));
  if (program.home) {
    const info = { ...program.home, version: metadata.version, options: resolveOptions(program.operator) };
    // What people read about the operator is no reason for it not to run. Replicas that stand by write it, too.
    await writeMetaInfo(manager.unfencedClient, info).catch((error: unknown) =>
      log.warn({ reason: error instanceof Error ? error.message : String(error) }, "Meta info is not written"),
    );
  }
  await runUntilSignal(manager);
}

/** A proxy may know names that this machine does not. */
function addressesOf({ alertProxy }: Program) {
  return async (host: string): Promise<readonly string[] | undefined> => {
    const found = lookup(host, { all: true }).then((all) => all.map(({ address }) => address));
    return alertProxy ? found.catch(() => undefined) : found;
  };
}

main().catch((error: unknown) => {
  process.stderr.write(`reloader: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
