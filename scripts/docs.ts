import { spawnSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";

/**
 * What can be checked of the documentation: that its TypeScript is right and that its links lead somewhere.
 *
 * A block that begins with three backticks and `ts` is a module of its own. Beside that it may be
 *
 * - `ts continued`: goes on where the block before it on the page ended;
 * - `ts fragment`: not checked.
 *
 * Comments that readers do not see may stand directly before a block: `<!-- with: … -->` begins its module, and
 * `<!-- file: site.ts … -->`, anywhere on a page, is a module that its blocks import as `./site.ts`.
 */
export interface CodeBlock {
  /** Relative to the root. */
  readonly page: string;
  /** Of the first line of code, from 1. */
  readonly line: number;
  /** What stands unseen before it; ends with a line break unless empty. */
  readonly preamble: string;
  readonly code: string;
  readonly mode: "module" | "continued";
}

/** A module that only the blocks of a page see. */
export interface PageFile {
  readonly name: string;
  readonly code: string;
}

const patterns = ["*.md", "docs/**/*.md", "{packages,operators}/*/**/*.md", "examples/**/*.md", "bench/*.md"];

/** Everything people read, relative to the root. */
export function pagesOf(root: string): string[] {
  return globSync(patterns, { cwd: root, exclude: (name) => name.includes("node_modules") }).sort();
}

const block =
  /(?:<!-- with:(?<preamble>(?:(?!-->)[\s\S])*)-->\s*)?^```ts(?: (?<mode>\w+))?\n(?<code>(?:(?!^```)[\s\S])*)^```$/gm;

/** @throws Error on a mode that does not exist */
export function codeBlocks(page: string, text: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  for (const match of text.matchAll(block)) {
    const { preamble, mode = "module", code = "" } = match.groups!;
    const line = lineAt(text, match.index + match[0].lastIndexOf(`${code}\`\`\``));
    if (mode === "fragment") continue;
    if (mode !== "module" && mode !== "continued")
      throw new Error(`${page}:${line}: no blocks are "ts ${mode}": write continued, fragment, or nothing`);
    blocks.push({ page, line, preamble: preamble ? `${preamble.trim()}\n` : "", code, mode });
  }
  return blocks;
}

export function pageFiles(text: string): PageFile[] {
  return [...text.matchAll(/<!-- file: (\S+)\n((?:(?!-->)[\s\S])*)-->/g)].map(([, name = "", code = ""]) => ({
    name,
    code,
  }));
}

/**
 * Type checks all blocks at once, in a folder below `node_modules` from which they find the packages.
 *
 * @returns what is wrong, each with page and line; nothing when all is well
 */
export function checkCode(root: string, pages: readonly string[]): string[] {
  const cache = join(root, "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "docs-"));
  try {
    const origins = new Map<string, string[]>();
    pages.forEach((page, index) => {
      const home = join(folder, String(index));
      writePage(home, page, readFileSync(join(root, page), "utf8"), origins);
    });
    if (origins.size === 0) return [];
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(configuration(root, folder, [...origins.keys()])));
    const tsc = join(root, "node_modules", ".bin", "tsc");
    const { stdout, stderr, error, status } = spawnSync(tsc, ["-p", folder, "--pretty", "false"], {
      cwd: folder,
      encoding: "utf8",
    });
    if (error) throw error;
    const found = problems(folder, stdout, origins);
    // Without a single line of ours the compiler may still have failed, on its configuration.
    if (found.length === 0 && status !== 0 && !/^\S.*\(\d+,\d+\): error/m.test(stdout)) return [stdout + stderr];
    return found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param origins of each line of each file, filled in */
function writePage(home: string, page: string, text: string, origins: Map<string, string[]>): void {
  const blocks = codeBlocks(page, text);
  if (blocks.length === 0) return;
  mkdirSync(home);
  for (const { name, code } of pageFiles(text)) writeFileSync(join(home, name), code);
  let source = "";
  let lines: string[] = [];
  blocks.forEach(({ line, preamble, code, mode }, index) => {
    if (mode === "module") {
      source = "";
      lines = [];
    }
    source += preamble + code;
    lines = [
      ...lines,
      ...preamble
        .split("\n")
        .slice(1)
        .map(() => `${page}:${line} (unseen)`),
      ...code
        .split("\n")
        .slice(1)
        .map((_, offset) => `${page}:${line + offset}`),
    ];
    // A block that is continued is checked with what continues it.
    if (blocks[index + 1]?.mode === "continued") return;
    const file = join(home, `block-${index}.ts`);
    writeFileSync(file, source);
    origins.set(file, lines);
  });
}

const configuration = (root: string, folder: string, files: readonly string[]): object => ({
  extends: relative(folder, join(root, "tsconfig.json")),
  compilerOptions: { moduleDetection: "force" },
  files: files.map((file) => relative(folder, file)),
  include: [],
  exclude: [],
});

/** Errors of the blocks; those of the packages are told by the check of the packages. */
function problems(folder: string, output: string, origins: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  for (const [, file = "", line, message] of output.matchAll(/^(\S+)\((\d+),\d+\): error (.*)$/gm)) {
    const path = resolve(folder, file);
    if (!path.startsWith(folder)) continue;
    found.push(`${origins.get(path)?.[Number(line) - 1] ?? relative(folder, path)}: ${message}`);
  }
  return found;
}

/** Relative links that lead nowhere: to no file, or to no heading of it. */
export function brokenLinks(root: string, pages: readonly string[]): string[] {
  const anchors = new Map<string, ReadonlySet<string>>();
  const anchorsIn = (file: string): ReadonlySet<string> => {
    const known = anchors.get(file) ?? headingAnchors(readFileSync(file, "utf8"));
    anchors.set(file, known);
    return known;
  };
  return pages.flatMap((page) => {
    const text = withoutCode(readFileSync(join(root, page), "utf8"));
    return [...text.matchAll(/\]\(([^()\s]+)\)/g)].flatMap((match) => {
      const [path = "", anchor] = match[1]!.split("#");
      if (/^[a-z]+:/.test(match[1]!)) return [];
      const file = path === "" ? join(root, page) : join(root, dirname(page), path);
      const where = `${page}:${lineAt(text, match.index)}: ${match[1]}`;
      if (!existsSync(file)) return [`${where}: there is no such file`];
      if (anchor !== undefined && basename(file).endsWith(".md") && !anchorsIn(file).has(anchor))
        return [`${where}: there is no such heading`];
      return [];
    });
  });
}

/** As GitHub makes them of headings. */
export function headingAnchors(text: string): Set<string> {
  return new Set(
    [...withoutCode(text, false).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replaceAll(" ", "-"),
    ),
  );
}

/** Lines stay where they are. @param inline whether code within lines is blanked, too */
function withoutCode(text: string, inline = true): string {
  const blank = (code: string): string => code.replace(/[^\n]/g, " ");
  const plain = text.replace(/^```[\s\S]*?^```$/gm, blank);
  return inline ? plain.replace(/`[^`\n]*`/g, blank) : plain;
}

const lineAt = (text: string, index: number): number => text.slice(0, index).split("\n").length;
