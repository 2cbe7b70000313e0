import { ApiError, expired, internalError, type JsonObject } from "@homeostat/api";
import { encodeCborEvent } from "../codec/cbor-writer.ts";
import type { ResponseStream, StreamBody } from "../http/handler.ts";
import type { Engine } from "../registry/engine.ts";
import { encodeObject, parseEntry } from "../registry/object-store.ts";
import type { ServedResource } from "../registry/served-resource.ts";
import { CompactedError, type Entry, type StorageEvent } from "../storage/storage.ts";
import type { ListQuery } from "./list-query.ts";
import { type Selection, selectionOf, selectsByFields } from "./selection.ts";

/** How an object is shown in a watch: as it is (undefined) or transformed, as a row of a table or by its metadata. */
export type WatchTransform = ((object: JsonObject, first: boolean) => JsonObject) | undefined;

export interface WatchOptions {
  readonly query: ListQuery;
  /** Of the frames: lines of JSON or items of CBOR. */
  readonly format: "json" | "cbor";
  readonly namespace: string | undefined;
  readonly transform: WatchTransform;
  /** How many frames may wait to be written before the watch is ended. */
  readonly buffer: number;
  /** How many bytes the reader may leave untaken before the watch is ended. */
  readonly bufferBytes: number;
  /** In milliseconds; how often idle watches are told the revision, if they asked for bookmarks. */
  readonly bookmarkMs: number;
  /** A number in [0, 1) that spreads the ends of watches without a timeout over half an hour. */
  readonly spread: number;
}

/** One line of the stream, still to be written. */
type Frame =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly entry: Entry }
  | { readonly type: "BOOKMARK"; readonly revision: number; readonly initialEventsEnd: boolean }
  | { readonly type: "ERROR"; readonly status: JsonObject };

/**
 * Streams events of a collection.
 *
 * Flow: events are queued in the turn of the write, and written by a pump of their own, so that a slow reader never
 * holds a writer up. A queue that grows beyond its bound ends the stream; the client goes on from the last
 * resourceVersion it saw. From revision N every event above N is seen once and in order; without one, what exists
 * now comes first as ADDED.
 *
 * A revision that is no longer kept becomes an ERROR event, as clients expect.
 *
 * @returns what writes the stream; it resolves when the stream is over
 */
export function watchCollection(engine: Engine, served: ServedResource, options: WatchOptions): StreamBody {
  return (stream) => new Watch(engine, served, options, stream).run();
}

class Watch {
  readonly #engine: Engine;
  readonly #served: ServedResource;
  readonly #options: WatchOptions;
  readonly #stream: ResponseStream;
  readonly #selects: Selection;
  readonly #queue: Frame[] = [];
  readonly #timers: (() => void)[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  /** Frames that were queued at once at the start: the reader is not to blame for them. */
  #initial = 0;
  #first = true;
  /** Events whose objects are being converted, where the selector needs that; each waits for those before it. */
  #converting: Promise<void> | undefined;

  constructor(engine: Engine, served: ServedResource, options: WatchOptions, stream: ResponseStream) {
    this.#engine = engine;
    this.#served = served;
    this.#options = options;
    this.#stream = stream;
    this.#selects = selectionOf(options.query);
    if (selectsByFields(options.query) && engine.store.convertsFields(served)) this.#converting = Promise.resolve();
  }

