import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

test("the README shows the operator of example 01 as it is", () => {
  const shown = /```ts\n([\s\S]*?)```/.exec(read("../README.md"))?.[1];
  expect(shown).toBe(read("./01-hello/operator.ts"));
});

test("the README has a line for every dependency", () => {
  const readme = read("../README.md");
  for (const folder of [
    "..",
    "../packages/api",
    "../packages/runtime",
    "../packages/apiserver",
    "../packages/devcluster",
    "../packages/cli",
    "../operators/webapp",
  ]) {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(read(`${folder}/package.json`)) as Record<
      string,
      Record<string, string>
    >;
    for (const name of [...Object.keys(dependencies), ...Object.keys(devDependencies)]) {
      if (name.startsWith("@homeostat/")) continue;
      expect(readme, `${name} of ${folder}/package.json`).toContain(`\`${name}\``);
    }
  }
});

test("every example has a program, a test, a page of 10 to 30 lines, and a line in the index", () => {
  const folders = readdirSync(new URL(".", import.meta.url)).filter((name) => /^\d\d-/.test(name));
  expect(folders).toHaveLength(12);
  for (const folder of folders) {
    const files = readdirSync(new URL(folder, import.meta.url));
    expect(files, folder).toEqual(expect.arrayContaining(["README.md", "operator.test.ts", "operator.ts"]));
    const lines = read(`./${folder}/README.md`).trimEnd().split("\n").length;
    expect(lines, folder).toBeGreaterThanOrEqual(10);
    expect(lines, folder).toBeLessThanOrEqual(30);
    expect(read("./README.md"), folder).toContain(`[${folder}](${folder}/README.md)`);
  }
});
