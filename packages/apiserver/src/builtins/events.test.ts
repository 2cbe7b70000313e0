import { describe, expect, it } from "vitest";
import { eventFields, newEventFields, toCoreEvent, toNewEvent } from "./events.ts";

describe("events of both groups", () => {
  const core = {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "e", namespace: "ns" },
    involvedObject: { kind: "Pod", name: "p", namespace: "ns" },
    reason: "Started",
    message: "container started",
    eventTime: null,
    source: { component: "kubelet" },
    count: 3,
    firstTimestamp: "2026-01-01T00:00:00Z",
    lastTimestamp: "2026-01-01T00:01:00Z",
    type: "Normal",
    reportingComponent: "kubelet",
    reportingInstance: "node-1",
  };

  it("B276 shows a core event under the new names, and back", () => {
    const current = toNewEvent(core);
    expect(current).toEqual({
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: core.metadata,
      regarding: core.involvedObject,
      reason: "Started",
      note: "container started",
      eventTime: null,
      deprecatedSource: { component: "kubelet" },
      deprecatedCount: 3,
      deprecatedFirstTimestamp: core.firstTimestamp,
      deprecatedLastTimestamp: core.lastTimestamp,
      type: "Normal",
      reportingController: "kubelet",
      reportingInstance: "node-1",
    });
    expect(toCoreEvent(current)).toEqual(core);
  });

  it("B276 writes times that are not set as null, so that kubectl can sort by them", () => {
    const current = { apiVersion: "events.k8s.io/v1", kind: "Event", eventTime: "2026-01-01T00:00:00.000000Z" };
    const core = toCoreEvent(current);
    expect(core).toMatchObject({ firstTimestamp: null, lastTimestamp: null, eventTime: current.eventTime });
    expect(toNewEvent(core)).toMatchObject({ deprecatedFirstTimestamp: null, deprecatedLastTimestamp: null });
  });

  it("B109 answers the selectors of either group from either form", () => {
    const fields = {
      "involvedObject.name": "p",
      "involvedObject.kind": "Pod",
      reason: "Started",
      source: "kubelet",
      type: "Normal",
    };
    expect(eventFields(core)).toMatchObject(fields);
    expect(eventFields(toNewEvent(core))).toMatchObject(fields);
    expect(newEventFields(core)).toMatchObject({ "regarding.name": "p", reportingController: "kubelet" });
  });

  it("B109 lets the reporter stand in for a source that is not given", () => {
    expect(eventFields({ reportingComponent: "operator" })["source"]).toBe("operator");
  });
});