  async run(): Promise<void> {
    const end = (): void => this.#end();
    this.#stream.signal.addEventListener("abort", end, { once: true });
    let unsubscribe: (() => void) | undefined;
    try {
      this.#setTimers();
      unsubscribe = await this.#subscribe();
      this.#timers.push(this.#engine.catalog.onChange(() => this.#checkServed()));
      if (this.#stream.signal.aborted) this.#end();
      await this.#pump();
    } finally {
      unsubscribe?.();
      for (const cancel of this.#timers) cancel();
      this.#stream.signal.removeEventListener("abort", end);
    }
  }

  #end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** A watch of a custom resource ends with the definition it was opened under, so that clients list anew. */
  #checkServed(): void {
    const { group, version, plural } = this.#served.resource;
    if (this.#engine.catalog.find(group, version, plural) !== this.#served) this.#end();
  }

  #push(frame: Frame): void {
    if (this.#ended) return;
    if (this.#queue.length >= this.#initial + this.#options.buffer && frame.type !== "BOOKMARK") {
      this.#end();
      return;
    }
    this.#queue.push(frame);
    this.#wake?.();
  }

  /** Existing objects first where they are wanted, then whatever happens after the state they were read from. */
  async #subscribe(): Promise<(() => void) | undefined> {
    const { query, namespace } = this.#options;
    const { storage } = this.#engine.store;
    const prefix = this.#engine.store.prefix(this.#served, namespace);
    const initial = query.initialEvents ?? !query.resourceVersion;
    let after = query.resourceVersion ?? 0;
    if (initial) {
      const { entries, revision } = await storage.list(prefix);
      if (this.#converting) await this.#engine.store.readAttributes(this.#served, entries);
      for (const entry of entries) if (this.#selected(entry)) this.#queue.push({ type: "ADDED", entry });
      if (query.initialEvents && query.bookmarks)
        this.#queue.push({ type: "BOOKMARK", revision, initialEventsEnd: true });
      after = revision;
      this.#initial = this.#queue.length;
    }
    try {
      return storage.watch(prefix, after, (event) => {
        if (this.#converting) this.#converting = this.#converting.then(() => this.#observeConverted(event));
        else this.#observe(event);
      });
    } catch (error) {
      if (!(error instanceof CompactedError)) throw error;
      this.#queue.push({ type: "ERROR", status: expired(error.message).status as unknown as JsonObject });
      this.#end();
      return undefined;
    }
  }

  #selected(entry: Entry): boolean {
    return this.#selects === undefined || this.#selects(this.#engine.store.attributes(this.#served, entry));
  }

  async #observeConverted(event: StorageEvent): Promise<void> {
    const { entry, previous } = event;
    try {
      await this.#engine.store.readAttributes(this.#served, previous ? [previous, entry] : [entry]);
      this.#observe(event);
    } catch (error) {
      const { status } = error instanceof ApiError ? error : internalError(String(error));
      this.#push({ type: "ERROR", status: status as unknown as JsonObject });
      this.#end();
    }
  }

  /** An object that starts to match appears, one that stops matching disappears with its last matching state. */
  #observe(event: StorageEvent): void {
    const { entry, previous } = event;
    const before = previous !== undefined && this.#selected(previous);
    if (event.type === "delete") {
      if (before) this.#push({ type: "DELETED", entry });
      return;
    }
    const now = this.#selected(entry);
    if (now) this.#push({ type: before ? "MODIFIED" : "ADDED", entry });
    else if (before)
      this.#push({
        type: "DELETED",
        entry: { key: entry.key, revision: entry.revision, value: restamped(previous, entry.revision) },
      });
  }

  #setTimers(): void {
    const { query, bookmarkMs, spread } = this.#options;
    const { clock } = this.#engine;
    const timeoutMs = query.timeoutSeconds ? query.timeoutSeconds * 1000 : (1800 + 1800 * spread) * 1000;
    this.#timers.push(clock.setTimer(() => this.#end(), timeoutMs, { keepAlive: false }));
    if (!query.bookmarks) return;
    const bookmark = (): void =>
      this.#push({ type: "BOOKMARK", revision: this.#engine.store.storage.revision(), initialEventsEnd: false });
    if (timeoutMs > 2000) this.#timers.push(clock.setTimer(bookmark, timeoutMs - 2000, { keepAlive: false }));
    let cancel = (): void => {};
    const repeat = (): void => {
      cancel = clock.setTimer(
        () => {
          bookmark();
          repeat();
        },
        bookmarkMs,
        { keepAlive: false },
      );
    };
    repeat();
    this.#timers.push(() => cancel());
  }

  /** Writes what is queued, all that is there in one chunk, until the stream is over. */
  async #pump(): Promise<void> {
    for (;;) {
      const frames = this.#queue.splice(0);
      this.#initial = 0;
      if (this.#stream.signal.aborted) return;
      if (frames.length > 0) {
        const parts: Uint8Array[] = [];
        for (const frame of frames) {
          if (!(await this.#encodeInto(parts, frame))) break;
        }
        if (this.#stream.signal.aborted) return;
        if (this.#stream.buffered() > this.#options.bufferBytes) return;
        this.#stream.write(Buffer.concat(parts));
        continue;
      }
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  /** An object that cannot be shown, because its conversion fails, ends the watch with an ERROR. @returns whether to go on */
  async #encodeInto(parts: Uint8Array[], frame: Frame): Promise<boolean> {
    try {
      parts.push(...(await this.#encode(frame)));
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      parts.push(this.#whole("ERROR", error.status as unknown as JsonObject));
      this.#queue.length = 0;
      this.#ended = true;
      return false;
    }
  }

  async #encode(frame: Frame): Promise<readonly Uint8Array[]> {
    switch (frame.type) {
      case "ERROR":
        return [this.#whole(frame.type, frame.status)];
      case "BOOKMARK":
        return [this.#whole(frame.type, this.#shown(this.#bookmark(frame.revision, frame.initialEventsEnd)))];
      default: {
        const { transform, format } = this.#options;
        if (transform || format === "cbor")
          return [this.#whole(frame.type, this.#shown(await this.#engine.store.object(this.#served, frame.entry)))];
        return [heads[frame.type], await this.#engine.store.bytes(this.#served, frame.entry), tail];
      }
    }
  }

  /** A frame of an object that is not copied as it is stored. */
  #whole(type: Frame["type"], object: JsonObject): Uint8Array {
    return this.#options.format === "cbor" ? encodeCborEvent(type, object) : line(type, object);
  }

  #bookmark(revision: number, initialEventsEnd: boolean): JsonObject {
    const { group, version, kind } = this.#served.resource;
    return {
      kind,
      apiVersion: group ? `${group}/${version}` : version,
      metadata: {
        resourceVersion: String(revision),
        ...(initialEventsEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
        creationTimestamp: null,
      },
    };
  }

  #shown(object: JsonObject): JsonObject {
    const shown = this.#options.transform ? this.#options.transform(object, this.#first) : object;
    this.#first = false;
    return shown;
  }
}

const utf8 = new TextEncoder();
const heads = {
  ADDED: utf8.encode('{"type":"ADDED","object":'),
  MODIFIED: utf8.encode('{"type":"MODIFIED","object":'),
  DELETED: utf8.encode('{"type":"DELETED","object":'),
};
const tail = utf8.encode("}\n");

function line(type: string, object: JsonObject): Uint8Array {
  return utf8.encode(`${JSON.stringify({ type, object })}\n`);
}

/** The state before, with the revision at which it ceased to match. */
function restamped(previous: Entry, revision: number): Uint8Array {
  const object = parseEntry(previous);
  (object["metadata"] as JsonObject)["resourceVersion"] = String(revision);
  return encodeObject(object);
}
