import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** How many behaviours each area of the runtime's acceptance list has; every one is a test whose title begins with its id. */
const areas = { Q: 29, C: 32, M: 19, L: 17, I: 43, K: 26, W: 19, U: 12, H: 16 } as const;

test.each(Object.entries(areas))("every behaviour of area %s is the title of a test", (area, count) => {
  const wanted = Array.from({ length: count }, (_, index) => `${area}${String(index + 1).padStart(2, "0")}`);
  const found = new Set(titledIds());
  expect(wanted.filter((id) => !found.has(id))).toEqual([]);
});

function titledIds(): string[] {
  const root = new URL("../../", import.meta.url).pathname;
  const files = globSync("{packages,conformance}/**/*.test.ts", { cwd: root, exclude: ["**/node_modules/**"] });
  return files.flatMap((file) =>
    [...readFileSync(root + file, "utf8").matchAll(/\(\s*["'`]((?:[A-Z]\d{2},? )+)/g)].flatMap(
      ([, ids = ""]) => ids.match(/[A-Z]\d{2}/g) ?? [],
    ),
  );
}
