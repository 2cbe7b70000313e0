import { describe, expect, it } from "vitest";
import { AddressPool } from "./address-pool.ts";

const none: ReadonlySet<number> = new Set();

describe("address pool", () => {
  it("gives back what an owner holds, but for what it keeps", () => {
    const pool = new AddressPool(10, 4);
    for (const address of [10, 11, 12]) pool.take(address, "a");
    pool.take(13, "b");
    expect(pool.find(none)).toBeUndefined();
    pool.release("a", new Set([11]));
    expect([10, 11, 12, 13].filter((address) => pool.isFreeFor(address, "c"))).toEqual([10, 12]);
    pool.release("a");
    expect(pool.isFreeFor(11, "c")).toBe(true);
    expect(pool.isFreeFor(13, "c")).toBe(false);
  });

  it("takes nothing from the owner an address went to", () => {
    const pool = new AddressPool(10, 4);
    pool.take(10, "a");
    pool.take(10, "b");
    pool.release("a");
    expect(pool.isFreeFor(10, "c")).toBe(false);
    pool.release("b");
    expect(pool.isFreeFor(10, "c")).toBe(true);
  });

  it("gives nothing back for somebody who holds nothing", () => {
    const pool = new AddressPool(10, 4);
    pool.take(10, "a");
    pool.release("b");
    expect(pool.isFreeFor(10, "b")).toBe(false);
  });
});
