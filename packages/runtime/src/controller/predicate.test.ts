import type { ObjectMeta, Stored } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import type { StoreEvent } from "../cache/store.ts";
import { cached } from "./fake-cluster.test-support.ts";
import {
  and,
  annotationsChanged,
  conditionChanged,
  enteredOrLeftSelector,
  fieldChanged,
  finalizersChanged,
  generationChanged,
  labelSelector,
  labelsChanged,
  not,
  or,
  predicateFuncs,
  resourceVersionChanged,
  specOrMetadataChanged,
} from "./predicate.ts";
import type { Widget } from "./world.test-support.ts";

function widget(metadata: ObjectMeta, rest: Partial<Widget> = {}): Stored<Widget> {
  const identity = { name: "a", namespace: "demo", uid: "u", resourceVersion: "1", generation: 1 };
  return { apiVersion: "example.com/v1", kind: "Widget", ...rest, metadata: { ...identity, ...metadata } };
}

const update = (old: Stored<Widget>, now: Stored<Widget>, resync = false): StoreEvent<Widget> => ({
  type: "updated",
  object: cached(now, ""),
  old: cached(old, ""),
  resync,
});
const added: StoreEvent<Widget> = { type: "added", object: cached(widget({}), ""), initial: false };
const deleted: StoreEvent<Widget> = { type: "deleted", object: cached(widget({}), ""), stale: false };

const statusOnly = update(widget({}), widget({ resourceVersion: "2" }, { status: { phase: "Ready" } }));

describe("predicates", () => {
  test("W09 drop status and metadata updates by generation, and let creations and deletions pass", () => {
    expect(generationChanged(statusOnly)).toBe(false);
    expect(generationChanged(update(widget({}), widget({ labels: { a: "b" } })))).toBe(false);
    expect(generationChanged(update(widget({}), widget({ generation: 2 })))).toBe(true);
    expect([added, deleted].every(generationChanged)).toBe(true);
  });

  test("let every update pass of kinds that count no generations", () => {
    const without = (resourceVersion: string) => widget({ generation: undefined as never, resourceVersion });
    expect(generationChanged(update(without("1"), without("2")))).toBe(true);
  });

  test.each([
    ["labels", labelsChanged, { labels: { a: "b" } }],
    ["annotations", annotationsChanged, { annotations: { a: "b" } }],
    ["finalizers", finalizersChanged, { finalizers: ["x/y"] }],
    ["the version", resourceVersionChanged, { resourceVersion: "2" }],
  ])("W10 look only at %s", (_, predicate, change) => {
    expect(predicate(update(widget({}), widget(change)))).toBe(true);
    expect(predicate(update(widget({}), widget({ generation: 2 })))).toBe(false);
  });

  test("W18 let by default pass all but changes of the status", () => {
    expect(specOrMetadataChanged(statusOnly)).toBe(false);
    expect(specOrMetadataChanged(update(widget({}), widget({ deletionTimestamp: "2026-01-01T00:00:00Z" })))).toBe(true);
    expect(specOrMetadataChanged(update(widget({}), widget({ finalizers: ["x/y"] })))).toBe(true);
  });

  test("let a resync pass that was asked for", () => {
    expect(specOrMetadataChanged(update(widget({}), widget({}), true))).toBe(true);
    expect(resourceVersionChanged(update(widget({}), widget({}), true))).toBe(false);
  });

  test("see an object leave the selection", () => {
    const selector = { matchLabels: { tier: "gold" }, matchExpressions: [{ key: "old", operator: "DoesNotExist" }] };
    const gold = widget({ labels: { tier: "gold" } });
    expect(labelSelector(selector)(update(gold, widget({})))).toBe(false);
    expect(enteredOrLeftSelector(selector)(update(gold, widget({})))).toBe(true);
    expect(enteredOrLeftSelector(selector)(update(widget({}), gold))).toBe(true);
    expect(enteredOrLeftSelector(selector)(update(widget({}), widget({ labels: { tier: "gold", old: "" } })))).toBe(
      false,
    );
  });

  test("look at one field or one condition", () => {
    const ready = (status: string, message: string) =>
      widget({}, { status: { phase: "x", conditions: [{ type: "Ready", status, message }] } });
    expect(fieldChanged("status.phase")(update(widget({}), ready("True", "")))).toBe(true);
    expect(fieldChanged("status.phase")(update(ready("False", ""), ready("True", "")))).toBe(false);
    expect(conditionChanged("Ready")(update(ready("False", ""), ready("True", "")))).toBe(true);
    expect(conditionChanged("Ready")(update(ready("True", "a"), ready("True", "b")))).toBe(false);
  });

  test("judge each type of event by its own function, and let types without one pass", () => {
    const onlyLast = predicateFuncs<Widget>({
      added: ({ initial }) => initial,
      updated: ({ object, old }) => object.metadata.generation !== old.metadata.generation,
    });
    expect([added, { ...added, initial: true }, statusOnly, deleted].map(onlyLast)).toEqual([false, true, false, true]);
    expect([added, statusOnly, deleted].every(predicateFuncs({}))).toBe(true);
  });

  test("W11 combine by boolean logic for every type of event", () => {
    const yes = () => true;
    const no = () => false;
    for (const event of [added, deleted, statusOnly]) {
      expect([and(yes, yes)(event), and(yes, no)(event), and()(event)]).toEqual([true, false, true]);
      expect([or(no, yes)(event), or(no, no)(event), or()(event)]).toEqual([true, false, false]);
      expect([not(yes)(event), not(no)(event)]).toEqual([false, true]);
    }
  });
});
