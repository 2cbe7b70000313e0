import type { Json } from "@homeostat/api";
import type { Parameter, ParameterType } from "../interpreter.ts";

export interface FunctionDefinition {
  readonly parameters: readonly Parameter[];
  // biome-ignore lint/suspicious/noExplicitAny: the interpreter checks arguments against the parameters before the call
  readonly call: (...args: any[]) => Json;
}

export type FunctionTable = Readonly<Record<string, FunctionDefinition>>;

/** `"string"`, `"string|array"`; with `?` at the end it may be left out. */
export function define(signature: string, call: FunctionDefinition["call"]): FunctionDefinition {
  const parameters = signature
    .split(" ")
    .filter((word) => word !== "")
    .map((word): Parameter => {
      const optional = word.endsWith("?");
      const types = (optional ? word.slice(0, -1) : word).split("|") as ParameterType[];
      return { types, ...(optional ? { optional } : {}) };
    });
  return { parameters, call };
}
