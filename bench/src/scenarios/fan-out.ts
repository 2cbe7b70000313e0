import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import type { Transport } from "@homeostat/api";
import { type Child, startChild } from "../child.ts";
import { call, closing, startBareServer, startServer, temporaryFolder } from "../connections.ts";
import { configMap } from "../objects.ts";
import type { Comparison, Figures, Scenario } from "../scenario.ts";
import { quantile } from "../statistics.ts";

const collection = "/api/v1/namespaces/default/configmaps";

/**
 * One write, many watchers: from sending the write until the last watcher has the event. Every watcher has a connection
 * of its own; all of them live in this process, so the work of receiving is part of the figures of all rows.
 */
export const fanOut: Scenario = {
  name: "fan-out",
  about: "one write to the event at the last of N watchers",
  async open({ scale }) {
    const folder = temporaryFolder();
    const ours = await startServer("api-server");
    const bare = await startBareServer(folder);
    const raw = await startChild("tcp-echo", { arguments: ["broadcast"] });
    const writes = Math.max(3, Math.ceil(30 * scale));
    const first = await call(ours.transport, "POST", collection, JSON.stringify(configMap(0, "default")));
    const object = `${collection}/${parse(first).metadata.name}`;
    // What a watcher is sent, for those that have no objects.
    const event = `${JSON.stringify({ type: "MODIFIED", object: parse(first) })}\n`;
    let written = 0;
    const write = (): Promise<unknown> => {
      const patch = JSON.stringify({ metadata: { annotations: { "example.com/write": String(++written) } } });
      return call(ours.transport, "PATCH", object, patch, "application/merge-patch+json");
    };

    const comparison = (watchers: number): Comparison => ({
      title: `${watchers} watcher${watchers === 1 ? "" : "s"}`,
      metrics: [
        { name: "p50", unit: "ms", target: 5 },
        { name: "p99", unit: "ms" },
      ],
      subjects: [
        {
          name: "API server",
          role: "ours",
          async round() {
            const now = await call(ours.transport, "GET", object);
            const version = parse(now).metadata.resourceVersion;
            return overHttp(
              ours.transport,
              `${collection}?watch=true&resourceVersion=${version}`,
              watchers,
              writes,
              write,
            );
          },
        },
        {
          name: "node:https",
          role: "beside",
          round: () =>
            overHttp(bare.transport, "/stream?watch=true", watchers, writes, () =>
              call(bare.transport, "POST", "/broadcast", event),
            ),
        },
        { name: "plain TCP", role: "beside", round: () => overTcp(raw, watchers, writes, event) },
      ],
    });
    return {
      comparisons: [1, 50, 200].map(comparison),
      [Symbol.asyncDispose]: closing(folder, raw, bare, ours),
    };
  },
};

function parse(bytes: Uint8Array): { metadata: { name: string; resourceVersion: string } } {
  return JSON.parse(Buffer.from(bytes).toString());
}

/** Counts line ends over all watchers, and tells when a write has reached them all. */
function createGauge(watchers: number): { received(chunk: Uint8Array): void; all(): Promise<number> } {
  let left = 0;
  let reached = (_at: number): void => {};
  return {
    received(chunk) {
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) {
        if (--left === 0) reached(performance.now());
      }
    },
    all() {
      left = watchers;
      return new Promise((resolve) => {
        reached = resolve;
      });
    },
  };
}

async function overHttp(
  transport: Transport,
  path: string,
  watchers: number,
  writes: number,
  write: () => Promise<unknown>,
): Promise<Figures> {
  const gauge = createGauge(watchers);
  const ending = new AbortController();
  const ends: Promise<void>[] = [];
  for (let watcher = 0; watcher < watchers; watcher++) {
    const response = await transport({
      method: "GET",
      path,
      headers: { accept: "application/json" },
      signal: ending.signal,
    });
    if (response.status !== 200) throw new Error(`GET ${path}: ${response.status}`);
    ends.push(response.pipe((chunk) => gauge.received(chunk)).catch(() => {}));
  }
  const figures = await measure(gauge, writes, write);
  ending.abort();
  await Promise.all(ends);
  return figures;
}

async function overTcp(server: Child, watchers: number, writes: number, event: string): Promise<Figures> {
  const gauge = createGauge(watchers);
  const sockets: Socket[] = [];
  for (let watcher = 0; watcher < watchers; watcher++) {
    const socket = connectTcp({ port: Number(server.ready["port"]), host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    socket.on("data", (chunk) => gauge.received(chunk));
    sockets.push(socket);
  }
  // A client is connected before the server has taken the connection.
  while ((await server.ask("sockets")) !== watchers);
  const figures = await measure(gauge, writes, async () => sockets[0]!.write(event));
  await Promise.all(sockets.map((socket) => once(socket.destroy(), "close")));
  return figures;
}

async function measure(
  gauge: ReturnType<typeof createGauge>,
  writes: number,
  write: () => Promise<unknown>,
): Promise<Figures> {
  const taken: number[] = [];
  for (let at = 0; at < writes; at++) {
    const all = gauge.all();
    const startedAt = performance.now();
    const [reachedAt] = await Promise.all([all, write()]);
    taken.push(reachedAt - startedAt);
  }
  return { p50: quantile(taken, 0.5), p99: quantile(taken, 0.99) };
}
