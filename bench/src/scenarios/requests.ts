import { spawnSync } from "node:child_process";
import type { Transport } from "@homeostat/api";
import { timeOf } from "../child.ts";
import { call, closing, startBareServer, startServer, temporaryFolder } from "../connections.ts";
import { configMap } from "../objects.ts";
import type { Comparison, Figures, Scenario } from "../scenario.ts";
import { quantile } from "../statistics.ts";

const created = "/api/v1/namespaces/created/configmaps";
const listed = "/api/v1/namespaces/listed/configmaps";

/**
 * Requests over HTTPS to a server in a process of its own, on connections that stay open. Beside it `node:https` gives
 * the same bytes to the same client without doing anything for them.
 */
export const requests: Scenario = {
  name: "requests",
  about: "create, get and list ConfigMaps of 2 KB over HTTPS",
  async open({ scale }) {
    const folder = temporaryFolder();
    const ours = await startServer("api-server");
    const bare = await startBareServer(folder);
    const count = Math.ceil(400 * scale);
    for (const name of ["created", "listed"]) {
      const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
      await call(ours.transport, "POST", "/api/v1/namespaces", JSON.stringify(namespace));
    }
    for (let number = 0; number < 500; number++) {
      await call(ours.transport, "POST", listed, JSON.stringify(configMap(number, "listed")));
    }
    /** The bare server answers with what ours has answered. */
    const keep = async (name: string, answer: Uint8Array): Promise<string> => {
      await call(bare.transport, "PUT", `/kept/${name}`, answer);
      return `/kept/${name}`;
    };
    const bodies = Array.from({ length: count }, (_, number) => JSON.stringify(configMap(number, "created")));
    const empty = (): Promise<unknown> => call(ours.transport, "DELETE", created);
    const keptCreate = await keep("create", await call(ours.transport, "POST", created, bodies[0]));
    await empty();
    const one = `${listed}/${(configMap(7, "listed")["metadata"] as { name: string }).name}`;
    const keptGet = await keep("get", await call(ours.transport, "GET", one));
    const keptList = await keep("list", await call(ours.transport, "GET", listed));
    const keptPage = await keep("page", await call(ours.transport, "GET", `${listed}?limit=50`));

    const reading = (title: string, path: string, kept: string, share: number, target?: number): Comparison => ({
      title,
      metrics: latencies(target),
      subjects: [
        { name: "API server", role: "ours", round: () => oneByOne(ours.transport, count * share, () => ["GET", path]) },
        {
          name: "node:https",
          role: "beside",
          round: () => oneByOne(bare.transport, count * share, () => ["GET", kept]),
        },
      ],
    });
    const comparisons: Comparison[] = [
      {
        title: "create, one by one",
        metrics: latencies(2),
        subjects: [
          {
            name: "API server",
            role: "ours",
            round: async () => {
              const figures = await oneByOne(ours.transport, count, (at) => ["POST", created, bodies[at]!]);
              await empty();
              return figures;
            },
          },
          {
            name: "node:https",
            role: "beside",
            round: () => oneByOne(bare.transport, count, (at) => ["POST", keptCreate, bodies[at]!]),
          },
        ],
      },
      {
        title: "create, ten at a time",
        metrics: [{ name: "creates", unit: "1/s" }],
        subjects: [
          {
            name: "API server",
            role: "ours",
            round: async () => {
              const figures = await tenAtATime(ours.transport, created, bodies);
              await empty();
              return figures;
            },
          },
          { name: "node:https", role: "beside", round: () => tenAtATime(bare.transport, keptCreate, bodies) },
        ],
      },
      reading("get one", one, keptGet, 1),
      reading("list a page of 50 (120 KB)", `${listed}?limit=50`, keptPage, 0.25),
      reading("list all 500 (1.2 MB)", listed, keptList, 0.1),
    ];
    const kubectl = kubectlComparison(folder.path, folder.write("kubeconfig", ours.child.ready["kubeconfig"]!));
    return {
      comparisons: [...comparisons, ...kubectl],
      [Symbol.asyncDispose]: closing(folder, bare, ours),
    };
  },
};

function latencies(target?: number): Comparison["metrics"] {
  return [
    { name: "p50", unit: "ms", ...(target === undefined ? {} : { target }) },
    { name: "p99", unit: "ms" },
  ];
}

async function oneByOne(
  transport: Transport,
  count: number,
  request: (at: number) => [method: string, path: string, body?: string],
): Promise<Figures> {
  const taken: number[] = [];
  for (let at = 0; at < count; at++) {
    const startedAt = performance.now();
    await call(transport, ...request(at));
    taken.push(performance.now() - startedAt);
  }
  return { p50: quantile(taken, 0.5), p99: quantile(taken, 0.99) };
}

async function tenAtATime(transport: Transport, path: string, bodies: readonly string[]): Promise<Figures> {
  let next = 0;
  const startedAt = performance.now();
  const work = async (): Promise<void> => {
    while (next < bodies.length) await call(transport, "POST", path, bodies[next++]);
  };
  await Promise.all(Array.from({ length: 10 }, work));
  return { creates: bodies.length / ((performance.now() - startedAt) / 1000) };
}

/** A whole run of kubectl, beside one that asks nobody; left out where there is none. */
function kubectlComparison(home: string, kubeconfig: string): Comparison[] {
  if (spawnSync("kubectl", ["version", "--client"]).status !== 0) return [];
  const run = async (...options: string[]): Promise<Figures> => ({
    run: await timeOf("kubectl", options, { KUBECONFIG: kubeconfig, HOME: home }),
  });
  return [
    {
      title: "kubectl, discovery in its cache",
      metrics: [{ name: "run", unit: "ms", target: 150 }],
      subjects: [
        { name: "get configmaps (500)", role: "ours", round: () => run("get", "configmaps", "-n", "listed") },
        { name: "kubectl version --client", role: "beside", round: () => run("version", "--client") },
      ],
    },
  ];
}
