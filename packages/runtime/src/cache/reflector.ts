import {
  ApiError,
  type Clock,
  isExpired,
  isTooManyRequests,
  type Transport,
  type TransportResponse,
} from "@homeostat/api";
import { queryString } from "../client/query.ts";
import { isConnectionLost } from "../client/retry.ts";
import { errorOfResponse } from "../client/status-error.ts";
import { createWatchStream } from "../client/watch-stream.ts";
import type { Logger } from "../log.ts";
import { createBackoff } from "./backoff.ts";
import type { ByteStore } from "./byte-store.ts";
import { timedOut, watchProgress, watchSilence, withDeadline } from "./deadlines.ts";
import { createOutageLog } from "./outage-log.ts";
import { gatherList } from "./pages.ts";
import { createWatchConsumer, type WatchConsumer } from "./watch-consumer.ts";

/**
 * Keeps a store equal to what the server has, for ever: lists once, then watches from there; when a watch ends it is
 * opened again where it left off, and only when the server no longer keeps that version is everything listed anew.
 *
 * A *round* is one list and the watches that follow it. Whatever ends a round, the next begins one backoff step later,
 * so that nothing loops hot.
 *
 * Lists are streamed (KEP-3157): a watch that first sends everything, then a bookmark that says so, then goes on. A
 * server that does not know this is remembered and asked for pages. Nothing of a list is visible before it is whole.
 *
 * Source: client-go, tools/cache/reflector.go; added are the memory of what the server cannot do, and a deadline of
 * our own for watches, since a connection may die without a word.
 */
