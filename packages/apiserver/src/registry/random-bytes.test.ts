import { describe, expect, it } from "vitest";
import { createRandomBytes } from "./random-bytes.ts";

describe("createRandomBytes", () => {
  it("hands out as many bytes as asked, more than it keeps too", () => {
    const randomBytes = createRandomBytes();
    expect([16, 4090, 0, 5000].map((count) => randomBytes(count).length)).toEqual([16, 4090, 0, 5000]);
  });

  it("never hands out a byte twice", () => {
    const randomBytes = createRandomBytes();
    const uids = Array.from({ length: 2000 }, () => Buffer.from(randomBytes(16)).toString("hex"));
    expect(new Set(uids).size).toBe(2000);
  });
});
