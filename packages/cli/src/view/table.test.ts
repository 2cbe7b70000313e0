import { describe, expect, test } from "vitest";
import { renderTable } from "./table.ts";
import { textWidth } from "./text.ts";

const columns = [{ title: "NAME" }, { title: "TOOK", align: "right" }, { title: "WHY", min: 5 }] as const;
const rows = [
  ["hello", "1 ms", "configmap was deleted"],
  ["hello-world", "120 ms", "found"],
];

test("aligns columns under their titles and leaves no blanks at the end", () => {
  expect(renderTable(columns, rows, { width: 80 })).toEqual([
    "NAME           TOOK  WHY",
    "hello          1 ms  configmap was deleted",
    "hello-world  120 ms  found",
  ]);
});

test("takes room from the column that can spare it", () => {
  expect(renderTable(columns, rows, { width: 32 })).toEqual([
    "NAME           TOOK  WHY",
    "hello          1 ms  configmap…",
    "hello-world  120 ms  found",
  ]);
});

describe("with hardly any room", () => {
  test.each([5, 10, 15, 20, 25, 30, 40])("stays within %i columns", (width) => {
    for (const line of renderTable(columns, rows, { width })) expect(textWidth(line)).toBeLessThanOrEqual(width);
  });
});

test("leaves columns out by the width of the terminal", () => {
  const some = [{ title: "A" }, { title: "B", from: 20 }, { title: "C", below: 20 }];
  expect(renderTable(some, [["1", "2", "3"]], { width: 19 })).toEqual(["A  C", "1  3"]);
  expect(renderTable(some, [["1", "2", "3"]], { width: 20 })).toEqual(["A  B", "1  2"]);
});

test("styles cells without counting the style as width", () => {
  const style = (text: string): string => `<b>${text}</b>`;
  expect(renderTable([{ title: "A" }, { title: "B" }], [[{ text: "x", style }, "y"]], { width: 20 })).toEqual([
    "A  B",
    "<b>x</b>  y",
  ]);
});