export interface Reflector {
  readonly state: ReflectorState;
  readonly counters: ReflectorCounters;
  /** Resolves when `signal` is aborted; never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/** What it is doing. */
export type ReflectorState =
  | { readonly type: "idle" }
  /** Asking for pages. */
  | { readonly type: "listing"; readonly resourceVersion: string }
  /** Receiving a streamed list; the store still shows the former state. */
  | { readonly type: "streaming"; readonly resourceVersion: string }
  /** Following changes from a version on. */
  | { readonly type: "watching"; readonly resourceVersion: string }
  /**
   * Something failed: the next attempt is made at `untilMs` of the clock's `monotonic`. `reason` is the server's, where
   * it was the server that refused (`Forbidden`).
   */
  | {
      readonly type: "waiting";
      readonly untilMs: number;
      readonly error: string | undefined;
      readonly reason: string | undefined;
    }
  /** The server does not serve this kind (404): its CRD is missing or was deleted. What was known of it stays. */
  | { readonly type: "missing" }
  | { readonly type: "stopped" };

export interface ReflectorCounters {
  lists: number;
  watches: number;
  events: number;
  /** Reading of the clock's `monotonic` when bytes last came in. */
  lastHeardAt: number | undefined;
}

/** What a server was found able or unable to do; shared by all reflectors of one server. */
export interface ServerAbilities {
  watchList: boolean;
}

export interface ReflectorOptions {
  readonly transport: Transport;
  /** Path of the collection. */
  readonly path: string;
  /** Selectors. */
  readonly query: { readonly labelSelector?: string | undefined; readonly fieldSelector?: string | undefined };
  readonly store: Pick<ByteStore, "apply" | "advance" | "replace">;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly abilities: ServerAbilities;
  readonly userAgent: string;
  /** Ask for metadata only. Default false. */
  readonly metadataOnly?: boolean;
  /** How long after the watch's own timeout a silent server is given up, in milliseconds. Default 30000. */
  readonly graceMs?: number;
  /**
   * How long a watch may be silent, in milliseconds, once the server was seen to send bookmarks on watches: it then
   * sends one each minute, so that silence means a connection that died without a word. Default 150000.
   */
  readonly idleMs?: number;
  /**
   * Asked when the server does not serve the kind: resolves when it may serve it. Rejecting means that nobody can tell;
   * then it is tried at intervals that grow to a minute. Default: nobody can tell.
   */
  readonly untilServed?: (signal: AbortSignal) => Promise<void>;
  /** Told of each failure, beside the log. */
  readonly onError?: (error: unknown) => void;
}

/** Even where its definition is watched, a missing kind is tried again after so long: it may have none (API services). */
const missingPollMs = 120_000;

/** How a watch ended. */
type WatchEnd =
  /** `lost`: the connection broke, or was silent for so long that we ended it. */
  | { readonly type: "closed"; readonly phase: Phase; readonly short: boolean; readonly lost?: unknown }
  | { readonly type: "failed"; readonly phase: Phase; readonly error: unknown };

/** Where in its life a watch was: not answered yet, sending a streamed list, following changes. */
type Phase = "opening" | "initial" | "live";

const pageSize = 500;
const minTimeoutS = 300;
/** After a minute a server gives up a list by itself (kube-apiserver, `--request-timeout`). */
const listTimeoutMs = 60_000;
/** Watches refused with a 5xx, one after another, before everything is listed. */
const maxServerErrors = 4;
const shortWatchMs = 1000;
const quietMs = 10_000;

export function createReflector(options: ReflectorOptions): Reflector {
  const { store, clock, random, log, abilities, graceMs = 30_000, idleMs = 150_000 } = options;
  const answerMs = listTimeoutMs + graceMs;
  const backoff = createBackoff(clock, random);
  const outages = createOutageLog(log, clock, options.path);
  const counters: ReflectorCounters = { lists: 0, watches: 0, events: 0, lastHeardAt: undefined };
  let state: ReflectorState = { type: "idle" };
  // All that is kept from round to round.
  let lastVersion: string | undefined;
  let versionUnavailable = false;
  let paginated = false;
  let serverErrors = 0;
  let bookmarks = false;

  const run = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      let failure: unknown;
      try {
        await round(signal);
      } catch (error) {
        failure = error;
      }
      if (signal.aborted) break;
      if (failure !== undefined) report(failure);
      if (isMissing(failure)) await whileMissing(signal);
      else await pause(signal, failure);
    }
    state = { type: "stopped" };
  };

  /** Waits one backoff step; an abort ends it quietly. */
  const pause = async (signal: AbortSignal, error: unknown): Promise<void> => {
    const delayMs = backoff.next();
    state = {
      type: "waiting",
      untilMs: clock.monotonic() + delayMs,
      error: error === undefined ? undefined : String((error as Error).message ?? error),
      reason: error instanceof ApiError ? error.reason : undefined,
    };
    await delay(delayMs, signal);
  };

  /** Waits until a kind may be served that is not. What it is then is a new one, with versions of its own. */
  const whileMissing = async (signal: AbortSignal): Promise<void> => {
    state = { type: "missing" };
    lastVersion = undefined;
    versionUnavailable = false;
    await delay(backoff.next(), signal);
    if (!options.untilServed || signal.aborted) return;
    const ending = new AbortController();
    const either = AbortSignal.any([signal, ending.signal]);
    const served = options.untilServed(either).catch(() => {});
    await Promise.race([served, delay(missingPollMs, either)]);
    ending.abort();
  };

  const delay = async (delayMs: number, signal: AbortSignal): Promise<void> => {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        cancel();
        signal.removeEventListener("abort", done);
        resolve();
      };
      const cancel = clock.setTimer(done, delayMs);
      signal.addEventListener("abort", done, { once: true });
    });
  };

  const report = (error: unknown): void => {
    outages.failed(error);
    options.onError?.(error);
  };

  /** One list and the watches after it. Throws, or returns, where everything must be listed again. */
  const round = async (signal: AbortSignal): Promise<void> => {
    let streamed = abilities.watchList;
    if (!streamed) await list(signal);
    while (!signal.aborted) {
      const end = await watch(signal, streamed);
      if (signal.aborted) return;
      if (end.phase === "live") streamed = false;
      if (streamed) streamed = await afterFailedStream(end, signal);
      else if (!(await afterWatch(end, signal))) return;
    }
  };

  /** A streamed list did not come to its end. @returns whether to stream again; otherwise the list was made in pages */
  const afterFailedStream = async (end: WatchEnd, signal: AbortSignal): Promise<boolean> => {
    if (end.type === "failed" && isMissing(end.error)) throw end.error;
    if (end.type === "closed" || isConnectionLost(end.error)) {
      if (end.type === "failed" || !end.short) {
        await pause(signal, undefined);
        return true;
      }
    } else if ((end.phase === "opening" && !(end.error instanceof ApiError)) || isTooManyRequests(end.error)) {
      report(end.error);
      await pause(signal, end.error);
      return true;
    } else if (isVersionUnusable(end.error) && !versionUnavailable && lastVersion !== undefined) {
      versionUnavailable = true;
      return true;
    } else if (isUnsupported(end.error)) {
      abilities.watchList = false;
      log.info({ path: options.path }, "Server has no streamed lists, listing in pages");
    } else report(end.error);
    await list(signal);
    return false;
  };

  /** @returns whether to watch again from the last version; otherwise the round is over */
  const afterWatch = async (end: WatchEnd, signal: AbortSignal): Promise<boolean> => {
    if (end.type === "closed") {
      if (!end.short) return true;
      if (end.lost === undefined) throw new Error("watch ended within a second without an event");
      report(end.lost);
      await pause(signal, end.lost);
      return true;
    }
    if (isTooManyRequests(end.error) || (end.phase === "opening" && saysNothingOfVersion(end.error))) {
      report(end.error);
      await pause(signal, end.error);
      return true;
    }
    if (end.phase === "live" && isExpired(end.error)) {
      report(end.error);
      return false;
    }
    throw end.error;
  };

  /**
   * A watch that was not answered, or by a server in trouble, can be opened later where it left off. Listing instead
   * would lose what was made and deleted meanwhile, and burden a server that has trouble already. A 5xx that stays
   * may be about the version, though.
   */
  const saysNothingOfVersion = (error: unknown): boolean => {
    if (!(error instanceof ApiError)) return true;
    return error.code >= 500 && !isVersionUnusable(error) && ++serverErrors < maxServerErrors;
  };

  /** Lists everything in pages and puts it in the store. */
  const list = async (signal: AbortSignal): Promise<void> => {
    const version = lastVersion === undefined ? "0" : versionUnavailable ? "" : lastVersion;
    try {
      await listFrom(version, signal);
    } catch (error) {
      if (!isVersionUnusable(error) || version === "") throw error;
      versionUnavailable = true;
      await listFrom("", signal);
    }
    versionUnavailable = false;
  };

  const listFrom = async (version: string, signal: AbortSignal): Promise<void> => {
    state = { type: "listing", resourceVersion: version };
    counters.lists++;
    // A list "not older than" is answered from the server's memory only without a limit.
    const limit = version === "" || version === "0" || paginated ? pageSize : undefined;
    const { next, resourceVersion, paged } = await gatherList(store, (query) => page(query, signal), version, limit);
    if (signal.aborted) {
      next.abandon();
      throw signal.reason;
    }
    if (paged && version === "0") paginated = true;
    lastVersion = resourceVersion;
    serverErrors = 0;
    outages.works();
    await next.commit(resourceVersion);
  };

  const page = async (query: Readonly<Record<string, string | number | undefined>>, signal: AbortSignal) => {
    const path = options.path + queryString({ ...options.query, ...query });
    const body = await withDeadline(clock, answerMs, signal, async (limited) => {
      const response = await options.transport({ method: "GET", path, headers: headers("List"), signal: limited });
      const bytes = await response.bytes();
      if (response.status !== 200) throw errorOfResponse(response, bytes, `GET ${path}`);
      return bytes;
    });
    heard();
    return { path, body };
  };

  /** One watch request. @param streamed whether it is to begin with a list */
  const watch = async (signal: AbortSignal, streamed: boolean): Promise<WatchEnd> => {
    const version = (streamed && versionUnavailable ? "" : lastVersion) ?? "";
    const timeoutSeconds = minTimeoutS + Math.floor(random() * (minTimeoutS + 1));
    const deadline = new AbortController();
    const giveUp = (why: string) => deadline.abort(timedOut(why));
    const cancelDeadline = clock.setTimer(
      () => giveUp("watch is silent beyond its timeout"),
      timeoutSeconds * 1000 + graceMs,
    );
    const broken = new AbortController();
    const openedAt = clock.monotonic();
    const consumer = consume(version, streamed, (error) => broken.abort(error));
    let cancelIdle = (): void => {};
    const cancelQuiet = streamed ? warnWhileQuiet(consumer) : () => {};
    state = { type: streamed ? "streaming" : "watching", resourceVersion: version };
    counters.watches++;
    let phase: Phase = "opening";
    let cancelOpened = (): void => {};
    const short = (): boolean => consumer.events === 0 && clock.monotonic() - openedAt < shortWatchMs;
    try {
      const ending = AbortSignal.any([signal, deadline.signal, broken.signal]);
      const response = await open(version, streamed, timeoutSeconds, ending);
      phase = streamed ? "initial" : "live";
      serverErrors = 0;
      cancelOpened = outages.opened();
      heard();
      cancelIdle = watchSilence(
        clock,
        idleMs,
        () => counters.lastHeardAt ?? 0,
        () => bookmarks,
        () => giveUp(`watch was silent for ${idleMs} ms`),
      );
      const stream = createWatchStream(consumer.event);
      await response.pipe((chunk) => {
        heard();
        stream.push(chunk);
      });
      await consumer.settled();
      return { type: "closed", phase: consumer.listing ? "initial" : "live", short: short() };
    } catch (error) {
      // What came before the end counts, and the next list must wait until this one is told.
      await consumer.settled().catch(() => {});
      if (phase !== "opening") phase = consumer.listing ? "initial" : "live";
      // A connection that broke under a watch is a watch that ended; so is one we gave up.
      if (phase !== "opening" && (deadline.signal.aborted || isConnectionLost(error)))
        return { type: "closed", phase, short: short(), lost: error };
      return { type: "failed", phase, error };
    } finally {
      cancelDeadline();
      cancelIdle();
      cancelOpened();
      cancelQuiet();
      consumer.abandon();
    }
  };

  const open = async (
    version: string,
    streamed: boolean,
    timeoutSeconds: number,
    signal: AbortSignal,
  ): Promise<TransportResponse> => {
    const path =
      options.path +
      queryString({
        ...options.query,
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion: version,
        timeoutSeconds,
        ...(streamed ? { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" } : {}),
      });
    // A watch is answered at once, however long it lasts.
    const response = await withDeadline(clock, answerMs, signal, (limited) =>
      options.transport({ method: "GET", path, headers: headers(""), signal: limited }),
    );
    if (response.status !== 200) throw errorOfResponse(response, await response.bytes(), `GET ${path}`);
    return response;
  };

  const consume = (version: string, streamed: boolean, onFailed: (error: unknown) => void): WatchConsumer =>
    createWatchConsumer({
      onFailed,
      onBookmark() {
        bookmarks = true;
      },
      store,
      version,
      streamed,
      onEvent: () => counters.events++,
      onListed(marked) {
        lastVersion = marked;
        versionUnavailable = false;
        counters.lists++;
        outages.works();
        state = { type: "watching", resourceVersion: marked };
      },
      onVersion(reached) {
        lastVersion = reached;
      },
      onSkipped: (error) =>
        log.warn({ path: options.path, error: error.message }, "Watch sent an object of another kind, skipping it"),
    });

  /** Says every ten seconds that a streamed list does not get on. */
  const warnWhileQuiet = (consumer: WatchConsumer): (() => void) =>
    watchProgress(
      clock,
      quietMs,
      () => consumer.events,
      () => !consumer.listing,
      () => log.warn({ path: options.path, events: consumer.events, quietMs }, "Streamed list does not get on"),
    );

  const heard = (): void => {
    counters.lastHeardAt = clock.monotonic();
  };

  const headers = (suffix: "" | "List"): Record<string, string> => ({
    accept: options.metadataOnly
      ? `application/json;as=PartialObjectMetadata${suffix};g=meta.k8s.io;v=v1`
      : "application/json",
    "user-agent": options.userAgent,
  });

  return {
    run,
    counters,
    get state() {
      return state;
    },
  };
}

/** The server does not know the kind. Of a collection a 404 means nothing else. */
function isMissing(error: unknown): boolean {
  return error instanceof ApiError && error.code === 404;
}

/** The server cannot answer at the version we have: it is too old, or the server is behind it. */
function isVersionUnusable(error: unknown): boolean {
  if (isExpired(error)) return true;
  return (
    error instanceof ApiError &&
    error.reason === "Timeout" &&
    (error.status.details?.causes ?? []).some(({ reason }) => reason === "ResourceVersionTooLarge")
  );
}

/** The server does not know `sendInitialEvents`. */
function isUnsupported(error: unknown): boolean {
  return error instanceof ApiError && (error.code === 422 || error.code === 400 || error.code === 405);
}
