import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { enableCompileCache } from "node:module";
import { networkInterfaces } from "node:os";
import { text } from "node:stream/consumers";
import { readCommandLine, usage } from "./settings/command-line.ts";
import { loadSettings } from "./settings/load-settings.ts";
import { SettingsError } from "./settings/settings-error.ts";
import { operatorVersion, tempoVersion } from "./version.ts";

enableCompileCache();

const { argv, env, stdin, stdout, stderr } = process;

/** `start` runs the operator, `generate` prints what it would make, `version` says what this is. */
async function main(args: readonly string[]): Promise<void> {
  const { command, flags } = readCommandLine(args);
  if (command === "help") stdout.write(usage("tempo-operator"));
  else if (command === "version") stdout.write(`tempo-operator ${operatorVersion}\ntempo ${tempoVersion}\n`);
  else if (command === "generate") process.exitCode = await generate(args);
  else await run(args, flags["config"]);
}

// Each command loads what it needs, when it needs it.

async function run(args: readonly string[], config: string | undefined): Promise<void> {
  const { start } = await import("./program/start.ts");
  const readText = (path: string): string => readFileSync(path, "utf8");
  const file = config === undefined ? {} : { file: configText(config) };
  const loaded = loadSettings({ argv: args, env, ...file });
  await start(loaded, { env, readFile: readText, interfaces: networkInterfaces(), process });
}

function configText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new SettingsError(`flag --config: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function generate(args: readonly string[]): Promise<number> {
  const { generateCommand } = await import("./generate/generate-command.ts");
  return generateCommand({
    argv: args,
    env,
    readFile: (path) => readFile(path, "utf8"),
    writeFile: (path, content) => writeFile(path, content),
    stdin: () => text(stdin),
    stdout: (content) => void stdout.write(content),
    stderr: (content) => void stderr.write(content),
  });
}

main(argv.slice(2)).catch((error: unknown) => {
  stderr.write(`tempo-operator: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof SettingsError ? 2 : 1;
});
