import {
  ConfigMap,
  createVirtualClock,
  type Interceptor,
  intercept,
  Namespace,
  type Transport,
  type VirtualClock,
} from "@homeostat/api";
import { Registry } from "prom-client";
import { createCache } from "../cache/informer-cache.ts";
import { createClient } from "../client/api-client.ts";
import type { Client } from "../client/client.ts";
import type { RecordedEvent, Recorder } from "../events/recorder.ts";
import { ReconcileLedger } from "../ledger/ledger.ts";
import type { Logger } from "../log.ts";
import { ControllerMetrics } from "../metrics/controller-metrics.ts";
import type { Cluster } from "../multicluster/cluster.ts";
import { Controller, type ControllerDependencies } from "./controller.ts";
import type { ControllerDefinition } from "./definition.ts";
import { enqueueRequestForObject } from "./event-handler.ts";
import type { Reconciler } from "./reconciler.ts";

/** Test support: a server in process, as the test's file makes it. */
export interface Server {
  transport(): Transport;
  stop(): Promise<void>;
}

/** Test support: controllers of ConfigMaps in namespace `demo` of a real API server, in virtual time. */
export interface EngineWorld {
  readonly clock: VirtualClock;
  /** A person beside the operator. */
  readonly admin: Client;
  readonly lines: { level: string; message: string; fields: Record<string, unknown> }[];
  readonly events: RecordedEvent[];
  readonly ledger: ReconcileLedger;
  readonly registry: Registry;
  /** Requests of controllers, `GET /api/v1/…`. */
  readonly requests: string[];
  /** A controller that is not started. */
  make(
    reconcile: Reconciler<ConfigMap>,
    options?: ControllerDefinition["options"],
    rest?: Partial<ControllerDefinition<ConfigMap>>,
    dependencies?: Partial<ControllerDependencies>,
  ): Controller<ConfigMap>;
  /** A cluster as controllers see it, over a server. */
  cluster(name: string, server: Server): Cluster & { readonly name: string };
  configMap(name: string, data?: Record<string, string>): Promise<void>;
  metric(name: string, labels?: Record<string, string>): Promise<number>;
  stop(): Promise<void>;
}

export const demo = (name: string) => ({ namespace: "demo", name });

export async function createEngineWorld(
  newServer: (clock: VirtualClock) => Promise<Server>,
  interceptor?: Interceptor,
): Promise<EngineWorld> {
  const clock = createVirtualClock();
  const server = await newServer(clock);
  const admin = createClient({ transport: server.transport(), clock, fieldManager: "admin" });
  await admin.create(Namespace, { metadata: { name: "demo" } });
  const lines: EngineWorld["lines"] = [];
  const events: RecordedEvent[] = [];
  const requests: string[] = [];
  const ledger = new ReconcileLedger();
  const registry = new Registry();
  const log = recordingLogger(lines, {});
  const recorder: Recorder = {
    event: (_, event) => void events.push(event),
    for: (regarding) => ({
      normal: (reason, message) => recorder.event(regarding, { type: "Normal", reason, message }),
      warning: (reason, message) => recorder.event(regarding, { type: "Warning", reason, message }),
    }),
    stop: async () => {},
  };
  const stops: (() => Promise<unknown>)[] = [];
  const connect = (to: Server, wrap?: Interceptor): Cluster => {
    const told = intercept(to.transport(), (next) => (request) => {
      requests.push(`${request.method} ${request.path}`);
      return next(request);
    });
    const transport = wrap ? intercept(told, wrap) : told;
    const cache = createCache({ transport, clock, random: () => 0.5 });
    stops.push(() => cache.stop());
    return { client: createClient({ transport, clock, cache }), cache, recorder };
  };
  const own = connect(server, interceptor);
  const metrics = new ControllerMetrics(registry);
  return {
    clock,
    admin,
    lines,
    events,
    ledger,
    registry,
    requests,
    make(reconcile, options = {}, rest = {}, dependencies = {}) {
      const definition: ControllerDefinition<ConfigMap> = {
        name: "maps",
        for: ConfigMap,
        watches: [{ resource: ConfigMap, handler: enqueueRequestForObject, predicates: [], namespace: "demo" }],
        reconcile,
        options,
        ...rest,
      };
      const controller = new Controller(definition, {
        ...own,
        ledger,
        metrics,
        log,
        clock,
        random: () => 0.5,
        ...dependencies,
      });
      stops.push(() => controller.stop(0));
      return controller;
    },
    cluster: (name, other) => ({ name, ...connect(other) }),
    async configMap(name, data = {}) {
      await admin.apply(ConfigMap, { metadata: demo(name), data });
    },
    async metric(name, labels = {}) {
      const { values } = (await registry.getSingleMetric(name)!.get()) as {
        values: { value: number; labels: Record<string, string> }[];
      };
      const found = values.find((each) => Object.entries(labels).every(([key, value]) => each.labels[key] === value));
      return found?.value ?? Number.NaN;
    },
    async stop() {
      const stopping = (async () => {
        for (const stop of stops.splice(0).reverse()) await stop();
      })();
      let over = false;
      void stopping.then(() => (over = true));
      await clock.until(() => over, "the controllers");
      await server.stop();
    },
  };
}

function recordingLogger(lines: EngineWorld["lines"], bound: Record<string, unknown>): Logger {
  const at = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void lines.push({ level, message, fields: { ...bound, ...fields } });
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => recordingLogger(lines, { ...bound, ...fields }),
  };
}
