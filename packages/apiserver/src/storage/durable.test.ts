import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createVirtualClock } from "@homeostat/api";
import { afterEach, describe, expect, it } from "vitest";
import { type DurableStorageOptions, openDurableStorage } from "./durable.ts";
import type { Encode, Storage } from "./storage.ts";
import { storageSuite } from "./storage-suite.ts";

const clock = createVirtualClock();
const write =
  (content: string): Encode =>
  () =>
    new TextEncoder().encode(content);

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "homeostat-storage-"));
  cleanups.push(() => rm(directory, { recursive: true }));
  return directory;
}

async function open(directory: string, options: Partial<DurableStorageOptions> = {}): Promise<Storage> {
  const storage = await openDurableStorage({ directory, clock, ...options });
  cleanups.push(() => storage.close());
  return storage;
}

/** What a storage holds, as `key=value@revision` and its own revision. */
async function contents(storage: Storage): Promise<string[]> {
  const { entries, revision } = await storage.list("/");
  return [
    ...entries.map(({ key, value, revision: own }) => `${key}=${new TextDecoder().decode(value)}@${own}`),
    `at ${revision}`,
  ];
}

/** Writes one after the other and gives the contents after each. */
async function writeSome(storage: Storage): Promise<string[][]> {
  const states = [await contents(storage)];
  const done = async (): Promise<void> => void states.push(await contents(storage));
  const a = await storage.create("/a/1", write("one"));
  await done();
  const b = await storage.create("/b/1", write("x".repeat(20)));
  await done();
  await storage.update("/a/1", a.revision, write("two"));
  await done();
  await storage.delete("/b/1", b.revision, write("gone"));
  await done();
  return states;
}

const logsOf = async (directory: string): Promise<string[]> =>
  (await readdir(directory)).filter((name) => name.startsWith("log-")).sort();

storageSuite("durable storage", async (options) => openDurableStorage({ ...options, directory: await newDirectory() }));

