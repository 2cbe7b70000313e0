import {
  type Clock,
  ConfigMap,
  CustomResourceDefinition,
  conditions,
  createVirtualClock,
  defineResource,
  intercept,
  Namespace,
  type VirtualClock,
} from "@homeostat/api";
import { type ApiServer, createApiServer, type UserInfo } from "@homeostat/apiserver";
import { Registry } from "prom-client";
import { z } from "zod";
import { createCache, type InformerCache } from "../cache/informer-cache.ts";
import { createClient } from "../client/api-client.ts";
import type { Client } from "../client/client.ts";
import { Controller } from "../controller/controller.ts";
import type { ControllerDefinition } from "../controller/definition.ts";
import { ReconcileLedger } from "../ledger/ledger.ts";
import type { Logger } from "../log.ts";
import { createManager } from "../manager/create-manager.ts";
import type { Manager } from "../manager/manager.ts";
import { ControllerMetrics } from "../metrics/controller-metrics.ts";
import type { Shard } from "../sharding/shard.ts";

/** Test support: a kind of our own on a real API server. */
export const App = defineResource({
  group: "example.com",
  version: "v1",
  kind: "App",
  spec: z.object({ size: z.int().default(1), image: z.string().optional(), managementState: z.string().optional() }),
  status: z.object({ phase: z.string().optional(), conditions: conditions().optional() }),
});

/** The same, cluster-scoped. */
export const Zone = defineResource({
  group: "example.com",
  version: "v1",
  kind: "Zone",
  scope: "Cluster",
  spec: z.object({ size: z.int().default(1) }),
});

// biome-ignore lint/suspicious/noExplicitAny: controllers of several kinds stand in one list, and no variance fits
export type AnyDefinition = ControllerDefinition<any>;

/** Test support: an API server in process, and managers on it, in virtual time. */
export interface ServerWorld {
  readonly clock: VirtualClock;
  readonly server: ApiServer;
  /** A person beside the operator. */
  readonly admin: Client;
  readonly lines: { level: string; message: string; fields: Record<string, unknown> }[];
  /** Requests of managers, `GET /api/v1/…?…`. */
  readonly requests: string[];
  /** Starts a manager with controllers; without waiting for it where `wait` is false. */
  run(definitions: readonly AnyDefinition[], options?: { user?: UserInfo; wait?: boolean }): Promise<Manager>;
  /** Makes an App. */
  app(name: string, spec?: Record<string, unknown>, metadata?: Record<string, unknown>): Promise<string>;
  /** Makes or changes a ConfigMap. @returns its uid */
  configMap(name: string, object?: Record<string, unknown>): Promise<string>;
  /** Starts a controller (or only warms it up) without a manager, on a cache that is at hand. */
  controller(
    definition: AnyDefinition,
    options?: { shard?: Shard; warmupOnly?: boolean },
  ): Promise<{ controller: Controller; cache: InformerCache }>;
  metric(manager: Manager, line: string): Promise<number>;
  stop(): Promise<void>;
}

export async function createServerWorld(): Promise<ServerWorld> {
  const clock = createVirtualClock();
  const server = await createApiServer({ clock: clock as Clock });
  const admin = createClient({ transport: server.transport(), clock, fieldManager: "admin" });
  const managers: Manager[] = [];
  const lines: ServerWorld["lines"] = [];
  const requests: string[] = [];
  const stops: (() => Promise<void>)[] = [];
  await admin.create(Namespace, { metadata: { name: "demo" } });
  for (const kind of [App, Zone]) {
    const { metadata } = await admin.create(CustomResourceDefinition, kind.crd());
    await clock.until(async () => {
      const crd = await admin.get(CustomResourceDefinition, metadata);
      return crd.status?.conditions?.some((each) => each.type === "Established" && each.status === "True") ?? false;
    }, "the CustomResourceDefinition");
  }
  return {
    clock,
    server,
    admin,
    lines,
    requests,
    async run(definitions, { user, wait = true } = {}) {
      const transport = intercept(server.transport(user), (next) => (request) => {
        requests.push(`${request.method} ${request.path}`);
        return next(request);
      });
      const manager = createManager({ transport, clock, random: () => 0.5, log: recordingLogger(lines, {}) });
      managers.push(manager);
      for (const definition of definitions) manager.add(definition);
      const started = manager.start();
      started.catch(() => {});
      if (wait) await started;
      return manager;
    },
    async app(name, spec = {}, metadata = {}) {
      const made = await admin.create(App, { metadata: { name, namespace: "demo", ...metadata }, spec: spec as never });
      return made.metadata.uid;
    },
    async configMap(name, object = {}) {
      const { metadata = {}, ...rest } = object as { metadata?: object };
      const made = await admin.create(ConfigMap, { ...rest, metadata: { name, namespace: "demo", ...metadata } });
      return made.metadata.uid;
    },
    async controller(definition, { shard, warmupOnly = false } = {}) {
      const transport = server.transport();
      const cache = createCache({ transport, clock, random: () => 0.5 });
      const client = createClient({ transport, clock, cache });
      const log = recordingLogger(lines, {});
      const ignored = () => {};
      const controller: Controller = new Controller(definition, {
        client,
        cache,
        recorder: { event: ignored, for: () => ({ normal: ignored, warning: ignored }), stop: async () => {} },
        ledger: new ReconcileLedger(),
        metrics: new ControllerMetrics(new Registry()),
        log,
        clock,
        random: () => 0.5,
        ...(shard ? { shard } : {}),
      });
      stops.push(async () => {
        await controller.stop(0);
        await cache.stop();
      });
      await (warmupOnly ? controller.warmup() : controller.start());
      return { controller, cache };
    },
    async metric(manager, line) {
      const found = (await manager.metrics.text()).split("\n").find((each) => each.startsWith(`${line} `));
      return found === undefined ? Number.NaN : Number(found.slice(line.length + 1));
    },
    async stop() {
      for (const manager of managers.splice(0)) {
        const stopped = manager.stop().catch(() => {});
        let over = false;
        void stopped.then(() => (over = true));
        await clock.until(() => over, "the manager");
      }
      for (const stop of stops.splice(0)) {
        let over = false;
        void stop().then(() => (over = true));
        await clock.until(() => over, "the controller");
      }
      await server.stop();
    },
  };
}

function recordingLogger(lines: ServerWorld["lines"], bound: Record<string, unknown>): Logger {
  const at = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void lines.push({ level, message, fields: { ...bound, ...fields } });
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => recordingLogger(lines, { ...bound, ...fields }),
  } as Logger;
}
