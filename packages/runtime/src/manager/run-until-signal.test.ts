import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { fileURLToPath } from "node:url";
import { createVirtualClock } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { LeadershipLostError } from "../leader-election/leadership.ts";
import { silentLogger } from "../log.ts";
import { createManager } from "./create-manager.ts";
import type { Manager, ManagerOptions, Runnable } from "./manager.ts";
import { runUntilSignal } from "./run-until-signal.ts";

/** A process whose signals are sent by the test, and whose end is only noted. */
class TestProcess extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

const stuck: Runnable = { name: "stuck", run: () => new Promise(() => {}) };
const nowhere = (): Promise<never> => Promise.reject(new Error("network is unreachable"));

function manager(options: ManagerOptions = {}): Manager {
  return createManager({ transport: nowhere, clock: createVirtualClock(), log: silentLogger, ...options });
}

describe("running until a signal", () => {
  test.each(["SIGTERM", "SIGINT"])("M14 stops at %s, and listens no more when it has ended", async (signal) => {
    const process = new TestProcess();
    const running = runUntilSignal(manager(), { process });
    await Promise.resolve();
    process.emit(signal);
    await running;
    expect(process.exits).toEqual([]);
    expect(process.eventNames()).toEqual([]);
  });

  test("M14 exits with 1 at a second signal", async () => {
    const process = new TestProcess();
    const made = manager({ gracefulShutdownMs: -1 });
    made.add(stuck);
    void runUntilSignal(made, { process });
    await made.start().catch(() => {});
    process.emit("SIGTERM");
    expect(process.exits).toEqual([]);
    process.emit("SIGINT");
    expect(process.exits).toEqual([1]);
  });

  test("M14 rejects with what ended the manager", async () => {
    const process = new TestProcess();
    const made = manager();
    made.add({ name: "broken", run: () => Promise.reject(new Error("no disk")) });
    await expect(runUntilSignal(made, { process })).rejects.toThrow("no disk");
    expect(process.exits).toEqual([]);
    expect(process.eventNames()).toEqual([]);
  });

  test("exits with 1 when something is left that would keep the process alive", async () => {
    const process = new TestProcess();
    const clock = createVirtualClock();
    const made = manager({ clock, gracefulShutdownMs: 1_000 });
    made.add(stuck);
    const running = runUntilSignal(made, { process }).catch((error: Error) => error.message);
    await clock.settle();
    process.emit("SIGTERM");
    await clock.advance(1_000);
    expect(await running).toBe("not stopped within 1000 ms: stuck");
    expect(process.exits).toEqual([1]);
  });

  test("exits with 1 when the leadership is lost", async () => {
    const process = new TestProcess();
    const lost = new LeadershipLostError("leader election lost: a test");
    const leadership = {
      elected: Promise.resolve(),
      isProven: () => false,
      holder: undefined,
      lost: Promise.resolve(lost),
    };
    const made = manager({ leadership });
    made.add(stuck);
    await expect(runUntilSignal(made, { process })).rejects.toBe(lost);
    expect(process.exits).toEqual([1]);
  });

  test("M14 is done by a real process", async () => {
    const program = fileURLToPath(new URL("./run-until-signal.test-support.ts", import.meta.url));
    const run = async (mode: string, signals: readonly NodeJS.Signals[]) => {
      const child = spawn(process.execPath, [program, mode], { stdio: ["ignore", "pipe", "inherit"] });
      const lines: string[] = [];
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        lines.push(...text.trim().split("\n"));
        // Each line it writes is answered by the next signal.
        const next = signals[lines.length - 1];
        if (next) child.kill(next);
      });
      const [code] = await once(child, "close");
      return { code, lines };
    };
    const [clean, forced] = await Promise.all([run("clean", ["SIGTERM"]), run("stuck", ["SIGTERM", "SIGTERM"])]);
    expect(clean).toEqual({ code: 0, lines: ["running", "stopping", "ended"] });
    expect(forced).toEqual({ code: 1, lines: ["running", "stopping"] });
  });
});
