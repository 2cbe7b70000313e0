import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { tableFileName } from "../src/schema/builtin-table.ts";
import { factsFolder, hasFacts, readFacts } from "./facts.ts";
import { kindTable, packageTables, resourceTable, servedGroupVersions } from "./tables.ts";

/**
 * Writes the tables of built-in types and resources from the facts about Kubernetes' API types (`types.json` and
 * `resources.json`).
 *
 *   node packages/apiserver/generate/main.ts [--data DIR] [--check]
 *
 * The facts are looked for in `--data`, then `KUBERNETES_TYPE_FACTS`, then `../shared/data/kubernetes` beside the
 * repository. `--check` writes nothing and exits 1 when the committed tables differ; without facts it exits 0.
 */

const target = fileURLToPath(new URL("../src/schema/builtin", import.meta.url));

/** One line per entry: small, and a change of one type is a change of one line. */
function linePerEntry(value: object): string {
  const isArray = Array.isArray(value);
  const lines = isArray
    ? value.map((item) => JSON.stringify(item))
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${JSON.stringify(item)}`);
  return `${isArray ? "[" : "{"}\n${lines.join(",\n")}\n${isArray ? "]" : "}"}\n`;
}

function generate(data: string): Map<string, string> {
  const { types, resources } = readFacts(data);
  const served = servedGroupVersions(resources);
  // Reviews that travel to webhooks and the forms of answers have types too, though no resource has them.
  const kinds = kindTable(types, [...served, "admission.k8s.io/v1", "meta.k8s.io/v1"]);
  const rows = resourceTable(resources, served);
  const roots = new Set([
    ...Object.values(kinds.kinds).flatMap((byKind) => Object.values(byKind)),
    ...Object.values(kinds.everywhere),
  ]);
  const files = new Map<string, string>();
  for (const [name, table] of packageTables(types, roots)) files.set(tableFileName(name), linePerEntry(table));
  files.set("resources.generated.json", linePerEntry(rows));
  files.set("kinds.generated.json", `${JSON.stringify(kinds, undefined, 1)}\n`);
  return files;
}

function main(): number {
  const { values } = parseArgs({ options: { data: { type: "string" }, check: { type: "boolean", default: false } } });
  const data = factsFolder(values.data);
  if (!hasFacts(data)) {
    console.log(`no type facts in ${data}: name their folder with --data or KUBERNETES_TYPE_FACTS`);
    return values.check ? 0 : 1;
  }
  const files = generate(data);
  const present = readdirSync(target).filter((name) => name.endsWith(".generated.json"));
  const stale = present.filter((name) => !files.has(name));
  const changed = [...files].filter(
    ([name, text]) => !present.includes(name) || readFileSync(join(target, name), "utf8") !== text,
  );
  if (values.check) {
    for (const name of [...stale, ...changed.map(([name]) => name)])
      console.log(`${name} differs from the facts: run npm run generate`);
    return stale.length + changed.length > 0 ? 1 : 0;
  }
  for (const name of stale) rmSync(join(target, name));
  for (const [name, text] of changed) writeFileSync(join(target, name), text);
  console.log(`${files.size} tables, ${changed.length} changed, ${stale.length} removed`);
  return 0;
}

process.exitCode = main();
