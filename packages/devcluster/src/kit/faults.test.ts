import {
  ConfigMap,
  createVirtualClock,
  intercept,
  isConflict,
  type KubeObject,
  type Transport,
  type TransportResponse,
} from "@homeostat/api";
import { controllerFor, createClient } from "@homeostat/runtime";
import { describe, expect, test } from "vitest";
import { expectApplied, expectExists } from "./expect.ts";
import { type FaultRule, faults } from "./faults.ts";
import { configMap, startCluster } from "./with-cluster.test-support.ts";

const echo: Transport = async () => answer(200, ["one", "two", "three"]);

function answer(status: number, chunks: readonly string[]): TransportResponse {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  return {
    status,
    headers: {},
    bytes: async () => encode(chunks.join("")),
    async pipe(sink) {
      for (const chunk of chunks) sink(encode(chunk));
    },
  };
}

const request = (method: string, path = "/api/v1/namespaces/shop/configmaps/settings") => ({ method, path });
const watch = request("GET", "/api/v1/pods?watch=true");
/** Hands out parts in one buffer that it uses again, as transports may. */
const reusing: Transport = async () => ({
  ...answer(200, []),
  async pipe(sink) {
    const buffer = new TextEncoder().encode("one");
    sink(buffer);
    buffer.set(new TextEncoder().encode("two"));
    sink(buffer);
    buffer.fill(0);
  },
});
const always = (type: FaultRule["type"], more: Partial<FaultRule> = {}) =>
  faults({ seed: 1, rules: [{ type, probability: 1, ...more }] });

