import type { Pod, PodStatus as StatusOfPod } from "@homeostat/api";
import { expect, it } from "vitest";
import { type PodStatus, podsByStatus } from "./pods-by-status.ts";

const container = (ready: boolean) => ({ name: "tempo", image: "i", imageID: "i", ready, restartCount: 0 });
const pod = (name: string, status: StatusOfPod | undefined, metadata: Pod["metadata"] = {}): Pod => ({
  metadata: { ...metadata, name },
  ...(status ? { status } : {}),
});

it.each<[string, StatusOfPod | undefined, PodStatus]>([
  ["a running pod whose containers are ready", { phase: "Running", containerStatuses: [container(true)] }, "Ready"],
  [
    "one with a container that is not",
    { phase: "Running", containerStatuses: [container(true), container(false)] },
    "Running",
  ],
  ["a pending pod", { phase: "Pending", containerStatuses: [container(false)] }, "Pending"],
  ["a failed pod", { phase: "Failed" }, "Failed"],
  ["a pod that is through", { phase: "Succeeded" }, "Succeeded"],
  ["a pod of unknown phase", { phase: "Unknown" }, "Unknown"],
  ["a pod without status", undefined, "Unknown"],
])("6.8: counts %s", (_, status, expected) => {
  expect(podsByStatus([pod("a", status)], { skipTerminating: true })).toEqual({ [expected]: ["a"] });
});

it("6.8: sorts the names of each status and leaves out what no pod has", () => {
  const pods = [pod("b", { phase: "Pending" }), pod("c", { phase: "Failed" }), pod("a", { phase: "Pending" })];
  expect(podsByStatus(pods, { skipTerminating: false })).toEqual({ Pending: ["a", "b"], Failed: ["c"] });
  expect(podsByStatus([], { skipTerminating: false })).toEqual({});
});

it("6.8: leaves terminating pods out where it is told to", () => {
  const pods = [pod("a", { phase: "Pending" }, { deletionTimestamp: "2026-01-01T00:00:00Z" })];
  expect(podsByStatus(pods, { skipTerminating: true })).toEqual({});
  expect(podsByStatus(pods, { skipTerminating: false })).toEqual({ Pending: ["a"] });
});
