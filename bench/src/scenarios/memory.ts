import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { CustomResourceDefinition } from "@homeostat/api";
import { createClient } from "@homeostat/runtime";
import { WebApp } from "@homeostat/webapp";
import { type Child, startChild } from "../child.ts";
import { call, closing, type Served, startServer, temporaryFolder } from "../connections.ts";
import { configMap } from "../objects.ts";
import type { Figures, Scenario } from "../scenario.ts";

/**
 * Resident memory as the system counts it, of processes that were just started for it. They find their code compiled
 * (the round that is not counted leaves it behind), as in a second start or an installed package: what takes the types
 * out of TypeScript would otherwise be counted, some 25 MB.
 */
export const memory: Scenario = {
  name: "memory",
  about: "resident memory of processes, idle and with 10,000 ConfigMaps of 2 KB",
  async open({ scale }) {
    const folder = temporaryFolder();
    const count = Math.ceil(10_000 * scale);
    const environment = { NODE_COMPILE_CACHE: folder.path };
    const bare = async (): Promise<Figures> => {
      await using child = await startChild("tcp-echo", { environment });
      return { resident: await residentMB(child) };
    };
    const server = async (program: "api-server" | "dev-cluster", objects: number): Promise<Figures> => {
      await using served = await startServer(program, { environment });
      await fill(served, objects);
      return { resident: await residentMB(served.child) };
    };
    const operator = async (objects: number): Promise<Figures> => {
      await using served = await startServer("api-server", { environment });
      const client = createClient({ transport: served.transport });
      await client.apply(CustomResourceDefinition, WebApp.crd());
      await fill(served, objects);
      const kubeconfig = folder.write("kubeconfig", served.child.ready["kubeconfig"]!);
      await using child = await startChild("webapp-operator", { arguments: [kubeconfig], environment });
      return { resident: await residentMB(child) };
    };
    const resident = (target: number) => [{ name: "resident", unit: "MB" as const, target }];
    const beside = { name: "bare node", role: "beside" as const, round: bare };
    return {
      comparisons: [
        {
          title: "idle: servers",
          metrics: resident(300),
          subjects: [
            { name: "API server", role: "ours", round: () => server("api-server", 0) },
            { name: "cluster", role: "ours", round: () => server("dev-cluster", 0) },
            beside,
          ],
        },
        {
          title: `${count} objects: servers`,
          metrics: resident(300),
          subjects: [
            { name: "API server", role: "ours", round: () => server("api-server", count) },
            { name: "cluster", role: "ours", round: () => server("dev-cluster", count) },
            beside,
          ],
        },
        {
          title: "idle: operator",
          metrics: resident(75),
          subjects: [{ name: "WebApp operator", role: "ours", round: () => operator(0) }, beside],
        },
        {
          title: `${count} objects: operator`,
          metrics: resident(150),
          subjects: [{ name: "WebApp operator", role: "ours", round: () => operator(count) }, beside],
        },
      ],
      [Symbol.asyncDispose]: closing(folder),
    };
  },
};

async function fill({ transport }: Served, count: number): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      await call(
        transport,
        "POST",
        "/api/v1/namespaces/default/configmaps",
        JSON.stringify(configMap(next++, "default")),
      );
    }
  };
  await Promise.all(Array.from({ length: 10 }, work));
}

/** Once it no longer changes much: what has just ended leaves garbage behind that is soon collected. */
async function residentMB(child: Child): Promise<number> {
  let before = residentNow(child.pid);
  for (let look = 0; look < 10; look++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const now = residentNow(child.pid);
    if (Math.abs(now - before) < 0.5) return now;
    before = now;
  }
  return before;
}

function residentNow(pid: number): number {
  if (process.platform === "linux") {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!;
    return Number(kilobytes) / 1024;
  }
  return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) / 1024;
}
