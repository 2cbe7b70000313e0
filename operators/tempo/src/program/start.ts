import {
  createLogger,
  createManager,
  type Logger,
  type ManagerOptions,
  runUntilSignal,
  type SignalProcess,
} from "@homeostat/runtime";
import { registerOperatorMetrics, upgradeCounter } from "../metrics/operator-metrics.ts";
import { tempoOperator } from "../operator.ts";
import { ipv6Only, type NetworkInterfaces } from "../platform/ipv6-only.ts";
import type { LoadedSettings } from "../settings/load-settings.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import { operatorVersion, tempoVersion } from "../version.ts";
import { homeOf } from "./home.ts";
import { managerOptions } from "./manager-options.ts";
import { logReconciles } from "./reconcile-log.ts";
import { setupOf } from "./setup.ts";

/** What the program needs of the machine it runs on. */
export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @throws where there is no such file */
  readonly readFile: (path: string) => string;
  readonly interfaces: NetworkInterfaces;
  /** Asked to stop by SIGTERM and SIGINT. */
  readonly process: SignalProcess;
  /** Default: the one of the kubeconfig, on standard output and in real time. */
  readonly manager?: ManagerOptions;
}

/** Runs the operator until it is asked to stop. @throws what ended it otherwise */
export async function start({ settings, program, warnings }: LoadedSettings, machine: Machine): Promise<void> {
  const log = machine.manager?.log ?? createLogger({ level: program.logLevel, format: program.logFormat });
  for (const reason of warnings) log.warn({ reason }, "Setting has no effect");
  const home = homeOf(machine.env, machine.readFile);
  if (home === undefined) tellOutside(log);
  const onThisMachine: OperatorSettings = { ...settings, ipv6Only: ipv6Only(machine.interfaces) };
  const manager = createManager({
    ...managerOptions(program, home, machine.interfaces),
    log,
    onReconciled: logReconciles(log),
    ...machine.manager,
  });
  const upgrades = upgradeCounter();
  const { interfaces, readFile } = machine;
  const operator = tempoOperator({
    settings: onThisMachine,
    controller: program.controllers,
    upgrades,
    ...(home ? { setup: setupOf({ settings: onThisMachine, program, home, interfaces, readFile }) } : {}),
  });
  for (const controller of operator.controllers()) manager.add(controller);
  registerOperatorMetrics(manager, upgrades);
  await operator.setup?.(manager);
  log.info(
    { version: operatorVersion, tempo: tempoVersion, distribution: settings.distribution },
    "Tempo operator starts",
  );
  await runUntilSignal(manager, { process: machine.process });
}

function tellOutside(log: Logger): void {
  log.info(
    { wayOut: "set POD_NAMESPACE" },
    "Runs outside of a cluster: no leader is elected, no webhooks are served, and nothing is made for the operator itself",
  );
}
