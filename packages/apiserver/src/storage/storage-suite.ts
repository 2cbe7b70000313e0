import { createVirtualClock } from "@homeostat/api";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { HistoryOptions } from "./history.ts";
import {
  CompactedError,
  type Encode,
  FutureRevisionError,
  KeyExistsError,
  RevisionMismatchError,
  type Storage,
  type StorageEvent,
} from "./storage.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const write =
  (content: string): Encode =>
  (revision) =>
    new TextEncoder().encode(`${content}@${revision}`);
const keys = (entries: readonly { key: string }[]): string[] => entries.map((entry) => entry.key);
const told = (event: StorageEvent): string => `${event.type} ${event.entry.key} ${text(event.entry.value)}`;

/**
 * What every {@link Storage} does, as tests. `newStorage` makes an empty one that keeps history as the options say;
 * the suite closes it.
 */
export function storageSuite(name: string, newStorage: (options: HistoryOptions) => Promise<Storage>): void {
  describe(name, () => {
    const opened: Storage[] = [];
    const clock = createVirtualClock();
    const open = async (options: Partial<HistoryOptions> = {}): Promise<Storage> => {
      const storage = await newStorage({ clock, ...options });
      opened.push(storage);
      return storage;
    };
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((storage) => storage.close()));
    });

    describe("writes", () => {
      it("start at revision 1 and count one revision each", async () => {
        const storage = await open();
        expect(storage.revision()).toBe(1);
        const a = await storage.create("/a/1", write("one"));
        const b = await storage.create("/b/1", write("two"));
        expect([a.revision, b.revision, storage.revision()]).toEqual([2, 3, 3]);
        expect(text((await storage.get("/b/1"))!.value)).toBe("two@3");
      });

      it("refuse to create a key twice and show what is there", async () => {
        const storage = await open();
        const first = await storage.create("/a/1", write("one"));
        const error = await storage.create("/a/1", write("again")).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(KeyExistsError);
        expect((error as KeyExistsError).current).toEqual(first);
        expect(storage.revision()).toBe(2);
      });

      it("replace an entry only at its expected revision", async () => {
        const storage = await open();
        const first = await storage.create("/a/1", write("one"));
        const second = await storage.update("/a/1", first.revision, write("two"));
        const error = await storage.update("/a/1", first.revision, write("three")).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(RevisionMismatchError);
        expect((error as RevisionMismatchError).current).toEqual(second);
        expect(text((await storage.get("/a/1"))!.value)).toBe("two@3");
      });

      it("remove an entry only at its expected revision", async () => {
        const storage = await open();
        const first = await storage.create("/a/1", write("one"));
        await expect(storage.delete("/a/1", 99, write("gone"))).rejects.toThrow(RevisionMismatchError);
        const last = await storage.delete("/a/1", first.revision, write("gone"));
        expect(text(last.value)).toBe("gone@3");
        expect(await storage.get("/a/1")).toBeUndefined();
      });

      it("refuse to replace or remove an absent key", async () => {
        const storage = await open();
        const error = await storage.update("/a/1", 2, write("one")).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(RevisionMismatchError);
        expect((error as RevisionMismatchError).current).toBeUndefined();
        await expect(storage.delete("/a/1", 2, write("one"))).rejects.toThrow(RevisionMismatchError);
      });

      it("let exactly one of many rivals win a revision", async () => {
        const storage = await open();
        const first = await storage.create("/a/1", write("one"));
        const outcomes = await Promise.allSettled(
          Array.from({ length: 20 }, (_, index) => storage.update("/a/1", first.revision, write(`rival ${index}`))),
        );
        expect(outcomes.filter((outcome) => outcome.status === "fulfilled")).toHaveLength(1);
        expect(storage.revision()).toBe(3);
      });

      it("take no revision when the encoding throws", async () => {
        const storage = await open();
        const failing: Encode = () => {
          throw new Error("cannot encode");
        };
        await expect(storage.create("/a/1", failing)).rejects.toThrow("cannot encode");
        expect(storage.revision()).toBe(1);
        expect((await storage.create("/a/1", write("one"))).revision).toBe(2);
      });

      it("follow each other when they are started together", async () => {
        const storage = await open();
        const entries = await Promise.all(
          Array.from({ length: 100 }, (_, index) => storage.create(`/a/${index}`, write("x"))),
        );
        expect(entries.map((entry) => entry.revision)).toEqual(Array.from({ length: 100 }, (_, index) => index + 2));
      });

      it("are refused after closing", async () => {
        const storage = await open();
        await storage.close();
        await expect(storage.create("/a/1", write("one"))).rejects.toThrow("storage is closed");
      });
    });

    describe("list", () => {
      it("gives the keys of a prefix in byte order", async () => {
        const storage = await open();
        for (const key of ["/a/ns/b", "/a/ns/a", "/a/ns-2/c", "/ab/x", "/b/y", "/a/ns/B"]) {
          await storage.create(key, write(key));
        }
        expect(keys((await storage.list("/a/")).entries)).toEqual(["/a/ns-2/c", "/a/ns/B", "/a/ns/a", "/a/ns/b"]);
        expect(keys((await storage.list("/a/ns/")).entries)).toEqual(["/a/ns/B", "/a/ns/a", "/a/ns/b"]);
        expect(await storage.list("/none/")).toEqual({ entries: [], revision: 7, remaining: 0 });
        expect((await storage.list("")).entries).toHaveLength(6);
      });

      it("keeps order through thousands of inserts and removals", async () => {
        const storage = await open();
        const numbers = Array.from({ length: 3000 }, (_, index) => (index * 7919) % 3000);
        const created = await Promise.all(
          numbers.map((number) => storage.create(`/a/${String(number).padStart(5, "0")}`, write("x"))),
        );
        await Promise.all(
          created
            .filter((entry) => Number(entry.key.slice(3)) % 3 === 0)
            .map((entry) => storage.delete(entry.key, entry.revision, write("gone"))),
        );
        const expected = created.map((entry) => entry.key).filter((key) => Number(key.slice(3)) % 3 !== 0);
        expect(keys((await storage.list("/a/")).entries)).toEqual(expected.sort());
      });

      it("pages by limit and last key and counts what remains", async () => {
        const storage = await open();
        for (let index = 0; index < 7; index++) await storage.create(`/a/${index}`, write("x"));
        await storage.create("/b/0", write("other"));
        const first = await storage.list("/a/", { limit: 3 });
        expect([keys(first.entries), first.remaining]).toEqual([["/a/0", "/a/1", "/a/2"], 4]);
        const second = await storage.list("/a/", { limit: 3, after: "/a/2" });
        expect([keys(second.entries), second.remaining]).toEqual([["/a/3", "/a/4", "/a/5"], 1]);
        const third = await storage.list("/a/", { limit: 3, after: "/a/5" });
        expect([keys(third.entries), third.remaining]).toEqual([["/a/6"], 0]);
      });

      it("shows the state of an older revision", async () => {
        const storage = await open();
        const kept = await storage.create("/a/kept", write("v1"));
        const gone = await storage.create("/a/gone", write("v1"));
        const revision = storage.revision();
        await storage.update("/a/kept", kept.revision, write("v2"));
        await storage.delete("/a/gone", gone.revision, write("last"));
        await storage.create("/a/new", write("v1"));
        const renewed = await storage.create("/a/gone", write("again"));
        await storage.update("/a/gone", renewed.revision, write("and again"));

        const then = await storage.list("/a/", { revision });
        expect(then.entries.map((entry) => text(entry.value))).toEqual(["v1@3", "v1@2"]);
        expect(then.revision).toBe(revision);
        const page = await storage.list("/a/", { revision, limit: 1 });
        expect([keys(page.entries), page.remaining]).toEqual([["/a/gone"], 1]);
        expect(keys((await storage.list("/a/", { revision, after: "/a/gone" })).entries)).toEqual(["/a/kept"]);
        expect((await storage.list("/a/", { revision: 1 })).entries).toEqual([]);
      });

      it("refuses a revision that is not there yet", async () => {
        const storage = await open();
        const error = await storage.list("/a/", { revision: 5 }).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(FutureRevisionError);
        expect((error as FutureRevisionError).current).toBe(1);
      });
    });

    describe("watch", () => {
      it("B121 replays history after a revision, then tells what happens, each once and in order", async () => {
        const storage = await open();
        const one = await storage.create("/a/1", write("one"));
        await storage.create("/b/1", write("elsewhere"));
        const two = await storage.update("/a/1", one.revision, write("two"));
        const events: string[] = [];
        storage.watch("/a/", one.revision, (event) => events.push(told(event)));
        expect(events).toEqual(["put /a/1 two@4"]);
        await storage.delete("/a/1", two.revision, write("gone"));
        await storage.create("/a/2", write("three"));
        expect(events).toEqual(["put /a/1 two@4", "delete /a/1 gone@5", "put /a/2 three@6"]);
      });

      it("carries the state before", async () => {
        const storage = await open();
        const events: StorageEvent[] = [];
        storage.watch("/a/", 1, (event) => events.push(event));
        const one = await storage.create("/a/1", write("one"));
        const two = await storage.update("/a/1", one.revision, write("two"));
        await storage.delete("/a/1", two.revision, write("gone"));
        expect(events.map((event) => event.previous)).toEqual([undefined, one, two]);
      });

      it("B121 shows watches of overlapping prefixes the same order", async () => {
        const storage = await open();
        const seen: number[][] = [[], [], []];
        storage.watch("/a/", 1, (event) => seen[0]!.push(event.entry.revision));
        storage.watch("/", 1, (event) => seen[1]!.push(event.entry.revision));
        await Promise.all(Array.from({ length: 50 }, (_, index) => storage.create(`/a/${index}`, write("x"))));
        storage.watch("/a/", 1, (event) => seen[2]!.push(event.entry.revision));
        const all = Array.from({ length: 50 }, (_, index) => index + 2);
        expect(seen).toEqual([all, all, all]);
      });

      it("keeps the order for everyone when a watcher writes from within", async () => {
        const storage = await open();
        const first: number[] = [];
        const last: number[] = [];
        const writes: Promise<unknown>[] = [];
        storage.watch("/a/", 1, (event) => {
          first.push(event.entry.revision);
          if (event.entry.revision < 6) writes.push(storage.create(`/a/${event.entry.revision}`, write("x")));
        });
        storage.watch("/a/", 1, (event) => last.push(event.entry.revision));
        await storage.create("/a/1", write("x"));
        for (let count = 0; count < writes.length; count++) await writes[count];
        expect(first).toEqual([2, 3, 4, 5, 6]);
        expect(last).toEqual([2, 3, 4, 5, 6]);
      });

      it("tells nothing below a revision that is still to come", async () => {
        const storage = await open();
        const events: number[] = [];
        storage.watch("/a/", 3, (event) => events.push(event.entry.revision));
        for (let index = 0; index < 4; index++) await storage.create(`/a/${index}`, write("x"));
        expect(events).toEqual([4, 5]);
      });

      it("ends when told to, from within too", async () => {
        const storage = await open();
        const events: number[] = [];
        const stop = storage.watch("/a/", 1, (event) => {
          events.push(event.entry.revision);
          stop();
        });
        await storage.create("/a/1", write("x"));
        await storage.create("/a/2", write("x"));
        stop();
        expect(events).toEqual([2]);
      });

      it("ends with the storage", async () => {
        const storage = await open();
        const events: number[] = [];
        storage.watch("/a/", 1, (event) => events.push(event.entry.revision));
        const pending = storage.create("/a/1", write("x")).catch(() => undefined);
        await storage.close();
        await pending;
        const count = events.length;
        await storage.create("/a/2", write("x")).catch(() => undefined);
        expect(events).toHaveLength(count);
      });
    });

    describe("any sequence of writes", () => {
      const operation = fc.record({
        key: fc.integer({ min: 0, max: 12 }),
        remove: fc.boolean(),
        together: fc.boolean(),
      });

      it("can be listed at every revision, page by page, and watched from every revision", async () => {
        const property = fc.asyncProperty(fc.array(operation, { maxLength: 60 }), async (operations) => {
          const storage = await open();
          const model = await runModel(storage, operations);
          for (const [revision, expected] of model) {
            const whole = await storage.list("/a/", { revision });
            expect(whole.entries.map(({ key, revision: own }) => `${key}@${own}`)).toEqual(expected);
            expect(await pagesOf(storage, revision)).toEqual(expected);
            const replayed = new Map(whole.entries.map((entry) => [entry.key, entry.revision]));
            storage.watch("/a/", revision, ({ type, entry }) => {
              if (type === "put") replayed.set(entry.key, entry.revision);
              else replayed.delete(entry.key);
            })();
            const now = (await storage.list("/a/")).entries.map((entry) => [entry.key, entry.revision]);
            expect([...replayed].sort()).toEqual(now);
          }
        });
        await fc.assert(property, { numRuns: 25 });
      });
    });

    describe("compaction", () => {
      it("B123 makes lists at and watches from before the revision throw and leaves the rest", async () => {
        const storage = await open();
        for (let index = 0; index < 5; index++) await storage.create(`/a/${index}`, write("x"));
        storage.compact(4);
        expect(() => storage.watch("/a/", 3, () => {})).toThrow("too old resource version: 3 (4)");
        await expect(storage.list("/a/", { revision: 3 })).rejects.toThrow(CompactedError);
        expect(keys((await storage.list("/a/", { revision: 4 })).entries)).toEqual(["/a/0", "/a/1", "/a/2"]);
        const events: number[] = [];
        storage.watch("/a/", 4, (event) => events.push(event.entry.revision));
        expect(events).toEqual([5, 6]);
        expect((await storage.list("/a/")).entries).toHaveLength(5);
      });

      it("stops at the newest revision and never goes back", async () => {
        const storage = await open();
        await storage.create("/a/1", write("x"));
        storage.compact(100);
        storage.compact(1);
        expect(() => storage.watch("/a/", 1, () => {})).toThrow(CompactedError);
        expect((await storage.list("/a/")).revision).toBe(2);
        const events: number[] = [];
        storage.watch("/a/", 2, (event) => events.push(event.entry.revision));
        await storage.create("/a/2", write("x"));
        expect(events).toEqual([3]);
      });

      it("forgets events when they grow old", async () => {
        const storage = await open({ historyMs: 1000, minEvents: 0 });
        await storage.create("/a/1", write("x"));
        await clock.advance(999);
        await storage.create("/a/2", write("x"));
        expect((await storage.list("/a/", { revision: 1 })).entries).toEqual([]);
        await clock.advance(2);
        await storage.create("/a/3", write("x"));
        await expect(storage.list("/a/", { revision: 1 })).rejects.toThrow(CompactedError);
        expect(keys((await storage.list("/a/", { revision: 2 })).entries)).toEqual(["/a/1"]);
      });

      it("B123 keeps a number of events however old they are", async () => {
        const storage = await open({ historyMs: 1000, minEvents: 3 });
        for (let index = 0; index < 5; index++) await storage.create(`/a/${index}`, write("x"));
        await clock.advance(10_000);
        await storage.create("/a/5", write("x"));
        const events: number[] = [];
        storage.watch("/a/", 4, (event) => events.push(event.entry.revision));
        expect(events).toEqual([5, 6, 7]);
        expect(() => storage.watch("/a/", 3, () => {})).toThrow(CompactedError);
      });

      it("bounds the number of events however young they are", async () => {
        const storage = await open({ maxEvents: 10 });
        await Promise.all(Array.from({ length: 5000 }, (_, index) => storage.create(`/a/${index}`, write("x"))));
        expect(() => storage.watch("/a/", 4990, () => {})).toThrow("too old resource version: 4990 (4991)");
        const events: number[] = [];
        storage.watch("/a/", 4991, (event) => events.push(event.entry.revision));
        expect(events).toEqual([4992, 4993, 4994, 4995, 4996, 4997, 4998, 4999, 5000, 5001]);
      });
    });
  });
}

