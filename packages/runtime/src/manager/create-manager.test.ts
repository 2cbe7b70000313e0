import {
  type Clock,
  type Condition,
  ConfigMap,
  CustomResourceDefinition,
  conditions,
  createVirtualClock,
  Deployment,
  defineResource,
  Event,
  intercept,
  Namespace,
  Secret,
  Service,
  type VirtualClock,
} from "@homeostat/api";
import { createApiServer } from "@homeostat/apiserver";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { createClient } from "../client/api-client.ts";
import type { Client } from "../client/client.ts";
import { controllerFor } from "../controller/builder.ts";
import type { ControllerDefinition } from "../controller/definition.ts";
import { silentLogger } from "../log.ts";
import { createManager } from "./create-manager.ts";
import type { Manager } from "./manager.ts";

const App = defineResource({
  group: "example.com",
  version: "v1",
  kind: "App",
  spec: z.object({ size: z.int().default(1) }),
  status: z.object({
    at: z.string().optional(),
    observedGeneration: z.int().optional(),
    conditions: conditions().optional(),
  }),
});

// biome-ignore lint/suspicious/noExplicitAny: controllers of several kinds stand in one list, and no variance fits
type AnyDefinition = ControllerDefinition<any>;

const key = { namespace: "demo", name: "a" };
const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

interface World {
  readonly clock: VirtualClock;
  readonly manager: Manager;
  /** A person beside the operator. */
  readonly admin: Client;
  /** Writes of the manager, `PATCH /api/v1/…`. */
  readonly writes: string[];
}

/** A real API server and a manager with controllers, in virtual time. */
async function world(options: { crd?: boolean }, ...controllers: AnyDefinition[]): Promise<World> {
  const clock = createVirtualClock();
  const server = await createApiServer({ clock: clock as Clock });
  stops.push(() => server.stop());
  const writes: string[] = [];
  const transport = intercept(server.transport(), (next) => (request) => {
    if (request.method !== "GET") writes.push(`${request.method} ${request.path.split("?")[0]}`);
    return next(request);
  });
  const admin = createClient({ transport: server.transport(), clock, fieldManager: "admin" });
  await admin.create(Namespace, { metadata: { name: "demo" } });
  if (options.crd !== false) await install(clock, admin);
  const manager = createManager({ transport, clock, random: () => 0.5, log: silentLogger });
  stops.push(() => manager.stop());
  for (const controller of controllers) manager.add(controller);
  return { clock, manager, admin, writes };
}

async function install(clock: VirtualClock, admin: Client): Promise<void> {
  await admin.create(CustomResourceDefinition, App.crd());
  await clock.until(async () => {
    const crd = await admin.get(CustomResourceDefinition, { name: "apps.example.com" });
    return crd.status?.conditions?.some(({ type, status }) => type === "Established" && status === "True") ?? false;
  }, "the CustomResourceDefinition");
}

const app = (size = 1) => App.object({ metadata: { ...key }, spec: { size } });

const statusOf = async (admin: Client) => (await admin.get(App, key)).status;
const condition = async (admin: Client, type: string): Promise<Condition | undefined> =>
  (await statusOf(admin))?.conditions?.find((each) => each.type === type);

const podTemplate = {
  metadata: { labels: { app: "a" } },
  spec: {
    containers: [
      {
        name: "main",
        image: "nginx",
        ports: [{ containerPort: 80 }],
        env: [{ name: "EMPTY", value: "" }],
        resources: { requests: { cpu: "1000m", memory: "1024Mi" } },
      },
    ],
  },
};

const everything = (restrict: { force?: boolean; adopt?: "ownerless" } = {}): AnyDefinition =>
  controllerFor(App).desired({
    children: [ConfigMap, Secret, Service, Deployment],
    desired: ({ spec }) => [
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { size: `${spec.size}` } },
      ...(spec.size < 5
        ? [{ apiVersion: "v1", kind: "Secret", metadata: { name: "a" }, stringData: { key: "value" } }]
        : []),
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "a" },
        spec: { selector: { app: "a" }, ports: [{ port: 80 }] },
      },
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "a" },
        spec: { selector: { matchLabels: { app: "a" } }, template: podTemplate },
      },
    ],
    ...restrict,
  });

