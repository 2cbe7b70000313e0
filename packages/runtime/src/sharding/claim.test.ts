import { describe, expect, test } from "vitest";
import { Claim } from "./claim.ts";
import { createRing, type Ring } from "./ring.ts";

const keys = Array.from({ length: 500 }, (_, index) => `k${index}`);
const [ab, abc] = [createRing(["a", "b"]), createRing(["a", "b", "c"])];
const published = (view: Ring) => new Map(view.members.map((member) => [member, view.id]));
const ownedBy = (claim: Claim) => keys.filter((key) => claim.owns(key));
const shareOf = (member: string, ...views: Ring[]) =>
  keys.filter((key) => views.every((view) => view.ownerOf(key) === member));

function settledOn(view: Ring, identity: string): Claim {
  const claim = new Claim(identity);
  claim.propose(view);
  claim.look(published(view));
  return claim;
}

describe("claim", () => {
  test("owns nothing before all members have published the first view", () => {
    const claim = new Claim("a");
    claim.propose(ab);
    expect(claim.look(new Map([["a", ab.id]]))).toBe(false);
    expect(ownedBy(claim)).toEqual([]);
    expect(claim.look(published(ab))).toBe(true);
    expect(ownedBy(claim)).toEqual(shareOf("a", ab));
  });

  test("gives up at once what a new view takes, and waits for what it gives", () => {
    const joined = settledOn(ab, "a");
    joined.propose(abc);
    expect(ownedBy(joined)).toEqual(shareOf("a", ab, abc));
    const left = settledOn(abc, "a");
    left.propose(ab);
    expect(ownedBy(left)).toEqual(shareOf("a", abc));
    left.look(published(ab));
    expect(ownedBy(left)).toEqual(shareOf("a", ab));
  });

  test("takes nothing back that it has given up, before all have published that", () => {
    const claim = settledOn(ab, "a");
    claim.propose(abc);
    claim.propose(ab);
    // By then c may have it: it saw our view of three.
    claim.look(new Map([...published(ab), ["b", abc.id]]));
    expect(ownedBy(claim)).toEqual(shareOf("a", ab, abc));
    expect(claim.settled).toBe(false);
  });

  test("owns nothing after it was forfeited", () => {
    const claim = settledOn(ab, "a");
    claim.forfeit();
    claim.propose(ab);
    expect(ownedBy(claim)).toEqual([]);
  });
});
