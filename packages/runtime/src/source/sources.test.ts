import { createHmac } from "node:crypto";
import { sleep } from "@homeostat/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { controllerFor } from "../controller/builder.ts";
import type { Request } from "../controller/reconciler.ts";
import { requestController } from "../controller/request-controller.ts";
import { Priority } from "../workqueue/priority.ts";
import { channelSource } from "./channel-source.ts";
import { iterableSource } from "./iterable-source.ts";
import { pollingSource } from "./polling-source.ts";
import { App, createServerWorld, type ServerWorld } from "./server-world.test-support.ts";
import { timerSource } from "./timer-source.ts";
import { type WebhookSource, webhookSource } from "./webhook-source.ts";

let world: ServerWorld;
beforeEach(async () => {
  world = await createServerWorld();
});
afterEach(() => world.stop());

const key = (name: string): Request => ({ namespace: "demo", name });

/** Whether the promise has resolved by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(
    () => (settled = true),
    () => (settled = true),
  );
  await world.clock.settle();
  return settled;
}

describe("a channel", () => {
  test("W14 delivers what was sent before the start after it, and nothing once it is closed", async () => {
    const seen: string[] = [];
    for (const name of ["a", "b", "c"]) await world.app(name);
    const channel = channelSource({ name: "outside" });
    await channel.send(key("a"));
    await channel.send(key("b"));
    expect(channel.waiting).toBe(2);
    await world.run([
      controllerFor(App)
        .withPredicates(() => false)
        .source(channel)
        .reconcile(async ({ object, causes }) => void seen.push(object.metadata.name, causes[0]!.type)),
    ]);
    await world.clock.advance(100);
    expect(seen.splice(0)).toEqual(["a", "source", "b", "source"]);
    await channel.send(key("c"));
    await world.clock.advance(100);
    expect(seen.splice(0)).toEqual(["c", "source"]);
    channel.close();
    await expect(channel.send(key("a"))).rejects.toThrow('channel source "outside" is closed');
    await world.clock.advance(100);
    expect(seen).toEqual([]);
  });

  test("W14 delivers what waits when it is closed, and refuses who waits for room", async () => {
    const seen: string[] = [];
    await world.app("a");
    const channel = channelSource({ name: "outside", capacity: 1 });
    await channel.send(key("a"));
    const refused = channel.send(key("b"));
    refused.catch(() => {});
    channel.close();
    await expect(refused).rejects.toThrow("is closed");
    await world.run([
      controllerFor(App)
        .withPredicates(() => false)
        .source(channel)
        .reconcile(async ({ object }) => void seen.push(object.metadata.name)),
    ]);
    await world.clock.advance(100);
    expect(seen).toEqual(["a"]);
  });

  test("W14 holds senders back while it is full, until the controller takes", async () => {
    const taken: number[] = [];
    const channel = channelSource<number, { id: string }>({
      name: "slow",
      capacity: 2,
      map: async (event) => {
        await sleep(world.clock, 1_000);
        return [{ id: `${event}` }];
      },
    });
    await channel.send(1);
    await channel.send(2);
    const third = channel.send(3);
    const fourth = channel.send(4);
    expect(await isSettled(third)).toBe(false);
    await world.run([
      requestController<{ id: string }>({ name: "ids", keyOf: ({ id }) => id })
        .source(channel)
        .reconcile(async ({ request }) => void taken.push(Number(request.id))),
    ]);
    expect([await isSettled(third), await isSettled(fourth)]).toEqual([true, false]);
    await world.clock.advance(1_000);
    expect(await isSettled(fourth)).toBe(true);
    await world.clock.advance(10_000);
    expect(taken).toEqual([1, 2, 3, 4]);
  });

  test("W14 drops the oldest, or keeps the newest of a key, where told to", async () => {
    const taken: string[] = [];
    const dropping = channelSource<{ id: string }>({ name: "dropping", capacity: 2, overflow: "dropOldest" });
    const coalescing = channelSource<{ id: string; at: number }, { id: string }>({
      name: "coalescing",
      capacity: 2,
      overflow: "coalesce",
      keyOf: ({ id }) => id,
      map: ({ id, at }) => [{ id: `${id}@${at}` }],
    });
    for (const id of ["1", "2", "3"]) await dropping.send({ id });
    for (const at of [1, 2, 3]) await coalescing.send({ id: "x", at });
    await coalescing.send({ id: "y", at: 1 });
    const beyond = coalescing.send({ id: "z", at: 1 });
    expect(await isSettled(beyond)).toBe(false);
    expect([dropping.waiting, dropping.dropped, coalescing.waiting]).toEqual([2, 1, 2]);
    await world.run([
      requestController<{ id: string }>({ name: "ids", keyOf: ({ id }) => id })
        .source(dropping)
        .source(coalescing)
        .reconcile(async ({ request }) => void taken.push(request.id)),
    ]);
    await world.clock.advance(100);
    expect(taken.sort()).toEqual(["2", "3", "x@3", "y@1", "z@1"]);
  });

  test("W14 tells of an event that its map cannot take, and goes on", async () => {
    const taken: string[] = [];
    const channel = channelSource<string, { id: string }>({
      name: "picky",
      map: (event) => {
        if (event === "bad") throw new Error("what is that?");
        return [{ id: event }];
      },
    });
    for (const event of ["a", "bad", "b"]) await channel.send(event);
    await world.run([
      requestController<{ id: string }>({ name: "ids", keyOf: ({ id }) => id })
        .source(channel)
        .reconcile(async ({ request }) => void taken.push(request.id)),
    ]);
    await world.clock.advance(100);
    expect(taken).toEqual(["a", "b"]);
    expect(world.lines.filter(({ fields }) => fields["source"] === "picky" && fields["err"])).toHaveLength(1);
  });
});

describe("a timer", () => {
  test("asks for every object of the kind, at low level, round after round, until the controller stops", async () => {
    const seen: [string, number][] = [];
    for (const name of ["a", "b"]) await world.app(name);
    const manager = await world.run([
      controllerFor(App)
        .source(timerSource({ name: "hourly", everyMs: 3_600_000, jitter: 0 }))
        .reconcile(async ({ object, priority }) => void seen.push([object.metadata.name, priority])),
    ]);
    await world.clock.advance(1_000);
    seen.length = 0;
    await world.clock.advance(3_600_000);
    expect(seen.splice(0).sort()).toEqual([
      ["a", Priority.low],
      ["b", Priority.low],
    ]);
    await world.clock.advance(7_200_000);
    expect(seen.splice(0)).toHaveLength(4);
    await manager.stop();
    await world.clock.advance(7_200_000);
    expect(seen).toEqual([]);
  });

  test("asks for what it is told, and goes on after a failure", async () => {
    const seen: string[] = [];
    let rounds = 0;
    await world.run([
      requestController<string>({ name: "words", keyOf: (word) => word })
        .source(
          timerSource<string>({
            name: "minutely",
            everyMs: 60_000,
            jitter: 0,
            requests: async () => {
              if (++rounds === 1) throw new Error("not now");
              return [`round ${rounds}`];
            },
          }),
        )
        .reconcile(async ({ request }) => void seen.push(request)),
    ]);
    await world.clock.advance(120_001);
    expect(seen).toEqual(["round 2"]);
  });

  test("refuses a time that would never let anything else happen", () => {
    expect(() => timerSource({ name: "busy", everyMs: 0 })).toThrow('timer source "busy": everyMs 0 must be above 0');
  });
});

describe("an iterable", () => {
  test("is opened again, later each time, when it throws, and not when it ends", async () => {
    const seen: string[] = [];
    const opened: number[] = [];
    const start = world.clock.now();
    await world.run([
      requestController<string>({ name: "words", keyOf: (word) => word })
        .source(
          iterableSource<string, string>({
            name: "feed",
            async *iterable() {
              opened.push(world.clock.now() - start);
              if (opened.length < 3) throw new Error("connection refused");
              yield "first";
              if (opened.length === 3) throw new Error("connection lost");
              yield "second";
            },
            map: (word) => [word],
          }),
        )
        .reconcile(async ({ request }) => void seen.push(request)),
    ]);
    await world.clock.advance(600_000);
    expect(opened.map((at) => at - opened[0]!)).toEqual([0, 500, 1_500, 2_000]);
    expect(seen).toEqual(["first", "first", "second"]);
  });

  test("that hangs holds up neither the start nor the stop", async () => {
    let returned = false;
    const manager = await world.run([
      requestController<string>({ name: "words", keyOf: (word) => word })
        .source(
          iterableSource<string, string>({
            name: "silent",
            iterable: () => ({
              [Symbol.asyncIterator]: () => ({
                next: () => new Promise(() => {}),
                return: async () => {
                  returned = true;
                  return { done: true, value: undefined };
                },
              }),
            }),
            map: (word) => [word],
          }),
        )
        .reconcile(async () => {}),
    ]);
    await manager.stop();
    await world.clock.settle();
    expect(returned).toBe(true);
  });
});

describe("polling", () => {
  test("asks only for what changed, and lets nothing be reconciled before it knows", async () => {
    let outside = new Map<string, { size: number }>();
    let failing = true;
    const seen: string[] = [];
    const buckets = pollingSource<{ size: number }>({
      name: "buckets",
      everyMs: 60_000,
      jitter: 0,
      fetch: async () => {
        if (failing) throw new Error("no route to host");
        return outside;
      },
    });
    for (const name of ["a", "b", "c"]) await world.app(name);
    await world.run(
      [
        controllerFor(App)
          .source(buckets)
          .reconcile(async ({ object: { metadata } }) => {
            seen.push(`${metadata.name} ${buckets.get(`${metadata.namespace}/${metadata.name}`)?.size ?? "none"}`);
          }),
      ],
      { wait: false },
    );
    await world.clock.advance(30_000);
    expect(seen).toEqual([]);
    expect(buckets.fetchedAt).toBeUndefined();
    failing = false;
    outside = new Map([["demo/a", { size: 1 }]]);
    await world.clock.advance(60_000);
    expect(seen.splice(0).sort()).toEqual(["a 1", "b none", "c none"]);
    outside = new Map([
      ["demo/a", { size: 1 }],
      ["demo/b", { size: 2 }],
    ]);
    await world.clock.advance(60_000);
    expect(seen.splice(0)).toEqual(["b 2"]);
    outside = new Map([["demo/b", { size: 3 }]]);
    await world.clock.advance(60_000);
    expect(seen.splice(0).sort()).toEqual(["a none", "b 3"]);
    failing = true;
    await world.clock.advance(120_000);
    expect(seen).toEqual([]);
    expect(buckets.entries().size).toBe(1);
  });

  test("gives up a fetch that takes too long, and tries again", async () => {
    let fetches = 0;
    const hanging = pollingSource<number>({
      name: "hanging",
      everyMs: 60_000,
      jitter: 0,
      timeoutMs: 5_000,
      fetch: () => (++fetches === 1 ? new Promise(() => {}) : Promise.resolve(new Map([["demo/a", fetches]]))),
    });
    await world.run(
      [
        controllerFor(App)
          .source(hanging)
          .reconcile(async () => {}),
      ],
      { wait: false },
    );
    await world.clock.advance(65_001);
    expect(hanging.get("demo/a")).toBe(2);
  });
});

describe("a webhook", () => {
  const body = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  const signed = (bytes: Uint8Array, secret: string) => ({
    "X-Hub-Signature-256": `sha256=${createHmac("sha256", secret).update(bytes).digest("hex")}`,
  });
  const status = async (
    hook: WebhookSource,
    bytes: Uint8Array,
    headers: Record<string, string>,
    method = "POST",
  ): Promise<number> => (await hook.handle({ method, path: hook.path, headers, body: bytes })).status;
  const make = () =>
    webhookSource({
      name: "github",
      path: "/hooks/github",
      secret: () => ["new", "old", ""],
      maxBytes: 100,
      map: (call) => [key((call.json() as { app: string }).app)],
    });

  test("turns signed calls into requests, and refuses all others", async () => {
    const seen: string[] = [];
    const hook = make();
    for (const name of ["a", "b"]) await world.app(name);
    const good = body({ app: "a" });
    expect(await status(hook, good, signed(good, "new"))).toBe(503);
    const manager = await world.run([
      controllerFor(App)
        .withPredicates(() => false)
        .source(hook)
        .reconcile(async ({ object }) => void seen.push(object.metadata.name)),
    ]);
    expect(await status(hook, good, signed(good, "new"))).toBe(202);
    const other = body({ app: "b" });
    expect(await status(hook, other, signed(other, "old"))).toBe(202);
    await world.clock.advance(100);
    expect(seen.splice(0)).toEqual(["a", "b"]);
    expect(await status(hook, good, signed(good, "wrong"))).toBe(401);
    expect(await status(hook, good, signed(good, ""))).toBe(401);
    expect(await status(hook, good, signed(other, "new"))).toBe(401);
    expect(await status(hook, good, {})).toBe(401);
    expect(await status(hook, good, { "x-hub-signature-256": "sha256=00" })).toBe(401);
    expect(await status(hook, good, signed(good, "new"), "GET")).toBe(405);
    const nonsense = new TextEncoder().encode("{");
    expect(await status(hook, nonsense, signed(nonsense, "new"))).toBe(400);
    const large = body("x".repeat(200));
    expect(await status(hook, large, signed(large, "new"))).toBe(413);
    const call = { method: "POST", headers: signed(good, "new"), body: good };
    expect((await hook.handle({ ...call, path: "/elsewhere" })).status).toBe(404);
    expect((await hook.handle({ ...call, path: hook.path, body: undefined })).status).toBe(413);
    await world.clock.advance(100);
    expect(seen).toEqual([]);
    await manager.stop();
    expect(await status(hook, good, signed(good, "new"))).toBe(503);
  });

  test("takes unsigned calls only where that was said", () => {
    const map = () => [];
    expect(() => webhookSource({ name: "open", path: "/open", secret: "", map })).toThrow("the secret is empty");
    // @ts-expect-error the secret, or false, has to be given
    expect(() => webhookSource({ name: "open", path: "/open", map })).toThrow();
    expect(() => webhookSource({ name: "open", path: "/open", secret: false, map })).not.toThrow();
  });
});

test("a source that works again, with nothing to ask for, is well again", async () => {
  let failing = false;
  const state = pollingSource<number>({
    name: "state",
    everyMs: 1_000,
    jitter: 0,
    fetch: async () => {
      if (failing) throw new Error("no route to host");
      return new Map();
    },
  });
  const { controller } = await world.controller(
    controllerFor(App)
      .source(state)
      .reconcile(async () => {}),
  );
  expect(controller.pendingSyncs).toEqual([]);
  failing = true;
  await world.clock.advance(1_000);
  expect(controller.pendingSyncs).toEqual(['source "state", which failed: no route to host']);
  failing = false;
  await world.clock.advance(1_000);
  expect(controller.pendingSyncs).toEqual([]);
});

test("a channel whose map hangs serves the next controller all the same", async () => {
  const seen: string[] = [];
  let hanging = true;
  const channel = channelSource<string, string>({
    name: "outside",
    map: (event) => (hanging ? new Promise(() => {}) : [event]),
  });
  const definition = () =>
    requestController<string>({ name: "words", keyOf: (word) => word })
      .source(channel)
      .reconcile(async ({ request }) => void seen.push(request));
  const first = await world.run([definition()]);
  await channel.send("lost");
  await world.clock.settle();
  await channel.send("kept");
  await first.stop();
  hanging = false;
  await world.run([definition()]);
  await world.clock.advance(100);
  expect(seen).toEqual(["kept"]);
});
