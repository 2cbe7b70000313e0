import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Child, startChild, startChildAt } from "../child.ts";
import { call, closing, startServer, temporaryFolder } from "../connections.ts";
import { wallMs } from "../programs/latencies.ts";
import type { Comparison, Figures, Scenario, Subject } from "../scenario.ts";
import { quantile } from "../statistics.ts";

const path = "/api/v1/namespaces/default/configmaps";
const peers = join(import.meta.dirname, "../../peers");
const objects = 200;

/**
 * A change of a ConfigMap, sent to an API server, until a reconcile (or, with peers, a handler) of another process is
 * called with it. Each subject is a process of its own, and alone while it is measured.
 */
export const latency: Scenario = {
  name: "latency",
  about: "from sending a change until another process is called with it, and what that process spends on it",
  async open({ scale }) {
    const folder = temporaryFolder();
    const served = await startServer("api-server");
    const kubeconfig = folder.write("kubeconfig", served.child.ready["kubeconfig"]!);
    for (let at = 0; at < objects; at++) await call(served.transport, "POST", path, body(at, {}));

    const measured = (name: string, role: Subject["role"], start: () => Promise<Child>, rate: number): Subject => ({
      name,
      role,
      async round(): Promise<Figures> {
        await using child = await start();
        const count = Math.max(10, Math.ceil(rate * 3 * scale));
        await child.ask({});
        await sendChanges(served.transport, rate, count);
        // What is on its way arrives long before; nothing waits for it.
        await new Promise((resolve) => setTimeout(resolve, 300));
        const { latencies, cpuMs } = (await child.ask({})) as { latencies: number[]; cpuMs: number };
        if (latencies.length === 0) throw new Error(`${name}: none of ${count} changes was seen`);
        return {
          p50: quantile(latencies, 0.5),
          p99: quantile(latencies, 0.99),
          "CPU of a change": (cpuMs * 1000) / count,
          "changes a CPU second": (count * 1000) / cpuMs,
        };
      },
    });
    const programs: readonly (readonly [string, Subject["role"], () => Promise<Child>])[] = [
      ["reconcile of a controller", "ours", () => startChild("latency-ours", { arguments: [kubeconfig] })],
      ...(arePeersInstalled() ? peerPrograms(kubeconfig) : []),
    ];
    const comparison = (rate: number): Comparison => ({
      title: `${rate} changes a second${arePeersInstalled() ? "" : " (PEERS ARE ABSENT: npm run bench -- --peers)"}`,
      metrics: [
        { name: "p50", unit: "ms" },
        { name: "p99", unit: "ms" },
        { name: "CPU of a change", unit: "µs" },
        { name: "changes a CPU second", unit: "1/s" },
      ],
      subjects: programs.map(([name, role, start]) => measured(name, role, start, rate)),
    });
    return {
      comparisons: [comparison(100), comparison(1000)],
      [Symbol.asyncDispose]: closing(folder, served),
    };
  },
};

const arePeersInstalled = (): boolean => existsSync(join(peers, "node_modules/@kubernetes/client-node"));

function peerPrograms(kubeconfig: string): (readonly [string, Subject["role"], () => Promise<Child>])[] {
  const options = { arguments: [kubeconfig], environment: { KUBECONFIG: kubeconfig } };
  return [
    ["@kubernetes/client-node informer", "beside", () => startChildAt(join(peers, "client-node.mjs"), options)],
    ["kubernetes-fluent-client watch", "beside", () => startChildAt(join(peers, "fluent-client.mjs"), options)],
  ];
}

const nameOf = (at: number): string => `latency-${at % objects}`;
const body = (at: number, data: object): string =>
  JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: nameOf(at) }, data });

/** Evenly, as well as timers allow; each says when it was sent. */
async function sendChanges(transport: Parameters<typeof call>[0], rate: number, count: number): Promise<void> {
  const startedAt = performance.now();
  const sending: Promise<unknown>[] = [];
  for (let sent = 0; sent < count; ) {
    for (const due = ((performance.now() - startedAt) * rate) / 1000; sent < due && sent < count; sent++) {
      const patch = JSON.stringify({ data: { sentAt: String(wallMs()) } });
      sending.push(call(transport, "PATCH", `${path}/${nameOf(sent)}`, patch, "application/merge-patch+json"));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(sending);
}
