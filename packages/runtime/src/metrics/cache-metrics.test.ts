import { ConfigMap } from "@homeostat/api";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { cacheWorld, Widget } from "../cache/cluster.test-support.ts";
import { cacheMetrics } from "./cache-metrics.ts";

test("I41 tells by kind what the cache holds, and how stale a silent watch is", async () => {
  const world = await cacheWorld();
  await world.configMap("a/x", { v: "1" });
  const cache = world.cache();
  const registry = new Registry();
  cacheMetrics(registry, cache);
  const value = async (name: string, resource = "configmaps"): Promise<number | undefined> =>
    (await registry.getSingleMetric(name)!.get()).values.find(({ labels }) => labels["resource"] === resource)?.value;
  const whole = cache.watch(ConfigMap);
  const some = cache.watch(ConfigMap, { labelSelector: "app=x" });
  cache.watch(Widget);
  await Promise.all([whole.synced(), some.synced()]);
  await world.clock.advance(61_000);
  expect(await value("homeostat_cache_objects")).toBe(1);
  expect(await value("homeostat_cache_held_bytes")).toBeGreaterThanOrEqual((await value("homeostat_cache_bytes"))!);
  expect(await value("homeostat_cache_staleness_seconds")).toBeLessThan(60);
  expect(await value("homeostat_watch_missing", "widgets.example.com")).toBe(1);
  expect([await value("homeostat_watch_relists"), await value("homeostat_watch_restarts")]).toEqual([0, 0]);

  world.watches.find(({ asked }) => asked.path.endsWith("configmaps"))!.mute();
  await world.clock.advance(140_000);
  expect(await value("homeostat_cache_staleness_seconds")).toBeGreaterThan(130);
  await world.clock.advance(20_000);
  expect(await value("homeostat_cache_staleness_seconds")).toBeLessThan(60);
  expect([await value("homeostat_watch_relists"), await value("homeostat_watch_restarts")]).toEqual([0, 1]);

  whole.stop();
  some.stop();
  expect(await value("homeostat_cache_objects")).toBeUndefined();
});
