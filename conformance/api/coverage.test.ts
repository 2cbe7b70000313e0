import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

/** Behaviours of the API, numbered from the first to the last. */
const last = 306;

/** Streams over WebSocket need a client of their own, and are shown beside what serves them. */
const elsewhere = ["../../packages/apiserver/src/endpoints/connect/connect.test.ts"];

const folder = new URL(".", import.meta.url);
const gaps = JSON.parse(readFileSync(new URL("../known-gaps.json", import.meta.url), "utf8")) as { id: string }[];

it("shows each numbered behaviour in a test, or says that it is missing", () => {
  const suites = [...readdirSync(folder).filter((name) => name.endsWith(".test.ts")), ...elsewhere]
    .map((name) => readFileSync(new URL(name, folder), "utf8"))
    // What is shown in process only is half shown.
    .filter((text) => /behaviours\(|\.listen\(|each\(dials\)/i.test(text));
  const shown = suites.flatMap((text) =>
    [...text.matchAll(/\(\s*"((?:B\d{3} )+)/g)].flatMap(([, ids = ""]) => ids.trim().split(" ")),
  );
  const told = new Set([...shown, ...gaps.map(({ id }) => id.slice(0, 4))]);
  const all = Array.from({ length: last }, (_, index) => `B${String(index + 1).padStart(3, "0")}`);
  expect(all.filter((id) => !told.has(id))).toEqual([]);
});
