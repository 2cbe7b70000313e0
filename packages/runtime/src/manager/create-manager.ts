import { hostname } from "node:os";
import { groupResource, intercept, type Resource, systemClock, type Transport } from "@homeostat/api";
import type { Registry } from "prom-client";
import { createCache } from "../cache/informer-cache.ts";
import { createClient } from "../client/api-client.ts";
import type { Client } from "../client/client.ts";
import { EventRecorder } from "../events/event-recorder.ts";
import type { Recorder } from "../events/recorder.ts";
import { writeFence } from "../leader-election/fence.ts";
import { createLeaderElector, type LeaderElectorOptions } from "../leader-election/leader-elector.ts";
import type { LeaderElectionOptions, Leadership } from "../leader-election/leadership.ts";
import { createLogger } from "../log/json-logger.ts";
import { cacheMetrics } from "../metrics/cache-metrics.ts";
import { ownWritesMetrics } from "../metrics/own-writes-metrics.ts";
import { RequestMetrics } from "../metrics/request-metrics.ts";
import { promClient } from "../on-demand.ts";
import { lazyTracing } from "../tracing/lazy-tracing.ts";
import { connectManager } from "./connect-manager.ts";
import { ControllerManager } from "./controller-manager.ts";
import type { ManagedShard, Manager, ManagerOptions, Runnable } from "./manager.ts";

/**
 * A manager on the cluster of the kubeconfig, or of whatever `transport` leads to. Nothing is sent before `start`, or
 * before its client is used.
 *
 * @throws KubeconfigError where no transport is given and no cluster is found; where leader election cannot be safe
 */
export function createManager(options: ManagerOptions = {}): Manager {
  const { tracing: traced, metrics: metricsServer, leadership: given, shard: _, ...parts } = options;
  const { clock = systemClock, random = Math.random, log = createLogger(), name = "homeostat" } = options;
  const { namespace, namespaces, registry = new (promClient().Registry)() } = options;
  const { transport, leaseTransport, host, close } = connectManager(options, clock);
  const requests = new RequestMetrics(registry, { detailed: metricsServer?.requestDetails ?? false, clock });
  const tracing = traced
    ? lazyTracing(traced === true ? {} : traced, clock, (resource, key) => manager.annotationsOf(resource, key))
    : undefined;
  const interceptors = [
    ...(options.interceptors ?? []),
    ...(tracing ? [tracing.interceptor] : []),
    requests.interceptor(host),
  ];
  const measured = intercept(transport, ...interceptors);
  const cache = createCache({
    ...options.cache,
    transport: measured,
    clock,
    random,
    log,
    userAgent: name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(namespaces === undefined ? {} : { namespaces }),
    onError: (resource: Resource, error: unknown) => manager.watchFailed(resource, error),
  });
  cacheMetrics(registry, cache);
  const onDropped = countDropped(registry);
  const onReadWait = ownWritesMetrics(registry);
  const writers = (through: Transport): Writers => {
    const client = createClient({
      transport: through,
      userAgent: name,
      fieldManager: name,
      cache,
      clock,
      log,
      onReadWait,
      onRetry: ({ method, status }) =>
        requests.retried(status === undefined ? "<error>" : String(status), method, host),
      ...(tracing ? { onWrite: tracing.onWrite } : {}),
    });
    const instance = `${name}-${hostname()}`;
    return { client, recorder: new EventRecorder({ client, clock, log, controller: name, instance, onDropped }) };
  };
  const unfenced = writers(measured);
  const shard: ManagedShard | undefined =
    typeof options.shard === "function" ? options.shard({ client: unfenced.client, cache, clock, log }) : options.shard;
  const leadership = leadershipOf(given, options.leaderElection, {
    transport: leaseTransport,
    clock,
    random,
    log,
    userAgent: `${name}/leader-election`,
    recorder: unfenced.recorder,
    registry,
  });
  if (leadership && shard?.leadership)
    throw new Error("leader election lets one replica work, and shard all of them: leave one out");
  const proof = leadership ?? shard?.leadership;
  // Innermost, so that nothing comes between what it checks and the connection.
  const fence = proof && writeFence({ leadership: proof, clock });
  const fenced = fence && writers(intercept(transport, ...interceptors, fence));
  const manager = new ControllerManager({
    ...parts,
    ...(fenced ?? unfenced),
    ...(fenced ? { unfenced } : {}),
    ...(leadership ? { leadership } : {}),
    ...(shard ? { shard } : {}),
    cache,
    registry,
    log,
    clock,
    random,
    ...(tracing ? { tracing } : {}),
    ...(metricsServer ? { metricsServer } : {}),
    isWatched: (kind) => {
      const reports = cache.watches().filter((report) => groupResource(report.resource) === kind);
      return reports.length > 0 && reports.every((report) => report.state.type === "watching");
    },
    close,
  });
  if (shard?.run) manager.add(shard as Runnable);
  return manager;
}

interface Writers {
  readonly client: Client;
  readonly recorder: Recorder;
}

/** @returns undefined where nobody is elected */
function leadershipOf(
  given: Leadership | undefined,
  election: LeaderElectionOptions | false | undefined,
  common: Omit<LeaderElectorOptions, keyof LeaderElectionOptions> & { readonly transport: Transport },
): Leadership | undefined {
  if (!given) return election ? createLeaderElector({ ...election, ...common }) : undefined;
  if (election) throw new Error("leaderElection and leadership both say who leads: leave one out");
  return given;
}

function countDropped(registry: Registry): (why: string) => void {
  const dropped = new (promClient().Counter)({
    name: "homeostat_events_dropped_total",
    help: "Events that were not written, by why",
    labelNames: ["why"],
    registers: [registry],
  });
  return (why) => dropped.inc({ why });
}
