import {
  type Clock,
  ConfigMap,
  createVirtualClock,
  defineResource,
  intercept,
  Namespace,
  type Status,
  type Transport,
  type TransportRequest,
  type TransportResponse,
  type VirtualClock,
} from "@homeostat/api";
import { createApiServer } from "@homeostat/apiserver";
import { onTestFinished } from "vitest";
import { z } from "zod";
import { createClient } from "../client/api-client.ts";
import type { Client } from "../client/client.ts";
import { ConnectionError } from "../client/connection.ts";
import { type Logger, silentLogger } from "../log.ts";
import { type CacheOptions, createCache, type InformerCache } from "./informer-cache.ts";
import type { StoreEvent } from "./store.ts";

/** A real API server in this process, in virtual time, and a network to it that does what the test wants. */
export interface CacheWorld {
  readonly clock: VirtualClock;
  /** An administrator beside the cache, whose requests meet no faults. */
  readonly admin: Client;
  /** What caches asked, oldest first: `list 0`, `stream`, `watch 12`, with where it went. */
  readonly asked: Asked[];
  /** Bodies of watches that are open. */
  readonly watches: OpenWatch[];
  /** Answers instead of the server where it answers at all. */
  fault: ((asked: Asked) => TransportResponse | Error | undefined) | undefined;
  readonly warnings: string[];
  readonly errors: string[];
  cache(options?: Partial<CacheOptions>): InformerCache;
  configMap(
    name: string,
    data?: Readonly<Record<string, string>>,
    labels?: Readonly<Record<string, string>>,
  ): Promise<void>;
}

export interface Asked {
  readonly at: number;
  readonly kind: "list" | "page" | "stream" | "watch" | "other";
  readonly path: string;
  readonly query: URLSearchParams;
  readonly accept: string;
  readonly version: string;
}

export interface OpenWatch {
  readonly asked: Asked;
  /** The connection breaks. */
  drop(): void;
  /** The server ends it. */
  end(): void;
  /** The connection dies without a word: nothing comes any more, and no end. */
  mute(): void;
  /** Something comes that the server did not send. */
  inject(line: object): void;
}

export const Widget = defineResource({
  group: "example.com",
  version: "v1",
  kind: "Widget",
  spec: z.object({ size: z.int().optional() }),
});

export async function cacheWorld(namespaces: readonly string[] = ["a"]): Promise<CacheWorld> {
  const clock = createVirtualClock();
  const server = await createApiServer({ clock: clock as Clock });
  const admin = createClient({ transport: server.transport(), clock, fieldManager: "admin" });
  for (const name of namespaces) await admin.create(Namespace, { metadata: { name, labels: { team: name } } });
  // What a server comes with is in the way of the tests.
  for (const { metadata } of (await admin.list(ConfigMap)).items)
    await admin.delete(ConfigMap, { namespace: metadata.namespace!, name: metadata.name });
  const asked: Asked[] = [];
  const watches: OpenWatch[] = [];
  const warnings: string[] = [];
  const errors: string[] = [];
  const log: Logger = {
    ...silentLogger,
    warn: (_, message) => warnings.push(message),
    error: (_, message) => errors.push(message),
    child: () => log,
  };
  const world: CacheWorld = {
    clock,
    admin,
    asked,
    watches,
    fault: undefined,
    warnings,
    errors,
    cache(options = {}) {
      const cache = createCache({ transport, clock, random: () => 0, log, ...options });
      onTestFinished(() => cache.stop());
      return cache;
    },
    async configMap(name, data = {}, labels = {}) {
      const [namespace, own] = name.split("/");
      await admin.apply(ConfigMap, {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { namespace: namespace!, name: own!, labels },
        data,
      });
    },
  };
  const transport: Transport = intercept(server.transport(), (next) => async (request) => {
    const what = askedOf(request, clock);
    asked.push(what);
    const fault = world.fault?.(what);
    if (fault instanceof Error) throw fault;
    const response = fault ?? (await next(request));
    return what.kind === "watch" || what.kind === "stream" ? opened(response, what, watches, request.signal) : response;
  });
  onTestFinished(() => server.stop());
  return world;
}

/** `a/x` of an event, with what it is. */
export function noteOf(event: StoreEvent): string {
  const flags = [
    "initial" in event && event.initial && " initial",
    "resync" in event && event.resync && " resync",
    "stale" in event && event.stale && " stale",
  ];
  return `${event.type} ${event.object.metadata.key}${flags.filter(Boolean).join("")}`;
}

export function refusal(code: number, reason: string, more: Partial<Status> = {}): TransportResponse {
  const status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: reason,
    reason,
    code,
    ...more,
  };
  return answer(code, status);
}

export function answer(status: number, body: object): TransportResponse {
  const bytes = Buffer.from(JSON.stringify(body));
  return {
    status,
    headers: { "content-type": "application/json" },
    bytes: async () => bytes,
    pipe: async (sink) => sink(bytes),
  };
}

export const connectionRefused = (): Error => new ConnectionError("connect ECONNREFUSED", "ECONNREFUSED", false);

function askedOf({ path, headers }: TransportRequest, clock: Clock): Asked {
  const [pathname = "", search] = path.split("?");
  const query = new URLSearchParams(search);
  const kind = query.get("sendInitialEvents")
    ? "stream"
    : query.get("watch")
      ? "watch"
      : query.get("continue")
        ? "page"
        : "list";
  return {
    at: clock.monotonic(),
    kind,
    path: pathname,
    query,
    accept: headers?.["accept"] ?? "",
    version: query.get("resourceVersion") ?? "",
  };
}

/** The answer of a watch, with a body that the test can meddle with. */
function opened(
  response: TransportResponse,
  asked: Asked,
  watches: OpenWatch[],
  signal: AbortSignal | undefined,
): TransportResponse {
  return {
    ...response,
    pipe: (sink) =>
      new Promise((resolve, reject) => {
        let over = false;
        let muted = false;
        const finish = (act: () => void): void => {
          over = true;
          const at = watches.indexOf(watch);
          if (at >= 0) watches.splice(at, 1);
          act();
        };
        const push = (chunk: Uint8Array): void => {
          if (over || muted) return;
          try {
            sink(chunk);
          } catch (error) {
            finish(() => reject(error));
          }
        };
        const watch: OpenWatch = {
          asked,
          drop: () => finish(() => reject(new ConnectionError("read ECONNRESET", "ECONNRESET", true))),
          end: () => finish(resolve),
          mute: () => {
            muted = true;
          },
          inject: (line) => push(Buffer.from(`${JSON.stringify(line)}\n`)),
        };
        watches.push(watch);
        signal?.addEventListener("abort", () => finish(() => reject(signal.reason)), { once: true });
        response.pipe(push).then(
          () => muted || over || finish(resolve),
          (error) => over || finish(() => reject(error)),
        );
      }),
  };
}
