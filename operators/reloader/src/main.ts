import { lookup } from "node:dns/promises";
import { systemClock } from "@homeostat/api";
import { createLogger, createManager } from "@homeostat/runtime";
import metadata from "../package.json" with { type: "json" };
import { Alerter, type Post } from "./alerts/alerter.ts";
import { createWebhook } from "./alerts/webhook.ts";
import { reloaderOperator } from "./operator.ts";
import { resolveOptions } from "./options.ts";
import { readProgram } from "./program/flags.ts";
import { httpRunnable } from "./program/http-runnable.ts";
import { writeMetaInfo } from "./program/meta-info.ts";
import { createMetrics } from "./program/metrics.ts";

/** Runs the operator against the cluster of the kubeconfig, or of the pod it runs in. */
async function main(): Promise<void> {
  const program = readProgram(process.argv.slice(2), process.env);
  const log = createLogger({ level: program.logLevel });
  for (const warning of program.warnings) log.warn({ reason: warning }, "Flag has no effect");
  const metrics = createMetrics({ byNamespace: program.countByNamespace });
  const manager = createManager({
    name: "reloader",
    log,
    healthAddress: program.healthAddress,
    onReconciled: (entry) => metrics.reconciled(entry),
  });
  const alerter = new Alerter({
    clock: systemClock,
    log,
    client: () => manager.client,
    post,
    lookup: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
    allowPrivate: program.alertAllowPrivate,
    onFailed: () => metrics.alertFailed(),
    ...(program.alerts === undefined ? {} : { global: program.alerts }),
  });
  const observers = [metrics.observer, alerter.observer];
  const notify =
    program.webhookUrl === undefined ? {} : { notify: createWebhook(program.webhookUrl, post, systemClock) };
  const controllers = reloaderOperator.controllers({ ...program.operator, observers, ...notify });
  for (const controller of controllers) manager.add(controller);
  manager.add(alerter);
  manager.add(httpRunnable(program.address, async () => (await manager.metrics.text()) + (await metrics.text())));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void manager.stop());
  if (program.home) {
    const info = { ...program.home, version: metadata.version, options: resolveOptions(program.operator) };
    // What people read about the operator is no reason for it not to run.
    await writeMetaInfo(manager.client, info).catch((error: unknown) =>
      log.warn({ reason: error instanceof Error ? error.message : String(error) }, "Meta info is not written"),
    );
  }
  await manager.start();
  await manager.ended;
}

const post: Post = async (url, { body, contentType }, signal) => {
  const headers = { "content-type": contentType };
  const response = await fetch(url, { method: "POST", body, headers, redirect: "manual", signal });
  await response.body?.cancel();
  return response.status;
};

main().catch((error: unknown) => {
  process.stderr.write(`reloader: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
