import { resolve } from "node:path";
import { Command, Option } from "commander";
import type { Environment } from "../environment.ts";
import { UsageError } from "../errors.ts";
import { parseCount } from "../flags.ts";
import { defaultKubeconfig } from "./up.ts";

export interface WhyFlags {
  readonly namespace: string;
  readonly kubeconfig: string;
  readonly last: number;
  readonly json?: boolean;
  readonly address?: string;
}

export function whyCommand(environment: Environment): Command {
  return new Command("why")
    .description(
      "Says why an object was reconciled lately, by asking the `homeostat up` that runs, or an operator; and what rolls a workload",
    )
    .argument("<kind/name>", "webapp/hello; or of an object that operators write: configmap/hello-config")
    .allowExcessArguments(false)
    .option(
      "--address <host:port>",
      "the profiling address of an operator that runs elsewhere, in place of `homeostat up`",
    )
    .option("-n, --namespace <name>", "the object's namespace", "default")
    .option("--kubeconfig <file>", "the one that `homeostat up` has written", defaultKubeconfig)
    .addOption(
      new Option("--last <number>", "how many reconciles are shown").argParser(parseCount("--last")).default(10),
    )
    .option("--json", "prints what the ledger holds as JSON")
    .option("--verbose", "shows where errors come from")
    .action(async (object: string, flags: WhyFlags) => {
      const [kind, name, ...rest] = object.split("/");
      if (!kind || !name || rest.length > 0)
        throw new UsageError(`"${object}": name the object as kind/name: webapp/hello`);
      const { why } = await import("../up/why.ts");
      await why({ ...flags, kind, name, kubeconfig: resolve(environment.cwd, flags.kubeconfig) }, environment);
    });
}
