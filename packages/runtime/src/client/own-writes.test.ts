import type { Resource } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import type { Store } from "../cache/store.ts";
import { createOwnWrites, type ReadScope } from "./own-writes.ts";

const ConfigMap: Resource = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  singular: "configmap",
  listKind: "ConfigMapList",
  scope: "Namespaced",
};
/** An empty store that has seen everything up to a version. */
const storeAt = (resourceVersion: string) => ({ resourceVersion, peek: () => undefined }) as unknown as Store;

function writeMany(store: Store | undefined) {
  const ownWrites = createOwnWrites(() => store);
  for (let i = 1; i <= 10_000; i++) {
    const key = { namespace: "n", name: `object-${i}` };
    const token = ownWrites.begin(ConfigMap, key);
    token.wrote(key, String(i));
    token.end();
  }
  return ownWrites;
}

describe("own writes that are never read", () => {
  it("are forgotten where the kind is not watched, as with events", () => {
    expect(writeMany(undefined).remembered).toBeLessThanOrEqual(256);
  });

  it("are forgotten once the store has seen them", () => {
    expect(writeMany(storeAt("20000")).remembered).toBeLessThanOrEqual(256);
  });

  it("are remembered while the store has not", () => {
    const ownWrites = writeMany(storeAt("5000"));
    expect(ownWrites.remembered).toBeGreaterThanOrEqual(5000);
    expect(
      ownWrites.pending(ConfigMap, { key: { namespace: "n", name: "object-5001" } })?.seenBy(storeAt("5000")),
    ).toBe(false);
  });
});

describe("own writes that are read", () => {
  it("K24 concern those who read their key, their namespace, or everything", () => {
    const ownWrites = createOwnWrites(() => storeAt("5"));
    const token = ownWrites.begin(ConfigMap, { namespace: "n", name: "a" });
    token.wrote({ namespace: "n", name: "a" }, "6");
    token.end();
    const seen = (scope: ReadScope): boolean => ownWrites.pending(ConfigMap, scope)?.seenBy(storeAt("5")) ?? true;
    expect(seen({ key: { namespace: "n", name: "a" } })).toBe(false);
    expect(seen({ namespace: "n" })).toBe(false);
    expect(seen({ namespace: undefined })).toBe(false);
    expect(seen({ key: { namespace: "n", name: "b" } })).toBe(true);
    expect(seen({ namespace: "n2" })).toBe(true);
  });

  it("K24 are not waited for where the cache does not hold them", () => {
    const ownWrites = createOwnWrites((_, { namespace }) => (namespace === "n" ? storeAt("5") : undefined));
    const token = ownWrites.begin(ConfigMap, { namespace: "other", name: "a" });
    token.wrote({ namespace: "other", name: "a" }, "6");
    token.end();
    expect(ownWrites.pending(ConfigMap, { namespace: undefined })?.seenBy(storeAt("5"))).toBe(true);
  });

  it("K24 are not waited for where they began later, even if they ended earlier", async () => {
    const ownWrites = createOwnWrites(() => storeAt("6"));
    const [a, b] = [
      { namespace: "n", name: "a" },
      { namespace: "n", name: "b" },
    ];
    const early = ownWrites.begin(ConfigMap, a);
    const read = ownWrites.pending(ConfigMap, { namespace: "n" })!;
    const late = ownWrites.begin(ConfigMap, b);
    late.wrote(b, "9");
    late.end();
    early.wrote(a, "6");
    early.end();
    await read.inFlight;
    expect(read.seenBy(storeAt("5"))).toBe(false);
    expect(read.seenBy(storeAt("6"))).toBe(true);
    expect(ownWrites.pending(ConfigMap, { namespace: "n" })?.seenBy(storeAt("6"))).toBe(false);
  });
});
