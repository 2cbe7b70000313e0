import { readdir } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { CommandError } from "../../errors.ts";
import { DocumentError } from "./fields.ts";
import { loadTests } from "./load-tests.ts";
import type { OperationSpec, StepSpec, TestDocument } from "./test-document.ts";

/** A test and the folder that its files are in. */
export interface FoundTest {
  /** Absolute. */
  readonly folder: string;
  readonly document: TestDocument;
  /** As it is reported and chosen. */
  readonly name: string;
}

export interface FindOptions {
  /** Absolute or relative to `cwd`. */
  readonly folders: readonly string[];
  readonly cwd: string;
  /** Name of the files that hold Tests, with or without extension. */
  readonly testFile: string;
  /** Whether tests are named by their path. */
  readonly fullName: boolean;
  readonly remarshal: boolean;
}

/**
 * Finds tests: in each folder a file of Tests; else, files named by number, as in `00-install.yaml`, `01-assert.yaml`.
 *
 * @throws CommandError naming what cannot be read
 */
export async function findTests(options: FindOptions): Promise<FoundTest[]> {
  const folders = new Set<string>();
  for (const folder of options.folders) {
    const start = resolve(options.cwd, folder);
    for await (const found of foldersOf(start)) folders.add(found);
  }
  const tests: FoundTest[] = [];
  for (const folder of [...folders].sort()) {
    for (const document of await testsOf(folder, options)) {
      const path = relative(options.cwd, folder) || ".";
      const name = options.fullName ? `${path}[${document.metadata.name}]` : document.metadata.name;
      tests.push({ folder, document, name });
    }
  }
  return tests;
}

async function* foldersOf(folder: string): AsyncGenerator<string> {
  let entries: { name: string; isDirectory(): boolean }[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    throw new CommandError(`cannot read the folder ${folder}: ${(error as Error).message}`, { cause: error });
  }
  yield folder;
  for (const entry of entries) {
    if (entry.isDirectory() && entry.name !== "node_modules" && entry.name !== ".git") {
      yield* foldersOf(join(folder, entry.name));
    }
  }
}

async function testsOf(folder: string, { testFile, remarshal }: FindOptions): Promise<TestDocument[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  const wanted = /\.ya?ml$/.test(testFile) ? [testFile] : [`${testFile}.yaml`, `${testFile}.yml`];
  const present = wanted.filter((name) => files.includes(name));
  if (present.length > 1) throw new DocumentError(`${folder}: both ${present.join(" and ")} are there: keep one`);
  if (present[0]) return loadTests(join(folder, present[0]), { remarshal });
  const steps = numberedSteps(files);
  if (steps.length === 0) return [];
  return [{ metadata: { name: nameOf(folder) }, spec: { steps } }];
}

const nameOf = (folder: string): string => basename(folder).toLowerCase().replaceAll("_", "-");

const numbered = /^(\d+)-(.*)\.ya?ml$/;

/** One step for each number: what is applied, then what is asserted, then what must not be. */
export function numberedSteps(files: readonly string[]): StepSpec[] {
  const steps = new Map<number, { name: string; apply: string[]; assert: string[]; error: string[] }>();
  for (const file of files.toSorted()) {
    const match = numbered.exec(file);
    if (!match) continue;
    const number = Number(match[1]);
    const step = steps.get(number) ?? { name: match[2]!, apply: [], assert: [], error: [] };
    steps.set(number, step);
    if (/(^|-)assert$/.test(match[2]!)) step.assert.push(file);
    else if (/(^|-)errors?$/.test(match[2]!)) step.error.push(file);
    else if (step.apply.push(file) === 1) step.name = match[2]!;
  }
  return [...steps]
    .sort(([a], [b]) => a - b)
    .map(([, { name, apply, assert, error }]) => ({
      name,
      try: [
        ...apply.map((file): OperationSpec => ({ apply: { file } })),
        ...assert.map((file): OperationSpec => ({ assert: { file } })),
        ...error.map((file): OperationSpec => ({ error: { file } })),
      ],
    }));
}

export interface Choice {
  /** Text of regular expressions over names; default: all. */
  readonly include?: string;
  readonly exclude?: string;
  /** Over the labels of tests. */
  readonly selects: (labels: Readonly<Record<string, string>>) => boolean;
  /** Every `count`-th test beginning with the `index`-th (from 0). */
  readonly shard?: { readonly index: number; readonly count: number };
}

export function chooseTests(tests: readonly FoundTest[], { include, exclude, selects, shard }: Choice): FoundTest[] {
  const [included, excluded] = [include, exclude].map((text) => (text ? new RegExp(text) : undefined));
  return tests
    .filter(({ name }) => (!included || included.test(name)) && !excluded?.test(name))
    .filter(({ document }) => selects(document.metadata.labels ?? {}))
    .filter((_, index) => !shard || index % shard.count === shard.index);
}
