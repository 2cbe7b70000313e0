import { ConfigMap, createVirtualClock, type Transport } from "@homeostat/api";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { ownWritesMetrics } from "./own-writes-metrics.ts";
import { ProcessMetrics } from "./process-metrics.ts";
import { RequestMetrics } from "./request-metrics.ts";

async function values(registry: Registry): Promise<Map<string, number>> {
  const lines = (await registry.metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.replace(/ \S+$/, ""), Number(/ (\S+)$/.exec(line)![1])]));
}

test("tells what the process uses, before it measures and after it has stopped", async () => {
  const registry = new Registry();
  const metrics = new ProcessMetrics(registry);
  const before = await values(registry);
  expect(before.get("process_resident_memory_bytes")).toBeGreaterThan(1e6);
  expect(before.get("process_start_time_seconds")).toBeGreaterThan(1.7e9);
  expect(before.get("nodejs_heap_size_total_bytes")).toBeGreaterThan(before.get("nodejs_heap_size_used_bytes")!);
  expect(before.get("nodejs_eventloop_lag_max_seconds")).toBe(0);
  const [version] = [...before.keys()].filter((name) => name.startsWith("nodejs_version_info"));
  expect(version).toContain(`version="${process.version}"`);
  metrics.start();
  metrics.stop();
  expect((await values(registry)).get("process_cpu_seconds_total")).toBeGreaterThan(0);
});

test.runIf(process.platform === "linux")("tells of files and address space on Linux", async () => {
  const registry = new Registry();
  new ProcessMetrics(registry);
  const found = await values(registry);
  expect(found.get("process_open_fds")).toBeGreaterThan(2);
  expect(found.get("process_max_fds")).toBeGreaterThan(found.get("process_open_fds")!);
  expect(found.get("process_virtual_memory_bytes")).toBeGreaterThan(1e6);
});

test("tells how late the event loop ran since the last scrape, its own pauses taken off", async () => {
  const registry = new Registry();
  let lates: number[] = [];
  let enabled = false;
  const metrics = new ProcessMetrics(registry, () => ({
    enable: () => (enabled = true),
    disable: () => !(enabled = false),
    reset: () => void (lates = []),
    percentile: () => Math.max(...lates),
    get count() {
      return lates.length;
    },
    get mean() {
      return lates.reduce((sum, late) => sum + late, 0) / lates.length;
    },
    get max() {
      return Math.max(...lates);
    },
  }));
  const lag = async () => {
    const found = await values(registry);
    return ["mean", "p99", "max"].map((name) => found.get(`nodejs_eventloop_lag_${name}_seconds`));
  };
  expect(await lag()).toEqual([0, 0, 0]);
  metrics.start();
  expect(enabled).toBe(true);
  lates = [20e6, 120e6];
  expect(await lag()).toEqual([0.05, 0.1, 0.1]);
  expect(await lag()).toEqual([0, 0, 0]);
  metrics.stop();
  expect(enabled).toBe(false);
});

test("measures requests in detail where asked, one registry for many hosts", async () => {
  const registry = new Registry();
  const clock = createVirtualClock();
  const requests = new RequestMetrics(registry, { detailed: true, clock });
  const server: Transport = async ({ path }) => {
    await clock.advance(250);
    if (path === "/broken") throw new Error("connection lost");
    const body = new Uint8Array(2_000);
    return {
      status: 200,
      headers: {},
      bytes: async () => body,
      pipe: async (sink) => {
        sink(body.subarray(0, 500));
        sink(body.subarray(500));
      },
    };
  };
  for (const host of ["east:6443", "west:6443"]) {
    const transport = requests.interceptor(host)(server);
    await (await transport({ method: "POST", path: "/", body: "ä".repeat(50) })).bytes();
    await (await transport({ method: "GET", path: "/" })).pipe(() => {});
    await expect(transport({ method: "GET", path: "/broken" })).rejects.toThrow("connection lost");
  }
  const found = await values(registry);
  for (const host of ["east:6443", "west:6443"]) {
    const labels = (verb: string) => `verb="${verb}",host="${host}"`;
    expect(found.get(`rest_client_requests_total{code="<error>",method="GET",host="${host}"}`)).toBe(1);
    expect(found.get(`rest_client_request_size_bytes_sum{${labels("POST")}}`)).toBe(100);
    expect(found.get(`rest_client_response_size_bytes_sum{${labels("POST")}}`)).toBe(2_000);
    expect(found.get(`rest_client_response_size_bytes_sum{${labels("GET")}}`)).toBe(2_000);
    expect(found.get(`rest_client_request_duration_seconds_count{${labels("GET")}}`)).toBe(2);
    expect(found.get(`rest_client_request_duration_seconds_sum{${labels("GET")}}`)).toBe(0.5);
  }
});

test("measures reads that wait for own writes", async () => {
  const registry = new Registry();
  const waited = ownWritesMetrics(registry);
  waited({ resource: ConfigMap, waitedMs: 20, outcome: "seen" });
  waited({ resource: ConfigMap, waitedMs: 5_000, outcome: "timeout" });
  waited({ resource: ConfigMap, waitedMs: 80, outcome: "aborted" });
  const found = await values(registry);
  expect(found.get('homeostat_own_writes_wait_seconds_sum{resource="configmaps"}')).toBeCloseTo(5.1, 9);
  expect(found.get('homeostat_own_writes_timeouts_total{resource="configmaps"}')).toBe(1);
});
