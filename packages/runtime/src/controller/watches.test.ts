import {
  ClusterRole,
  ClusterRoleBinding,
  ConfigMap,
  type OwnerReference,
  Role,
  RoleBinding,
  Secret,
} from "@homeostat/api";
import type { UserInfo } from "@homeostat/apiserver";
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import { index } from "../cache/indexes.ts";
import { App, createServerWorld, type ServerWorld, Zone } from "../source/server-world.test-support.ts";
import { Priority } from "../workqueue/priority.ts";
import { controllerFor } from "./builder.ts";
import { checkDefinition } from "./check-definition.ts";
import type { Predicate } from "./definition.ts";
import { enqueueRequestForObject, enqueueRequestForOwner } from "./event-handler.ts";
import {
  and,
  annotationsChanged,
  generationChanged,
  labelsChanged,
  not,
  or,
  resourceVersionChanged,
} from "./predicate.ts";
import { requestController } from "./request-controller.ts";

let world: ServerWorld;
beforeEach(async () => {
  world = await createServerWorld();
});
afterEach(() => world.stop());

const key = (name: string) => ({ namespace: "demo", name });

const owner = (name: string, uid: string, rest: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: "example.com/v1",
  kind: "App",
  name,
  uid,
  controller: true,
  ...rest,
});

/** Runs what happens and tells which objects were reconciled because of it. */
async function reconciledBy(seen: string[], happen: () => Promise<unknown>): Promise<string[]> {
  await world.clock.advance(100);
  seen.length = 0;
  await happen();
  await world.clock.advance(100);
  return [...seen].sort();
}

describe("owned kinds", () => {
  test("W01 wake the controlling owner when a child is made, changed and deleted, and no foreign one", async () => {
    const seen: string[] = [];
    const uid = await world.app("a");
    await world.app("b");
    await world.run([
      controllerFor(App)
        .owns(ConfigMap)
        .reconcile(async ({ object }) => void seen.push(object.metadata.name)),
    ]);
    const child = { metadata: { ownerReferences: [owner("a", uid)] } };
    expect(await reconciledBy(seen, () => world.configMap("child", child))).toEqual(["a"]);
    const change = () => world.admin.patchMerge(ConfigMap, key("child"), { data: { a: "b" } });
    expect(await reconciledBy(seen, change)).toEqual(["a"]);
    expect(await reconciledBy(seen, () => world.admin.delete(ConfigMap, key("child")))).toEqual(["a"]);
    const foreign = owner("b", "other", { kind: "Gadget" });
    const group = owner("b", "other", { apiVersion: "other.com/v1" });
    for (const [name, reference] of [
      ["foreign", foreign],
      ["group", group],
    ] as const) {
      const make = () => world.configMap(name, { metadata: { ownerReferences: [reference] } });
      expect(await reconciledBy(seen, make)).toEqual([]);
    }
  });

  test("W02 wake every owner of the kind where asked, and only the controlling one where not", async () => {
    const seen: string[] = [];
    const references = [owner("a", await world.app("a")), owner("b", await world.app("b"), { controller: false })];
    const reconcile =
      (name: string) =>
      async ({ object }: { object: { metadata: { name: string } } }) =>
        void seen.push(`${name} ${object.metadata.name}`);
    await world.run([
      controllerFor(App, { name: "every" }).owns(ConfigMap, { everyOwner: true }).reconcile(reconcile("every")),
      controllerFor(App, { name: "one" }).owns(ConfigMap).reconcile(reconcile("one")),
    ]);
    const make = () => world.configMap("child", { metadata: { ownerReferences: references } });
    expect(await reconciledBy(seen, make)).toEqual(["every a", "every b", "one a"]);
  });

  test("W03 wake the owner whatever version of its kind the reference names", async () => {
    const seen: string[] = [];
    const uid = await world.app("a");
    await world.run([
      controllerFor(App)
        .owns(ConfigMap)
        .reconcile(async ({ object }) => void seen.push(object.metadata.name)),
    ]);
    const child = { metadata: { ownerReferences: [owner("a", uid, { apiVersion: "example.com/v1alpha1" })] } };
    expect(await reconciledBy(seen, () => world.configMap("child", child))).toEqual(["a"]);
  });

  test("W04 wake both owners when one hands over to the other, and an owner that stays once", async () => {
    const seen: string[] = [];
    const [a, b] = [owner("a", await world.app("a")), owner("b", await world.app("b"))];
    await world.configMap("child", { metadata: { ownerReferences: [a] } });
    await world.run([
      controllerFor(App)
        .owns(ConfigMap)
        .reconcile(async ({ object }) => void seen.push(object.metadata.name)),
    ]);
    const handOver = () =>
      world.admin.patchMerge(ConfigMap, key("child"), { metadata: { ownerReferences: [b as never] } });
    expect(await reconciledBy(seen, handOver)).toEqual(["a", "b"]);
    const change = () => world.admin.patchMerge(ConfigMap, key("child"), { data: { a: "b" } });
    expect(await reconciledBy(seen, change)).toEqual(["b"]);
  });

  test("W05 wake a cluster-scoped owner by its name alone", async () => {
    const seen: unknown[] = [];
    const zone = await world.admin.create(Zone, { metadata: { name: "north" }, spec: { size: 1 } });
    await world.run([
      controllerFor(Zone)
        .owns(ConfigMap)
        .reconcile(async ({ request, object }) => void seen.push([request, object.metadata.name])),
    ]);
    await world.clock.advance(100);
    seen.length = 0;
    await world.configMap("child", {
      metadata: { ownerReferences: [owner("north", zone.metadata.uid, { kind: "Zone" })] },
    });
    await world.clock.advance(100);
    expect(seen).toEqual([[{ name: "north" }, "north"]]);
  });
});