describe("faults", () => {
  test.for([
    ["conflict", 409, "PATCH"],
    ["tooManyRequests", 429, "GET"],
    ["internalError", 500, "GET"],
    ["serviceUnavailable", 503, "GET"],
    ["gatewayTimeout", 504, "GET"],
    ["storageFull", 500, "POST"],
  ] as const)("%s answers %i", async ([type, status, method]) => {
    const plan = always(type);
    const response = await plan.interceptor(echo)(request(method));
    expect(response.status).toBe(status);
    expect(JSON.parse(new TextDecoder().decode(await response.bytes()))).toMatchObject({
      kind: "Status",
      code: status,
    });
    expect(plan.injected).toEqual([{ type, ...request(method) }]);
  });

  test("a conflict names the object, and spares reads", async () => {
    const transport = always("conflict").interceptor(echo);
    const response = await transport(request("PUT", "/apis/apps/v1/namespaces/shop/deployments/web?dryRun=All"));
    expect(new TextDecoder().decode(await response.bytes())).toContain('deployments.apps \\"web\\"');
    expect((await transport(request("GET"))).status).toBe(200);
  });

  test("asks to wait after too many requests", async () => {
    const response = await always("tooManyRequests").interceptor(echo)(request("GET"));
    expect(response.headers["retry-after"]).toBe("1");
  });

  test("a lost connection sends nothing; a lost answer does the request", async () => {
    let sent = 0;
    const counting: Transport = async (each) => {
      sent++;
      return echo(each);
    };
    await expect(always("connectionLost").interceptor(counting)(request("POST"))).rejects.toThrow("before the request");
    expect(sent).toBe(0);
    await expect(always("answerLost").interceptor(counting)(request("POST"))).rejects.toThrow("before the answer");
    expect(sent).toBe(1);
  });

  test("a dropped watch breaks after its first part", async () => {
    const chunks: string[] = [];
    const response = await always("watchDropped").interceptor(echo)(request("GET", "/api/v1/pods?watch=true"));
    const piping = response.pipe((chunk) => void chunks.push(new TextDecoder().decode(chunk)));
    await expect(piping).rejects.toThrow("connection lost");
    expect(chunks).toEqual(["one"]);
  });

  test("a full storage refuses writes in etcd's words, and goes on to answer reads", async () => {
    const transport = always("storageFull").interceptor(echo);
    const refused = await transport(request("DELETE"));
    expect(new TextDecoder().decode(await refused.bytes())).toContain("mvcc: database space exceeded");
    expect((await transport(request("GET"))).status).toBe(200);
  });

  test("an expired watch opens, says 410 as its only event, and ends; a list is spared", async () => {
    const transport = always("watchExpired").interceptor(echo);
    const response = await transport(watch);
    expect(response.status).toBe(200);
    expect(JSON.parse(new TextDecoder().decode(await response.bytes()))).toMatchObject({
      type: "ERROR",
      object: { kind: "Status", code: 410, reason: "Expired" },
    });
    expect((await transport(request("GET"))).status).toBe(200);
  });

  test("a stalled watch is silent after its first part, and ends when the server ends it", async () => {
    const chunks: string[] = [];
    const response = await always("watchStalled").interceptor(echo)(watch);
    await response.pipe((chunk) => void chunks.push(new TextDecoder().decode(chunk)));
    expect(chunks).toEqual(["one"]);
  });

  test("a delayed watch brings the same parts in the same order, later", async () => {
    const clock = createVirtualClock();
    const chunks: string[] = [];
    const plan = faults({ seed: 1, clock, rules: [{ type: "watchDelayed", probability: 1, delayMs: 5000 }] });
    const response = await plan.interceptor(reusing)(watch);
    const piping = response.pipe((chunk) => void chunks.push(new TextDecoder().decode(chunk)));
    await clock.advance(4999);
    expect(chunks).toEqual([]);
    await clock.advance(1);
    await piping;
    expect(chunks).toEqual(["one", "two"]);
  });

  test("a delayed watch fails as its reader does, though the stream goes on", async () => {
    const clock = createVirtualClock();
    const plan = faults({ seed: 1, clock, rules: [{ type: "watchDelayed", probability: 1 }] });
    const endless: Transport = async () => ({
      ...answer(200, []),
      pipe: async (sink) => {
        sink(new TextEncoder().encode("one"));
        await new Promise(() => {});
      },
    });
    const piping = (await plan.interceptor(endless)(watch)).pipe(() => {
      throw new Error("the reader is full");
    });
    piping.catch(() => {});
    await clock.advance(1000);
    await expect(piping).rejects.toThrow("the reader is full");
  });

  test("a slow answer comes when its time is over, or not at all when the request is given up", async () => {
    const clock = createVirtualClock();
    const plan = faults({ seed: 1, clock, rules: [{ type: "slow", probability: 1, delayMs: 3000 }] });
    const transport = plan.interceptor(echo);
    let answered = 0;
    void transport(request("GET")).then(() => answered++);
    await clock.advance(2999);
    expect(answered).toBe(0);
    await clock.advance(1);
    expect(answered).toBe(1);
    const giveUp = new AbortController();
    const given = transport({ ...request("GET"), signal: giveUp.signal });
    giveUp.abort(new Error("no more"));
    await expect(given).rejects.toThrow("no more");
  });

  test("a restart breaks watches under way, and nobody is reached until it is over", async () => {
    const cluster = await startCluster({ controllers: "none" });
    const { clock } = cluster;
    const rules = [{ type: "restart", probability: 1, limit: 1, path: /secrets/, delayMs: 2000 }] as const;
    const plan = faults({ seed: 1, clock, rules });
    const transport = intercept(cluster.transport(), plan.interceptor);
    const watching = (await transport({ method: "GET", path: "/api/v1/configmaps?watch=1" })).pipe(() => {});
    watching.catch(() => {});
    await expect(transport(request("GET", "/api/v1/secrets"))).rejects.toThrow("restarts");
    await expect(watching).rejects.toThrow("restarts");
    await clock.advance(1999);
    await expect(transport(request("GET", "/api/v1/configmaps"))).rejects.toMatchObject({ code: "ECONNRESET" });
    await clock.advance(1);
    expect((await transport(request("GET", "/api/v1/configmaps"))).status).toBe(200);
    expect(plan.injected).toEqual([{ type: "restart", method: "GET", path: "/api/v1/secrets" }]);
  });

  test("concern only the path asked for, at most as often as allowed, and none once stopped", async () => {
    const plan = always("internalError", { path: /configmaps/, limit: 2 });
    const transport = plan.interceptor(echo);
    const status = async (path?: string) => (await transport(request("GET", path))).status;
    expect([await status("/api/v1/pods"), await status(), await status(), await status()]).toEqual([
      200, 500, 500, 200,
    ]);
    const stopped = always("internalError");
    stopped.stop();
    expect((await stopped.interceptor(echo)(request("GET"))).status).toBe(200);
  });

  test("the same seed meets the same requests with the same faults", async () => {
    const run = async (seed: number) => {
      const plan = faults({ seed, rules: [{ type: "internalError", probability: 0.3 }] });
      const transport = plan.interceptor(echo);
      const statuses = [];
      for (let at = 0; at < 100; at++) statuses.push((await transport(request("GET"))).status);
      return statuses.join();
    };
    expect(await run(7)).toBe(await run(7));
    expect(await run(7)).not.toBe(await run(8));
    const failed = (await run(7)).split(",").filter((status) => status === "500").length;
    expect(failed).toBeGreaterThan(15);
    expect(failed).toBeLessThan(45);
  });

  test("a client sees an injected conflict as the server's own", async () => {
    const cluster = await startCluster({ controllers: "none" });
    await expectApplied(cluster, configMap("settings"));
    const transport = intercept(cluster.transport(), always("conflict").interceptor);
    const client = createClient({ transport, clock: cluster.clock });
    const key = { namespace: "default", name: "settings" };
    await expect(client.patchMerge(ConfigMap, key, { data: { a: "b" } })).rejects.toSatisfy(isConflict);
  });

  test("a controller gets through a storm of them", async () => {
    const cluster = await startCluster({ controllers: "none" });
    const plan = faults({
      seed: 42,
      clock: cluster.clock,
      rules: [
        { type: "conflict", probability: 0.2 },
        { type: "internalError", probability: 0.2 },
        { type: "tooManyRequests", probability: 0.1 },
        { type: "answerLost", probability: 0.1 },
        { type: "serviceUnavailable", probability: 0.05 },
        { type: "gatewayTimeout", probability: 0.05 },
        { type: "storageFull", probability: 0.1 },
        { type: "slow", probability: 0.1 },
        { type: "restart", probability: 0.05, limit: 3 },
        { type: "watchDropped", probability: 0.2 },
        { type: "watchStalled", probability: 0.2, limit: 2 },
        { type: "watchDelayed", probability: 0.2 },
        { type: "watchExpired", probability: 0.2 },
      ],
    });
    const copies = controllerFor(ConfigMap, { name: "copies", labelSelector: "copy=me" }).desired({
      children: [ConfigMap],
      desired: ({ metadata, data }) => [{ metadata: { name: `${metadata.name}-copy` }, data, ...kind } as KubeObject],
    });
    await cluster.run(copies, { interceptors: [plan.interceptor] });
    for (let at = 0; at < 10; at++) {
      await expectApplied(cluster, configMap(`settings-${at}`, { labels: { copy: "me" } }, { at: String(at) }));
    }
    for (let at = 0; at < 10; at++) {
      const key = { namespace: "default", name: `settings-${at}-copy` };
      await expectExists(cluster, ConfigMap, key, ({ data }) => data?.["at"] === String(at));
    }
    expect(plan.injected.length).toBeGreaterThan(5);
  });
});

const kind = { apiVersion: "v1", kind: "ConfigMap" };
