import type { Json, JsonObject } from "@homeostat/api";
import { targetOf } from "../clusters/cluster.ts";
import type { ResourceAction } from "../documents/test-document.ts";
import { fillInIdentity } from "../resources/template.ts";
import { type OperationContext, OperationError, type OperationResult } from "./context.ts";
import { difference } from "./difference.ts";
import { check } from "./expect.ts";
import { poll } from "./poll.ts";
import { forResource, inNamespace, nameOf, resourcesOf, templated } from "./resources.ts";

/** Waits until one of the objects that are meant is as the tree says. */
export function runAssert(action: ResourceAction, context: OperationContext): Promise<OperationResult> {
  return runEach(action, context, assertOne);
}

/** Waits until none of the objects that are meant is as the tree says. */
export function runError(action: ResourceAction, context: OperationContext): Promise<OperationResult> {
  return runEach(action, context, refuteOne);
}

type Examine = (tree: JsonObject, action: ResourceAction, context: OperationContext) => Promise<Json>;

async function runEach(action: ResourceAction, context: OperationContext, examine: Examine): Promise<OperationResult> {
  const values: Json[] = [];
  const lines: string[] = [];
  for (const [index, tree] of (await resourcesOf(action, context)).entries()) {
    try {
      values.push(await examine(tree, action, forResource(context, index)));
    } catch (error) {
      context.signal.throwIfAborted();
      lines.push(...(error instanceof OperationError ? error.lines : [`${nameOf(tree)}: ${(error as Error).message}`]));
    }
  }
  if (lines.length > 0) throw new OperationError(lines);
  return { values, bindings: context.bindings };
}

async function assertOne(tree: JsonObject, action: ResourceAction, context: OperationContext): Promise<Json> {
  let lines: readonly string[] = [`${nameOf(tree)}: the operation's time was up before its first try`];
  let matched: Json | undefined;
  await poll(context, async (signal) => {
    const candidates = await candidatesOf(tree, action, context, signal);
    if (candidates.length === 0) {
      lines = [`${nameOf(tree)}: actual resource not found`];
      return false;
    }
    const found: string[] = [];
    for (const candidate of candidates) {
      const wrong = await check(tree, candidate, context.bindings, context);
      if (wrong.length === 0) {
        matched = candidate;
        return true;
      }
      const name = candidate === null ? "expression" : nameOf(candidate);
      found.push(...wrong.map((line) => `${name}: ${line}`), ...difference(tree, candidate));
    }
    lines = found;
    return false;
  });
  if (matched === undefined) throw new OperationError(lines);
  return matched;
}

async function refuteOne(tree: JsonObject, action: ResourceAction, context: OperationContext): Promise<Json> {
  let line = `${nameOf(tree)}: the operation's time was up before its first try`;
  const passed = await poll(context, async (signal) => {
    for (const candidate of await candidatesOf(tree, action, context, signal)) {
      if ((await check(tree, candidate, context.bindings, context)).length > 0) continue;
      line = `${candidate === null ? "expression" : nameOf(candidate)}: resource matches expectation`;
      return false;
    }
    return true;
  });
  if (!passed) throw new OperationError([line]);
  return null;
}

/** The objects that a tree is about; a tree that names no kind is about nothing, and only has expressions. */
async function candidatesOf(
  tree: JsonObject,
  action: ResourceAction,
  context: OperationContext,
  signal: AbortSignal,
): Promise<readonly Json[]> {
  if (tree["apiVersion"] === undefined && tree["kind"] === undefined) return [null];
  const { evaluator, bindings, language } = context;
  const identity = templated(action, context)
    ? await evaluator.settle(() => fillInIdentity(tree, bindings, evaluator, language))
    : tree;
  const cluster = await context.cluster();
  const placed = await inNamespace(identity, context);
  return (await cluster.read(targetOf(placed), signal)) as unknown as Json[];
}
