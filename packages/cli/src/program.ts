import { Command, CommanderError } from "commander";
import { assetsCommand } from "./commands/assets.ts";
import { crdsCommand } from "./commands/crds.ts";
import { e2eCommand } from "./commands/e2e.ts";
import { upCommand } from "./commands/up.ts";
import { versionCommand } from "./commands/version.ts";
import { whyCommand } from "./commands/why.ts";
import type { Environment } from "./environment.ts";
import { errorText, exitCode, UsageError } from "./errors.ts";

/**
 * Runs a command line. What commands need is loaded by the one that is run, so that help is there at once.
 *
 * @param argv without the program
 * @returns the exit code: 0, 1 when something is in the way, 2 when the command line makes no sense
 */
export async function run(argv: readonly string[], environment: Environment): Promise<number> {
  const program = createProgram(environment);
  try {
    await program.parseAsync(argv, { from: "user" });
    return 0;
  } catch (error) {
    // Help and version were asked for and have been printed.
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const shown = error instanceof CommanderError ? usageError(error) : error;
    environment.stderr.write(`${errorText(shown, { verbose: argv.includes("--verbose") })}\n`);
    return exitCode(shown);
  }
}

function createProgram(environment: Environment): Command {
  const program = new Command("homeostat")
    .description("Kubernetes operators in TypeScript, and a cluster in a process to run them in.")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => environment.stdout.write(text),
      // Commander's own way to say an error; `run` says it in ours.
      writeErr: () => {},
      getOutHelpWidth: () => environment.stdout.size()?.columns ?? 100,
      getOutHasColors: () => false,
    })
    .helpCommand("help [command]", "Explains a command")
    .helpOption("-h, --help", "Explains this command");
  for (const command of [upCommand, e2eCommand, whyCommand, crdsCommand, assetsCommand, versionCommand]) {
    program.addCommand(
      command(environment).copyInheritedSettings(program).helpOption("-h, --help", "Explains this command"),
    );
  }
  // Without a command: say what there is.
  program.action(() => program.outputHelp());
  program.allowExcessArguments(true).hook("preAction", (_, action) => {
    const [unknown] = action === program ? program.args : [];
    if (unknown !== undefined) throw new UsageError(unknownCommand(program, unknown));
  });
  return program;
}

function unknownCommand(program: Command, name: string): string {
  return `there is no command "${name}": there are ${program.commands.map((command) => command.name()).join(", ")}`;
}

/** `error: unknown option '--prot'\n(Did you mean --port?)` in one line of ours. */
function usageError(error: CommanderError): UsageError {
  const text = error.message.replace(/^error: |\.$/g, "").replace(/\s*\n\(Did you mean (.+)\?\)/, ": did you mean $1?");
  return new UsageError(`${text} (see homeostat --help)`, { cause: error });
}
