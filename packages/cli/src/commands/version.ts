import { Command } from "commander";
import about from "../../package.json" with { type: "json" };
import type { Environment } from "../environment.ts";

export function versionCommand({ stdout }: Environment): Command {
  return new Command("version")
    .description("Prints the version")
    .action(() => stdout.write(`homeostat ${about.version}\n`));
}
