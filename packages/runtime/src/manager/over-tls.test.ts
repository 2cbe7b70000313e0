import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Clock, ConfigMap, intercept, Namespace, Secret, systemClock } from "@homeostat/api";
import { type ApiServer, createApiServer } from "@homeostat/apiserver";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createClient } from "../client/api-client.ts";
import type { Client } from "../client/client.ts";
import { connect } from "../client/connect.ts";
import { createHttpTransport, type HttpTransport } from "../client/http-transport.ts";
import { controllerFor } from "../controller/builder.ts";
import { writeFence } from "../leader-election/fence.ts";
import { LeadershipLostError } from "../leader-election/leadership.ts";
import { silentLogger } from "../log.ts";
import { createManager } from "./create-manager.ts";
import type { Manager, ManagerOptions } from "./manager.ts";

let server: ApiServer;
let kubeconfig: string;
let url: string;
let admin: Client;
const closes: (() => void)[] = [];

beforeEach(async () => {
  server = await createApiServer();
  const listening = await server.listen();
  kubeconfig = listening.kubeconfig();
  url = listening.url;
  admin = createClient({ transport: server.transport(), fieldManager: "admin" });
  for (const name of ["demo", "ops"]) await admin.create(Namespace, { metadata: { name } });
});

afterEach(async () => {
  for (const close of closes.splice(0)) close();
  await server.stop();
});

/** A connection over TLS, as a process of its own has one. */
function dial(clock: Clock = systemClock): HttpTransport {
  const host = { env: { KUBECONFIG: "/c" }, homeDir: "/", workDir: "/", readFile: () => kubeconfig };
  const { transport } = connect({ host, clock });
  closes.push(() => transport.close());
  return transport;
}

/** Times that a test can wait for; leases count in whole seconds. */
const quick = { id: "operator", namespace: "ops", leaseDurationMs: 2_000, renewDeadlineMs: 1_500, retryPeriodMs: 100 };

const patiently = { timeout: 10_000, interval: 20 };

