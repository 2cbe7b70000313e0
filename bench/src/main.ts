/**
 * Measures the project against runs beside it.
 *
 *   node bench/src/main.ts [scenario…] [--rounds 5] [--scale 1] [--no-save]
 *
 * Without a name all scenarios run. A table goes to standard output, everything as JSON to `bench/results/`.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { hostClass, thisMachine } from "./machine.ts";
import { type Report, tableOf } from "./report.ts";
import { runScenario, type ScenarioResult } from "./runner.ts";
import { scenarios } from "./scenarios/index.ts";

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    allowNegative: true,
    options: {
      rounds: { type: "string", default: "5" },
      scale: { type: "string", default: "1" },
      save: { type: "boolean", default: true },
    },
  });
  const rounds = positive("--rounds", values.rounds);
  const scale = positive("--scale", values.scale);
  const chosen = choose(positionals);
  const machine = thisMachine();
  const at = new Date().toISOString();
  print(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; ${rounds} rounds, median and range\n`);
  const results: ScenarioResult[] = [];
  for (const scenario of chosen) {
    const onProgress = (text: string): void => void process.stderr.write(`… ${text}\n`);
    const result = await runScenario(scenario, { rounds, scale, onProgress });
    results.push(result);
    print(tableOf(result));
  }
  if (values.save) save({ at, machine, rounds, scale, scenarios: results });
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${flag} ${text}: a number above 0 is wanted`);
  return value;
}

function choose(names: readonly string[]): typeof scenarios {
  const unknown = names.filter((name) => !scenarios.some((scenario) => scenario.name === name));
  if (unknown.length > 0) {
    throw new Error(`no scenario ${unknown.join(", ")}; there are ${scenarios.map(({ name }) => name).join(", ")}`);
  }
  return names.length === 0 ? scenarios : scenarios.filter(({ name }) => names.includes(name));
}

function save(report: Report): void {
  const folder = resolve(import.meta.dirname, "../results");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${report.at.slice(0, 10)}-${hostClass(report.machine)}.json`);
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
  print(`written: ${relative(process.cwd(), path)}`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
