import { Event } from "@homeostat/api";
import { expectApplied, expectCondition, faults } from "@homeostat/devcluster";
import { describe, expect, test } from "vitest";
import { TempoMonolithic } from "../src/api/tempo-monolithic.ts";
import { TempoStack } from "../src/api/tempo-stack.ts";
import { upgradeCounter } from "../src/metrics/operator-metrics.ts";
import { key, minio, namespace, stackKey, startWorld, type TempoWorld } from "./world.test-support.ts";

const reasons = async ({ cluster }: TempoWorld) =>
  (await cluster.client.list(Event, { namespace })).items.map(({ reason }) => reason);
const counted = (upgrades: ReturnType<typeof upgradeCounter>) =>
  upgrades.samples().map(({ labels, value }) => `${labels["kind"]} ${labels["state"]} ${value}`);

/** A stack that another version of an operator has looked after; its Secret is not there yet. */
async function startWith(version: string, upgrades = upgradeCounter()) {
  const world = await startWorld({ upgrades });
  await world.stack({ managementState: "Unmanaged" });
  await world.cluster.client.status.patchMerge(TempoStack, stackKey, {
    status: { operatorVersion: version, tempoVersion: "2.0.0" },
  });
  return { ...world, upgrades };
}
const manage = ({ cluster }: TempoWorld) =>
  cluster.client.patchMerge(TempoStack, stackKey, { spec: { managementState: "Managed" } });
const versions = async ({ cluster }: TempoWorld) => {
  const { operatorVersion, tempoVersion } = (await cluster.client.get(TempoStack, stackKey)).status ?? {};
  return { operatorVersion, tempoVersion };
};

describe("6.9 an upgrade", () => {
  test("is recorded, told and counted once, also where something else is wrong with the stack", async () => {
    const world = await startWith("0.5.0");
    await manage(world);
    await expectCondition(world.cluster, TempoStack, stackKey, "ConfigurationError", "True");
    expect((await versions(world)).tempoVersion).toBe("2.10.8");
    for (const timeout of ["31s", "32s", "33s"]) {
      await world.cluster.client.patchMerge(TempoStack, stackKey, { spec: { timeout } });
      await world.settle();
    }
    expect((await reasons(world)).filter((reason) => reason === "Upgraded")).toHaveLength(1);
    expect(counted(world.upgrades)).toEqual(["TempoStack upgraded 1"]);
  });

  test("of a TempoMonolithic is told and counted, too", async () => {
    const upgrades = upgradeCounter();
    const world = await startWorld({ upgrades });
    const sample = TempoMonolithic.object({ metadata: key("sample"), spec: { management: "Unmanaged" } });
    await expectApplied(world.cluster, sample);
    const { client } = world.cluster;
    await client.status.patchMerge(TempoMonolithic, key("sample"), { status: { operatorVersion: "0.20.0" } });
    await client.patchMerge(TempoMonolithic, key("sample"), { spec: { management: "Managed" } });
    await expectCondition(world.cluster, TempoMonolithic, key("sample"), "Ready", "True");
    expect(counted(upgrades)).toEqual(["TempoMonolithic upgraded 1"]);
    expect(await reasons(world)).toContain("Upgraded");
    await client.status.patchMerge(TempoMonolithic, key("sample"), { status: { operatorVersion: "dev" } });
    await client.patchMerge(TempoMonolithic, key("sample"), { spec: { timeout: "31s" } });
    await expectCondition(world.cluster, TempoMonolithic, key("sample"), "ConfigurationError", "True");
    expect(counted(upgrades)).toContain("TempoMonolithic failed 1");
    await world.settle();
    expect((await reasons(world)).filter((reason) => reason === "FailedUpgrade")).toHaveLength(1);
  });

  test("that the server fails for a moment is tried again, and has not failed", async () => {
    const world = await startWith("0.5.0");
    await world.secret("minio", minio);
    await world.stop();
    const rules = [{ type: "internalError", probability: 1, path: /tempostacks\/simplest/, limit: 3 }] as const;
    await world.start({ upgrades: world.upgrades }, { interceptors: [faults({ seed: 1, rules }).interceptor] });
    await manage(world);
    await expectCondition(world.cluster, TempoStack, stackKey, "Ready", "True");
    expect(counted(world.upgrades)).toEqual(["TempoStack upgraded 1"]);
    expect(await reasons(world)).not.toContain("FailedUpgrade");
  });

  test("does not happen to a stack of a newer operator, whose record stays", async () => {
    const world = await startWith("1.3.0");
    await world.secret("minio", minio);
    await manage(world);
    await expectCondition(world.cluster, TempoStack, stackKey, "Ready", "True");
    expect(await versions(world)).toEqual({ operatorVersion: "1.3.0", tempoVersion: "2.0.0" });
    expect(counted(world.upgrades)).toEqual([]);
  });
});
