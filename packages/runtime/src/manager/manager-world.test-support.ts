import { request } from "node:http";
import { type Clock, createVirtualClock, Namespace, type Transport, type VirtualClock } from "@homeostat/api";
import { type ApiServer, createApiServer } from "@homeostat/apiserver";
import { createCache } from "../cache/informer-cache.ts";
import { createClient } from "../client/api-client.ts";
import type { Client } from "../client/client.ts";
import { type Logger, silentLogger } from "../log.ts";
import type { Cluster } from "../multicluster/cluster.ts";
import { createManager } from "./create-manager.ts";
import type { Manager, ManagerOptions, Runnable } from "./manager.ts";

/** A real API server in virtual time, managers on it, and a person beside them. */
export class ManagerWorld {
  readonly clock: VirtualClock;
  readonly server: ApiServer;
  readonly admin: Client;
  readonly #managers: Manager[] = [];

  private constructor(clock: VirtualClock, server: ApiServer) {
    this.clock = clock;
    this.server = server;
    this.admin = createClient({ transport: server.transport(), clock, fieldManager: "admin" });
  }

  static async create(clock: VirtualClock = createVirtualClock()): Promise<ManagerWorld> {
    const world = new ManagerWorld(clock, await createApiServer({ clock: clock as Clock }));
    for (const name of ["demo", "ops"]) await world.admin.create(Namespace, { metadata: { name } });
    return world;
  }

  manager(options: ManagerOptions = {}): Manager {
    const { clock } = this;
    const transport = this.server.transport();
    const manager = createManager({ transport, clock, random: () => 0.5, log: silentLogger, ...options });
    this.#managers.push(manager);
    return manager;
  }

  /** Runs virtual time until the promise has settled. */
  async drive<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = (): void => void (settled = true);
    promise.then(done, done);
    await this.clock.until(() => settled, "a promise");
    return promise;
  }

  async end(): Promise<void> {
    for (const manager of this.#managers.splice(0)) await this.drive(manager.stop()).catch(() => {});
    await this.server.stop();
  }
}

/** Another cluster, as a manager engages it. */
export function clusterOn(
  world: ManagerWorld,
  name: string,
  transport: Transport,
): Cluster & { readonly name: string } {
  const { clock } = world;
  const cache = createCache({ transport, clock, random: () => 0.5, log: silentLogger });
  return {
    name,
    cache,
    client: createClient({ transport, clock, cache }),
    recorder: { event() {}, for: () => ({ normal() {}, warning() {} }), stop: async () => {} },
    close: () => cache.stop(),
  };
}

/** Tells when it is started and stopped. */
export function told(order: string[], name: string, more: Partial<Runnable> = {}): Runnable {
  return {
    name,
    run: (signal) => {
      order.push(`${name} runs`);
      return new Promise((resolve) =>
        signal.addEventListener("abort", () => {
          order.push(`${name} ends`);
          resolve();
        }),
      );
    },
    ...more,
  };
}

/** Keeps warnings and errors as text. */
export function keepingLog(lines: string[]): Logger {
  const keep = (fields: Record<string, unknown>, message: string): void =>
    void lines.push(`${message} ${String(fields["reason"] ?? fields["err"] ?? "")}`);
  const log: Logger = { ...silentLogger, warn: keep, error: keep, child: () => log };
  return log;
}

/** A connection of its own for each request: a pooled one would outlive the server it leads to. */
export const get = (address: string | undefined, path: string) =>
  new Promise<{ readonly status: number | undefined; readonly body: string }>((resolve, reject) => {
    const outgoing = request(`http://${address}${path}`, { agent: false }, async (response) => {
      resolve({ status: response.statusCode, body: (await response.toArray()).join("") });
    });
    outgoing.on("error", reject).end();
  });
