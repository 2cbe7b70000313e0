import { readFileSync } from "node:fs";
import { CustomResourceDefinition, Deployment, type Interceptor, Secret, systemClock } from "@homeostat/api";
import { createDevCluster, type DevCluster, installResources } from "@homeostat/devcluster";
import { ReloaderConfig, reloaderOperator } from "@homeostat/reloader";
import { type Client, createCache, createClient } from "@homeostat/runtime";
import { startChild } from "../child.ts";
import { startServer, temporaryFolder } from "../connections.ts";
import type { Figures, Scenario } from "../scenario.ts";
import { quantile } from "../statistics.ts";

const namespace = "default";
const secretName = (at: number): string => `secret-${at}`;
const webName = (at: number): string => `web-${at}`;

/** How much there is; of everything the share that the scale says. */
interface Sizes {
  readonly secrets: number;
  readonly deployments: number;
  readonly configs: number;
}

/**
 * One Secret of many changes, and the one Deployment that uses it is patched: from sending the change until the event of
 * the patch is here. Beside it, how long the same two writes take somebody who knows what to write, and how much the
 * operator did for it.
 */
export const reloader: Scenario = {
  name: "reloader",
  about: "from changing one of 10,000 Secrets to seeing its one user of 5,000 Deployments rolled",
  async open({ scale }) {
    const of = (whole: number): number => Math.max(10, Math.ceil(whole * scale));
    const sizes = { secrets: of(10_000), deployments: of(5_000), configs: of(1_000) };
    const changes = Math.max(5, Math.ceil(100 * scale));
    const folder = temporaryFolder();
    const cluster = await createDevCluster({ controllers: "none" });
    await installResources(cluster.client, systemClock, [ReloaderConfig]);
    await fill(cluster, sizes);
    await makeConfigs(cluster, sizes);
    const counts = { requests: 0, looks: 0 };
    const counting: Interceptor = (next) => (request) => {
      counts.requests++;
      return next(request);
    };
    const manager = await cluster.run(
      { ...reloaderOperator, controllers: reloaderOperator.controllers() },
      { interceptors: [counting], onReconciled: () => void counts.looks++ },
    );
    await quiet(counts);
    const editor = await createEditor(cluster);
    let round = 0;
    return {
      comparisons: [
        {
          title: "a Secret changes, its Deployment rolls",
          metrics: [
            { name: "p50", unit: "ms" },
            { name: "p99", unit: "ms", target: 50 },
            { name: "looks a change", unit: "count" },
            { name: "requests a change", unit: "count" },
          ],
          subjects: [
            { name: "reloader", role: "ours", round: () => editor.reloads(changes, ++round, sizes, counts) },
            { name: "both writes by hand", role: "beside", round: () => editor.byHand(changes, ++round, sizes) },
          ],
        },
        {
          title: `memory of the operator with ${sizes.secrets} Secrets of 4 KB that nobody uses`,
          metrics: [
            { name: "resident", unit: "MB" },
            { name: "live", unit: "MB" },
          ],
          subjects: [
            { name: "with them", role: "ours", round: () => residentWith(sizes.secrets, folder) },
            { name: "without", role: "beside", round: () => residentWith(0, folder) },
          ],
        },
      ],
      async [Symbol.asyncDispose]() {
        await editor.stop();
        await manager.stop();
        await cluster.stop();
        folder[Symbol.dispose]();
      },
    };
  },
};

/** Every Deployment uses a Secret of its own; four in five ask for it by annotation, and a config names each of the rest. */
async function fill({ client }: DevCluster, { secrets, deployments, configs }: Sizes): Promise<void> {
  await makeSecrets(client, secrets);
  for (let at = 0; at < deployments; at++) {
    const name = webName(at);
    const annotations: Record<string, string> = at < configs ? {} : { "reloader.stakater.com/auto": "true" };
    const envFrom = [{ secretRef: { name: secretName(at) } }];
    const template = {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: "main", image: "web", envFrom }] },
    };
    await client.create(Deployment, {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name, namespace, annotations },
      spec: { replicas: 0, selector: { matchLabels: { app: name } }, template },
    });
  }
}

