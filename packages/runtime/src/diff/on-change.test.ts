import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { controllerFor } from "../controller/builder.ts";
import { App, createServerWorld, type ServerWorld } from "../source/server-world.test-support.ts";
import type { OnChangeOptions } from "./on-change.ts";

let world: ServerWorld;
let seen: string[];
beforeEach(async () => {
  world = await createServerWorld();
  seen = [];
});
afterEach(() => world.stop());

const key = (name: string) => ({ namespace: "demo", name });
const patch = (name: string, spec: object) => world.admin.patchMerge(App, key(name), { spec } as never);

const watching = (options: OnChangeOptions = {}, reconcile: () => Promise<void> = async () => {}) =>
  controllerFor(App)
    .onChange(
      "spec.size",
      ({ type, old, new: now, object }) => void seen.push(`${type} ${object.metadata.name} ${old} -> ${now}`),
      options,
    )
    .reconcile(reconcile);

describe("a change handler", () => {
  test("is told the old and the new value of what changed since the last success, and nothing of other fields", async () => {
    await world.app("a", { size: 1 });
    await world.run([watching()]);
    await world.clock.advance(100);
    expect(seen.splice(0)).toEqual(["resumed a undefined -> 1"]);
    await patch("a", { size: 2 });
    await world.clock.advance(100);
    expect(seen.splice(0)).toEqual(["changed a 1 -> 2"]);
    await patch("a", { image: "x" });
    await world.clock.advance(100);
    expect(seen).toEqual([]);
    await world.app("b", { size: 5 });
    await world.clock.advance(100);
    expect(seen).toEqual(["created b undefined -> 5"]);
  });

  test("is told of each path that changed, with the differences within", async () => {
    await world.app("a", { size: 1, image: "x" });
    const changes: unknown[] = [];
    await world.run([
      controllerFor(App)
        .onChange("spec", (change) => void changes.push(change.type, change.changes))
        .onChange(["spec.size", "spec.image"], ({ path }) => void seen.push(path))
        .reconcile(async () => {}),
    ]);
    await world.clock.advance(100);
    seen.length = 0;
    changes.length = 0;
    await patch("a", { size: 2, image: null });
    await world.clock.advance(100);
    expect(seen).toEqual(["spec.size", "spec.image"]);
    expect(changes).toEqual([
      "changed",
      [
        { op: "replace", path: ["spec", "size"], old: 1, new: 2 },
        { op: "remove", path: ["spec", "image"], old: "x" },
      ],
    ]);
  });

  test("is told the same again after a failure of its own or of the reconciler", async () => {
    let failing = true;
    await world.app("a", { size: 1 });
    await world.run([
      watching({}, async () => {
        if (failing) throw new Error("not yet");
      }),
    ]);
    await world.clock.advance(1_000);
    expect(new Set(seen)).toEqual(new Set(["resumed a undefined -> 1"]));
    expect(seen.length).toBeGreaterThan(1);
    failing = false;
    await world.clock.advance(600_000);
    seen.length = 0;
    failing = true;
    await patch("a", { size: 2 });
    await world.clock.advance(100);
    await patch("a", { size: 3 });
    await world.clock.advance(100);
    failing = false;
    await world.clock.advance(600_000);
    expect(seen[0]).toBe("changed a 1 -> 2");
    expect(seen.at(-1)).toBe("changed a 1 -> 3");
  });

  test("takes an object that was made anew for another one", async () => {
    await world.app("a", { size: 1 });
    await world.run([watching()]);
    await world.clock.advance(100);
    seen.length = 0;
    await world.admin.delete(App, key("a"));
    await world.app("a", { size: 1 });
    await world.clock.advance(100);
    expect(seen).toEqual(["created a undefined -> 1"]);
  });

  test("sees a restart as one, unless what was handled is kept with the object", async () => {
    await world.app("a", { size: 1 });
    const first = await world.run([watching({ persist: true })]);
    await world.clock.advance(1_000);
    expect(seen.splice(0)).toEqual(["created a undefined -> 1"]);
    const { metadata } = await world.admin.get(App, key("a"));
    expect(metadata.annotations).toEqual({ "app.homeostat.dev/last-handled-configuration": '{"spec.size":1}' });
    await first.stop();
    await patch("a", { size: 4 });
    const second = await world.run([watching({ persist: true })]);
    await world.clock.advance(1_000);
    expect(seen.splice(0)).toEqual(["changed a 1 -> 4"]);
    await second.stop();
    await world.run([watching({ persist: true })]);
    await world.clock.advance(1_000);
    expect(seen).toEqual([]);
  });

  test("survives an annotation that somebody has broken", async () => {
    await world.app("a", { size: 1 }, { annotations: { "app.homeostat.dev/last-handled-configuration": "{" } });
    await world.run([watching({ persist: true })]);
    await world.clock.advance(1_000);
    expect(seen).toEqual(["created a undefined -> 1"]);
    const { metadata } = await world.admin.get(App, key("a"));
    expect(Object.values(metadata.annotations ?? {})).toEqual(['{"spec.size":1}']);
  });
});
