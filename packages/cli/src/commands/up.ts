import { resolve } from "node:path";
import { Command, Option } from "commander";
import type { Environment } from "../environment.ts";
import { UsageError } from "../errors.ts";
import { parsePort, parseWord } from "../flags.ts";
import { type BugName, buggyOperator, bugNames, operatorNames, parseOperatorNames } from "../operators.ts";

/** Flags of `up`, as commander gathers them. */
export interface UpFlags {
  readonly port: number;
  readonly dataDir?: string;
  readonly kubeconfig: string;
  readonly operators: readonly string[];
  readonly bug?: BugName;
  readonly sample: boolean;
  readonly loopGuard: boolean;
  readonly webhooks: boolean;
  readonly plain?: boolean;
  readonly verbose?: boolean;
  readonly speed: "instant" | "real";
  readonly controllers: "all" | "none";
  readonly heartbeats: boolean;
  readonly stages?: string;
}

export const defaultKubeconfig = ".homeostat/kubeconfig";

export function upCommand(environment: Environment): Command {
  return new Command("up")
    .description("Boots a cluster in this process, runs operators in it, and shows what they do and why")
    .allowExcessArguments(false)
    .addOption(
      flag("--port <number>", "where kubectl reaches it, on this machine only; 0: any free port", parsePort).default(
        6443,
      ),
    )
    .option("--data-dir <directory>", "keeps the cluster's objects there; default: in memory, gone in the end")
    .option("--kubeconfig <file>", "where the kubeconfig is written", defaultKubeconfig)
    .addOption(
      flag(
        "--operators <names>",
        `which operators run: ${operatorNames.join(", ")}, or none`,
        parseOperatorNames,
      ).default(operatorNames, "all"),
    )
    .addOption(
      flag(
        "--bug <name>",
        `makes the ${buggyOperator} operator loop: ${bugNames.join(", ")}`,
        parseWord("--bug", bugNames),
      ),
    )
    .option("--no-sample", "does not make the operators' sample objects")
    .option("--no-loop-guard", "lets loops run at full speed")
    .option("--no-webhooks", "does not have the API server ask the operators' webhooks (tempo has some)")
    .option("--plain", "prints one line per event even on a terminal")
    .option("--verbose", "prints log lines to standard error, and where errors come from; implies --plain")
    .addOption(
      flag(
        "--speed <word>",
        "how fast pods start and volumes come: instant, real",
        parseWord("--speed", ["instant", "real"]),
      ).default("instant"),
    )
    .addOption(
      flag(
        "--controllers <word>",
        "which of a cluster's own controllers run (Deployments, garbage …): all, none",
        parseWord("--controllers", ["all", "none"]),
      ).default("all"),
    )
    .option("--stages <file>", "how pods behave, by their labels: documents of kind Stage, as KWOK has them")
    .option(
      "--no-heartbeats",
      "nodes and the server do not renew their leases: nothing is written while nothing happens",
    )
    .action(async (flags: UpFlags) => {
      const { up } = await import("../up/up.ts");
      await up(checked(flags, environment), environment);
    });
}

function flag<T>(flags: string, description: string, parse: (text: string) => T): Option {
  return new Option(flags, description).argParser(parse);
}

/** Flags that make sense together, with absolute paths. @throws UsageError */
function checked(flags: UpFlags, { cwd }: Environment): UpFlags {
  if (flags.bug !== undefined && !flags.operators.includes(buggyOperator)) {
    throw new UsageError(`--bug ${flags.bug} needs the ${buggyOperator} operator: add it to --operators`);
  }
  if (flags.kubeconfig === "") throw new UsageError("--kubeconfig is empty: name a file");
  if (flags.dataDir === "") throw new UsageError("--data-dir is empty: name a directory");
  if (flags.stages !== undefined && flags.controllers === "none") {
    throw new UsageError("--stages needs the kubelet, which --controllers none leaves out: leave out one of them");
  }
  return {
    ...flags,
    kubeconfig: resolve(cwd, flags.kubeconfig),
    ...(flags.stages === undefined ? {} : { stages: resolve(cwd, flags.stages) }),
    ...(flags.dataDir === undefined ? {} : { dataDir: resolve(cwd, flags.dataDir) }),
  };
}
