import type { Condition, ConditionChange } from "@homeostat/api";
import type { Observed } from "@homeostat/runtime";
import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../controller/configuration-error.ts";
import {
  type InstancePods,
  monolithicConditions,
  monolithicFailure,
  stackConditions,
  stackStatus,
} from "./instance-status.ts";
import type { PodStatus } from "./pods-by-status.ts";

const everythingReady: Observed = { children: [], waiting: [] } as unknown as Observed;
const podsOf = (component: string, ...statuses: PodStatus[]): InstancePods =>
  new Map([[component, new Map(statuses.map((status, at) => [`${component}-${at}`, status]))]]);
const trueOnes = (conditions: readonly ConditionChange[]) =>
  conditions.filter(({ status }) => status === "True").map(({ type, reason }) => `${type} ${reason}`);

const instance = (conditions: readonly Condition[] = []) =>
  ({ metadata: { name: "simplest" }, spec: {}, status: { conditions } }) as unknown as Parameters<
    typeof stackConditions
  >[0] &
    Parameters<typeof monolithicFailure>[0];

describe("conditions of a TempoMonolithic", () => {
  it.each<[string, InstancePods, readonly string[]]>([
    ["no pods", new Map(), ["Ready Ready"]],
    ["a ready pod", podsOf("tempo", "Ready"), ["Ready Ready"]],
    [
      "a pod that is not ready",
      podsOf("tempo", "Running"),
      ["Pending PendingComponents", "Progressing PendingComponents"],
    ],
    ["a failed pod", podsOf("tempo", "Failed"), ["Failed FailedComponents", "Degraded FailedComponents"]],
    ["an unknown pod", podsOf("tempo", "Unknown"), ["Ready Ready"]],
    [
      "a failed pod and one that starts",
      podsOf("tempo", "Failed", "Pending"),
      ["Pending PendingComponents", "Failed FailedComponents", "Degraded FailedComponents"],
    ],
  ])("6.8: are independent of each other with %s", (_, pods, expected) => {
    expect(trueOnes(monolithicConditions(everythingReady, pods))).toEqual(expected);
  });

  it("6.8: are all there, in order, before those that other operators have", () => {
    const types = monolithicConditions(everythingReady, new Map()).map(({ type }) => type);
    expect(types).toEqual(["Pending", "ConfigurationError", "Failed", "Ready", "Progressing", "Degraded"]);
  });

  it("6.8: keep saying that pods are pending while a reconcile fails", () => {
    const error = new ConfigurationError("InvalidStorageConfig", "no bucket");
    const pending = { type: "Pending", status: "True", reason: "PendingComponents", message: "" } as Condition;
    const typesAfter = (conditions: readonly Condition[]) =>
      trueOnes(monolithicFailure(instance(conditions), error).conditions ?? []);
    expect(typesAfter([])).toEqual(["ConfigurationError InvalidStorageConfig", "Degraded InvalidStorageConfig"]);
    expect(typesAfter([pending])[0]).toBe("Pending PendingComponents");
  });
});

describe("conditions of a TempoStack", () => {
  it.each<[string, InstancePods, string]>([
    ["a failed pod", podsOf("querier", "Failed", "Pending"), "Failed FailedComponents"],
    ["an unknown pod", podsOf("ingester", "Unknown"), "Failed FailedComponents"],
    ["a pending pod", podsOf("compactor", "Pending", "Ready"), "Pending PendingComponents"],
    ["a pod that is not ready", podsOf("distributor", "Running"), "Pending PendingComponents"],
    ["ready pods", podsOf("distributor", "Ready", "Succeeded"), "Ready Ready"],
  ])("6.8: one of them is True with %s", (_, pods, expected) => {
    const phases = trueOnes(stackConditions(instance(), everythingReady, pods)).filter(
      (text) => !/^(Progressing|Degraded)/.test(text),
    );
    expect(phases).toEqual([expected]);
  });
});

describe("status of a TempoStack", () => {
  it("2.4: lists pods by component and status, those of the metrics generator only where it is wanted", () => {
    const { components } = stackStatus(everythingReady, podsOf("ingester", "Ready", "Pending"), false);
    expect(components).toEqual({
      ...{ compactor: {}, distributor: {}, querier: {}, queryFrontend: {}, gateway: {} },
      ingester: { Ready: ["ingester-0"], Pending: ["ingester-1"] },
    });
    expect(stackStatus(everythingReady, new Map(), true).components).toHaveProperty("metricsGenerator", {});
  });
});
