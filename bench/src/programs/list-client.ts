import { readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { ConfigMap, type KubeObject } from "@homeostat/api";
import { createCache, createHttpTransport } from "@homeostat/runtime";
import { serveLines } from "./lines.ts";

/** Asked once, it lists all ConfigMaps of a server, and tells for how long its event loop did not turn meanwhile. */
const [server, authority, count, how] = process.argv.slice(2) as [string, string, string, "cache" | "parse"];
const transport = createHttpTransport({ server, ca: readFileSync(authority, "utf8") });

async function throughCache(): Promise<number> {
  const cache = createCache({ transport });
  const watch = cache.watch(ConfigMap, { handler: () => {} });
  await watch.synced();
  return watch.store.size;
}

/** The usual way: a list, all of it, and JSON.parse. */
async function parsed(): Promise<number> {
  const response = await transport({ method: "GET", path: "/api/v1/configmaps", headers: {} });
  const { items } = JSON.parse(Buffer.from(await response.bytes()).toString("utf8")) as { items: KubeObject[] };
  const objects = new Map(items.map((item) => [`${item.metadata?.namespace}/${item.metadata?.name}`, item]));
  return objects.size;
}

const answer = async (): Promise<unknown> => {
  const resolution = 1;
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  const [startedAt, cpu] = [performance.now(), process.cpuUsage()];
  const listed = await (how === "cache" ? throughCache() : parsed());
  if (listed !== Number(count)) throw new Error(`${listed} of ${count} objects are listed`);
  const totalMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpu);
  // A turn in which something long was done must end before it can be seen.
  await new Promise((resolve) => setTimeout(resolve, 20));
  delay.disable();
  return {
    "longest turn": delay.max / 1e6 - resolution,
    "p99.9 of turns": delay.percentile(99.9) / 1e6 - resolution,
    "until listed": totalMs,
    CPU: (user + system) / 1000,
  };
};
serveLines({}, { answer, stop: () => transport.close() });
