import { resolve } from "node:path";
import { Command } from "commander";
import type { Environment } from "../environment.ts";
import { UsageError } from "../errors.ts";

interface AssetsFlags {
  readonly dir?: string;
}

export function assetsCommand(environment: Environment): Command {
  return new Command("assets")
    .description(
      "Prints a folder for KUBEBUILDER_ASSETS: suites written for envtest, in Go or anything else, run on this server",
    )
    .allowExcessArguments(false)
    .option("--dir <directory>", "where the executables are written; default: a folder of the user's cache")
    .action(async ({ dir }: AssetsFlags) => {
      if (dir === "") throw new UsageError("--dir is empty: name a directory");
      const { assetDirectory, writeAssets } = await import("../assets/write-assets.ts");
      const { cwd, execPath: node, pid, stdout, variables } = environment;
      const directory = dir === undefined ? assetDirectory(variables, node) : resolve(cwd, dir);
      await writeAssets({ directory, node, pid });
      stdout.write(`${directory}\n`);
    });
}
