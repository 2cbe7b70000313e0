import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { brokenLinks, checkCode, codeBlocks, headingAnchors, pagesOf } from "./docs.ts";

const root = new URL("..", import.meta.url).pathname;

const modulePages = (): string[] => pagesOf(root).filter((each) => each.startsWith("docs/modules/"));

/** A page where the packages are found, by a path relative to the root. */
function page(text: string): string {
  const cache = join(root, "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "docs-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "page.md"), text);
  return join(folder, "page.md").slice(root.length);
}

const ts = (code: string, mode = ""): string => `\`\`\`ts${mode}\n${code}\n\`\`\`\n`;

describe("documentation", () => {
  test("its code has no type errors", () => {
    expect(checkCode(root, pagesOf(root))).toEqual([]);
  });

  test("its links lead to files and headings", () => {
    expect(brokenLinks(root, pagesOf(root))).toEqual([]);
  });

  test("every folder of the runtime is in the index, and every page of a module", () => {
    const index = readFileSync(join(root, "docs/README.md"), "utf8");
    const folders = readdirSync(join(root, "packages/runtime/src"), { withFileTypes: true })
      .filter((each) => each.isDirectory())
      .map(({ name }) => `\`${name}/\``);
    const links = modulePages().map((each) => `](${each.slice("docs/".length)})`);
    expect([...folders, ...links].filter((each) => !index.includes(each))).toEqual([]);
  });

  test("every page of a module ends with what goes wrong and what it does not do", () => {
    const last = ["When things go wrong", "What it does not do"];
    const others = modulePages().filter((each) => {
      const headings = [...readFileSync(join(root, each), "utf8").matchAll(/^## (.+)$/gm)].map(([, name]) => name);
      return headings.slice(-2).join() !== last.join();
    });
    expect(others).toEqual([]);
  });
});

describe("checks of documentation", () => {
  test("tell page and line of a type error", () => {
    const bad = page(
      `# Title\n\n${ts('import { Pod } from "@homeostat/api";\nexport const kind: number = Pod.kind;')}`,
    );
    expect(checkCode(root, [bad])).toEqual([`${bad}:5: TS2322: Type 'string' is not assignable to type 'number'.`]);
  });

  test("take unseen beginnings, neighbours and continuations into account", () => {
    const good = page(
      [
        "<!-- file: site.ts\nexport const site = 1;\n-->",
        '<!-- with: import { site } from "./site.ts"; -->',
        ts("const two = site + site;"),
        ts("console.log(two);", " continued"),
        ts("const two = 2 as const;\nconsole.log(two);"),
        ts("this is no code", " fragment"),
      ].join("\n"),
    );
    expect(checkCode(root, [good])).toEqual([]);
  });

  test("refuse a mode that does not exist", () => {
    expect(() => codeBlocks("a.md", ts("", " maybe"))).toThrow('a.md:2: no blocks are "ts maybe"');
  });

  test("find links to missing files and headings, and none in code", () => {
    const text =
      "[a](page.md#one-two)\n[b](page.md#three)\n[c](gone.md)\n`[d](gone.md)` [e](https://example.com)\n## One, two\n";
    const at = page(text);
    expect(brokenLinks(root, [at])).toEqual([
      `${at}:2: page.md#three: there is no such heading`,
      `${at}:3: gone.md: there is no such file`,
    ]);
  });

  test("make anchors as GitHub does", () => {
    expect([...headingAnchors("## Step 9: the `bad` operator\n")]).toEqual(["step-9-the-bad-operator"]);
  });
});