/** Writes as told, some of them without waiting for the one before, and gives what there was at each revision. */
async function runModel(
  storage: Storage,
  operations: readonly { key: number; remove: boolean; together: boolean }[],
): Promise<Map<number, string[]>> {
  const current = new Map<string, number>();
  const states = new Map([[storage.revision(), [] as string[]]]);
  let last: Promise<unknown> = Promise.resolve();
  for (const { key: number, remove, together } of operations) {
    const key = `/a/${number}`;
    const expected = current.get(key);
    const next = Math.max(...states.keys()) + 1;
    if (expected === undefined) last = storage.create(key, write("new"));
    else last = remove ? storage.delete(key, expected, write("gone")) : storage.update(key, expected, write("changed"));
    if (expected !== undefined && remove) current.delete(key);
    else current.set(key, next);
    states.set(next, [...current].map(([name, revision]) => `${name}@${revision}`).sort(byKey));
    if (!together) await last;
  }
  await last;
  return states;
}

const byKey = (a: string, b: string): number => (a.split("@")[0]! < b.split("@")[0]! ? -1 : 1);

async function pagesOf(storage: Storage, revision: number): Promise<string[]> {
  const all: string[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await storage.list("/a/", { revision, limit: 3, ...(after === undefined ? {} : { after }) });
    all.push(...page.entries.map((entry) => `${entry.key}@${entry.revision}`));
    after = page.entries.at(-1)?.key;
    if (page.remaining === 0 || after === undefined) return all;
  }
}
