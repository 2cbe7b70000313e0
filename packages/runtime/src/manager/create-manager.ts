import { hostname } from "node:os";
import { groupResource, intercept, type Resource, systemClock, type Transport } from "@homeostat/api";
import { Counter, Registry } from "prom-client";
import { createCache } from "../cache/informer-cache.ts";
import { createClient } from "../client/api-client.ts";
import { connect } from "../client/connect.ts";
import { EventRecorder } from "../events/event-recorder.ts";
import { createLogger } from "../log/json-logger.ts";
import { cacheMetrics } from "../metrics/cache-metrics.ts";
import { RequestMetrics } from "../metrics/request-metrics.ts";
import { lazyTracing } from "../tracing/lazy-tracing.ts";
import { ControllerManager } from "./controller-manager.ts";
import type { Manager, ManagerOptions } from "./manager.ts";

/**
 * A manager on the cluster of the kubeconfig, or of whatever `transport` leads to. Nothing is sent before `start`, or
 * before its client is used.
 *
 * @throws KubeconfigError where no transport is given and no cluster is found
 */
export function createManager(options: ManagerOptions = {}): Manager {
  const { clock = systemClock, random = Math.random, log = createLogger(), name = "homeostat", namespace } = options;
  const { transport, host, close } = reach(options);
  const registry = new Registry();
  const requests = new RequestMetrics(registry, { detailed: options.metrics?.requestDetails ?? false });
  const tracing = options.tracing
    ? lazyTracing(options.tracing === true ? {} : options.tracing, clock, (resource, key) =>
        manager.annotationsOf(resource, key),
      )
    : undefined;
  const measured = intercept(
    transport,
    ...(options.interceptors ?? []),
    ...(tracing ? [tracing.interceptor] : []),
    requests.interceptor(host),
  );
  const cache = createCache({
    transport: measured,
    clock,
    random,
    log,
    userAgent: name,
    ...(namespace === undefined ? {} : { namespace }),
    onError: (resource: Resource, error: unknown) => manager.watchFailed(resource, error),
  });
  cacheMetrics(registry, cache);
  const client = createClient({
    transport: measured,
    userAgent: name,
    fieldManager: name,
    cache,
    clock,
    log,
    ...(tracing ? { onWrite: tracing.onWrite } : {}),
  });
  const dropped = new Counter({
    name: "homeostat_events_dropped_total",
    help: "Events that were not written, by why",
    labelNames: ["why"],
    registers: [registry],
  });
  const recorder = new EventRecorder({
    client,
    clock,
    log,
    controller: name,
    instance: `${name}-${hostname()}`,
    onDropped: (why) => dropped.inc({ why }),
  });
  const manager = new ControllerManager({
    client,
    cache,
    recorder,
    registry,
    log,
    clock,
    random,
    ...(namespace === undefined ? {} : { namespace }),
    ...(options.metricsAddress === undefined ? {} : { metricsAddress: options.metricsAddress }),
    ...(options.healthAddress === undefined ? {} : { healthAddress: options.healthAddress }),
    ...(options.profilingAddress === undefined ? {} : { profilingAddress: options.profilingAddress }),
    ...(options.profilingRemote === undefined ? {} : { profilingRemote: options.profilingRemote }),
    ...(tracing ? { tracing } : {}),
    ...(options.metrics === undefined ? {} : { metricsServer: options.metrics }),
    ...(options.gracefulShutdownMs === undefined ? {} : { gracefulShutdownMs: options.gracefulShutdownMs }),
    ...(options.onReconciled === undefined ? {} : { onReconciled: options.onReconciled }),
    isWatched: (kind) => {
      const reports = cache.watches().filter((report) => groupResource(report.resource) === kind);
      return reports.length > 0 && reports.every((report) => report.state.type === "watching");
    },
    close,
  });
  return manager;
}

function reach(options: ManagerOptions): { transport: Transport; host: string; close: () => void | Promise<void> } {
  if (options.transport) return { transport: options.transport, host: "in-process", close: () => {} };
  const { transport, server } = connect(options.clock ? { clock: options.clock } : {});
  return { transport, host: new URL(server).host, close: () => transport.close() };
}
