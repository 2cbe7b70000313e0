import { Command } from "commander";
import type { Environment } from "../environment.ts";
import { UsageError } from "../errors.ts";
import { loadOperators, operatorNames, unknownOperator } from "../operators.ts";

export function crdsCommand({ stdout }: Environment): Command {
  return new Command("crds")
    .description("Prints the CustomResourceDefinitions of the operators as YAML, for kubectl apply")
    .argument("[operator]", `one of ${operatorNames.join(", ")}; default: all`)
    .action(async (name: string | undefined) => {
      if (name !== undefined && !operatorNames.includes(name)) throw new UsageError(unknownOperator(name));
      const [operators, { stringify }] = await Promise.all([
        loadOperators(name === undefined ? operatorNames : [name]),
        import("yaml"),
      ]);
      const definitions = operators.flatMap(({ resources }) => resources.map((resource) => resource.crd()));
      // Without anchors: kubectl reads them, but people would have to look them up.
      const documents = definitions.map((crd) => stringify(crd, { aliasDuplicateObjects: false, lineWidth: 0 }));
      stdout.write(documents.join("---\n"));
    });
}
