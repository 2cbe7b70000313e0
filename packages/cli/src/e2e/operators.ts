import type { OperatorDefinition } from "@homeostat/devcluster";
import { UsageError } from "../errors.ts";
import * as shown from "../operators.ts";

/** Operators that tests may want beside those that `homeostat up` shows. */
const further: Readonly<Record<string, () => Promise<OperatorDefinition>>> = {
  async reloader() {
    const { reloaderOperator } = await import("@homeostat/reloader");
    const { name, resources, controllers } = reloaderOperator;
    return { name, resources, controllers: controllers() };
  },
};

export const operatorNames: readonly string[] = [...new Set([...shown.operatorNames, ...Object.keys(further)])];

/** @throws UsageError naming those there are */
export function parseOperatorNames(text: string): string[] {
  if (text === "none") return [];
  const names = [...new Set(text.split(",").map((name) => name.trim()))].filter((name) => name !== "");
  const unknown = names.find((name) => !operatorNames.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`there is no operator "${unknown}": there are ${operatorNames.join(", ")} (or none)`);
  }
  if (names.length === 0) throw new UsageError("--operators is empty: name some, or say none");
  return names;
}

export function loadOperators(names: readonly string[]): Promise<OperatorDefinition[]> {
  return Promise.all(
    names.map(async (name) => {
      if (!shown.operatorNames.includes(name)) return further[name]!();
      const [operator] = await shown.loadOperators([name]);
      return { name, resources: operator!.resources, controllers: operator!.controllers({}) };
    }),
  );
}
