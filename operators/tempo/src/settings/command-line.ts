import { parseArgs } from "node:util";
import { SettingsError } from "./settings-error.ts";

export type Command = "start" | "generate" | "version" | "help";

/** What was typed. Values are texts still. */
export interface CommandLine {
  readonly command: Command;
  readonly flags: Readonly<Record<string, string | undefined>>;
}

interface Flag {
  readonly help: string;
  /** What a value is called in the help. Default: none, the flag may stand alone. */
  readonly value?: string;
}

type Flags = Readonly<Record<string, Flag>>;

/** Names are the Go operator's, but for --watch-namespace and --namespace. */
const common: Flags = {
  config: { value: "FILE", help: "settings, a document of kind ProjectConfig; variables win over it" },
  "zap-log-level": { value: "LEVEL", help: "info (default), debug or error; a number is debug" },
  "zap-encoder": { value: "FORMAT", help: "json (default) or console" },
  "zap-devel": { help: "for people: console and debug" },
  "zap-stacktrace-level": { value: "LEVEL", help: "accepted without effect" },
  "zap-time-encoding": { value: "NAME", help: "accepted without effect" },
  help: { help: "this text" },
};
const ofCommand: Readonly<Record<Exclude<Command, "help">, Flags>> = {
  start: {
    "watch-namespace": { value: "A,B", help: "look after resources there only; default everywhere" },
    kubeconfig: { value: "FILE", help: "default: KUBECONFIG, the pod's service account, ~/.kube/config" },
    "pprof-addr": { value: "HOST:PORT", help: "serve profiles; default nowhere" },
    "metrics-tls-cert-dir": { value: "DIR", help: "certificate to serve metrics with; default: one is made" },
    "metrics-tls-cert-file": { value: "NAME", help: "in that directory; default tls.crt" },
    "metrics-tls-private-key-file": { value: "NAME", help: "in that directory; default tls.key" },
  },
  generate: {
    cr: { value: "FILE", help: "TempoStack or TempoMonolithic resources; /dev/stdin or - for standard input" },
    output: { value: "FILE", help: "where the objects go; default /dev/stdout" },
    namespace: { value: "NAME", help: "of resources that name none; default: default" },
    "storage.s3.endpoint": { value: "URL", help: "default http://minio.minio.svc:9000" },
    "storage.s3.bucket": { value: "NAME", help: "default tempo" },
    "storage.gcs.bucket": { value: "NAME", help: "default tempo" },
    "storage.azure.container": { value: "NAME", help: "default azure" },
  },
  version: {},
};

/** @throws SettingsError that names what cannot be followed */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const { flags, words } = parse(argv);
  const [word = "start", ...more] = words;
  const command = Object.keys(ofCommand).find((name) => name === word) as Exclude<Command, "help"> | undefined;
  if (word === "help" || flags["help"] === "true") return { command: "help", flags };
  if (command === undefined || more.length > 0)
    throw new SettingsError(`"${words.join(" ")}" is no command: there are start, generate and version`);
  const stray = Object.keys(flags).find((flag) => !(flag in common) && !(flag in ofCommand[command]));
  if (stray !== undefined) throw new SettingsError(`flag --${stray} is none of command ${command}: see --help`);
  return { command, flags };
}

function parse(argv: readonly string[]) {
  const all: Flags = Object.assign({}, common, ...Object.values(ofCommand));
  const isBare = (arg: string): boolean => arg.startsWith("--") && arg.slice(2) in all && !all[arg.slice(2)]!.value;
  const options = Object.fromEntries(Object.keys(all).map((name) => [name, { type: "string" as const }]));
  try {
    const args = argv.map((arg) => (arg === "-h" ? "--help=true" : isBare(arg) ? `${arg}=true` : arg));
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    return { flags: values as CommandLine["flags"], words: positionals };
  } catch (error) {
    throw new SettingsError(`command line: ${reasonOf(error)}; --help tells the flags`);
  }
}

/** What is wrong, without Node's advice about arguments that begin with a dash: there are none here. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\. To specify a positional argument.*$/s, "");
}

/** @param program what the program is called */
export function usage(program: string): string {
  const section = (title: string, flags: Flags): string => {
    const lines = Object.entries(flags).map(
      ([flag, { value, help }]) => `  ${`--${flag}${value ? ` ${value}` : ""}`.padEnd(36)} ${help}\n`,
    );
    return `\n${title}\n${lines.join("")}`;
  };
  return [
    `${program} looks after Tempo's resources.

  ${program} [start] [flags]   run until SIGTERM or Ctrl-C
  ${program} generate [flags]  print the objects that resources in a file come to
  ${program} version           print the versions of operator and Tempo
`,
    section("Flags", common),
    section("Flags of start", ofCommand.start),
    section("Flags of generate", ofCommand.generate),
  ].join("");
}
