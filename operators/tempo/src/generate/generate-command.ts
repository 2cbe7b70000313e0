import { randomInt } from "node:crypto";
import { readCommandLine } from "../settings/command-line.ts";
import { loadSettings } from "../settings/load-settings.ts";
import { SettingsError } from "../settings/settings-error.ts";
import { generate } from "./generate.ts";
import { GenerateError } from "./generate-error.ts";

/** What the command is given, and where it answers: the process, but for tests. */
export interface GenerateCommand {
  /** The whole command line without the program; `generate` is among it. */
  readonly argv: readonly string[];
  /** Gates, images and the like, as of the operator. Default: none are set. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** @throws Error where it cannot be read */
  readFile(path: string): Promise<string>;
  /** All of standard input. */
  stdin(): Promise<string>;
  stdout(text: string): void;
  /** Warnings and errors, a line each. */
  stderr(text: string): void;
  writeFile(path: string, text: string): Promise<void>;
  /** Default: `randomInt` of node:crypto. */
  readonly randomBelow?: (limit: number) => number;
}

const standardInput = new Set(["-", "/dev/stdin"]);
const standardOutput = new Set(["-", "/dev/stdout"]);

/** Prints the objects that resources in a file come to. @returns the exit code: 0, or 1 where nothing was printed */
export async function generateCommand(command: GenerateCommand): Promise<number> {
  try {
    const { yaml, warnings } = await generated(command);
    const { output = "/dev/stdout" } = readCommandLine(command.argv).flags;
    if (standardOutput.has(output)) command.stdout(yaml);
    else await named(`--output ${output}`, command.writeFile(output, yaml));
    for (const warning of warnings) command.stderr(`warning: ${warning}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof SettingsError || error instanceof GenerateError)) throw error;
    for (const line of error.message.split("\n")) command.stderr(`error: ${line}\n`);
    return 1;
  }
}

async function generated(command: GenerateCommand) {
  const { argv, env = {}, randomBelow = randomInt } = command;
  const { flags } = readCommandLine(argv);
  const { config, cr, namespace } = flags;
  if (cr === undefined)
    throw new SettingsError("generate: name the file with resources: --cr FILE, or --cr - for standard input");
  const file = config === undefined ? undefined : await named(`--config ${config}`, command.readFile(config));
  const loaded = loadSettings({ argv, env, ...(file === undefined ? {} : { file }) });
  const text = await named(`--cr ${cr}`, standardInput.has(cr) ? command.stdin() : command.readFile(cr));
  const made = generate({
    text,
    settings: loaded.settings,
    storage: overridesOf(flags),
    randomBelow,
    ...(namespace ? { namespace } : {}),
  });
  return { yaml: made.yaml, warnings: [...loaded.warnings, ...made.warnings] };
}

/** A file that cannot be read or written is the user's business: no stack trace for it. */
async function named<T>(flag: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new SettingsError(`${flag}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function overridesOf(flags: Readonly<Record<string, string | undefined>>) {
  const overrides = {
    s3Endpoint: flags["storage.s3.endpoint"],
    s3Bucket: flags["storage.s3.bucket"],
    gcsBucket: flags["storage.gcs.bucket"],
    azureContainer: flags["storage.azure.container"],
  };
  return Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
}