test("W06 takes a reference that names no version for nobody's, and goes on", async () => {
  const seen: string[] = [];
  const uid = await world.app("a");
  await world.run([
    controllerFor(App)
      .owns(ConfigMap, { everyOwner: true })
      .reconcile(async ({ object }) => void seen.push(object.metadata.name)),
  ]);
  const make = async () => {
    for (const [index, apiVersion] of ["example.com/v1/more", "example.com/", "/"].entries()) {
      // Whether a server lets it in is its business.
      const child = { metadata: { ownerReferences: [owner("a", uid, { apiVersion })] } };
      await world.configMap(`child-${index}`, child).catch(() => {});
    }
  };
  expect(await reconciledBy(seen, make)).toEqual([]);
  const good = { metadata: { ownerReferences: [owner("a", uid)] } };
  expect(await reconciledBy(seen, () => world.configMap("good", good))).toEqual(["a"]);
});

describe("mapped kinds", () => {
  test("W07 ask the map for both states of an update, and reconcile what both name once", async () => {
    const asked: string[] = [];
    const seen: string[] = [];
    for (const name of ["a", "b", "c"]) await world.app(name);
    await world.configMap("settings", { data: { for: "a,c" } });
    await world.run([
      controllerFor(App)
        .watches(ConfigMap, (object) => {
          const names = object.object().data?.["for"] ?? "";
          asked.push(names);
          return names.split(",").map(key);
        })
        .reconcile(async ({ object }) => void seen.push(object.metadata.name)),
    ]);
    await world.clock.advance(100);
    asked.length = 0;
    const change = () => world.admin.patchMerge(ConfigMap, key("settings"), { data: { for: "b,c" } });
    expect(await reconciledBy(seen, change)).toEqual(["a", "b", "c"]);
    expect(asked).toEqual(["b,c", "a,c"]);
  });

  test("W08 take the first list and resyncs at low level, changes at normal, and a level that is given as it is", async () => {
    const seen: [string, number][] = [];
    await world.app("a");
    await world.run([
      controllerFor(App, { resyncMs: 600_000 })
        .watches(ConfigMap, {
          handler: (event, enqueue) => enqueue(key("a"), event.type === "deleted" ? { priority: Priority.urgent } : {}),
        })
        .watches(Secret, { handler: (_, enqueue) => enqueue(key("a"), { priority: -7 }) })
        .reconcile(async ({ object, priority }) => void seen.push([object.metadata.name, priority])),
    ]);
    await world.clock.advance(100);
    await world.app("b");
    await world.clock.advance(100);
    await world.configMap("settings");
    await world.clock.advance(100);
    await world.admin.delete(ConfigMap, key("settings"));
    await world.clock.advance(100);
    await world.admin.create(Secret, { metadata: key("secret") });
    await world.clock.advance(100);
    expect(seen.splice(0)).toEqual([
      ["a", Priority.low],
      ["b", Priority.normal],
      ["a", Priority.normal],
      ["a", Priority.urgent],
      ["a", -7],
    ]);
    await world.clock.advance(700_000);
    expect(seen).toEqual([
      ["a", Priority.low],
      ["b", Priority.low],
    ]);
  });
});

