import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { ConfigMap, systemClock, type Transport } from "@homeostat/api";
import { createDevCluster, installResources } from "@homeostat/devcluster";
import { createCache, createClient } from "@homeostat/runtime";
import { WebApp, webAppOperator } from "@homeostat/webapp";
import { startChild } from "../child.ts";
import { closing, startServer, temporaryFolder } from "../connections.ts";
import type { Figures, Scenario } from "../scenario.ts";
import { quantile } from "../statistics.ts";

const namespace = "default";
const wanted = "as it should be";

/**
 * Somebody edits the ConfigMap of a WebApp; the operator sees it and puts it right; the editor sees that. Two writes
 * and two events, from sending the edit until the event of the repair is here.
 */
export const reconcile: Scenario = {
  name: "reconcile",
  about: "from editing a ConfigMap to seeing it repaired by its operator",
  async open({ scale }) {
    const folder = temporaryFolder();
    const edits = Math.max(5, Math.ceil(100 * scale));

    const cluster = await createDevCluster();
    await cluster.run(webAppOperator);
    const inside = await createEditor(cluster.transport());

    const served = await startServer("dev-cluster");
    await installResources(createClient({ transport: served.transport }), systemClock, [WebApp]);
    const kubeconfig = folder.write("kubeconfig", served.child.ready["kubeconfig"]!);
    const operator = await startChild("webapp-operator", { arguments: [kubeconfig] });
    const outside = await createEditor(served.transport);

    const echo = await startChild("tcp-echo");
    const socket = connectTcp({ port: Number(echo.ready["port"]), host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return {
      comparisons: [
        {
          title: "edit to repair",
          metrics: [
            { name: "p50", unit: "ms" },
            { name: "p99", unit: "ms", target: 100 },
          ],
          subjects: [
            { name: "all in one process", role: "ours", round: () => inside.round(edits) },
            { name: "server, operator, editor apart; TLS", role: "ours", round: () => outside.round(edits) },
            { name: "TCP echo of 1 KB", role: "beside", round: () => repeat(edits, () => echoOnce(socket)) },
            { name: "setImmediate", role: "beside", round: () => repeat(edits, () => new Promise(setImmediate)) },
          ],
        },
      ],
      [Symbol.asyncDispose]: closing(folder, cluster, served, operator, inside, outside, echo, {
        [Symbol.dispose]: () => socket.destroy(),
      }),
    };
  },
};

interface Editor extends AsyncDisposable {
  round(edits: number): Promise<Figures>;
}

async function createEditor(transport: Transport): Promise<Editor> {
  const client = createClient({ transport, userAgent: "editor" });
  const cache = createCache({ transport });
  // Who waits for a ConfigMap to say what it should.
  const waiting = new Map<string, (at: number) => void>();
  const watch = cache.watch(ConfigMap, {
    handler({ type, object }) {
      const resolve = waiting.get(object.metadata.name);
      if (!resolve || type === "deleted" || object.object().data?.["message"] !== wanted) return;
      waiting.delete(object.metadata.name);
      resolve(performance.now());
    },
  });
  await watch.synced();
  const right = (name: string): Promise<number> => new Promise((resolve) => waiting.set(name, resolve));
  let rounds = 0;
  return {
    async round(edits) {
      rounds++;
      const taken: number[] = [];
      // New ones each time: who edits one again and again has a fight with the operator, which its loop guard would slow.
      const names = Array.from({ length: edits }, (_, at) => `app-${rounds}-${at}`);
      for (const name of names) {
        const made = right(`${name}-config`);
        await client.create(WebApp, WebApp.object({ metadata: { name, namespace }, spec: { message: wanted } }));
        await made;
      }
      for (const name of names) {
        const key = { namespace, name: `${name}-config` };
        const startedAt = performance.now();
        const repaired = right(key.name);
        const edited = client.patchMerge(ConfigMap, key, { data: { message: "edited by somebody" } });
        const [repairedAt] = await Promise.all([repaired, edited]);
        taken.push(repairedAt - startedAt);
      }
      for (const name of names) await client.delete(WebApp, { namespace, name });
      return { p50: quantile(taken, 0.5), p99: quantile(taken, 0.99) };
    },
    [Symbol.asyncDispose]: () => cache.stop(),
  };
}

async function repeat(count: number, once: () => Promise<unknown>): Promise<Figures> {
  const taken: number[] = [];
  for (let at = 0; at < count; at++) {
    const startedAt = performance.now();
    await once();
    taken.push(performance.now() - startedAt);
  }
  return { p50: quantile(taken, 0.5), p99: quantile(taken, 0.99) };
}

const kilobyte = Buffer.alloc(1024, "x");

function echoOnce(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    let left = kilobyte.length;
    const onData = (chunk: Buffer): void => {
      left -= chunk.length;
      if (left > 0) return;
      socket.off("data", onData);
      resolve();
    };
    socket.on("data", onData);
    socket.write(kilobyte);
  });
}
