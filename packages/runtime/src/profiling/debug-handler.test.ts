import { createVirtualClock, type VirtualClock } from "@homeostat/api";
import { beforeEach, describe, expect, test } from "vitest";
import type { LedgerEntry } from "../ledger/cause.ts";
import { ReconcileLedger } from "../ledger/ledger.ts";
import type { HttpAnswer, HttpHandler } from "../manager/http-server.ts";
import { debugHandler } from "./debug-handler.ts";
import { isLoopback } from "./loopback.ts";

const entry = (controller: string, name: string): LedgerEntry => ({
  controller,
  namespace: "demo",
  name,
  reconcileID: "0123456789abcdef",
  startedAt: 0,
  durationMs: 1,
  causes: [{ type: "initial" }],
  droppedCauses: 0,
  outcome: "success",
  writes: [],
});
const queue = { controller: "widget", ready: { "0": 2 }, waiting: 1, processing: ["demo/a"] };

let clock: VirtualClock;
let ledger: ReconcileLedger;
let handler: HttpHandler;

beforeEach(() => {
  clock = createVirtualClock();
  ledger = new ReconcileLedger();
  handler = debugHandler({ clock, ledger, queues: () => [queue] });
});

function ask(target: string, options: { host?: string; signal?: AbortSignal } = {}): Promise<HttpAnswer | undefined> {
  const url = new URL(target, "http://localhost");
  const { host = "127.0.0.1:6060", signal = new AbortController().signal } = options;
  return handler({ method: "GET", path: url.pathname, query: url.searchParams, headers: { host }, signal });
}

async function textOf(answer: HttpAnswer | undefined): Promise<string> {
  const { body = "" } = answer ?? {};
  if (typeof body === "string" || body instanceof Uint8Array) return String(body);
  let text = "";
  for await (const chunk of body) text += chunk;
  return text;
}

/** The answer of a recording, whose time passes. */
async function recorded(target: string): Promise<HttpAnswer | undefined> {
  let answer: HttpAnswer | undefined;
  const asked = ask(target).then((got) => (answer = got));
  // The inspector answers on turns of the loop, of which nobody says how many.
  for (let step = 0; step < 1_000 && !answer; step++) await clock.advance(100);
  return asked;
}

describe("debug endpoints", () => {
  test("record where CPU time goes", async () => {
    const answer = await recorded("/debug/pprof/profile?seconds=1");
    expect(answer).toMatchObject({
      status: 200,
      headers: { "content-disposition": 'attachment; filename="cpu-1.cpuprofile"' },
    });
    const profile = JSON.parse(await textOf(answer));
    expect(profile).toMatchObject({ nodes: expect.any(Array), samples: expect.any(Array) });
    expect(profile.endTime).toBeGreaterThan(profile.startTime);
  });

  test("record what allocates", async () => {
    const profile = JSON.parse(await textOf(await recorded("/debug/pprof/allocs?seconds=1")));
    expect(profile).toMatchObject({ head: { callFrame: expect.any(Object) } });
  });

  test("stream a snapshot of the heap", async () => {
    const answer = await ask("/debug/pprof/heap");
    expect(answer?.headers?.["content-disposition"]).toContain(".heapsnapshot");
    expect(typeof answer?.body).toBe("object");
    const text = await textOf(answer);
    expect(text.startsWith('{"snapshot":{"meta":')).toBe(true);
    expect(text.endsWith("}")).toBe(true);
  }, 60_000);

  test("record one thing at a time, and go on after it, or after who asked has hung up", async () => {
    const gone = new AbortController();
    const first = ask("/debug/pprof/profile", { signal: gone.signal });
    expect(await ask("/debug/pprof/allocs")).toMatchObject({ status: 409, body: expect.stringContaining("cpu") });
    expect(await ask("/debug/pprof/heap")).toMatchObject({ status: 409 });
    expect(await ask("/debug/queues")).toMatchObject({ status: 200 });
    gone.abort(new Error("hung up"));
    await expect(first).rejects.toThrow("hung up");
    expect(await recorded("/debug/pprof/profile?seconds=1")).toMatchObject({ status: 200 });
  });

  test.each(["0", "301", "soon", "-1", "NaN"])("refuse to record for %s seconds", async (seconds) => {
    expect(await ask(`/debug/pprof/profile?seconds=${seconds}`)).toMatchObject({ status: 400 });
  });

  test("tell the ledger, in whole or in part", async () => {
    for (const [controller, name] of [
      ["widget", "a"],
      ["widget", "b"],
      ["gadget", "a"],
    ] as const)
      ledger.record(entry(controller, name));
    const entries = async (query: string): Promise<string[]> => {
      const answer = await ask(`/debug/ledger${query}`);
      expect(answer?.contentType).toBe("application/json");
      const parsed = JSON.parse(await textOf(answer)) as { entries: LedgerEntry[] };
      return parsed.entries.map(({ controller, name }) => `${controller}/${name}`);
    };
    expect(await entries("")).toEqual(["widget/a", "widget/b", "gadget/a"]);
    expect(await entries("?controller=widget&name=a&namespace=demo")).toEqual(["widget/a"]);
    expect(await entries("?namespace=other")).toEqual([]);
    ledger.record({ ...entry("widget", "far"), cluster: "east" });
    expect(await entries("?cluster=east")).toEqual(["widget/far"]);
  });

  test("tell the queues, and list what there is", async () => {
    expect(JSON.parse(await textOf(await ask("/debug/queues")))).toEqual({ queues: [queue] });
    const index = await textOf(await ask("/debug/pprof/"));
    for (const path of ["profile", "allocs", "heap"]) expect(index).toContain(`/debug/pprof/${path}`);
    expect(await ask("/debug/pprof/cmdline")).toBeUndefined();
    expect(await ask("/metrics")).toBeUndefined();
  });

  test("answer nobody who came under a foreign name, unless they may be asked from afar", async () => {
    expect(await ask("/debug/queues", { host: "rebound.example.com:6060" })).toMatchObject({ status: 403 });
    expect(await ask("/debug/queues", { host: "" })).toMatchObject({ status: 403 });
    expect(await ask("/debug/queues", { host: "[::1]:6060" })).toMatchObject({ status: 200 });
    handler = debugHandler({ clock, ledger, queues: () => [], allowRemote: true });
    expect(await ask("/debug/queues", { host: "operator.demo.svc:6060" })).toMatchObject({ status: 200 });
  });
});

test.each([
  ["127.0.0.1", true],
  ["127.8.9.1", true],
  ["localhost", true],
  ["[::1]", true],
  ["::ffff:127.0.0.1", true],
  ["0.0.0.0", false],
  ["::", false],
  ["10.0.0.1", false],
  ["127.evil.example.com", false],
  ["localhost.example.com", false],
])("knows whether %s is this machine only: %s", (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