describe("predicates on a controller", () => {
  const changes = {
    spec: () => world.admin.patchMerge(App, key("a"), { spec: { size: 5 } }),
    status: () => world.admin.status.patchMerge(App, key("a"), { status: { phase: "x" } }),
    label: () => world.admin.patchMerge(App, key("a"), { metadata: { labels: { a: "b" } } }),
    annotation: () => world.admin.patchMerge(App, key("a"), { metadata: { annotations: { a: "b" } } }),
    finalizer: () => world.admin.patchMerge(App, key("a"), { metadata: { finalizers: ["example.com/x"] } }),
    // The finalizer of the step before keeps it, so that deletion is a change.
    deletion: () => world.admin.delete(App, key("a")),
  };

  /** Which of the changes above wake a controller with the predicates; the object's creation and end always do. */
  async function wokenBy(predicates: readonly Predicate[] | undefined): Promise<string[]> {
    let calls = 0;
    await world.app("a");
    const base = controllerFor(App);
    await world.run([(predicates ? base.withPredicates(...predicates) : base).reconcile(async () => void calls++)]);
    await world.clock.advance(100);
    expect(calls).toBe(1);
    const woken: string[] = [];
    for (const [name, change] of Object.entries(changes)) {
      calls = 0;
      await change();
      await world.clock.advance(100);
      if (calls > 0) woken.push(name);
    }
    return woken;
  }

  test("W09 by generation drop changes of status and metadata, and let creations and deletions pass", async () => {
    expect(await wokenBy([generationChanged])).toEqual(["spec", "deletion"]);
    const seen: string[] = [];
    await world.run([
      controllerFor(App, { name: "other" })
        .watches(ConfigMap, ({ metadata }) => [key(metadata.name)], { predicates: [generationChanged] })
        .reconcile(async ({ object }) => void seen.push(object.metadata.name)),
    ]);
    await world.app("b");
    expect(await reconciledBy(seen, () => world.configMap("b"))).toEqual(["b"]);
    expect(await reconciledBy(seen, () => world.admin.delete(ConfigMap, key("b")))).toEqual(["b"]);
  });

  test.each([
    ["labels", labelsChanged, ["label"]],
    ["annotations", annotationsChanged, ["annotation"]],
    ["the version", resourceVersionChanged, ["spec", "status", "label", "annotation", "finalizer", "deletion"]],
  ] as const)("W10 by %s let just those changes pass", async (_, predicate, expected) => {
    expect(await wokenBy([predicate])).toEqual(expected);
  });

  test("W11 combined by and, or and not follow boolean logic", async () => {
    expect(await wokenBy([or(labelsChanged, annotationsChanged)])).toEqual(["label", "annotation"]);
    await world.stop();
    world = await createServerWorld();
    expect(await wokenBy([and(resourceVersionChanged, labelsChanged)])).toEqual(["label"]);
    await world.stop();
    world = await createServerWorld();
    const notSpec: Predicate = (event) => event.type !== "updated" || not(generationChanged)(event);
    expect(await wokenBy([notSpec, not(and(labelsChanged, (event) => event.type === "updated"))])).toEqual([
      "status",
      "annotation",
      "finalizer",
    ]);
  });

  test("W18 by default pass all changes but those of the status", async () => {
    expect(await wokenBy(undefined)).toEqual(["spec", "label", "annotation", "finalizer", "deletion"]);
  });

  test("W12 of one watch leave others alone; the filter of all is asked first, everywhere", async () => {
    const seen: string[] = [];
    const order: string[] = [];
    const note =
      (name: string): Predicate =>
      (event) => {
        order.push(`${name} ${event.object.metadata.name}`);
        return true;
      };
    await world.app("a");
    await world.run([
      controllerFor(App)
        .withPredicates(note("own"))
        .watches(ConfigMap, () => [key("a")], { namespace: "demo", predicates: [note("maps"), () => false] })
        .watches(Secret, () => [key("a")], { predicates: [note("secrets")] })
        .withEventFilter(note("all"), ({ object }) => object.metadata.name !== "hidden")
        .reconcile(async ({ object }) => void seen.push(object.metadata.name)),
    ]);
    await world.clock.advance(100);
    expect(order.splice(0)).toEqual(["all a", "own a"]);
    expect(await reconciledBy(seen, () => world.configMap("dropped"))).toEqual([]);
    expect(await reconciledBy(seen, () => world.admin.create(Secret, { metadata: key("shown") }))).toEqual(["a"]);
    expect(await reconciledBy(seen, () => world.admin.create(Secret, { metadata: key("hidden") }))).toEqual([]);
    expect(await reconciledBy(seen, () => world.app("hidden"))).toEqual([]);
    expect(order).toEqual(["all dropped", "maps dropped", "all shown", "secrets shown", "all hidden", "all hidden"]);
  });
});

