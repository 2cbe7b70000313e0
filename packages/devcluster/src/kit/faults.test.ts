import {
  ConfigMap,
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
const always = (type: FaultRule["type"], more: Partial<FaultRule> = {}) =>
  faults({ seed: 1, rules: [{ type, probability: 1, ...more }] });

describe("faults", () => {
  test.for([
    ["conflict", 409, "PATCH"],
    ["tooManyRequests", 429, "GET"],
    ["internalError", 500, "GET"],
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
      rules: [
        { type: "conflict", probability: 0.2 },
        { type: "internalError", probability: 0.2 },
        { type: "tooManyRequests", probability: 0.1 },
        { type: "answerLost", probability: 0.1 },
        { type: "watchDropped", probability: 0.5 },
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
