import { systemClock } from "@homeostat/api";
import { connect } from "../client/connect.ts";
import { installDefinitions } from "../deploy/install-definitions.ts";
import { controllersOf, type Operator } from "../deploy/operator.ts";
import { manifestsYaml, operatorManifests } from "../deploy/operator-manifests.ts";
import { createLogger } from "../log/json-logger.ts";
import { createManager } from "../manager/create-manager.ts";
import type { Manager, ManagerOptions, ShardParts } from "../manager/manager.ts";
import { type RunUntilSignalOptions, runUntilSignal, type SignalProcess } from "../manager/run-until-signal.ts";
import { createSharder } from "../sharding/sharder.ts";
import { type FlagValues, type OwnFlag, type ProgramFlags, parseFlags, UsageError, usage } from "./flags.ts";

/** What a program does beyond what its flags say. */
export interface RunOperatorOptions extends RunUntilSignalOptions {
  /** Default: this process. */
  readonly process?: OperatorProcess;
  /** Beyond what flags say; flags that are given win. */
  readonly manager?: ManagerOptions;
  /** Flags beyond those that every operator has. Default none. */
  readonly flags?: Readonly<Record<string, OwnFlag>>;
  /** Makes the operator of what its own flags say, in place of the one given. @throws what is wrong with them */
  readonly configure?: (flags: FlagValues) => Operator;
  /** Called with the manager before it starts: for webhooks, health checks and other runnables. */
  readonly setup?: (manager: Manager) => void | Promise<void>;
}

/** What of a process a program needs; Node's `process` is one. */
export interface OperatorProcess extends SignalProcess {
  readonly argv: readonly string[];
  exitCode?: number | string | null | undefined;
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly stderr: { write(text: string): unknown };
}

/**
 * An operator as a program: `node operator.ts` runs it until SIGTERM or Ctrl-C against the cluster of the kubeconfig or
 * of its pod, `node operator.ts manifests --image …` prints what to apply to a cluster, `node operator.ts plan -f app.yaml`
 * what it would do for an object; `--help` tells the flags.
 *
 * Never throws: what goes wrong is told on standard error and becomes exit code 1, wrong flags 2.
 */
export async function runOperator(given: Operator, options: RunOperatorOptions = {}): Promise<void> {
  const { process = globalThis.process as OperatorProcess } = options;
  let operator = given;
  try {
    const flags = parseFlags(process.argv.slice(2), process.stdout.isTTY === true, options.flags);
    if (flags && options.configure) operator = options.configure(flags.own);
    if (!flags) process.stdout.write(usage(operator.name, options.flags));
    else if (flags.command === "manifests") process.stdout.write(manifestsText(operator, flags));
    else if (flags.command === "plan") process.stdout.write(await planned(operator, flags, options, process));
    else await run(operator, flags, options, process);
  } catch (error) {
    const usageHint = error instanceof UsageError ? "; see --help" : "";
    process.stderr.write(`${operator.name}: ${error instanceof Error ? error.message : String(error)}${usageHint}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

async function planned(
  operator: Operator,
  flags: ProgramFlags,
  options: RunOperatorOptions,
  process: OperatorProcess,
): Promise<string> {
  // Only who plans pays for it.
  const { planOperator } = await import("./plan-command.ts");
  const { kubeconfig, context, namespaces: [namespace = "default"] = [], file, object } = flags;
  const where = { ...(kubeconfig === undefined ? {} : { kubeconfig }), ...(context === undefined ? {} : { context }) };
  const connection = options.manager?.transport ? undefined : connect(where);
  try {
    return await planOperator(operator, {
      transport: (connection?.transport ?? options.manager?.transport)!,
      of: file === undefined ? { type: "object", name: object! } : { type: "file", path: file },
      namespace,
      colors: process.stdout.isTTY === true,
    });
  } finally {
    connection?.transport.close();
  }
}

async function run(
  operator: Operator,
  flags: ProgramFlags,
  options: RunOperatorOptions,
  process: OperatorProcess,
): Promise<void> {
  const { clock = systemClock } = options.manager ?? {};
  const manager = createManager(managerOptions(operator, flags, options.manager ?? {}, process));
  if (flags.installCrds) await installDefinitions(operator, manager.unfencedClient, clock);
  for (const controller of controllersOf(operator)) manager.add(controller);
  await operator.setup?.(manager);
  await options.setup?.(manager);
  await runUntilSignal(manager, { ...options, process });
}

function managerOptions(
  { name, sharding = false }: Operator,
  flags: ProgramFlags,
  given: ManagerOptions,
  process: OperatorProcess,
): ManagerOptions {
  const { kubeconfig, context, namespaces, profilingAddress, leaderElectionNamespace: namespace } = flags;
  const clock = given.clock ?? systemClock;
  const log =
    given.log ??
    createLogger({
      level: flags.logLevel,
      format: flags.logFormat,
      ...(flags.logFormat === "text" ? { destination: process.stdout, isTTY: process.stdout.isTTY === true } : {}),
    });
  const where = {
    clock,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  };
  const reach = (): ManagerOptions["transport"] => given.transport ?? connect(where).transport;
  const own = kubeconfig !== undefined || context !== undefined;
  return {
    name,
    ...given,
    ...(own ? { transport: reach()! } : {}),
    log,
    metricsAddress: flags.metricsAddress ?? given.metricsAddress ?? "127.0.0.1:8080",
    healthAddress: flags.healthAddress ?? given.healthAddress ?? "127.0.0.1:8081",
    // Tokens of those who ask must not cross the network in plain.
    metrics: { ...(flags.metricsAuth ? { auth: true, secure: true } : {}), ...given.metrics },
    ...(profilingAddress === undefined ? {} : { profilingAddress }),
    ...(namespaces === undefined ? {} : { namespaces }),
    ...(sharding && !given.shard
      ? {
          shard: (parts: ShardParts) =>
            createSharder({ group: name, ...(namespace === undefined ? {} : { namespace }), ...parts }),
        }
      : {}),
    ...(flags.leaderElect && !sharding
      ? {
          leaderElection: {
            id: name,
            ...(own ? { transport: reach()! } : {}),
            ...(given.leaderElection || {}),
            ...(namespace === undefined ? {} : { namespace }),
          },
        }
      : {}),
  };
}

function manifestsText(operator: Operator, flags: ProgramFlags): string {
  const { image = `${operator.name}:dev`, namespaces, replicas } = flags;
  const files = operatorManifests(operator, {
    image,
    ...(namespaces === undefined ? {} : { watchNamespaces: namespaces }),
    ...(replicas === undefined ? {} : { replicas }),
  });
  return manifestsYaml(Object.values(files).flat());
}
