import { parseArgs } from "node:util";

/** What the flags of an operator's program say. */
export interface ProgramFlags {
  readonly command: "run" | "manifests" | "plan";
  /** Of `plan`: `kind/name`. */
  readonly object?: string;
  /** Of `plan`: a file with objects, in place of one of the cluster. */
  readonly file?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespaces?: readonly string[];
  readonly metricsAddress?: string;
  readonly metricsAuth: boolean;
  readonly healthAddress?: string;
  readonly profilingAddress?: string;
  readonly leaderElect: boolean;
  readonly leaderElectionNamespace?: string;
  readonly installCrds: boolean;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  readonly logFormat: "json" | "text";
  readonly image?: string;
  readonly replicas?: number;
  /** Of the operator's own flags. */
  readonly own: FlagValues;
}

/** A flag of an operator's own. */
export interface OwnFlag {
  readonly type: "string" | "boolean";
  /** What it is for, on one line. */
  readonly help: string;
  /** What a value is called in the help, as `NAME`. Default `VALUE`. */
  readonly value?: string;
}

/** What was given of an operator's own flags; those without a value are left out. */
export type FlagValues = Readonly<Record<string, string | boolean | undefined>>;

/** Wrong use of the command line; the message says what is right. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly code = "USAGE";
}

const options = {
  kubeconfig: { type: "string" },
  context: { type: "string" },
  namespaces: { type: "string", short: "n" },
  "metrics-address": { type: "string" },
  "metrics-auth": { type: "boolean", default: false },
  "health-address": { type: "string" },
  "profiling-address": { type: "string" },
  "leader-elect": { type: "boolean", default: false },
  "leader-election-namespace": { type: "string" },
  "install-crds": { type: "boolean", default: false },
  "log-level": { type: "string", default: "info" },
  "log-format": { type: "string" },
  filename: { type: "string", short: "f" },
  image: { type: "string" },
  replicas: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

export function usage(name: string, own: Readonly<Record<string, OwnFlag>> = {}): string {
  const lines = Object.entries(own).map(([flag, { type, help, value = "VALUE" }]) => {
    const said = type === "string" ? `--${flag} ${value}` : `--${flag}`;
    return `  ${said.padEnd(30)} ${help}\n`;
  });

  return `${name} runs the operator against the cluster of the kubeconfig, or of the pod it runs in.

  ${name} [flags]            run until SIGTERM or Ctrl-C
  ${name} manifests [flags]  print what to apply to a cluster to run it there
  ${name} plan KIND/NAME     print what it would create, change and delete for an object
  ${name} plan -f FILE       the same for objects in a file, as if they were applied

Flags
  --kubeconfig FILE              default: KUBECONFIG, the pod's service account, ~/.kube/config
  --context NAME                 of the kubeconfig; default: the current one
  -n, --namespaces A,B           where to work; default: everywhere
  --metrics-address HOST:PORT    default 127.0.0.1:8080; 0: nowhere
  --metrics-auth                 serve metrics over TLS, only to whom the API server lets read them
  --health-address HOST:PORT     /healthz and /readyz; default 127.0.0.1:8081; 0: nowhere
  --profiling-address HOST:PORT  profiles and ledger, on loopback; default: nowhere
  --leader-elect                 work only while leading, so that several may run
  --leader-election-namespace N  of the Lease, or those of shards; default: the pod's
  --install-crds                 apply the definitions of its kinds first, to develop against a cluster
  --log-level LEVEL              debug, info (default), warn or error
  --log-format FORMAT            json or text; default: text on a terminal
  --image IMAGE                  of manifests: the image to run
  --replicas N                   of manifests: default 2
${lines.length > 0 ? "\nFlags of this operator\n" : ""}${lines.join("")}`;
}

/**
 * @param isTTY whether people are looking
 * @param own flags of the operator
 * @returns undefined where help was asked for
 * @throws UsageError
 */
export function parseFlags(
  args: readonly string[],
  isTTY: boolean,
  own: Readonly<Record<string, OwnFlag>> = {},
): ProgramFlags | undefined {
  for (const flag of Object.keys(own))
    if (flag in options) throw new Error(`flag --${flag} is one that every operator has: give yours another name`);
  const { values, positionals } = parsed(args, own);
  if (values.help) return undefined;
  const [command = "run", ...rest] = positionals;
  if (
    (command !== "run" && command !== "manifests" && command !== "plan") ||
    rest.length > (command === "plan" ? 1 : 0)
  )
    throw new UsageError(`"${positionals.join(" ")}" is no command: there are run, manifests and plan`);
  const { filename } = values;
  if (command === "plan" && (rest.length === 1) === (filename !== undefined))
    throw new UsageError("plan: name an object as kind/name, or a file with -f");
  const replicas = values.replicas === undefined ? undefined : Number(values.replicas);
  if (replicas !== undefined && !(Number.isInteger(replicas) && replicas > 0))
    throw new UsageError(`--replicas ${values.replicas}: must be a positive number`);
  const namespaces = values.namespaces?.split(",").filter((each) => each !== "");
  return {
    command,
    ...given("object", rest[0]),
    ...given("file", filename),
    ...given("kubeconfig", values.kubeconfig),
    ...given("context", values.context),
    ...given("namespaces", namespaces?.length ? namespaces : undefined),
    ...given("metricsAddress", values["metrics-address"]),
    metricsAuth: values["metrics-auth"],
    ...given("healthAddress", values["health-address"]),
    ...given("profilingAddress", values["profiling-address"]),
    leaderElect: values["leader-elect"],
    ...given("leaderElectionNamespace", values["leader-election-namespace"]),
    installCrds: values["install-crds"],
    logLevel: oneOf("--log-level", values["log-level"], ["debug", "info", "warn", "error"]),
    logFormat: oneOf("--log-format", values["log-format"] ?? (isTTY ? "text" : "json"), ["json", "text"]),
    ...given("image", values.image),
    ...given("replicas", replicas),
    own: Object.fromEntries(Object.entries(values).filter(([flag]) => flag in own)) as FlagValues,
  };
}

function parsed(args: readonly string[], own: Readonly<Record<string, OwnFlag>>) {
  const owned = Object.fromEntries(Object.entries(own).map(([flag, { type }]) => [flag, { type }]));
  try {
    // Names of its own are not known here: the types are those of the common ones.
    const all: typeof options = { ...options, ...owned };
    return parseArgs({ args: [...args], options: all, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function oneOf<V extends string>(flag: string, value: string, values: readonly V[]): V {
  if (!values.includes(value as V)) throw new UsageError(`${flag} ${value}: must be one of ${values.join(", ")}`);
  return value as V;
}

function given<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}
