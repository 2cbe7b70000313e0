import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigMap, CustomResourceDefinition, type Stored } from "@homeostat/api";
import { createDevCluster, installResources } from "@homeostat/devcluster";
import { type Client, type ControllerDefinition, connect, createClient } from "@homeostat/runtime";
import { WebApp, webAppOperator } from "@homeostat/webapp";
import { describe, expect, test } from "vitest";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { configMapKey, createWebAppWorld, namespace } from "../support/webapp-world.ts";

const key = (name: string) => ({ namespace, name });

describe("the WebApp operator", () => {
  test("asks nothing of the server while its objects are as they should be, however often it looks", async () => {
    await using world = await createWebAppWorld();
    const controllers = webAppOperator.controllers() as ControllerDefinition<WebApp>[];
    await world.start(controllers.map((one) => ({ ...one, options: { ...one.options, resyncMs: 60_000 } })));
    const names = Array.from({ length: 20 }, (_, index) => `app-${index}`);
    for (const name of names) await world.create(name);
    for (const name of names) await world.untilConverged(name);
    await world.clock.advance(1_000);
    const [requests, reconciles] = [world.requests.length, world.reconciles.length];
    await world.clock.advance(200_000);
    expect(world.reconciles.length - reconciles).toBeGreaterThanOrEqual(3 * names.length);
    const since = world.requests.slice(requests).filter(({ path }) => !path.includes("watch="));
    expect(since.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  });

  test("puts an edited or deleted ConfigMap back before any time passes", async () => {
    await using world = await createWebAppWorld();
    await world.start();
    await world.create("hello");
    await world.untilConverged("hello");
    const { client } = world.cluster;
    const edited = await client.patchMerge(ConfigMap, configMapKey("hello"), { data: { message: "edited" } });
    expect(edited.data).toEqual({ message: "edited" });
    expect(await world.untilConverged("hello")).toBe(0);
    await client.delete(ConfigMap, configMapKey("hello"));
    expect(await world.untilConverged("hello")).toBe(0);
  });

  test("writes of its status what the definition installed knows, when that knows less than the operator", async () => {
    await using world = await createWebAppWorld();
    await world.start();
    const status = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties";
    await world.cluster.client.patchJson(CustomResourceDefinition, { name: "webapps.apps.example.com" }, [
      { op: "remove", path: `${status}/conditions` },
    ]);
    await world.create("hello");
    await world.untilConverged("hello");
    expect((await world.app("hello"))?.status).toEqual({
      configMapName: "hello-config",
      phase: "Ready",
      observedGeneration: 1,
    });
    expect(world.lines).toContainEqual(expect.objectContaining({ message: "Server warns" }));
    await world.clock.advance(600_000);
    expect(world.reconciles.length).toBeLessThan(5);
  });

  test("goes on when its definition was deleted and is back", async () => {
    await using world = await createWebAppWorld();
    await world.start();
    await world.create("before");
    await world.untilConverged("before");
    const { client, clock } = world.cluster;
    const name = "webapps.apps.example.com";
    await client.delete(CustomResourceDefinition, { name });
    await world.clock.advance(60_000);
    expect(await client.find(CustomResourceDefinition, { name })).toBeUndefined();
    await installResources(client, clock, [WebApp]);
    await world.create("after");
    await world.untilConverged("after");
    expect(await world.app("before")).toBeUndefined();
  });

  test("leaves to others what others add to its ConfigMap", async () => {
    await using world = await createWebAppWorld();
    await world.start();
    await world.create("hello");
    await world.untilConverged("hello");
    await world.cluster.client.patchMerge(ConfigMap, configMapKey("hello"), { data: { note: "mine" } });
    await world.clock.advance(60_000);
    expect((await world.configMap("hello"))?.data).toEqual({ message: "hello", note: "mine" });
  });
});

describe("deleting a WebApp", () => {
  test("collects its ConfigMap and no other", async () => {
    await using world = await createWebAppWorld({ controllers: ["garbage-collector"] });
    await world.start();
    for (const name of ["gone", "stays"]) {
      await world.create(name);
      await world.untilConverged(name);
    }
    await world.cluster.client.delete(WebApp, key("gone"));
    await world.clock.until(async () => (await world.configMap("gone")) === undefined, "the ConfigMap to go", 60_000);
    await world.clock.advance(60_000);
    expect(await world.converged("stays")).toBe(true);
    expect(await world.app("gone")).toBeUndefined();
  });

  test("keeps it terminating, with its ConfigMap, until a foreign finalizer is removed", async () => {
    await using world = await createWebAppWorld({ controllers: ["garbage-collector"] });
    await world.start();
    const { client } = world.cluster;
    await world.create("held");
    await client.patchMerge(WebApp, key("held"), { metadata: { finalizers: ["example.com/wait"] } });
    await world.untilConverged("held");
    await client.delete(WebApp, key("held"));
    await world.clock.advance(3_600_000);
    expect((await world.app("held"))?.metadata.deletionTimestamp).toBeDefined();
    expect(await world.configMap("held")).toBeDefined();
    expect(world.reconciles.length).toBeLessThan(20);
    await client.patchMerge(WebApp, key("held"), { metadata: { finalizers: null } });
    expect(await world.app("held")).toBeUndefined();
    await world.clock.until(async () => (await world.configMap("held")) === undefined, "the ConfigMap to go", 60_000);
  });
});

test("an edited ConfigMap is repaired, over TLS, in the time printed here", async () => {
  await using directory = await temporaryDirectory();
  await using cluster = await createDevCluster();
  await cluster.run(webAppOperator);
  const { kubeconfig } = await cluster.listen();
  const file = join(directory.path, "kubeconfig");
  await writeFile(file, kubeconfig());
  const { transport } = connect({ kubeconfig: file });
  const client = createClient({ transport, userAgent: "editor" });

  const latencies: number[] = [];
  // One edit each: whoever edits one again and again is a second writer, and told so by the loop guard.
  for (let index = 0; index < 20; index++) {
    const name = `app-${index}`;
    await client.create(WebApp, WebApp.object({ metadata: key(name), spec: { message: "hello" } }));
    const { resourceVersion } = (await seen(client, name, "hello", "0")).metadata;
    const repaired = seen(client, name, "hello", resourceVersion);
    const editedAt = performance.now();
    await client.patchMerge(ConfigMap, configMapKey(name), { data: { message: "edited" } });
    await repaired;
    latencies.push(performance.now() - editedAt);
  }
  latencies.sort((a, b) => a - b);
  const figures = `median ${latencies[10]!.toFixed(1)} ms, longest of 20 ${latencies[19]!.toFixed(1)} ms`;
  process.stdout.write(`repair of an edited ConfigMap, seen over TLS: ${figures}\n`);
  const { items } = await client.list(ConfigMap, { namespace, labelSelector: "app.kubernetes.io/managed-by" });
  expect(items.map(({ data }) => data?.["message"])).toEqual(Array.from({ length: 20 }, () => "hello"));
  transport.close();
});

/** The ConfigMap of a WebApp, as soon as a watch from `resourceVersion` on shows it with this message. */
async function seen(
  client: Client,
  name: string,
  message: string,
  resourceVersion: string,
): Promise<Stored<ConfigMap>> {
  const fieldSelector = `metadata.name=${configMapKey(name).name}`;
  for await (const { object } of client.watch(ConfigMap, { namespace, fieldSelector, resourceVersion })) {
    const map = object as Stored<ConfigMap>;
    if (map.data?.["message"] === message) return map;
  }
  throw new Error(`the watch of ${fieldSelector} ended before its message was "${message}"`);
}
