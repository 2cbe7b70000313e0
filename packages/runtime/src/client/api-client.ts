import { type Clock, type Interceptor, intercept, systemClock, type Transport } from "@homeostat/api";
import type { Cache } from "../cache/cache.ts";
import { type Logger, silentLogger } from "../log.ts";
import { cachedReads, type ReadWait } from "./cached-client.ts";
import type { Client, SubresourceClient } from "./client.ts";
import { deleteAll, deleteOne } from "./deletes.ts";
import { liveReads } from "./live-reads.ts";
import { createOwnWrites } from "./own-writes.ts";
import { createRequester } from "./requester.ts";
import { type RequestRetry, retry } from "./retry.ts";
import { scaleClient, subresourceClient } from "./subresources.ts";
import { dedupeWarnings, type ServerWarning } from "./warnings.ts";
import { watchEvents } from "./watch-events.ts";
import type { WriteObserver } from "./write-observer.ts";
import { checkedManager, create, type WriteContext, writes } from "./writes.ts";

/** How a client reaches its server, and what it does by default. */
export interface ClientOptions {
  /** How requests are made: `connect()`'s, or a server's in this process. */
  readonly transport: Transport;
  /** Who writes, for ownership of fields; at most 128 characters. Default: the user agent's first word. */
  readonly fieldManager?: string;
  /** Default `homeostat`. */
  readonly userAgent?: string;
  /** What the server does about unknown and duplicate fields. Default `Strict`. */
  readonly fieldValidation?: "Ignore" | "Warn" | "Strict";
  /** Answers reads of the kinds it watches. Default: all reads are live. */
  readonly cache?: Cache;
  /** How long a cached read waits for this client's own writes, in milliseconds, before it asks the server. Default 5000. */
  readonly readYourWritesMs?: number;
  /** Requests made again (429 and 5xx with Retry-After, GET on a lost connection). Default 10; 0 for none. */
  readonly maxRetries?: number;
  /** Wrap every request, retries included. Default: none. */
  readonly interceptors?: readonly Interceptor[];
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: none. */
  readonly log?: Logger;
  /** Called once for each distinct warning of the server. Default: told to the request's log, or this client's. */
  readonly onWarning?: (warning: ServerWarning) => void;
  /** Called after each write that succeeded. Default: none. */
  readonly onWrite?: WriteObserver;
  /** Called after each read that had to wait for this client's own writes, for metrics. Must not throw. Default: none. */
  readonly onReadWait?: (wait: ReadWait) => void;
  /** Called before a request is made again, for metrics. Must not throw. Default: none. */
  readonly onRetry?: (retry: RequestRetry) => void;
}

/** A client of one API server. Reads of watched kinds come from the cache and see this client's own writes. */
export function createClient(options: ClientOptions): Client {
  const clock = options.clock ?? systemClock;
  const log = options.log ?? silentLogger;
  const userAgent = options.userAgent ?? "homeostat";
  const onWarning =
    options.onWarning ??
    ((warning: ServerWarning) => {
      const { text, method, path } = warning;
      (warning.log ?? log).warn({ warning: text, method, path }, "Server warns");
    });
  const onRetry = (again: RequestRetry): void => {
    log.debug({ ...again }, "Request is made again");
    options.onRetry?.(again);
  };
  const watching = intercept(options.transport, ...(options.interceptors ?? []));
  const transport = intercept(
    options.transport,
    ...(options.interceptors ?? []),
    retry({ clock, onRetry, maxRetries: options.maxRetries ?? 10 }),
  );
  const requester = createRequester({ transport, userAgent, onWarning: dedupeWarnings(onWarning) });
  const ownWrites = createOwnWrites((resource, key) => options.cache?.store(resource, { ...key, metadataOnly: true }));
  const context: WriteContext = {
    requester,
    ownWrites,
    cache: options.cache,
    onWrite: options.onWrite,
    defaults: {
      fieldManager: checkedManager(options.fieldManager ?? userAgent.split(/[/ ]/)[0]!),
      fieldValidation: options.fieldValidation ?? "Strict",
    },
  };
  const live = liveReads(requester);
  const reads = options.cache
    ? cachedReads({
        live,
        cache: options.cache,
        ownWrites,
        clock,
        log,
        waitMs: options.readYourWritesMs ?? 5000,
        ...(options.onReadWait ? { onReadWait: options.onReadWait } : {}),
      })
    : live;
  const subresource = (name: string): SubresourceClient => subresourceClient(context, name);

  return {
    ...reads,
    ...writes(context, undefined),
    create: (resource, object, writeOptions) => create(context, resource, object, writeOptions),
    delete: (resource, key, deleteOptions) => deleteOne(context, resource, key, deleteOptions),
    deleteAll: (resource, deleteOptions) => deleteAll(context, resource, deleteOptions),
    watch: (resource, watchOptions) => watchEvents(watching, userAgent, resource, watchOptions),
    status: subresource("status"),
    subresource,
    scale: scaleClient(context),
  };
}