describe("managers over TLS", () => {
  test("L03 L08 hand leadership over when one stops, and when one dies", async () => {
    const seen: string[] = [];
    const replica = (identity: string): { manager: Manager; transport: HttpTransport } => {
      const transport = dial();
      const leaderElection = { ...quick, identity, transport };
      const manager = createManager({ transport: dial(), leaderElection, clock: systemClock, log: silentLogger });
      manager.add(controllerFor(Secret).reconcile(async () => void seen.push(identity)));
      return { manager, transport };
    };
    const [a, b, c] = [replica("a"), replica("b"), replica("c")];
    await a.manager.start();
    await a.manager.elected;
    await Promise.all([b.manager.start(), c.manager.start()]);
    await admin.create(Secret, { metadata: { namespace: "demo", name: "one" } });
    await vi.waitFor(() => expect(seen).toEqual(["a"]), patiently);
    await a.manager.stop();
    await Promise.race([b.manager.elected, c.manager.elected]);
    const [second, third] = b.manager.isLeader ? [b, c] : [c, b];
    expect(third.manager.isLeader).toBe(false);
    // Its way to the lease is cut, as if the process were gone.
    second.transport.close();
    await expect(second.manager.ended).rejects.toThrow(LeadershipLostError);
    expect(second.manager.isLeader).toBe(false);
    await third.manager.elected;
    await vi.waitFor(() => expect(new Set(seen)).toEqual(new Set(["a", "b", "c"])), patiently);
    await third.manager.stop();
  });

  test("L16 asks again in the turn in which a request leaves, after the wait for credentials", async () => {
    let proven = true;
    let credentials = (_: string): void => {};
    const tokenProvider = () => new Promise<string>((resolve) => (credentials = resolve));
    const transport = createHttpTransport({ server: url, insecureSkipTlsVerify: true, tokenProvider });
    closes.push(() => transport.close());
    const leadership = { elected: Promise.resolve(), isProven: () => proven, holder: "another" };
    const fenced = intercept(transport, writeFence({ leadership, clock: systemClock }));
    const client = createClient({ transport: fenced });
    const write = client.create(Secret, { metadata: { namespace: "demo", name: "late" } });
    proven = false;
    credentials("token");
    await expect(write).rejects.toMatchObject({ code: "NOT_LEADER", holder: "another" });
  });

  test("L17 gets no write of a process that was stopped while another took over", async () => {
    const count = { namespace: "demo", name: "count" };
    await admin.create(ConfigMap, { metadata: count });
    const directory = await mkdtemp(join(tmpdir(), "homeostat-"));
    await writeFile(join(directory, "config"), kubeconfig);
    const program = fileURLToPath(new URL("./frozen-process.test-support.ts", import.meta.url));
    const env = { PATH: process.env["PATH"], KUBECONFIG: join(directory, "config") };
    const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"], env });
    const ended = once(child, "close");
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    try {
      await vi.waitFor(() => expect(said).toBe("writes\n"), patiently);
      child.kill("SIGSTOP");
      child.stdin.write("go on\n");
      const leaderElection = { ...quick, identity: "successor" };
      const manager = createManager({ transport: dial(), leaderElection, log: silentLogger });
      await manager.start();
      await manager.elected;
      const before = await admin.get(ConfigMap, count);
      child.kill("SIGCONT");
      const [code] = await ended;
      expect(code).toBe(1);
      expect(said).toBe("writes\nNOT_LEADER\n");
      expect(await admin.get(ConfigMap, count)).toEqual(before);
      expect(manager.isLeader).toBe(true);
      await manager.stop();
    } finally {
      child.kill("SIGKILL");
      await rm(directory, { recursive: true });
    }
  });

  test("M13 leaves no sockets, servers or timers behind, however often and however it ends", async () => {
    const timers = new Set<object>();
    const clock: Clock = {
      ...systemClock,
      setTimer(callback, delayMs, options) {
        const timer = {};
        timers.add(timer);
        const fire = (): void => {
          timers.delete(timer);
          callback();
        };
        const cancel = systemClock.setTimer(fire, delayMs, options);
        return () => {
          timers.delete(timer);
          cancel();
        };
      },
    };
    const sockets = () => process.getActiveResourcesInfo().filter((kind) => /^(?:TCP|TLS)/.test(kind));
    // The API server's listener, and what others in this process may have.
    const rest = sockets().length;
    const cycle = async (options: ManagerOptions, fail: boolean): Promise<void> => {
      const transport = dial(clock);
      const manager = createManager({ transport, clock, log: silentLogger, ...options });
      let breakIt = (_: Error): void => {};
      manager.add({
        name: "late",
        run: (signal) =>
          new Promise((resolve, reject) => {
            breakIt = reject;
            signal.addEventListener("abort", () => resolve());
          }),
      });
      let reconciled = 0;
      manager.add(
        controllerFor(Secret).reconcile(async ({ events }) => {
          events.normal("Seen", "an event");
          reconciled++;
        }),
      );
      await manager.start();
      await manager.elected;
      await vi.waitFor(() => expect(reconciled).toBeGreaterThan(0), patiently);
      if (fail) breakIt(new Error("late failure"));
      else await manager.stop();
      await manager.ended.catch(() => {});
      transport.close();
    };
    await admin.create(Secret, { metadata: { namespace: "demo", name: "one" } });
    const all = { metricsAddress: "127.0.0.1:0", healthAddress: "127.0.0.1:0", profilingAddress: "127.0.0.1:0" };
    for (const fail of [false, true, false]) {
      await cycle(all, fail);
      await cycle({ leaderElection: { ...quick, identity: "one" } }, fail);
    }
    // The other end of a closed connection takes a moment.
    await vi.waitFor(() => expect(sockets().length).toBeLessThanOrEqual(rest), patiently);
    expect(timers.size).toBe(0);
  });
});
