import { resolve } from "node:path";
import { parseDuration } from "@homeostat/api";
import { Command, Option } from "commander";
import type { KubeOverrides } from "../e2e/clusters/overrides.ts";
import type { E2eOptions } from "../e2e/e2e.ts";
import type { Environment } from "../environment.ts";
import { UsageError } from "../errors.ts";
import { parseCount, parseWord } from "../flags.ts";
import { operatorNames, parseOperatorNames } from "../operators.ts";

/** Flags of `e2e`, as commander gathers them; names are chainsaw's where it has them. */
interface E2eFlags {
  readonly testDir?: readonly string[];
  readonly config?: string;
  readonly testFile?: string;
  readonly fullName?: boolean;
  readonly includeTestRegex?: string;
  readonly excludeTestRegex?: string;
  readonly selector?: string;
  readonly shardIndex?: number;
  readonly shardCount?: number;
  readonly remarshal?: boolean;
  readonly parallel?: number;
  readonly repeatCount?: number;
  readonly failFast?: boolean;
  readonly skipDelete?: boolean;
  readonly cleanupDelay?: number;
  readonly forceTerminationGracePeriod?: number;
  readonly deletionPropagationPolicy?: NonNullable<E2eOptions["propagation"]>;
  readonly namespace?: string;
  readonly template?: boolean;
  readonly applyTimeout?: number;
  readonly assertTimeout?: number;
  readonly cleanupTimeout?: number;
  readonly deleteTimeout?: number;
  readonly errorTimeout?: number;
  readonly execTimeout?: number;
  readonly reportFormat?: NonNullable<NonNullable<E2eOptions["report"]>["format"]>;
  readonly reportPath?: string;
  readonly reportName?: string;
  readonly values: readonly string[];
  readonly set: readonly string[];
  readonly setString: readonly string[];
  readonly quiet?: boolean;
  readonly pauseOnFailure?: boolean;
  readonly kubeconfig?: string;
  readonly kubeContext?: string;
  readonly kubeCluster?: string;
  readonly kubeUser?: string;
  readonly kubeNamespace?: string;
  readonly kubeServer?: string;
  readonly kubeTlsServerName?: string;
  readonly kubeCertificateAuthority?: string;
  readonly kubeInsecureSkipTlsVerify?: boolean;
  readonly kubeProxyUrl?: string;
  readonly kubeClientCertificate?: string;
  readonly kubeClientKey?: string;
  readonly kubeToken?: string;
  readonly kubeUsername?: string;
  readonly kubePassword?: string;
  readonly kubeAs?: string;
  readonly kubeAsUid?: string;
  readonly kubeAsGroup?: readonly string[];
  /** False for `--no-cluster`; true where neither was given. */
  readonly cluster: readonly string[] | boolean;
  readonly operators: readonly string[];
  readonly webhooks: boolean;
  readonly speed: "instant" | "real";
}

const formats = ["JSON", "XML", "JUNIT-TEST", "JUNIT-STEP", "JUNIT-OPERATION"] as const;
const timeouts = ["apply", "assert", "cleanup", "delete", "error", "exec"] as const;

export function e2eCommand(environment: Environment): Command {
  const command = new Command("e2e")
    .description("Runs chainsaw tests: in a cluster in this process with operators, or in any cluster")
    .argument("[folders...]", "where tests are; default: this folder")
    .addOption(flag("--test-dir <folder>", "the same, as chainsaw has it; may be repeated", gather))
    .option("--config <file>", "a chainsaw Configuration; default: .chainsaw.yaml where it is there")
    .option("--kubeconfig <file>", "runs them in the cluster of this kubeconfig")
    .option("--kube-context <name>", "the context in it; alone: of the kubeconfig that kubectl would take")
    .option("--no-cluster", "runs without any cluster: commands and scripts only")
    .addOption(
      flag(
        "--cluster <name=kubeconfig>",
        "a further cluster: name=file, or name=file:context; may be repeated",
        gather,
      ),
    )
    .addOption(
      flag(
        "--operators <names>",
        `which operators run in the cluster in this process: ${operatorNames.join(", ")}, or none`,
        parseOperatorNames,
      ).default(operatorNames, "all"),
    )
    .option("--webhooks", "has its API server ask the operators' webhooks (tempo has some)", false)
    .addOption(
      flag(
        "--speed <word>",
        "how fast its pods start: instant, real",
        parseWord("--speed", ["instant", "real"]),
      ).default("instant"),
    );
  addChoice(command);
  addExecution(command);
  addReport(command);
  addKube(command);
  return command.action(async (folders: string[], flags: E2eFlags) => {
    const options = optionsOf(folders, flags, environment, command);
    const { e2e } = await import("../e2e/e2e.ts");
    await e2e(options, environment);
  });
}

