import { expect, test } from "vitest";
import { PatternGate } from "./pattern-gate.ts";

test("who needs more than a little takes turns, and begins with nothing until all is tried", () => {
  const gate = new PatternGate();
  expect(gate.begin("a").left).toBeGreaterThan(0);
  expect(gate.more("a", 0)).toHaveProperty("work");
  expect(gate.begin("a").left).toBe(0);
  expect(gate.more("b", 10)).toEqual({ waitMs: gate.betweenMs - 10 });
  expect(gate.more("b", gate.betweenMs)).toHaveProperty("work");
  gate.done("a");
  expect(gate.begin("a").left).toBeGreaterThan(0);
});

test("however many need more, no more than one turn is taken at a time", () => {
  const gate = new PatternGate();
  const turns = Array.from({ length: 100 }, (_, index) => gate.more(`hostile-${index}`, 5)).filter(
    (each) => "work" in each,
  );
  expect(turns).toHaveLength(1);
});
