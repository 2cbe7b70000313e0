import { createVirtualClock } from "@homeostat/api";
import { expect, test } from "vitest";
import { fakeOutput } from "../environment.test-support.ts";
import { LiveScreen } from "./live-screen.ts";

function start(lines: string[]) {
  const clock = createVirtualClock();
  const output = fakeOutput({ columns: 40, rows: 10 });
  const screen = new LiveScreen({ output, clock, render: () => [...lines] });
  const take = (): string => {
    const { text } = output;
    output.text = "";
    return text;
  };
  return { clock, output, screen, take };
}

test("draws on the second screen at once, and gives the first one back in the end", () => {
  const { screen, take } = start(["hello"]);
  expect(take()).toBe("\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J\x1b[1;1Hhello\x1b[0m\x1b[K");
  screen.close();
  screen.close();
  expect(take()).toBe("\x1b[?25h\x1b[?1049l");
});

test("writes only lines that changed, and wipes those that are gone", async () => {
  const lines = ["one", "two", "three"];
  const { clock, screen, take } = start(lines);
  take();
  lines[1] = "TWO";
  lines.pop();
  screen.changed();
  await clock.advance(100);
  expect(take()).toBe("\x1b[2;1HTWO\x1b[0m\x1b[K\x1b[3;1H\x1b[0m\x1b[K");
});

test("draws at most ten times a second however much changes", async () => {
  const lines = ["0"];
  const { clock, screen, take } = start(lines);
  take();
  let drawings = 0;
  for (let ms = 0; ms < 1_000; ms += 5) {
    lines[0] = String(ms);
    screen.changed();
    await clock.advance(5);
    if (take() !== "") drawings++;
  }
  expect(drawings).toBeGreaterThanOrEqual(9);
  expect(drawings).toBeLessThanOrEqual(10);
});

test("writes nothing while nothing changes, though it looks every second", async () => {
  const lines = ["age 1s"];
  const { clock, take } = start(lines);
  take();
  await clock.advance(5_000);
  expect(take()).toBe("");
  lines[0] = "age 6s";
  await clock.advance(1_100);
  expect(take()).toContain("age 6s");
});

test("draws everything anew when the size changes", async () => {
  const { clock, output, take } = start(["one", "two"]);
  take();
  output.resize(80, 24);
  await clock.advance(100);
  expect(take()).toBe("\x1b[H\x1b[2J\x1b[1;1Hone\x1b[0m\x1b[K\x1b[2;1Htwo\x1b[0m\x1b[K");
});

test("stays silent once closed", async () => {
  const lines = ["one"];
  const { clock, screen, take } = start(lines);
  lines[0] = "two";
  screen.changed();
  screen.close();
  take();
  screen.changed();
  await clock.advance(5_000);
  expect(take()).toBe("");
});
