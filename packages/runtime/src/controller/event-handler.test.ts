import { createVirtualClock, type OwnerReference, type Resource, type Stored } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import type { StoreEvent } from "../cache/store.ts";
import type { EventHandler } from "./definition.ts";
import { enqueueRequestForObject, enqueueRequestForOwner, enqueueRequestsFromMapFunction } from "./event-handler.ts";
import { cached, FakeCluster } from "./fake-cluster.test-support.ts";
import type { Request } from "./reconciler.ts";
import { Widget } from "./world.test-support.ts";

const { cache } = new FakeCluster(createVirtualClock());

const child = (ownerReferences: readonly OwnerReference[], name = "child"): Stored => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "demo", uid: name, resourceVersion: "1", ownerReferences },
});

const owner = (name: string, rest: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: "example.com/v1",
  kind: "Widget",
  name,
  uid: name,
  controller: true,
  ...rest,
});

const update = (old: Stored, now: Stored): StoreEvent => ({
  type: "updated",
  object: cached(now, ""),
  old: cached(old, ""),
  resync: false,
});

function requests(handler: EventHandler<never>, event: StoreEvent): Request[] {
  const found: Request[] = [];
  handler(event as never, (request) => found.push(request), cache);
  return found;
}

describe("event handlers", () => {
  test("make the object itself the request", () => {
    const event: StoreEvent = { type: "deleted", object: cached(child([]), ""), stale: false };
    expect(requests(enqueueRequestForObject, event)).toEqual([{ namespace: "demo", name: "child" }]);
  });

  test("W01 W02 find the controlling owner, or every owner where asked", () => {
    const references = [owner("boss"), owner("friend", { controller: false }), owner("stranger", { kind: "Gadget" })];
    const event: StoreEvent = { type: "added", object: cached(child(references), ""), initial: false };
    expect(requests(enqueueRequestForOwner(Widget), event)).toEqual([{ namespace: "demo", name: "boss" }]);
    expect(requests(enqueueRequestForOwner(Widget, { everyOwner: true }), event)).toHaveLength(2);
  });

  test("W03 W06 ignore the owner's version, and other groups", () => {
    const references = [
      owner("a", { apiVersion: "example.com/v1alpha1" }),
      owner("b", { apiVersion: "other.com/v1" }),
      owner("c", { apiVersion: "" }),
      owner("d", { apiVersion: "example.com/v1/more" }),
      owner("e", { apiVersion: "example.com/" }),
      owner("f", { apiVersion: "example.com" }),
    ];
    const event: StoreEvent = { type: "added", object: cached(child(references), ""), initial: false };
    expect(requests(enqueueRequestForOwner(Widget), event)).toEqual([{ namespace: "demo", name: "a" }]);
  });

  test("W04 ask the owners of both states, each once", () => {
    expect(
      requests(enqueueRequestForOwner(Widget), update(child([owner("a")]), child([owner("b")]))).map(
        ({ name }) => name,
      ),
    ).toEqual(["b", "a"]);
    expect(requests(enqueueRequestForOwner(Widget), update(child([owner("a")]), child([owner("a")])))).toHaveLength(1);
  });

  test("W05 name cluster-scoped owners without a namespace", () => {
    const cluster: Resource = { ...Widget, scope: "Cluster" };
    expect(requests(enqueueRequestForOwner(cluster), update(child([owner("a")]), child([])))).toEqual([{ name: "a" }]);
  });

  test("W07 map both states, each request once", () => {
    const handler = enqueueRequestsFromMapFunction(({ metadata }) => [{ name: metadata.name }, { name: "both" }]);
    expect(requests(handler, update(child([], "old"), child([], "new"))).map(({ name }) => name)).toEqual([
      "new",
      "both",
      "old",
    ]);
  });
});
