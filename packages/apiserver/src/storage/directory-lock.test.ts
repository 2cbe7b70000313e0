import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { lockDirectory } from "./directory-lock.ts";

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "homeostat-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** State and start time of a process, as the system tells them. */
async function statOf(pid: number): Promise<{ state: string; started: string }> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0]!, started: fields[19]! };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

test("refuses a directory that a living process holds, and names it", async () => {
  const directory = await temporary();
  const unlock = await lockDirectory(directory);
  await expect(lockDirectory(directory)).rejects.toThrow(`in use by process ${process.pid}`);
  await unlock();
  await (await lockDirectory(directory))();
});

test.skipIf(!existsSync("/proc/self/stat"))(
  "takes over from a process that was killed and whose parent has not asked for it",
  async () => {
    const directory = await temporary();
    // The shell becomes a sleep, which never asks how the child it has taken over ended.
    const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
    onTestFinished(() => void parent.kill("SIGKILL"));
    const pid = await new Promise<number>((resolve) => parent.stdout.once("data", (data) => resolve(Number(data))));
    await until(async () => (await readFile(`/proc/${parent.pid}/comm`, "utf8")) === "sleep\n");
    process.kill(pid, "SIGKILL");
    await until(async () => (await statOf(pid)).state === "Z");
    const { started } = await statOf(pid);
    await writeFile(join(directory, "lock"), JSON.stringify({ pid, started }));
    await (await lockDirectory(directory))();
  },
);
