import { ConfigMap, Namespace } from "@homeostat/api";
import { expect, it } from "vitest";
import type { CacheSelection, CacheWatch } from "./cache.ts";
import { cacheWorld, refusal } from "./cluster.test-support.ts";
import { compareResourceVersions } from "./resource-version.ts";
import type { StoreEvent } from "./store.ts";
import { stepObjects } from "./turns.ts";

// A handler that believes what it is told must end up with what the server has, whatever happens to its watch.

const namespaces = ["a", "b", "c"];
const selections: readonly CacheSelection[] = [
  {},
  { namespace: "a" },
  { namespaces: ["a", "b"] },
  { namespaces: { matching: "on=yes" } },
  { labelSelector: "app=x" },
  { namespace: "b", name: "o1" },
];

/** Takes events at their word, and refuses those that cannot be. */
function believer() {
  const believed = new Map<string, { readonly uid: string; readonly version: string }>();
  const wrong: string[] = [];
  const handler = (event: StoreEvent): void => {
    const { key, uid, resourceVersion: version } = event.object.metadata;
    const known = believed.get(key);
    if (event.type === "added" && known) wrong.push(`added ${key}, which was known`);
    if (event.type !== "added" && !known) wrong.push(`${event.type} ${key}, which was not known`);
    if (event.type === "updated" && known && known.uid !== uid) wrong.push(`updated ${key}, which is another`);
    if (event.type === "updated" && known && compareResourceVersions(version, known.version) < 0)
      wrong.push(`updated ${key} back to ${version} from ${known.version}`);
    if (event.type === "deleted") believed.delete(key);
    else believed.set(key, { uid, version });
  };
  return { handler, believed, wrong };
}

it("loses nothing of a long list that is still being told of when other watches take its place", async () => {
  const world = await cacheWorld(namespaces);
  for (let i = 0; i < 1_200; i++) await world.configMap(`a/o${i}`);
  const cache = world.cache({ namespaces: ["a"] });
  const seen = believer();
  let relisted = (): void => {};
  const watch = cache.watch(ConfigMap, {
    handler(event) {
      seen.handler(event);
      if (event.type === "updated") relisted();
    },
  });
  await watch.synced();
  world.watches[0]!.mute();
  await world.configMap("a/o1199", { v: "changed" });
  await world.admin.delete(ConfigMap, { namespace: "a", name: "o1198" });
  world.watches[0]!.drop();
  world.fault = ({ kind }) => {
    if (kind !== "watch") return undefined;
    world.fault = undefined;
    return refusal(410, "Expired");
  };
  let changed = 0;
  relisted = () => {
    if (changed++ === 0) cache.setNamespaces({ a: { labelSelector: "app!=none" } });
  };
  await world.clock.advance(10_000);
  // Long lists take more turns than time waits for.
  for (let more = 0; more < 4; more++) await world.clock.settle();
  // The telling had not ended with the step in which it began.
  expect(changed).toBeGreaterThan(stepObjects);
  expect(cache.watches().map(({ labelSelector }) => labelSelector)).toEqual(["app!=none"]);
  expect(seen.wrong).toEqual([]);
  const held = [...watch.store.entries()].map(({ metadata }) => `${metadata.key} ${metadata.resourceVersion}`);
  expect(held).toHaveLength(1_199);
  expect([...seen.believed].map(([key, { version }]) => `${key} ${version}`).sort()).toEqual(held.sort());
});

function seeded(seed: number): () => number {
  let state = seed * 2_654_435_761;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
  "tells each handler the truth in the end, in one order (seed %i)",
  async (seed) => {
    const random = seeded(seed);
    const pick = <V>(from: readonly V[]): V => from[Math.floor(random() * from.length)]!;
    const world = await cacheWorld(namespaces);
    const cache = world.cache({ watchList: random() < 0.5, random });
    const watches: { watch: CacheWatch<ConfigMap>; selection: CacheSelection; seen: ReturnType<typeof believer> }[] =
      [];

    const steps: readonly (() => Promise<void> | void)[] = [
      () =>
        world.configMap(
          `${pick(namespaces)}/o${Math.floor(random() * 6)}`,
          { v: String(random()) },
          { app: pick(["x", "y"]) },
        ),
      async () => {
        const key = { namespace: pick(namespaces), name: `o${Math.floor(random() * 6)}` };
        if (await world.admin.find(ConfigMap, key)) await world.admin.delete(ConfigMap, key);
      },
      () => {
        const seen = believer();
        const selection = pick(selections);
        const watch = cache.watch(ConfigMap, { ...selection, metadataOnly: random() < 0.5, handler: seen.handler });
        watches.push({ watch, selection, seen });
      },
      () => {
        const one = watches.length > 0 ? pick(watches) : undefined;
        if (!one) return;
        one.selection = pick(selections);
        one.watch.reselect(one.selection).catch(() => {});
      },
      () => cache.setNamespaces(pick([undefined, ["a"], ["b", "c"], { a: {}, "": {} }])),
      () =>
        void world.admin.patchMerge(
          Namespace,
          { name: pick(namespaces) },
          { metadata: { labels: { on: pick(["yes", null]) } } },
        ),
      () => world.watches.length > 0 && pick(world.watches).drop(),
      () =>
        world.watches.length > 0 &&
        pick(world.watches).inject({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } }),
      () => world.clock.settle(),
      () => world.clock.advance(random() * 3_000),
    ].map((step) => async () => void (await step()));

    for (let step = 0; step < 80; step++) await pick(steps)();
    // Versions of views that are compared move on with bookmarks, one a minute.
    await world.clock.advance(200_000);

    const all = (await world.admin.list(ConfigMap)).items;
    for (const { watch, seen } of watches) {
      expect(seen.wrong).toEqual([]);
      const held = [...watch.store.entries()].map(({ metadata }) => `${metadata.key} ${metadata.resourceVersion}`);
      expect([...seen.believed].map(([key, { version }]) => `${key} ${version}`).sort()).toEqual(held.sort());
      const live = new Set(
        all.map(({ metadata }) => `${metadata.namespace}/${metadata.name} ${metadata.resourceVersion}`),
      );
      expect(held.filter((each) => !live.has(each))).toEqual([]);
    }
    for (const { watch, selection } of watches) {
      const on = new Set(
        (await world.admin.list(Namespace, { labelSelector: "on=yes" })).items.map(({ metadata }) => metadata.name),
      );
      if (selection.namespace === "a")
        expect(watch.store.size).toBe(all.filter((o) => o.metadata.namespace === "a").length);
      if (selection.namespaces && "matching" in selection.namespaces)
        expect(watch.store.size).toBe(all.filter((o) => on.has(o.metadata.namespace!)).length);
    }
    for (const { watch } of watches) watch.stop();
    expect(cache.watches()).toEqual([]);
  },
);