async function makeConfigs({ client }: DevCluster, { configs }: Sizes): Promise<void> {
  for (let at = 0; at < configs; at++) {
    const spec = {
      watchedResources: { secrets: [secretName(at)] },
      targets: [{ kind: "Deployment" as const, name: webName(at) }],
    };
    await client.create(ReloaderConfig, ReloaderConfig.object({ metadata: { name: `config-${at}`, namespace }, spec }));
  }
}

/** Memory of an operator in a process of its own, in MB, when nothing has happened for a second. */
async function residentWith(secrets: number, folder: ReturnType<typeof temporaryFolder>): Promise<Figures> {
  const environment = { NODE_COMPILE_CACHE: folder.path };
  await using served = await startServer("api-server", { environment });
  const client = createClient({ transport: served.transport });
  await client.apply(CustomResourceDefinition, ReloaderConfig.crd());
  await makeSecrets(client, secrets);
  const kubeconfig = folder.write("kubeconfig", served.child.ready["kubeconfig"]!);
  await using child = await startChild("reloader-operator", { arguments: [kubeconfig], environment });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8")) ?? [];
  const live = Number(await child.ask("live")) / 2 ** 20;
  return { live, ...(kilobytes === undefined ? {} : { resident: Number(kilobytes) / 1024 }) };
}

async function makeSecrets(client: Client, secrets: number): Promise<void> {
  const data = { password: Buffer.alloc(3_000, "x").toString("base64") };
  for (let at = 0; at < secrets; at++)
    await client.create(Secret, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: secretName(at), namespace },
      data,
    });
}

interface Counts {
  requests: number;
  looks: number;
}

/** Resolves when the operator has had nothing to do for a while. */
async function quiet(counts: Counts): Promise<void> {
  for (let before = -1, still = 0; still < 5; ) {
    still = counts.requests + counts.looks === before ? still + 1 : 0;
    before = counts.requests + counts.looks;
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
}

/** Changes Secrets one by one, and waits for what follows. */
async function createEditor(cluster: DevCluster) {
  const { client } = cluster;
  const cache = createCache({ transport: cluster.transport() });
  const waiting = new Map<string, (at: number) => void>();
  const watch = cache.watch(Deployment, {
    handler(event) {
      if (event.type !== "updated" || event.object.metadata.generation === event.old.metadata.generation) return;
      waiting.get(event.object.metadata.name)?.(performance.now());
      waiting.delete(event.object.metadata.name);
    },
  });
  await watch.synced();
  const change = async (at: number, round: number): Promise<void> => {
    const password = Buffer.alloc(3_000, `${round} ${at} `).toString("base64");
    await client.patchMerge(Secret, { namespace, name: secretName(at) }, { data: { password } });
  };
  const roll = (at: number, round: number): Promise<unknown> => {
    const template = { metadata: { annotations: { round: String(round) } } };
    return client.patchMerge(Deployment, { namespace, name: webName(at) }, { spec: { template } });
  };
  const run = async (changes: number, round: number, sizes: Sizes, by: "operator" | "hand"): Promise<Figures> => {
    const taken: number[] = [];
    for (let index = 0; index < changes; index++) {
      // Other Deployments each time: one that has just rolled would be made to wait.
      const at = ((round * changes + index) * 7_919) % sizes.deployments;
      const rolled = new Promise<number>((resolve) => waiting.set(webName(at), resolve));
      const began = performance.now();
      await change(at, round);
      if (by === "hand") await roll(at, round);
      taken.push((await rolled) - began);
    }
    return { p50: quantile(taken, 0.5), p99: quantile(taken, 0.99) };
  };
  return {
    async reloads(changes: number, round: number, sizes: Sizes, counts: Counts): Promise<Figures> {
      await quiet(counts);
      const before = { ...counts };
      const figures = await run(changes, round, sizes, "operator");
      await quiet(counts);
      return {
        ...figures,
        "looks a change": (counts.looks - before.looks) / changes,
        "requests a change": (counts.requests - before.requests) / changes,
      };
    },
    async byHand(changes: number, round: number, sizes: Sizes): Promise<Figures> {
      return run(changes, round, sizes, "hand");
    },
    stop: () => cache.stop(),
  };
}
