import type { Json } from "@homeostat/api";
import { assertTree } from "../assertions/assert-tree.ts";
import { serverMessage } from "../clusters/cluster.ts";
import type { Expectation } from "../documents/test-document.ts";
import type { Bindings } from "../expressions/bindings.ts";
import { type OperationContext, OperationError } from "./context.ts";

/** Holds a value against a tree, however many questions that takes. @returns what does not hold */
export function check(tree: Json, value: Json, bindings: Bindings, context: OperationContext): Promise<string[]> {
  const { evaluator, language } = context;
  return evaluator.settle(() => assertTree(tree, value, bindings, { evaluator, language }));
}

/**
 * What a write came to, in the eyes of the test: where an expectation fits the object, its check decides; else the
 * server does.
 *
 * @param failure what the server refused it with, if it did
 * @throws OperationError, or `failure` itself
 */
export async function decide(
  expectations: readonly Expectation[] | undefined,
  object: Json,
  failure: unknown,
  context: OperationContext,
): Promise<Bindings> {
  const bindings = context.bindings.with("error", failure === undefined ? null : serverMessage(failure));
  let isDecided = false;
  const lines: string[] = [];
  for (const { match, check: tree } of expectations ?? []) {
    if (match !== undefined && match !== null && (await check(match, object, bindings, context)).length > 0) continue;
    isDecided = true;
    lines.push(...(await check(tree, object, bindings, context)));
  }
  if (lines.length > 0) throw new OperationError(lines, { cause: failure });
  if (!isDecided && failure !== undefined) throw failure;
  return bindings;
}
