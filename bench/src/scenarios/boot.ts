import { createHttpTransport } from "@homeostat/runtime";
import { startChild, timeOf } from "../child.ts";
import { call, closing, connectTo, startBareChild, temporaryFolder } from "../connections.ts";
import type { Figures, Scenario } from "../scenario.ts";

/** From the start of a process until its server has answered `/readyz` over HTTPS, imports and certificates included. */
export const boot: Scenario = {
  name: "boot",
  about: "from starting a process to the first answer of /readyz",
  async open() {
    const folder = temporaryFolder();
    const withCache = { NODE_COMPILE_CACHE: folder.path };
    const none = { NODE_DISABLE_COMPILE_CACHE: "1" };
    const ours = (name: string, program: string, environment: Record<string, string>) => ({
      name,
      role: "ours" as const,
      round: () => bootOurs(program, environment),
    });
    return {
      comparisons: [
        {
          title: "boot to ready",
          metrics: [{ name: "ready", unit: "ms", target: 500 }],
          subjects: [
            ours("API server, first start", "api-server", none),
            ours("API server, compile cache", "api-server", withCache),
            ours("cluster, first start", "dev-cluster", none),
            ours("cluster, compile cache", "dev-cluster", withCache),
            { name: "node:https", role: "beside", round: () => bootBare() },
            {
              name: "node -e ''",
              role: "beside",
              round: async () => ({ ready: await timeOf(process.execPath, ["-e", ""], none) }),
            },
          ],
        },
      ],
      [Symbol.asyncDispose]: closing(folder),
    };

    async function bootBare(): Promise<Figures> {
      const { child, certificateAuthority } = await startBareChild(folder);
      const startedAt = performance.now();
      const transport = createHttpTransport({ server: child.ready["url"]!, ca: certificateAuthority });
      await call(transport, "GET", "/readyz");
      const ready = child.readyMs + performance.now() - startedAt;
      transport.close();
      await child[Symbol.asyncDispose]();
      return { ready };
    }
  },
};

async function bootOurs(program: string, environment: Record<string, string>): Promise<Figures> {
  const child = await startChild(program, { environment });
  const startedAt = performance.now();
  const transport = connectTo(child);
  await call(transport, "GET", "/readyz");
  const ready = child.readyMs + performance.now() - startedAt;
  transport.close();
  await child[Symbol.asyncDispose]();
  return { ready };
}
