import type { Json } from "@homeostat/api";
import type { Question, World } from "../evaluator.ts";
import type { Interpreter } from "../interpreter.ts";
import { addressFunctions } from "./addresses.ts";
import { arithmeticFunctions } from "./arithmetic.ts";
import { certificateFunctions } from "./certificates.ts";
import { clusterFunctions } from "./cluster.ts";
import { dataFunctions } from "./data.ts";
import type { FunctionTable } from "./definition.ts";
import { textFunctions } from "./text.ts";
import { timeFunctions } from "./time.ts";

/** Gives an interpreter the functions that kyverno-json, kyverno and chainsaw add to JMESPath. */
export function registerFunctions(
  interpreter: Interpreter,
  world: World,
  ask: (client: Json, question: Question) => Json,
  lookUp: (host: string) => readonly string[],
): void {
  const tables: readonly FunctionTable[] = [
    arithmeticFunctions,
    textFunctions,
    dataFunctions(world),
    timeFunctions(world),
    certificateFunctions,
    addressFunctions(lookUp),
    clusterFunctions(ask),
  ];
  for (const table of tables) {
    for (const [name, { parameters, call }] of Object.entries(table)) interpreter.define(name, parameters, call);
  }
}