function addChoice(command: Command): void {
  command
    .option("--test-file <name>", "name of the files that hold tests; default: chainsaw-test")
    .option("--full-name", "names tests by their path")
    .option("--include-test-regex <regex>", "only tests whose name matches")
    .option("--exclude-test-regex <regex>", "only tests whose name does not match")
    .option("--selector <selector>", "only tests with such labels")
    .addOption(flag("--shard-index <number>", "which part of the tests, from 0", parseIndex))
    .addOption(flag("--shard-count <number>", "into how many parts tests are split", parseCount("--shard-count")))
    .option("--remarshal", "lets aliases of YAML point to anchors of other documents of a file")
    .addOption(flag("--values <file>", "values for $values; may be repeated", gather).default([]))
    .addOption(flag("--set <path=value>", "one of them; may be repeated", gather).default([]))
    .addOption(flag("--set-string <path=value>", "one that is text; may be repeated", gather).default([]));
}

function addExecution(command: Command): void {
  command
    .addOption(
      flag(
        "--parallel <number>",
        "how many tests run at once; default: one for each processor",
        parseCount("--parallel"),
      ),
    )
    .addOption(flag("--repeat-count <number>", "how often each test is run", parseCount("--repeat-count")))
    .option("--fail-fast", "skips what has not begun when a test fails")
    .option("--pause-on-failure", "waits for Enter when a test fails, before it is cleaned up")
    .option("--skip-delete", "leaves what tests have made")
    .addOption(flag("--cleanup-delay <duration>", "how long to wait before cleaning up", parseSpan("--cleanup-delay")))
    .addOption(
      flag(
        "--force-termination-grace-period <duration>",
        "given to all pods",
        parseSpan("--force-termination-grace-period"),
      ),
    )
    .addOption(
      flag(
        "--deletion-propagation-policy <word>",
        "Orphan, Background or Foreground",
        parseWord("--deletion-propagation-policy", ["Orphan", "Background", "Foreground"]),
      ),
    )
    .option("--namespace <name>", "one namespace for all tests; default: one for each")
    .option("--no-template", "leaves expressions in resources alone");
  for (const name of timeouts) {
    command.addOption(
      flag(`--${name}-timeout <duration>`, `how long ${name} may take`, parseSpan(`--${name}-timeout`)),
    );
  }
}

function addReport(command: Command): void {
  command
    .addOption(flag("--report-format <word>", formats.join(", "), parseWord("--report-format", formats)))
    .option("--report-path <folder>", "where the report is written")
    .option("--report-name <name>", "how it is named; default: chainsaw-report")
    // Scripts for chainsaw give it; what is printed here has none.
    .option("--no-color", "prints no colors, which it never does")
    .option("--quiet", "says only what failed, and the summary")
    .option("--verbose", "shows where errors come from");
}

/** They change what the kubeconfig says of the cluster; names and meaning are kubectl's. */
function addKube(command: Command): void {
  command
    .option("--kube-cluster <name>", "the cluster of the kubeconfig in place of the context's")
    .option("--kube-user <name>", "the user of the kubeconfig in place of the context's")
    .option("--kube-namespace <name>", "the namespace of the context, for programs that tests run")
    .option("--kube-server <url>", "address of the API server")
    .option("--kube-tls-server-name <name>", "name that its certificate must have")
    .option("--kube-certificate-authority <file>", "who must have signed it")
    .option("--kube-insecure-skip-tls-verify", "does not look at it")
    .option("--kube-proxy-url <url>", "proxy on the way there")
    .option("--kube-client-certificate <file>", "proves who one is")
    .option("--kube-client-key <file>", "its key")
    .option("--kube-token <token>", "proves who one is")
    .option("--kube-username <name>", "proves who one is, with a password")
    .option("--kube-password <password>", "that password")
    .option("--kube-as <name>", "acts as this user")
    .option("--kube-as-uid <uid>", "acts as the user with this UID")
    .addOption(flag("--kube-as-group <name>", "acts as a member of this group; may be repeated", gather));
}

function flag<T>(flags: string, description: string, parse: (text: string, before: T) => T): Option {
  return new Option(flags, description).argParser(parse);
}

const gather = (text: string, before: readonly string[] | boolean | undefined): string[] => [
  ...(Array.isArray(before) ? before : []),
  text,
];

function parseSpan(name: string): (text: string) => number {
  return (text) => {
    try {
      const ms = parseDuration(text);
      if (ms >= 0) return ms;
    } catch {
      // Said below.
    }
    throw new UsageError(`${name} ${text}: write a duration, as 30s or 1m30s`);
  };
}

function parseIndex(text: string): number {
  if (!/^\d+$/.test(text)) throw new UsageError(`--shard-index ${text}: give a number from 0`);
  return Number(text);
}