describe("building", () => {
  const reconcile = async () => {};

  test("W13 refuses a controller that watches nothing, owns without a kind of its own, or has two", () => {
    const requests = requestController<{ zone: string }>({ name: "zones", keyOf: ({ zone }) => zone });
    expect(() => requests.reconcile(reconcile)).toThrow('controller "zones" watches nothing');
    // @ts-expect-error requests of one's own have no owners
    expect(requests.owns).toBeUndefined();
    // @ts-expect-error the kind is given once, at the beginning
    expect(controllerFor(App).for).toBeUndefined();
    const own = { resource: App, handler: enqueueRequestForObject, predicates: [] };
    const owned = { resource: ConfigMap, handler: enqueueRequestForOwner(App), predicates: [] };
    const made = { name: "made", reconcile, options: {} };
    expect(() => checkDefinition({ ...made, for: App, watches: [] })).toThrow("watches nothing");
    expect(() => checkDefinition({ ...made, watches: [owned] })).toThrow("without a kind of its own");
    expect(() => checkDefinition({ ...made, for: App, watches: [own, own] })).toThrow("twice as its own kind");
    expect(() => checkDefinition({ ...made, for: Zone, watches: [own] })).toThrow("cannot be its requests");
    expect(() => checkDefinition({ ...made, for: Zone, watches: [owned] })).toThrow("owners of kind App");
    expect(() => checkDefinition({ ...made, for: App, watches: [own, owned] })).not.toThrow();
  });

  test("gives functions the types of what they are about", () => {
    controllerFor(App)
      .watches(ConfigMap, (object) => {
        expectTypeOf(object.object().data).toEqualTypeOf<Readonly<Record<string, string>> | undefined>();
        return [];
      })
      .daemon("tail", async ({ object }) => void expectTypeOf(object.spec.size).toEqualTypeOf<number>())
      .onChange("spec.size", (change) => {
        expectTypeOf(change.new).toEqualTypeOf<number | undefined>();
        expectTypeOf(change.object.spec.size).toEqualTypeOf<number>();
      })
      .onChange(["spec.size", "spec.image"], (change) => {
        expectTypeOf(change.old).toEqualTypeOf<number | string | undefined>();
      })
      .onChange('metadata.labels["a.b"]', (change) => void expectTypeOf(change.new).toEqualTypeOf<unknown>());
    controllerFor(App, { metadataOnly: true }).reconcile(async ({ object }) => {
      expectTypeOf(object.metadata.name).toEqualTypeOf<string>();
      // @ts-expect-error only metadata is there
      expect(object.spec).toBeUndefined();
    });
    requestController<{ zone: string }>({ name: "zones", keyOf: ({ zone }) => zone })
      // @ts-expect-error requests are zones
      .watches(ConfigMap, () => [{ name: "a" }])
      .reconcile(async (context) => {
        expectTypeOf(context.request).toEqualTypeOf<{ zone: string }>();
        // @ts-expect-error there is no object
        expect(context.object).toBeUndefined();
      });
  });
});

