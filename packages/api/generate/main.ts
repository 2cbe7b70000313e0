/**
 * Writes `src/groups/`: types and resource values of the built-in groups, from facts about the API.
 *
 *   node packages/api/generate/main.ts [--data DIR] [--check]
 *
 * `--data` (or KUBERNETES_TYPE_FACTS, or `../shared/data/kubernetes` beside the repository) is the folder of
 * `types.json` and `resources.json`. `--check` writes nothing and fails when the committed files differ.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { hasFacts, readFacts } from "./facts.ts";
import { planFiles } from "./plan.ts";

const { values } = parseArgs({ options: { data: { type: "string" }, check: { type: "boolean", default: false } } });
const repository = resolve(import.meta.dirname, "../../..");
const data = resolve(
  values.data ?? process.env["KUBERNETES_TYPE_FACTS"] ?? join(repository, "../shared/data/kubernetes"),
);
const target = join(repository, "packages/api/src/groups");

process.exitCode = hasFacts(data) ? (values.check ? check() : write()) : missing();

function missing(): number {
  const way = "pass --data DIR or set KUBERNETES_TYPE_FACTS";
  if (values.check) {
    console.log(`generated API types: not checked, since ${data} has no types.json and resources.json (${way})`);
    return 0;
  }
  console.error(`no types.json and resources.json in ${data}: ${way}`);
  return 1;
}

function write(): number {
  const files = planFiles(readFacts(data));
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const [name, content] of files) writeFileSync(join(target, name), content);
  console.log(`generated API types: ${files.size} files`);
  return 0;
}

function check(): number {
  const files = planFiles(readFacts(data));
  const committed = new Set(readdirSync(target));
  const differing = [...files].filter(
    ([name, content]) => !committed.has(name) || readFileSync(join(target, name), "utf8") !== content,
  );
  const names = [...differing.map(([name]) => name), ...[...committed].filter((name) => !files.has(name))];
  if (names.length === 0) return 0;
  console.error(
    `generated API types differ in ${names.join(", ")}: run \`node packages/api/generate/main.ts\` and commit`,
  );
  return 1;
}
