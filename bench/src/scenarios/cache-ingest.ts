import type { JsonObject, KubeObject, Resource, Transport, TransportResponse } from "@homeostat/api";
import { Pod } from "@homeostat/api";
import { createCache } from "@homeostat/runtime";
import { pod, widget } from "../objects.ts";
import type { Comparison, Figures, Scenario, Subject } from "../scenario.ts";

const Widget: Resource = {
  group: "bench.example.com",
  version: "v1",
  kind: "Widget",
  singular: "widget",
  listKind: "WidgetList",
  plural: "widgets",
  scope: "Namespaced",
};

/**
 * What the cache does for an event of a watch, and for an object of the first list. The bytes come from memory, so
 * nothing here is the network's; beside it, the same bytes are parsed line by line, and merely searched for line ends.
 */
export const cacheIngest: Scenario = {
  name: "cache-ingest",
  about: "watch events from their bytes into the cache, without a network",
  async open({ scale }) {
    const objects = Math.ceil(5_000 * scale);
    const events = Math.ceil(20_000 * scale);
    const feeds = {
      pods: createFeed("pods", Pod, pod, objects, events),
      widgets: createFeed("custom objects", Widget, widget, objects, events),
    };
    return {
      comparisons: [
        comparison(feeds.pods, "chunks of 64 KB", 65_536, 10),
        comparison(feeds.pods, "one event a chunk", undefined, 14),
        comparison(feeds.widgets, "chunks of 64 KB", 65_536, 5),
      ],
      [Symbol.asyncDispose]: async () => {},
    };
  },
};

interface Feed {
  readonly title: string;
  readonly resource: Resource;
  readonly list: Buffer;
  readonly listed: number;
  readonly events: Buffer;
  readonly counted: number;
}

function createFeed(
  title: string,
  resource: Resource,
  make: (number: number, version: number) => JsonObject,
  objects: number,
  events: number,
): Feed {
  const line = (type: string, object: JsonObject): string => `${JSON.stringify({ type, object })}\n`;
  const end = { "k8s.io/initial-events-end": "true" };
  const { group, version, kind } = resource;
  const apiVersion = group ? `${group}/${version}` : version;
  const bookmark = { apiVersion, kind, metadata: { resourceVersion: String(objects), annotations: end } };
  const added = Array.from({ length: objects }, (_, at) => line("ADDED", make(at, at + 1)));
  const modified = Array.from({ length: events }, (_, at) =>
    line("MODIFIED", make((at * 7919) % objects, objects + at + 1)),
  );
  return {
    title: `${title} (${Math.round(modified.join("").length / events)} bytes an event)`,
    resource,
    list: Buffer.from(`${added.join("")}${line("BOOKMARK", bookmark)}`),
    listed: objects,
    events: Buffer.from(modified.join("")),
    counted: events,
  };
}

/** Everyone gets the same chunks. Undefined: as many as there are lines. */
function chunksOf(bytes: Buffer, size: number | undefined): Buffer[] {
  const chunks: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = size === undefined ? bytes.indexOf(10, start) + 1 : Math.min(bytes.length, start + size);
    chunks.push(bytes.subarray(start, end));
    start = end;
  }
  return chunks;
}

function comparison(feed: Feed, how: string, chunkBytes: number | undefined, target: number): Comparison {
  const list = chunksOf(feed.list, chunkBytes);
  const events = chunksOf(feed.events, chunkBytes);
  const beside = (name: string, start: () => (chunk: Buffer) => void): Subject => ({
    name,
    role: "beside",
    async round() {
      const sink = start();
      return figures(feed, await timed(() => list.forEach(sink)), await timed(() => events.forEach(sink)));
    },
  });
  return {
    title: `${feed.title}, ${how}`,
    metrics: [
      { name: "event", unit: "µs", target },
      { name: "CPU of an event", unit: "µs" },
      { name: "listed object", unit: "µs" },
    ],
    subjects: [
      { name: "cache", role: "ours", round: () => throughCache(feed, list, events) },
      beside("JSON.parse by line", parseLines),
      beside("count line ends", countLines),
    ],
  };
}

interface Timed {
  readonly wallMs: number;
  readonly cpuMs: number;
}

async function timed(work: () => void | Promise<void>): Promise<Timed> {
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await work();
  const wallMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1000 };
}

function figures(feed: Feed, list: Timed, events: Timed): Figures {
  return {
    event: (events.wallMs * 1000) / feed.counted,
    "CPU of an event": (events.cpuMs * 1000) / feed.counted,
    "listed object": (list.wallMs * 1000) / feed.listed,
  };
}

async function throughCache(feed: Feed, list: readonly Buffer[], events: readonly Buffer[]): Promise<Figures> {
  const opened = Promise.withResolvers<(chunk: Uint8Array) => void>();
  const cache = createCache({ transport: feeding(opened.resolve) });
  let updates = 0;
  const handler = ({ type }: { readonly type: string }): void => {
    if (type === "updated") updates++;
  };
  const watch = cache.watch(feed.resource as Resource<KubeObject>, { handler });
  const sink = await opened.promise;
  const listed = await timed(async () => {
    for (const chunk of list) sink(chunk);
    await watch.synced();
  });
  const followed = await timed(() => events.forEach(sink));
  if (watch.store.size !== feed.listed || updates !== feed.counted) {
    throw new Error(
      `cache has ${watch.store.size} of ${feed.listed} objects and told ${updates} of ${feed.counted} updates`,
    );
  }
  await cache.stop();
  return figures(feed, listed, followed);
}

/** A transport whose one watch gets what it is handed. */
function feeding(opened: (sink: (chunk: Uint8Array) => void) => void): Transport {
  return async ({ signal }): Promise<TransportResponse> => ({
    status: 200,
    headers: { "content-type": "application/json" },
    bytes: async () => new Uint8Array(),
    pipe: (sink) =>
      new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
        opened(sink);
      }),
  });
}

/** The usual way: every line becomes an object, held by its key. */
function parseLines(): (chunk: Buffer) => void {
  const objects = new Map<string, KubeObject>();
  return lines((line) => {
    const { object } = JSON.parse(line.toString("utf8")) as { object: KubeObject };
    objects.set(`${object.metadata?.namespace}/${object.metadata?.name}`, object);
  });
}

/** The least that must be done to bytes: look at each, to find where events end. */
function countLines(): (chunk: Buffer) => number {
  let count = 0;
  return (chunk) => {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) count++;
    return count;
  };
}

function lines(handle: (line: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer | undefined;
  return (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const line = chunk.subarray(start, end);
      handle(rest ? Buffer.concat([rest, line]) : line);
      rest = undefined;
      start = end + 1;
    }
    if (start < chunk.length) rest = rest ? Buffer.concat([rest, chunk.subarray(start)]) : chunk.subarray(start);
  };
}
