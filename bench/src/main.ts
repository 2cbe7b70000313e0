/**
 * Measures the project against runs beside it.
 *
 *   node bench/src/main.ts [scenario…] [--rounds 5] [--scale 1] [--peers] [--no-save]
 *
 * Without a name all scenarios run. A table goes to standard output, everything as JSON to `bench/results/`, where a
 * scenario replaces its own earlier results of the same day. A scenario that fails is told and does not stop others.
 * With `--peers` the packages of `bench/peers/` are installed first, to be measured beside ours.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { hostClass, thisMachine } from "./machine.ts";
import { type MeasuredScenario, mergeReports, type Report, tableOf } from "./report.ts";
import { runScenario } from "./runner.ts";
import { scenarios } from "./scenarios/index.ts";

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    allowNegative: true,
    options: {
      rounds: { type: "string", default: "5" },
      scale: { type: "string", default: "1" },
      peers: { type: "boolean", default: false },
      save: { type: "boolean", default: true },
    },
  });
  const rounds = positive("--rounds", values.rounds);
  const scale = positive("--scale", values.scale);
  if (values.peers) installPeers();
  const chosen = choose(positionals);
  const machine = thisMachine();
  print(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; ${rounds} rounds, median and range`);
  const before = loadavg()[0]!;
  print(`load before: ${before.toFixed(2)}${before < quietLoad ? "" : ", NOT QUIET: others use this machine"}\n`);
  const measured: MeasuredScenario[] = [];
  for (const scenario of chosen) {
    const at = new Date().toISOString();
    const load = loadavg()[0]!;
    const onProgress = (text: string): void => void process.stderr.write(`… ${text}\n`);
    try {
      const result = await runScenario(scenario, { rounds, scale, onProgress });
      measured.push({ at, load, quiet: load < quietLoad, ...result });
      print(tableOf(result));
    } catch (error) {
      fail(`${scenario.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
  if (values.save && scale === 1 && measured.length > 0) save({ machine, scenarios: measured });
}

/** Above this somebody else is at work, and figures are not for quoting. The load of a run counts for what follows it. */
const quietLoad = 0.5;

function installPeers(): void {
  const folder = resolve(import.meta.dirname, "../peers");
  const options = [
    "install",
    "--prefix",
    folder,
    "--package-lock=false",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
  ];
  execFileSync("npm", options, { cwd: folder, stdio: "inherit" });
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
  const day = report.scenarios[0]!.at.slice(0, 10);
  const path = join(folder, `${day}-${hostClass(report.machine)}.json`);
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Report) : undefined;
  writeFileSync(path, `${JSON.stringify(mergeReports(before, report), null, 2)}\n`);
  print(`written: ${relative(process.cwd(), path)}`);
}

function fail(message: string): void {
  process.stderr.write(`bench: ${message}\n`);
  process.exitCode = 1;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

main().catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
