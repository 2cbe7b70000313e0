import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { ConfigMap, createVirtualClock, type VirtualClock } from "@homeostat/api";
import { createDevCluster, type DevCluster } from "@homeostat/devcluster";
import { controllerFor, type LedgerEntry, type Logger, type Manager, type ReconcileContext } from "@homeostat/runtime";
import { describe, expect, onTestFinished, test } from "vitest";

const namespace = "default";
const others = ["a", "b", "c", "d", "e"];

interface World {
  readonly clock: VirtualClock;
  readonly cluster: DevCluster;
  readonly manager: Manager;
  readonly entries: LedgerEntry[];
  /** Times at which an object was reconciled to the end, by its text. */
  readonly done: Map<string, string>;
  put(name: string, text: string): Promise<void>;
}

type Harm = (context: ReconcileContext<ConfigMap>) => Promise<void>;

/** A controller that does harm while it reconciles the object `bad`, and its work for all others. */
async function world(harm: Harm, options: { readonly concurrency?: number; readonly timeoutMs?: number } = {}) {
  const clock = createVirtualClock();
  const cluster = await createDevCluster({ clock, controllers: "none" });
  // One that never settles was told at the stop of the manager already.
  onTestFinished(() => cluster.stop().catch(() => {}));
  const done = new Map<string, string>();
  const entries: LedgerEntry[] = [];
  const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
  const controller = controllerFor(ConfigMap, { name: "copies", labelSelector: "copy=me", concurrency: 2, ...options });
  const manager = await cluster.run(
    // Not an async function, so that what is thrown in it is thrown and not rejected.
    controller.reconcile((context) => {
      const { name } = context.object.metadata;
      if (name === "bad") return harm(context);
      done.set(name, context.object.data?.["text"] ?? "");
      return Promise.resolve();
    }),
    { log: silent, onReconciled: (entry) => void entries.push(entry) },
  );
  const put = async (name: string, text: string): Promise<void> => {
    const metadata = { namespace, name, labels: { copy: "me" } };
    await cluster.client.apply(ConfigMap, { metadata, data: { text } } as ConfigMap, { fieldManager: "a person" });
  };
  return { clock, cluster, manager, entries, done, put } satisfies World;
}

/** Edits all others for a minute while `bad` fails; every edit must have been worked on within its second. */
async function expectOthersUnharmed({ clock, put, done, manager }: World): Promise<void> {
  await put("bad", "whatever");
  for (let round = 0; round < 20; round++) {
    for (const name of others) await put(name, `${name} ${round}`);
    await clock.advance(3_000);
    expect([...done].sort()).toEqual(others.map((name) => [name, `${name} ${round}`]));
  }
  let ended = false;
  manager.ended.then(
    () => {
      ended = true;
    },
    () => {
      ended = true;
    },
  );
  await clock.settle();
  expect(ended).toBe(false);
}

const failuresOf = ({ entries }: World, name: string): LedgerEntry[] =>
  entries.filter((entry) => entry.name === name && entry.outcome === "error");

describe("a reconcile", () => {
  test("that throws synchronously harms only its own key, which is tried again", async () => {
    const harmed = await world(() => {
      throw new Error("thrown, not rejected");
    });
    await expectOthersUnharmed(harmed);
    expect(failuresOf(harmed, "bad").length).toBeGreaterThan(5);
    expect(harmed.entries.filter(({ name }) => others.includes(name)).length).toBeGreaterThanOrEqual(100);
    for (const name of others) expect(failuresOf(harmed, name)).toEqual([]);
  });

  test("that rejects harms only its own key, which is tried again after growing delays", async () => {
    const harmed = await world(() => Promise.reject(new Error("rejected")));
    await expectOthersUnharmed(harmed);
    const starts = failuresOf(harmed, "bad").map(({ startedAt }) => startedAt);
    expect(starts.length).toBeGreaterThan(5);
    const gaps = starts.slice(1).map((at, index) => at - starts[index]!);
    expect(gaps.at(-1)!).toBeGreaterThan(4 * gaps[0]!);
    for (const name of others) expect(failuresOf(harmed, name)).toEqual([]);
  });

  test.each([undefined, null, "a string", 0])("that rejects with %j harms only its own key", async (reason) => {
    const harmed = await world(() => Promise.reject(reason));
    await expectOthersUnharmed(harmed);
    expect(failuresOf(harmed, "bad").length).toBeGreaterThan(5);
  });

  test("that never settles holds its own key and one worker, and is told at its time limit", async () => {
    const aborted: number[] = [];
    const harmed = await world(
      ({ signal, clock }) =>
        new Promise(() => {
          signal.addEventListener("abort", () => void aborted.push(clock.now()));
        }),
      { timeoutMs: 10_000 },
    );
    await expectOthersUnharmed(harmed);
    expect(aborted.length).toBeGreaterThanOrEqual(1);
    // Stopping waits as long as it may, and names what has not ended.
    const stopping = harmed.manager.stop().then(
      () => "stopped",
      (error: unknown) => String(error),
    );
    await harmed.clock.advance(40_000);
    expect(await stopping).toContain("copies default/bad");
  });

  test("that blocks the event loop for a second delays others by that second, and loses neither one of them nor the lease", async () => {
    const { slowestMs, failures, reconciled, isLeader } = JSON.parse(
      execFileSync(process.execPath, [join(import.meta.dirname, "blocking-program.ts")], { encoding: "utf8" }),
    );
    expect(reconciled).toEqual(others.map((name) => [name, "last"]));
    expect(failures).toEqual([]);
    // It was really blocked, and others really had to wait for it.
    expect(slowestMs).toBeGreaterThan(500);
    expect(isLeader).toBe(true);
  });
});
