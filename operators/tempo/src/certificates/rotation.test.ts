import type { ConfigMap, Secret } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { communitySettings } from "../settings/operator-settings.ts";
import { components, hourMs, type Mounted, refused, World } from "./certificates.test-support.ts";

const start = Date.UTC(2026, 0, 1);
const year = 365 * 24 * hourMs;

/** Nobody refuses anybody, be it pods that have been restarted or those that have not. */
function expectTrust(pods: readonly Mounted[], now: number): void {
  for (const mine of pods)
    for (const other of pods)
      expect([new Date(now).toISOString(), refused(mine, other, now)]).toEqual([expect.any(String), []]);
}

describe("6.10 rotation over the years", () => {
  it.each([
    ["as by default", communitySettings.certificates],
    [
      "with a short-lived authority",
      { caValidity: year, caRefresh: year / 2, certValidity: year / 4, certRefresh: year / 5 },
    ],
    [
      "with refreshes that come late",
      { caValidity: year, caRefresh: 0.95 * year, certValidity: year / 10, certRefresh: 0.095 * year },
    ],
  ])("never lets two components refuse each other %s", (_, validity) => {
    const world = new World(start);
    let due = world.reconcile(validity).nextRotation;
    let lagging = world.mounted();
    let rotations = 0;
    while (world.clock.now() < start + 13 * year) {
      // The last moment before the rotation, with pods of all ages up to it.
      world.clock.set(due - 1);
      expect(world.reconcile(validity).renewals).toEqual([]);
      expectTrust([world.mounted()], due - 1);
      world.clock.set(due);
      lagging = world.mounted();
      const next = world.reconcile(validity);
      expect(next.nextRotation).toBeGreaterThan(due);
      // Pods that are not restarted yet and those that are, for as long as a rollout may take.
      for (const laterMs of [0, hourMs, 24 * hourMs])
        expectTrust([lagging, world.mounted()], Math.min(due + laterMs, next.nextRotation - 1));
      due = next.nextRotation;
      rotations++;
    }
    expect(rotations).toBeGreaterThan(13);
  });

  it("issues once at each time it names, and never twice", () => {
    const world = new World(start);
    let { nextRotation } = world.reconcile();
    for (let turn = 0; turn < 40; turn++) {
      world.clock.set(nextRotation);
      nextRotation = world.reconcile().nextRotation;
      const { writes } = world;
      expect(world.reconcile()).toMatchObject({ renewals: [], nextRotation });
      expect(world.writes).toBe(writes);
    }
  });
});

/** A small generator of numbers, the same for the same seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

type Accident = (world: World, pick: <T>(all: readonly T[]) => T) => void;

const names = [
  ...components.map(({ secretName }) => secretName),
  "tempo-simplest-signing-ca",
  "tempo-simplest-ca-bundle",
];

function damaged(world: World, name: string, change: (object: Secret & ConfigMap) => object): void {
  const object = world.objects.get(name);
  if (object) world.objects.set(name, change(structuredClone(object) as Secret & ConfigMap) as never);
}

const accidents: readonly Accident[] = [
  () => {},
  (world, pick) => void world.objects.delete(pick(names)),
  (world) => world.objects.clear(),
  (world, pick) =>
    damaged(world, pick(names), ({ data, ...rest }) => ({ ...rest, ...(pick([true, false]) ? {} : { data: {} }) })),
  (world, pick) =>
    damaged(world, pick(names), (object) => ({
      ...object,
      data: Object.fromEntries(
        Object.entries(object.data!).map(([key, value]) => [key, value.slice(0, value.length / 2)]),
      ),
    })),
  (world, pick) =>
    damaged(world, pick(names), ({ metadata, ...rest }) => ({ ...rest, metadata: { name: metadata!.name } })),
  (world, pick) => {
    const [one, other] = [pick(components), pick(components)].map(({ secretName }) => secretName);
    const object = world.objects.get(one!);
    if (object) world.objects.set(other!, { ...object, metadata: { ...object.metadata, name: other! } });
  },
];

describe("6.10 model: whatever happens to Secrets and clock", () => {
  it.each([1, 2, 3, 4, 5, 6])(
    "components trust each other after one pass, and a second one writes nothing (seed %i)",
    (seed) => {
      const next = random(seed);
      const pick = <T>(all: readonly T[]): T => all[Math.floor(next() * all.length)]!;
      const world = new World(start);
      for (let step = 0; step < 120; step++) {
        pick(accidents)(world, pick);
        const jump = pick([0, 0, hourMs, 100 * hourMs, 1728 * hourMs, year, 6 * year, -hourMs, -year]);
        world.clock.set(world.clock.now() + jump);
        const { nextRotation, renewals } = world.reconcile();
        const now = world.clock.now();
        expectTrust([world.mounted()], now);
        expect(nextRotation).toBeGreaterThan(now);
        const { writes } = world;
        expect(world.reconcile().renewals, renewals.join()).toEqual([]);
        expect(world.writes).toBe(writes);
      }
    },
  );
});