/** @throws UsageError for flags that make no sense together */
function optionsOf(folders: readonly string[], flags: E2eFlags, { cwd }: Environment, command: Command): E2eOptions {
  const { shardIndex, shardCount, reportFormat, reportPath, reportName } = flags;
  if ((shardIndex === undefined) !== (shardCount === undefined)) {
    throw new UsageError("--shard-index and --shard-count belong together: give both, or none");
  }
  if (shardIndex !== undefined && shardIndex >= shardCount!) {
    throw new UsageError(
      `--shard-index ${shardIndex}: it counts from 0, so it is less than --shard-count ${shardCount}`,
    );
  }
  const all = [...folders, ...(flags.testDir ?? [])];
  const timeoutsMs = Object.fromEntries(
    timeouts.flatMap((name) => (flags[`${name}Timeout`] === undefined ? [] : [[name, flags[`${name}Timeout`]!]])),
  );
  return {
    folders: all.length === 0 ? ["."] : all,
    remarshal: flags.remarshal ?? false,
    values: flags.values,
    set: flags.set,
    setString: flags.setString,
    quiet: flags.quiet ?? false,
    pauseOnFailure: flags.pauseOnFailure ?? false,
    timeoutsMs,
    cluster: clusterOf(flags, cwd),
    clusters: namedClusters(flags.cluster, cwd),
    ...(flags.config === undefined ? {} : { config: resolve(cwd, flags.config) }),
    ...present({
      testFile: flags.testFile,
      fullName: flags.fullName,
      include: flags.includeTestRegex,
      exclude: flags.excludeTestRegex,
      selector: flags.selector,
      parallel: flags.parallel,
      repeatCount: flags.repeatCount,
      failFast: flags.failFast,
      skipDelete: flags.skipDelete,
      delayBeforeCleanupMs: flags.cleanupDelay,
      forceTerminationGracePeriodMs: flags.forceTerminationGracePeriod,
      propagation: flags.deletionPropagationPolicy,
      namespace: flags.namespace,
      // Commander says true where nothing was said.
      template: command.getOptionValueSource("template") === "cli" ? flags.template : undefined,
    }),
    ...(shardIndex === undefined ? {} : { shard: { index: shardIndex, count: shardCount! } }),
    report: present({ format: reportFormat, path: reportPath, name: reportName }),
  };
}

function present<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function clusterOf(flags: E2eFlags, cwd: string): E2eOptions["cluster"] {
  const { kubeconfig, kubeContext, cluster, operators, webhooks, speed } = flags;
  if (cluster === false) {
    if (kubeconfig !== undefined) throw new UsageError("--no-cluster and --kubeconfig exclude each other");
    return { type: "none" };
  }
  if (kubeconfig === "") throw new UsageError("--kubeconfig is empty: name a file");
  const overrides = overridesOf(flags, cwd);
  const isOwn = kubeconfig === undefined && kubeContext === undefined && Object.keys(overrides).length === 0;
  if (isOwn) return { type: "own", operators, webhooks, speed };
  return {
    type: "kubeconfig",
    overrides,
    ...(kubeconfig === undefined ? {} : { path: resolve(cwd, kubeconfig) }),
    ...(kubeContext === undefined ? {} : { context: kubeContext }),
  };
}

function overridesOf(flags: E2eFlags, cwd: string): KubeOverrides {
  const file = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(cwd, path));
  return present({
    cluster: flags.kubeCluster,
    user: flags.kubeUser,
    namespace: flags.kubeNamespace,
    server: flags.kubeServer,
    tlsServerName: flags.kubeTlsServerName,
    certificateAuthority: file(flags.kubeCertificateAuthority),
    insecureSkipTlsVerify: flags.kubeInsecureSkipTlsVerify,
    proxyUrl: flags.kubeProxyUrl,
    clientCertificate: file(flags.kubeClientCertificate),
    clientKey: file(flags.kubeClientKey),
    token: flags.kubeToken,
    username: flags.kubeUsername,
    password: flags.kubePassword,
    as: flags.kubeAs,
    asUid: flags.kubeAsUid,
    asGroup: flags.kubeAsGroup,
  });
}

function namedClusters(said: readonly string[] | boolean, cwd: string): E2eOptions["clusters"] {
  const entries = (Array.isArray(said) ? said : []).map((text: string) => {
    const [, name, path, context] = /^([^=]+)=([^:]+)(?::(.+))?$/.exec(text) ?? [];
    if (!name || !path)
      throw new UsageError(`--cluster ${text}: write it as name=kubeconfig or name=kubeconfig:context`);
    return [name, { kubeconfig: resolve(cwd, path), ...(context ? { context } : {}) }] as const;
  });
  return Object.fromEntries(entries);
}
