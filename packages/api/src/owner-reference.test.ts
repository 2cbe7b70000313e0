import { describe, expect, it } from "vitest";
import { AlreadyOwnedError, OwnerError } from "./errors.ts";
import { ConfigMap } from "./groups/core-v1.ts";
import type { KubeObject } from "./object.ts";
import {
  controllerOf,
  isControlledBy,
  isOwnedBy,
  ownerReference,
  removeOwnerReference,
  setControllerReference,
  setOwnerReference,
} from "./owner-reference.ts";

const ownerNamed = (name: string, uid = `uid-${name}`, apiVersion = "example.com/v1"): KubeObject => ({
  apiVersion,
  kind: "WebApp",
  metadata: { name, namespace: "shop", uid },
});
const child: ConfigMap = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "settings", namespace: "shop" },
  data: { a: "1" },
};

describe("ownerReference", () => {
  it("names the owner without flags, or as controller that blocks deletion", () => {
    const plain = { apiVersion: "example.com/v1", kind: "WebApp", name: "web", uid: "uid-web" };
    expect(ownerReference(ownerNamed("web"))).toEqual(plain);
    expect(ownerReference(ownerNamed("web"), { controller: true })).toEqual({
      ...plain,
      controller: true,
      blockOwnerDeletion: true,
    });
    expect(ownerReference(ownerNamed("web"), { controller: true, blockOwnerDeletion: false })).toEqual({
      ...plain,
      controller: true,
      blockOwnerDeletion: false,
    });
  });

  it("takes the kind from a resource where the object does not carry it", () => {
    expect(ownerReference({ metadata: { name: "a", uid: "1" } }, { resource: ConfigMap })).toMatchObject({
      apiVersion: "v1",
      kind: "ConfigMap",
    });
    expect(() => ownerReference({ metadata: { name: "a", uid: "1" } })).toThrow(/pass its resource/);
  });

  it("refuses an owner that is not stored yet", () => {
    expect(() => ownerReference({ ...ownerNamed("web"), metadata: { name: "web" } })).toThrow(/create it first/);
  });
});

describe("setControllerReference", () => {
  it("U04 adds the reference and leaves its argument alone", () => {
    const owned = setControllerReference(ownerNamed("web"), child);
    expect(controllerOf(owned)).toMatchObject({ name: "web", controller: true, blockOwnerDeletion: true });
    expect(owned.data).toEqual({ a: "1" });
    expect(child.metadata?.ownerReferences).toBeUndefined();
  });

  it("U04 returns the same object when the reference is set twice", () => {
    const owned = setControllerReference(ownerNamed("web"), child);
    expect(setControllerReference(ownerNamed("web"), owned)).toBe(owned);
  });

  it("U04 replaces a reference to the same owner of another version or uid", () => {
    const owned = setControllerReference(ownerNamed("web", "old", "example.com/v1beta1"), child);
    const again = setControllerReference(ownerNamed("web", "new"), owned);
    expect(again.metadata?.ownerReferences).toEqual([
      expect.objectContaining({ apiVersion: "example.com/v1", uid: "new" }),
    ]);
  });

  it("U04 refuses an object another controller manages, naming it", () => {
    const owned = setControllerReference(ownerNamed("web"), child);
    expect(() => setControllerReference(ownerNamed("other"), owned)).toThrow(AlreadyOwnedError);
    expect(() => setControllerReference(ownerNamed("other"), owned)).toThrow(
      "ConfigMap shop/settings is already controlled by WebApp web",
    );
  });

  it("U05 refuses owners in another namespace, and in any for cluster-scoped objects", () => {
    const elsewhere = { ...child, metadata: { name: "settings", namespace: "other" } };
    expect(() => setControllerReference(ownerNamed("web"), elsewhere)).toThrow(OwnerError);
    expect(() => setControllerReference(ownerNamed("web"), { ...child, metadata: { name: "settings" } })).toThrow(
      /cluster-scoped/,
    );
  });

  it("lets a cluster-scoped owner have objects anywhere", () => {
    const owner = { apiVersion: "v1", kind: "Node", metadata: { name: "n1", uid: "1" } };
    expect(isControlledBy(setControllerReference(owner, child), owner)).toBe(true);
  });
});

describe("setOwnerReference", () => {
  it("adds owners beside a controller", () => {
    const owned = setOwnerReference(ownerNamed("second"), setControllerReference(ownerNamed("first"), child));
    expect(owned.metadata?.ownerReferences?.map(({ name, controller }) => [name, controller])).toEqual([
      ["first", true],
      ["second", undefined],
    ]);
    expect(isOwnedBy(owned, ownerNamed("second"))).toBe(true);
    expect(isControlledBy(owned, ownerNamed("second"))).toBe(false);
  });
});

describe("isOwnedBy", () => {
  it("goes by uid, so a namesake created later is not the owner", () => {
    const owned = setOwnerReference(ownerNamed("web"), child);
    expect(isOwnedBy(owned, ownerNamed("web", "another"))).toBe(false);
    expect(isOwnedBy(owned, { apiVersion: "example.com/v2", kind: "WebApp", metadata: { name: "web" } })).toBe(true);
    expect(isOwnedBy(child, ownerNamed("web"))).toBe(false);
  });
});

describe("removeOwnerReference", () => {
  it("removes the owner and no other, or returns the same object", () => {
    const owned = setOwnerReference(ownerNamed("b"), setOwnerReference(ownerNamed("a"), child));
    expect(removeOwnerReference(ownerNamed("a"), owned).metadata?.ownerReferences?.map(({ name }) => name)).toEqual([
      "b",
    ]);
    expect(removeOwnerReference(ownerNamed("c"), owned)).toBe(owned);
  });
});
