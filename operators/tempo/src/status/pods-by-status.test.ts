import type { PodStatus as StatusOfPod } from "@homeostat/api";
import { expect, it } from "vitest";
import { type PodStatus, podStatus, podsByStatus } from "./pods-by-status.ts";

const container = (ready: boolean) => ({ name: "tempo", image: "i", imageID: "i", ready, restartCount: 0 });
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
  expect(podStatus(status)).toBe(expected);
});

it("6.8: sorts the names of each status and leaves out what no pod has", () => {
  const pods = new Map<string, PodStatus>([
    ["b", "Pending"],
    ["c", "Failed"],
    ["a", "Pending"],
  ]);
  expect(podsByStatus(pods)).toEqual({ Pending: ["a", "b"], Failed: ["c"] });
  expect(podsByStatus(new Map())).toEqual({});
});
