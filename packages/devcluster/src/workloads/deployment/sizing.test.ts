import type { Deployment, ReplicaSet, Stored } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { withSizes } from "./annotations.ts";
import { maxSurge, maxUnavailable, newestSize, proportionalSizes, type Resize, shrinkOld } from "./sizing.ts";

const deployment = (replicas: number, maxSurge: number | string, maxUnavailable: number | string): Deployment => ({
  metadata: { name: "web" },
  spec: {
    replicas,
    selector: {},
    template: {},
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } },
  },
});

let age = 0;
const set = (
  name: string,
  replicas: number,
  available = replicas,
  sizes?: [desired: number, max: number],
): Stored<ReplicaSet> => ({
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  metadata: {
    name,
    uid: name,
    resourceVersion: "1",
    creationTimestamp: new Date(age++ * 1000).toISOString(),
    annotations: sizes ? withSizes({}, ...sizes) : {},
  },
  spec: { replicas, selector: {} },
  status: { replicas, availableReplicas: available },
});

const named = (resizes: readonly Resize[]): Record<string, number> =>
  Object.fromEntries(resizes.map(({ set: each, replicas }) => [each.metadata.name, replicas]));

describe("limits of a rolling update", () => {
  it.each<[number, number | string, number | string, number, number]>([
    [10, "25%", "25%", 3, 2],
    [3, "25%", "25%", 1, 0],
    [10, 0, 0, 0, 1],
    [3, "0%", "10%", 0, 1],
    [2, 0, 5, 0, 2],
    [0, "25%", "25%", 0, 0],
  ])("of %i with surge %s and unavailable %s are %i and %i", (replicas, surge, unavailable, surgeIs, unavailableIs) => {
    const subject = deployment(replicas, surge, unavailable);
    expect([maxSurge(subject), maxUnavailable(subject)]).toEqual([surgeIs, unavailableIs]);
  });
});

describe("newestSize", () => {
  it.each<[string, number, number, number]>([
    ["grows as far as the surge allows", 0, 10, 3],
    ["stays when there is no room", 3, 13, 3],
    ["ends at the wanted number", 9, 9, 10],
    ["shrinks to the wanted number", 12, 12, 10],
  ])("%s", (_, current, total, wanted) => {
    expect(newestSize(deployment(10, 3, 2), current, total)).toBe(wanted);
  });
});

describe("shrinkOld", () => {
  it("takes pods that are not available before healthy ones", () => {
    const sets = { newest: set("new", 3, 0), old: [set("sick", 4, 2), set("well", 6, 6)] };
    // 13 pods, 8 must be available, 3 new ones are not yet: two may go, and they are the sick ones.
    expect(named(shrinkOld(deployment(10, 3, 2), sets))).toEqual({ sick: 2 });
  });

  it("shrinks healthy pods as the new ones become available", () => {
    const sets = { newest: set("new", 3, 3), old: [set("old", 10)] };
    expect(named(shrinkOld(deployment(10, 3, 2), sets))).toEqual({ old: 5 });
  });

  it("waits while too few are available", () => {
    const sets = { newest: set("new", 5, 0), old: [set("old", 8)] };
    expect(shrinkOld(deployment(10, 3, 2), sets)).toEqual([]);
  });
});

describe("proportionalSizes", () => {
  it("gives a single active ReplicaSet all", () => {
    expect(named(proportionalSizes(deployment(5, 1, 0), { newest: set("new", 3), old: [set("old", 0)] }))).toEqual({
      new: 5,
    });
  });

  it.each<[string, number, [number, number], [number, number]]>([
    ["spreads growth by size", 30, [8, 5], [20, 13]],
    ["spreads shrinking by size", 5, [8, 5], [5, 3]],
    ["shrinks all to zero", 0, [8, 5], [0, 0]],
  ])("%s", (_, replicas, [newest, old], [newestIs, oldIs]) => {
    const sets = { newest: set("new", newest, 0, [10, 13]), old: [set("old", old, old, [10, 13])] };
    expect(named(proportionalSizes(deployment(replicas, 3, 2), sets))).toEqual({ new: newestIs, old: oldIs });
  });

  it("empties old ReplicaSets when the newest has everything", () => {
    const sets = { newest: set("new", 3, 3, [3, 4]), old: [set("old", 1, 1, [3, 4])] };
    expect(named(proportionalSizes(deployment(3, 1, 0), sets))).toEqual({ old: 0 });
  });
});
