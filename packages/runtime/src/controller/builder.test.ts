import { ConfigMap, Secret } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { controllerFor } from "./builder.ts";
import { createWorld, Widget } from "./world.test-support.ts";

const key = { namespace: "demo", name: "a" };

describe("controllerFor", () => {
  test("names the controller after the kind unless told otherwise", () => {
    expect(controllerFor(Widget).reconcile(async () => {}).name).toBe("widget");
    expect(controllerFor(Widget, { name: "gadgets" }).reconcile(async () => {}).name).toBe("gadgets");
  });

  test("hands options on and watches its own kind first", () => {
    const definition = controllerFor(Widget, { concurrency: 4, namespace: "demo" })
      .owns(ConfigMap, { labelSelector: "a=b" })
      .reconcile(async () => {});
    expect(definition.options).toEqual({ concurrency: 4 });
    expect(definition.watches).toMatchObject([
      { resource: { kind: "Widget" }, namespace: "demo" },
      { resource: { kind: "ConfigMap" }, labelSelector: "a=b" },
    ]);
  });

  test("leaves a builder as it was when it is built on", () => {
    const base = controllerFor(Widget);
    base.owns(ConfigMap);
    expect(base.reconcile(async () => {}).watches).toHaveLength(1);
  });

  test("watches children of desired that are not watched already", () => {
    const definition = controllerFor(Widget)
      .owns(ConfigMap)
      .desired({ children: [ConfigMap, Secret], desired: () => [] });
    expect(definition.watches.map(({ resource }) => resource.kind)).toEqual(["Widget", "ConfigMap", "Secret"]);
  });

  test("maps other kinds by a function that may look things up", async () => {
    const world = createWorld();
    const seen: string[] = [];
    await world.widget("a", { spec: { note: "settings" } });
    await world.widget("b", { spec: { note: "other" } });
    await world.run(
      controllerFor(Widget)
        .watches(ConfigMap, ({ metadata }, cache) =>
          (cache.store(Widget)?.list() ?? [])
            .filter((widget) => widget.spec?.note === metadata.name)
            .map((widget) => ({ namespace: "demo", name: widget.metadata.name })),
        )
        .reconcile(async ({ object }) => void seen.push(object.metadata.name)),
    );
    await world.clock.advance(10);
    seen.length = 0;
    await world.cluster.client().create(ConfigMap, { metadata: { name: "settings", namespace: "demo" } });
    await world.clock.advance(10);
    expect(seen).toEqual(["a"]);
  });

  test("takes a handler of events as well", async () => {
    const world = createWorld();
    let calls = 0;
    await world.run(
      controllerFor(Widget)
        .watches(ConfigMap, { handler: (event, enqueue) => event.type === "deleted" && enqueue(key) })
        .reconcile(async () => void calls++),
    );
    await world.widget("a");
    await world.cluster.client().create(ConfigMap, { metadata: key });
    await world.clock.advance(10);
    await world.cluster.client().delete(ConfigMap, key);
    await world.clock.advance(10);
    expect(calls).toBe(2);
  });

  test("with no predicates looks at everything", async () => {
    const world = createWorld();
    let calls = 0;
    await world.widget("a");
    await world.run(
      controllerFor(Widget)
        .withPredicates()
        .reconcile(async () => void calls++),
    );
    await world.clock.advance(10);
    await world.cluster.client().status.patchMerge(Widget, key, { status: { phase: "x" } });
    await world.clock.advance(10);
    expect(calls).toBe(2);
  });
});
