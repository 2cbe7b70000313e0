import { ApiError, type Status } from "@homeostat/api";
import type { ByteStore, Replacement } from "./byte-store.ts";
import type { EventType } from "./event-scanner.ts";
import { WrongKindError } from "./object-reader.ts";
import { nextTurn, stepObjects } from "./turns.ts";

/** Puts the events of one watch request into a store. */
export interface WatchConsumer {
  /** Events so far, bookmarks included. */
  readonly events: number;
  /** Whether a streamed list is still being gathered: the store shows the former state. */
  readonly listing: boolean;
  /**
   * Takes an event. While the store still tells of a streamed list, events wait for their turn.
   *
   * @throws ApiError for an ERROR event
   */
  event(type: EventType, bytes: Buffer, start: number, end: number): void;
  /** Resolves when no event waits. Rejects with what the first that failed threw. */
  settled(): Promise<void>;
  /** The watch has ended: what was gathered of a list is dropped. */
  abandon(): void;
}

export interface WatchConsumerOptions {
  readonly store: Pick<ByteStore, "apply" | "advance" | "replace">;
  /** Version the watch was opened at; empty for none. */
  readonly version: string;
  /** Whether it begins with a list, up to the bookmark that ends it (KEP-3157). */
  readonly streamed: boolean;
  onEvent(): void;
  /** The streamed list is whole; called before the store changes. */
  onListed(resourceVersion: string): void;
  /** The store now contains everything up to this version. */
  onVersion(resourceVersion: string): void;
  /** A bookmark came other than the one that ends a list. */
  onBookmark(): void;
  /** An event that had waited failed, as one that does not wait throws. */
  onFailed(error: unknown): void;
  /** An object of another kind came and was left out. */
  onSkipped(error: WrongKindError): void;
}

interface Bookmark {
  readonly metadata?: { readonly resourceVersion?: string; readonly annotations?: Readonly<Record<string, string>> };
}

export function createWatchConsumer(options: WatchConsumerOptions): WatchConsumer {
  const { store, version } = options;
  let next: Replacement | undefined = options.streamed ? store.replace() : undefined;
  // What a watch without a version sends first is in no order of versions.
  let ordered = version !== "" && version !== "0";
  let events = 0;
  // Events that came while the store was telling of the list, their bytes copied.
  let waiting: { readonly type: EventType; readonly bytes: Buffer }[] = [];
  let telling: Promise<void> | undefined;
  let ended = false;

  const moveTo = (reached: string): void => {
    if (reached === "") return;
    options.onVersion(reached);
    store.advance(reached);
  };

  const bookmark = (bytes: Buffer, start: number, end: number): void => {
    const { metadata = {} } = JSON.parse(bytes.toString("utf8", start, end)) as Bookmark;
    const marked = metadata.resourceVersion ?? "";
    if (!next) {
      options.onBookmark();
      moveTo(marked);
      return;
    }
    if (metadata.annotations?.["k8s.io/initial-events-end"] !== "true") return;
    const whole = next;
    next = undefined;
    ordered = true;
    options.onListed(marked);
    const told = whole.commit(marked);
    if (!told) return;
    telling = told.then(takeWaiting);
    telling.catch(options.onFailed);
  };

  /** In steps as well: much may have come meanwhile. */
  const takeWaiting = async (): Promise<void> => {
    while (waiting.length > 0 && !ended) {
      const some = waiting.slice(0, stepObjects);
      waiting = waiting.slice(stepObjects);
      for (const { type, bytes } of some) take(type, bytes, 0, bytes.length);
      if (waiting.length > 0) await nextTurn();
    }
    telling = undefined;
  };

  const take = (type: EventType, bytes: Buffer, start: number, end: number): void => {
    if (type === "ERROR") throw new ApiError(JSON.parse(bytes.toString("utf8", start, end)) as Status);
    if (type === "BOOKMARK") {
      bookmark(bytes, start, end);
      return;
    }
    try {
      change(type, bytes, start, end);
    } catch (error) {
      if (!(error instanceof WrongKindError)) throw error;
      options.onSkipped(error);
    }
  };

  const change = (type: "ADDED" | "MODIFIED" | "DELETED", bytes: Buffer, start: number, end: number): void => {
    if (next && type === "DELETED") next.remove(bytes, start, end);
    else if (next) next.add(bytes, start, end, false);
    else {
      const changed = store.apply(type, bytes, start, end);
      if (type !== "ADDED") ordered = true;
      if (ordered) moveTo(changed);
    }
  };

  return {
    get events() {
      return events;
    },
    get listing() {
      return next !== undefined;
    },
    event(type, bytes, start, end) {
      events++;
      options.onEvent();
      if (telling) waiting.push({ type, bytes: Buffer.from(bytes.subarray(start, end)) });
      else take(type, bytes, start, end);
    },
    settled: () => telling ?? Promise.resolve(),
    abandon() {
      ended = true;
      next?.abandon();
      next = undefined;
    },
  };
}