describe("durable storage", () => {
  it("has everything again after it was closed, and goes on counting", async () => {
    const directory = await newDirectory();
    const first = await open(directory);
    const states = await writeSome(first);
    await first.close();
    const second = await open(directory);
    expect(await contents(second)).toEqual(states.at(-1));
    expect((await second.create("/c", write("c"))).revision).toBe(6);
    await second.close();
    expect(await contents(await open(directory))).toEqual(["/a/1=two@4", "/c=c@6", "at 6"]);
  });

  it("B121 lets watches go on after a restart from where they were", async () => {
    const directory = await newDirectory();
    const first = await open(directory);
    await writeSome(first);
    await first.close();
    const events: string[] = [];
    const second = await open(directory);
    second.watch("/", 2, ({ type, entry, previous }) =>
      events.push(`${type} ${entry.key}@${entry.revision} was ${previous?.revision}`),
    );
    expect(events).toEqual(["put /b/1@3 was undefined", "put /a/1@4 was 2", "delete /b/1@5 was 3"]);
  });

  it("tells nobody of a write before it is on the disk", async () => {
    const directory = await newDirectory();
    const storage = await open(directory);
    const onDisk: number[] = [];
    storage.watch("/", 1, () => onDisk.push(1));
    const pending = storage.create("/a", write("a"));
    expect([onDisk.length, await storage.get("/a"), storage.revision()]).toEqual([0, undefined, 1]);
    await pending;
    expect([onDisk.length, storage.revision()]).toEqual([1, 2]);
  });

  it("comes back from a log cut at any byte with the state of the last whole write, and goes on from there", async () => {
    const origin = await newDirectory();
    const storage = await open(origin);
    const states: string[][] = [];
    const sizes: number[] = [];
    const path = join(origin, (await logsOf(origin))[0]!);
    const seen = async (state: string[]): Promise<void> => {
      states.push(state);
      sizes.push((await readFile(path)).length);
    };
    await seen(await contents(storage));
    const a = await storage.create("/a/1", write("one"));
    await seen(await contents(storage));
    await storage.update("/a/1", a.revision, write("two"));
    await seen(await contents(storage));
    await storage.delete("/a/1", a.revision + 1, write("gone"));
    await seen(await contents(storage));
    await storage.close();

    for (let size = 0; size <= sizes.at(-1)!; size++) {
      const directory = await newDirectory();
      await cp(origin, directory, { recursive: true });
      await truncate(join(directory, (await logsOf(directory))[0]!), size);
      const expected = states[sizes.findLastIndex((whole) => whole <= size)]!;
      const cut = await open(directory);
      expect([size, await contents(cut)]).toEqual([size, expected]);
      await cut.create("/new", write("n"));
      const after = await contents(cut);
      await cut.close();
      const again = await open(directory);
      expect([size, await contents(again)]).toEqual([size, after]);
      await again.close();
    }
  });

  it("drops an end of zeros, which some file systems leave", async () => {
    const directory = await newDirectory();
    const storage = await open(directory);
    const states = await writeSome(storage);
    await storage.close();
    const path = join(directory, (await logsOf(directory))[0]!);
    await writeFile(path, Buffer.concat([await readFile(path), Buffer.alloc(4096)]));
    expect(await contents(await open(directory))).toEqual(states.at(-1));
  });

  it("refuses a log that is damaged before its end", async () => {
    const directory = await newDirectory();
    const storage = await open(directory);
    await writeSome(storage);
    await storage.close();
    const path = join(directory, (await logsOf(directory))[0]!);
    const bytes = await readFile(path);
    bytes[12]! ^= 1;
    await writeFile(path, bytes);
    await expect(open(directory)).rejects.toThrow(/log-\d+ is damaged: byte 0 is wrong, though what follows is intact/);
  });

  it("refuses a snapshot that is damaged", async () => {
    const directory = await newDirectory();
    const storage = await open(directory, { maxLogBytes: 1 });
    await writeSome(storage);
    await storage.close();
    const name = (await readdir(directory)).find((candidate) => candidate.startsWith("snapshot-"))!;
    await truncate(join(directory, name), 10);
    await expect(open(directory)).rejects.toThrow("it is not whole");
  });

  it("replaces long logs by a snapshot and has everything again from it", async () => {
    const directory = await newDirectory();
    const storage = await open(directory, { maxLogBytes: 2000 });
    const value = "v".repeat(100);
    let entry = await storage.create("/a", write(value));
    for (let count = 0; count < 300; count++) {
      entry = await storage.update("/a", entry.revision, write(`${value}${count}`));
      if (count % 10 === 0) await storage.create(`/b/${count}`, write("b"));
    }
    const expected = await contents(storage);
    await storage.close();
    const sizes = await Promise.all(
      (await readdir(directory)).map(async (name) => (await readFile(join(directory, name))).length),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(20_000);
    const again = await open(directory);
    expect(await contents(again)).toEqual(expected);
    expect(() => again.watch("/", 5, () => {})).toThrow("too old resource version");
  });

  it("comes back from a crash between any two steps of replacing a log", async () => {
    const directory = await newDirectory();
    const storage = await open(directory);
    await writeSome(storage);
    await storage.close();
    const before = await newDirectory();
    await cp(directory, before, { recursive: true });
    const compacted = await open(directory, { maxLogBytes: 1 });
    await compacted.create("/last", write("l"));
    const expected = await contents(compacted);
    await compacted.close();

    // The old log is still there beside the new files, and an unfinished snapshot too.
    await cp(before, directory, { recursive: true });
    await writeFile(join(directory, "snapshot-9999999999999999.tmp"), "half");
    const again = await open(directory);
    expect(await contents(again)).toEqual(expected);
    expect(await readdir(directory)).not.toContain("snapshot-9999999999999999.tmp");
  });

  it("keeps a second user out and says who the first is", async () => {
    const directory = await newDirectory();
    const first = await open(directory);
    await expect(open(directory)).rejects.toThrow(`the directory ${directory} is in use by process ${process.pid}`);
    await first.close();
    await open(directory);
  });

  it.each([
    ["of a process that is gone", JSON.stringify({ pid: 2 ** 22 + 1, started: "1" })],
    ["of a process whose number is used again", JSON.stringify({ pid: process.pid, started: "1" })],
    ["that is empty", ""],
  ])("takes over a lock %s", async (_, content) => {
    const directory = await newDirectory();
    await writeFile(join(directory, "lock"), content);
    const storage = await open(directory);
    expect(JSON.parse(await readFile(join(directory, "lock"), "utf8")).pid).toBe(process.pid);
    await storage.close();
  });

  it("says what to do about a directory that is none", async () => {
    const file = join(await newDirectory(), "file");
    await writeFile(file, "");
    await expect(open(file)).rejects.toThrow(
      `cannot keep data in ${file}: it, or a part of its path, is a file; choose another directory`,
    );
    await expect(open(join(file, "below"))).rejects.toThrow("is a file; choose another directory");
  });
});
