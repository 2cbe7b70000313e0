import { readFileSync } from "node:fs";
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