test("W15 reconciles with metadata alone, of its own kind, owned and watched ones", async () => {
  const seen: unknown[] = [];
  const uid = await world.app("a", { size: 3 }, { labels: { tier: "gold" } });
  await world.run([
    controllerFor(App, { metadataOnly: true })
      .owns(ConfigMap, { metadataOnly: true })
      .watches(Secret, ({ metadata }) => [key(metadata.labels["for"] ?? "")], { metadataOnly: true })
      .reconcile(async ({ object }) => void seen.push(object)),
  ]);
  await world.clock.advance(100);
  expect(seen).toMatchObject([
    { apiVersion: "example.com/v1", kind: "App", metadata: { name: "a", labels: { tier: "gold" } } },
  ]);
  expect(seen[0]).not.toHaveProperty("spec");
  await world.configMap("child", { metadata: { ownerReferences: [owner("a", uid)] }, data: { a: "b" } });
  await world.clock.advance(100);
  expect(seen).toHaveLength(2);
  await world.admin.create(Secret, { metadata: { ...key("s"), labels: { for: "a" } } });
  await world.clock.advance(100);
  expect(seen).toHaveLength(3);
  expect(world.requests.filter((each) => each.includes("/apps/a"))).toEqual([]);
});

test("W15 gives kind and version to metadata that is read from the cache", async () => {
  await world.configMap("settings", { data: { a: "b" } });
  await world.app("a");
  const seen: unknown[] = [];
  await world.run([
    controllerFor(App)
      .watches(
        ConfigMap,
        (object) => {
          seen.push(object.object());
          return [];
        },
        { metadataOnly: true, namespace: "demo" },
      )
      .reconcile(async () => {}),
  ]);
  expect(seen).toMatchObject([{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" } }]);
  expect(seen[0]).not.toHaveProperty("data");
});

test("W16 reconciles requests of another type, merged by key", async () => {
  const seen: unknown[] = [];
  for (const name of ["a", "b", "hidden"]) await world.configMap(name, { metadata: { labels: { zone: "north" } } });
  await world.run([
    requestController<{ zone: string; urgent?: boolean }>({ name: "zones", keyOf: ({ zone }) => zone })
      .watches(ConfigMap, ({ metadata }) => {
        const zone = metadata.labels["zone"];
        return zone ? [{ zone }, { zone }] : [];
      })
      .withEventFilter(({ object }) => object.metadata.name !== "hidden")
      .reconcile(async (context) => {
        const { request, client, causes, reconcileID } = { ...context };
        expect(context).not.toHaveProperty("object");
        const items = await client.list(ConfigMap, { namespace: "demo", labelSelector: `zone=${request.zone}` });
        seen.push([request, items.items.length, causes.length > 0, reconcileID.length]);
      }),
  ]);
  await world.clock.advance(100);
  expect(seen).toEqual([[{ zone: "north" }, 3, true, 16]]);
});

test("asks for objects of a watched kind by an index of the watch", async () => {
  const byColour = index<ConfigMap>("colour", ({ metadata }) => [metadata.annotations["colour"] ?? "none"]);
  const found: string[][] = [];
  for (const [name, colour] of [
    ["one", "red"],
    ["two", "blue"],
    ["three", "red"],
  ] as const)
    await world.admin.create(ConfigMap, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { ...key(name), annotations: { colour } },
    });
  await world.app("a");
  await world.run([
    controllerFor(App)
      .watches(ConfigMap, () => [], { indexes: [byColour] })
      .reconcile(async ({ cache }) => {
        const maps = cache.store(ConfigMap)!.list({ index: byColour.is("red") });
        found.push(maps.map(({ metadata }) => metadata.name));
      }),
  ]);
  await world.clock.advance(100);
  expect(found).toEqual([["one", "three"]]);
});

test("W17 hears nothing of a watch that was stopped, and ends it on the server when nobody else has it", async () => {
  const seen: string[] = [];
  await world.app("a");
  const { controller, cache } = await world.controller(
    controllerFor(App).reconcile(async ({ object }) => void seen.push(object.metadata.name)),
  );
  const definition = { resource: ConfigMap, predicates: [], namespace: "demo" };
  const told: string[] = [];
  const first = controller.watch({
    ...definition,
    handler: ({ object }, enqueue) => {
      told.push(object.metadata.name);
      enqueue(key("a"));
    },
  });
  const second = controller.watch({ ...definition, handler: () => {} });
  await Promise.all([first.synced, second.synced]);
  const handles = () =>
    cache
      .watches()
      .filter(({ resource }) => resource === ConfigMap)
      .map((report) => report.handles);
  expect(handles()).toEqual([2]);
  expect(await reconciledBy(seen, () => world.configMap("one"))).toEqual(["a"]);
  first.stop();
  expect(handles()).toEqual([1]);
  expect(await reconciledBy(seen, () => world.configMap("two"))).toEqual([]);
  expect(told).toEqual(["one"]);
  second.stop();
  expect(handles()).toEqual([]);
});

test("W19 watches one object by name where a role permits only that", async () => {
  const user: UserInfo = { username: "narrow", groups: ["system:authenticated"] };
  const verbs = ["get", "list", "watch"];
  await world.admin.create(Role, {
    metadata: key("narrow"),
    rules: [{ apiGroups: [""], resources: ["configmaps"], verbs, resourceNames: ["settings"] }],
  });
  await world.admin.create(ClusterRole, {
    metadata: { name: "narrow" },
    rules: [{ apiGroups: ["example.com"], resources: ["apps"], verbs }],
  });
  const subjects = [{ kind: "User", name: "narrow", apiGroup: "rbac.authorization.k8s.io" }];
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", name: "narrow" };
  await world.admin.create(RoleBinding, { metadata: key("narrow"), subjects, roleRef: { ...roleRef, kind: "Role" } });
  await world.admin.create(ClusterRoleBinding, {
    metadata: { name: "narrow" },
    subjects,
    roleRef: { ...roleRef, kind: "ClusterRole" },
  });
  for (const name of ["settings", "other"]) await world.configMap(name);
  await world.app("a");
  const told: string[] = [];
  const seen: string[] = [];
  await world.run(
    [
      controllerFor(App)
        .watches(ConfigMap, ({ metadata }) => [key(told.push(metadata.name) > 0 ? "a" : "")], {
          namespace: "demo",
          name: "settings",
        })
        .reconcile(async ({ object }) => void seen.push(object.metadata.name)),
    ],
    { user },
  );
  const change = (name: string) => () => world.admin.patchMerge(ConfigMap, key(name), { data: { a: "b" } });
  expect(await reconciledBy(seen, change("settings"))).toEqual(["a"]);
  expect(await reconciledBy(seen, change("other"))).toEqual([]);
  expect(new Set(told)).toEqual(new Set(["settings"]));
});
