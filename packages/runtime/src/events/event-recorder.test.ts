import { createVirtualClock, EventsV1Event } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { FakeCluster } from "../controller/fake-cluster.test-support.ts";
import { Widget } from "../controller/world.test-support.ts";
import { silentLogger } from "../log.ts";
import { EventRecorder } from "./event-recorder.ts";

async function setUp() {
  const clock = createVirtualClock();
  const cluster = new FakeCluster(clock);
  const dropped: string[] = [];
  const client = cluster.client();
  const recorder = new EventRecorder({
    client,
    clock,
    log: silentLogger,
    controller: "widget",
    instance: "widget-host",
    onDropped: (why) => dropped.push(why),
  });
  const widget = await client.create(Widget, { metadata: { name: "a", namespace: "demo" } });
  return { clock, cluster, client, recorder, widget, dropped, events: () => cluster.list(EventsV1Event) };
}

describe("event recorder", () => {
  test("writes an event about an object", async () => {
    const { clock, recorder, widget, events } = await setUp();
    recorder.for(widget).warning("ReconcileLoop", "it loops");
    await clock.settle();
    expect(events()).toMatchObject([
      {
        metadata: { namespace: "demo", name: expect.stringMatching(/^a\.[0-9a-f]+$/) },
        type: "Warning",
        reason: "ReconcileLoop",
        action: "ReconcileLoop",
        note: "it loops",
        eventTime: "2026-01-01T00:00:00.000000Z",
        reportingController: "widget",
        reportingInstance: "widget-host",
        regarding: {
          apiVersion: "example.com/v1",
          kind: "Widget",
          namespace: "demo",
          name: "a",
          uid: widget.metadata.uid,
        },
      },
    ]);
    expect(events()[0]?.series).toBeUndefined();
  });

  test("names its events unlike those of other recorders at the same moment", async () => {
    const { clock, client, recorder, widget, events, dropped } = await setUp();
    const options = { client, clock, log: silentLogger, onDropped: (why: string) => dropped.push(why) };
    const other = new EventRecorder({ ...options, controller: "gadget", instance: "widget-host" });
    const replica = new EventRecorder({ ...options, controller: "widget", instance: "other-host" });
    for (const each of [recorder, other, replica]) each.for(widget).normal("Synced", "done");
    await clock.settle();
    expect(events()).toHaveLength(3);
    expect(dropped).toEqual([]);
  });

  test("says which part of the object an event is about", async () => {
    const { clock, recorder, widget, events } = await setUp();
    for (const part of ["a", "b"])
      recorder.for(widget).normal("Started", "Started", { fieldPath: `spec.parts{${part}}` });
    await clock.settle();
    expect(events().map(({ regarding }) => regarding?.fieldPath)).toEqual(["spec.parts{a}", "spec.parts{b}"]);
  });

  test("U09 U11 counts the same event in its series", async () => {
    const { clock, recorder, widget, events } = await setUp();
    for (let i = 0; i < 5; i++) {
      recorder.for(widget).normal("Synced", "done");
      await clock.advance(1_000);
    }
    expect(events()).toHaveLength(1);
    expect(events()[0]).toMatchObject({ series: { count: 5, lastObservedTime: "2026-01-01T00:00:04.000000Z" } });
  });

  test("U11 tells a series without budget what it counted each half hour, and when it has ended", async () => {
    const { clock, recorder, widget, events } = await setUp();
    const count = () => events()[0]?.series?.count;
    for (let i = 0; i < 40; i++) {
      recorder.for(widget).normal("Synced", "done");
      await clock.settle();
    }
    expect(count()).toBe(25);
    // One a minute keeps it running; a fifth of them finds budget, which is why the last ones are looked at.
    for (let i = 0; i < 30; i++) {
      recorder.for(widget).normal("Synced", "done");
      await clock.advance(60_000);
    }
    expect(count()).toBeGreaterThan(60);
    recorder.for(widget).normal("Synced", "done");
    recorder.for(widget).normal("Synced", "done");
    recorder.for(widget).normal("Synced", "done");
    await clock.advance(6 * 60_000 + 1);
    expect(count()).toBe(73);
    expect(events()).toHaveLength(1);
    expect(clock.next()).toBeUndefined();
  });

  test("begins a new event after six idle minutes", async () => {
    const { clock, recorder, widget, events } = await setUp();
    recorder.for(widget).normal("Synced", "done");
    await clock.advance(361_000);
    recorder.for(widget).normal("Synced", "done");
    await clock.settle();
    expect(events()).toHaveLength(2);
  });

  test("U08 combines many different messages of one reason", async () => {
    const { clock, recorder, widget, events } = await setUp();
    for (let i = 0; i < 15; i++) {
      recorder.for(widget).warning("Failed", `attempt ${i}`);
      await clock.settle();
    }
    expect(events()).toHaveLength(10);
    expect(events().at(-1)).toMatchObject({ note: "(combined from similar events): attempt 9", series: { count: 6 } });
  });

  test("U10 keeps room for a warning however much news there is about the object", async () => {
    const { clock, recorder, widget, events } = await setUp();
    for (let i = 0; i < 60; i++) {
      recorder.for(widget).normal("Synced", "done");
      await clock.settle();
    }
    recorder.for(widget).warning("ReconcileLoop", "it loops");
    await clock.settle();
    expect(events()).toContainEqual(expect.objectContaining({ type: "Warning", reason: "ReconcileLoop" }));
  });

  test("U10 sends 25 requests of a burst about one object, and one more after five minutes", async () => {
    const { clock, cluster, recorder, widget, dropped, events } = await setUp();
    const before = cluster.requests.length;
    const burst = 60;
    for (let i = 0; i < burst; i++) {
      recorder.for(widget).normal(`Step${i}`, "done");
      await clock.settle();
    }
    expect(cluster.requests.length - before).toBe(25);
    expect(dropped).toHaveLength(35);
    await clock.advance(300_000);
    recorder.for(widget).normal("Late", "done");
    recorder.for(widget).normal("Later", "done");
    await clock.settle();
    expect(cluster.requests.length - before).toBe(26);
    expect(events().map((event) => event.reason)).toContain("Late");
  });

  test("creates a series anew when its event has been deleted", async () => {
    const { clock, client, recorder, widget, events } = await setUp();
    recorder.for(widget).normal("Synced", "done");
    await clock.settle();
    const { name, namespace } = events()[0]!.metadata;
    await client.delete(EventsV1Event, { name, namespace: namespace! });
    recorder.for(widget).normal("Synced", "done");
    await clock.settle();
    expect(events()).toMatchObject([{ series: { count: 2 } }]);
  });

  test("U12 drops and counts what comes after stop, and sends what came before", async () => {
    const { recorder, widget, dropped, events } = await setUp();
    recorder.for(widget).normal("Synced", "done");
    await recorder.stop();
    recorder.for(widget).normal("Synced", "late");
    expect(events()).toHaveLength(1);
    expect(dropped).toEqual(["failed"]);
  });

  test("tries again when there was no answer, and gives up in time when stopped", async () => {
    const { clock, client, cluster, widget, events } = await setUp();
    let answers = false;
    const flaky = {
      ...client,
      create: ((...args) =>
        answers ? client.create(...args) : Promise.reject(new Error("connection refused"))) as typeof client.create,
    };
    const recorder = new EventRecorder({
      client: flaky,
      clock,
      log: silentLogger,
      controller: "widget",
      instance: "widget-host",
    });
    recorder.for(widget).normal("Synced", "done");
    await clock.advance(15_000);
    answers = true;
    await clock.advance(10_000);
    expect(events()).toHaveLength(1);
    answers = false;
    recorder.for(widget).normal("Other", "done");
    await clock.settle();
    let stopped = false;
    void recorder.stop(2_000).then(() => (stopped = true));
    await clock.advance(2_000);
    expect(stopped).toBe(true);
    expect(cluster.list(EventsV1Event)).toHaveLength(1);
  });

  test("cuts long messages to 1024 bytes", async () => {
    const { clock, recorder, widget, events } = await setUp();
    recorder.for(widget).normal("Long", "ü".repeat(1000));
    await clock.settle();
    expect(new TextEncoder().encode(events()[0]!.note).length).toBeLessThanOrEqual(1024);
  });

  test("stops in time though the server never answers", async () => {
    const { clock, client, widget } = await setUp();
    const recorder = new EventRecorder({
      client: {
        ...client,
        create: (_, __, options) =>
          new Promise((_resolve, reject) =>
            options!.signal!.addEventListener("abort", () => reject(options!.signal!.reason)),
          ),
      },
      clock,
      log: silentLogger,
      controller: "widget",
      instance: "widget-host",
    });
    recorder.for(widget).normal("Synced", "done");
    await clock.settle();
    let stopped = false;
    const stopping = recorder.stop(1_000).then(() => (stopped = true));
    await clock.advance(999);
    expect(stopped).toBe(false);
    await clock.advance(1);
    await stopping;
    expect(stopped).toBe(true);
  });
});