describe("a manager on an API server", () => {
  test("brings children into being, then sends nothing however often it looks", async () => {
    const { clock, manager, admin, writes } = await world({}, everything());
    await manager.start();
    await admin.create(App, app());
    await clock.until(async () => (await condition(admin, "Ready")) !== undefined, "the status");
    await clock.advance(1_000);
    writes.length = 0;
    for (let i = 0; i < 5; i++) {
      manager.trigger("app", key, "looking again");
      await clock.settle();
    }
    expect(manager.ledger.entries().length).toBeGreaterThan(5);
    expect(writes).toEqual([]);
  });

  test("puts back what others change, follows the spec, and prunes", async () => {
    const { clock, manager, admin } = await world({}, everything());
    await manager.start();
    await admin.create(App, app());
    await clock.until(async () => (await admin.find(Deployment, key)) !== undefined, "the Deployment");
    await admin.patchMerge(ConfigMap, key, { data: { size: "wrong", extra: "kept" } });
    await clock.until(async () => (await admin.get(ConfigMap, key)).data?.["size"] === "1", "the repair");
    expect((await admin.get(ConfigMap, key)).data).toEqual({ size: "1", extra: "kept" });
    await admin.patchMerge(App, key, { spec: { size: 7 } });
    await clock.until(async () => (await admin.find(Secret, key)) === undefined, "the pruning");
    expect((await admin.get(ConfigMap, key)).data).toEqual({ size: "7", extra: "kept" });
  });

  test("names the other manager of a field that it may not take", async () => {
    const { clock, manager, admin } = await world({}, everything({ force: false, adopt: "ownerless" }));
    await manager.start();
    await admin.create(ConfigMap, { metadata: key, data: { size: "mine" } });
    await admin.create(App, app());
    await clock.until(async () => (await condition(admin, "Ready")) !== undefined, "the status");
    expect(await condition(admin, "Ready")).toMatchObject({
      status: "False",
      reason: "FieldConflict",
      message: expect.stringMatching(/configmaps\/demo\/a.*data\.size.*"admin"/s),
    });
    expect((await admin.get(ConfigMap, key)).data).toEqual({ size: "mine" });
  });

  test("M19 runs other controllers while a kind is missing, and starts when it appears", async () => {
    const seen: string[] = [];
    const configMaps = controllerFor(ConfigMap).reconcile(async ({ object }) => void seen.push(object.metadata.name));
    const apps = controllerFor(App).reconcile(async ({ object }) => void seen.push(object.metadata.name));
    const { clock, manager, admin } = await world({ crd: false }, configMaps, apps);
    let started = false;
    void manager.start().then(() => (started = true));
    await admin.create(ConfigMap, { metadata: { name: "settings", namespace: "demo" } });
    await clock.until(() => seen.includes("settings"), "the ConfigMap");
    await clock.advance(60_000);
    expect(started).toBe(false);
    await install(clock, admin);
    await admin.create(App, app());
    await clock.until(() => seen.includes("a"), "the App");
    expect(started).toBe(true);
  });

  test("tells a loop as a Warning that kubectl can show, and slows it", async () => {
    let pass = 0;
    const looping = controllerFor(App)
      .withPredicates()
      .reconcile(async ({ client }) => {
        await client.status.patchMerge(App, key, { status: { at: `pass ${++pass}` } });
      });
    const { clock, manager, admin } = await world({}, looping);
    await manager.start();
    await admin.create(App, app());
    await clock.until(async () => (await admin.list(Event, { namespace: "demo" })).items.length > 0, "the Event");
    const [event] = (await admin.list(Event, { namespace: "demo" })).items;
    expect(event).toMatchObject({
      type: "Warning",
      reason: "ReconcileLoop",
      involvedObject: { kind: "App", name: "a" },
      message: expect.stringContaining('"app" writes status.at of App demo/a in every pass'),
    });
    const passes = manager.ledger.entries().length;
    expect(passes).toBeLessThanOrEqual(20);
    await clock.advance(4_000);
    expect(manager.ledger.entries().length).toBe(passes);
  });
});
