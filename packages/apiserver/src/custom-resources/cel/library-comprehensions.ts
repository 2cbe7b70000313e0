import { EvaluationError, Optional } from "@marcbachmann/cel-js";
import type { Library } from "./library.ts";

/**
 * Comprehensions with two variables, index and item of a list or key and value of a map (`all(k, v, …)`,
 * `transformList`, `transformMap` …), and the macros of optional values (`optMap`, `optFlatMap`).
 * Source: cel-go, ext/comprehensions version 2 and the optional library.
 */
export function registerComprehensions({ env, equals }: Library): void {
  // The library registers macros by receiver, but tells them apart by name and number of arguments only.
  const macro = (signature: string, make: MacroBody): void => {
    env.registerFunction(signature, (call: MacroCall) => twoVariables(call, make) as never, { async: false } as never);
  };
  macro("list.all(ast, ast, ast): bool", { type: "bool", run: (entries, step) => quantify(entries, step, false) });
  macro("list.exists(ast, ast, ast): bool", { type: "bool", run: (entries, step) => quantify(entries, step, true) });
  for (const name of ["exists_one", "existsOne"]) {
    macro(`list.${name}(ast, ast, ast): bool`, {
      type: "bool",
      run: (entries, step) => entries.filter(([key, value]) => asBool(step(key, value, 2))).length === 1,
    });
  }
  macro("list.transformList(ast, ast, ast): list<dyn>", {
    type: "list",
    run: (entries, step) => entries.map(([key, value]) => step(key, value, 2)),
  });
  macro("list.transformList(ast, ast, ast, ast): list<dyn>", {
    type: "list",
    run: (entries, step) => filtered(entries, step).map(([key, value]) => step(key, value, 3)),
  });
  macro("list.transformMap(ast, ast, ast): map<dyn, dyn>", {
    type: "map",
    run: (entries, step) => new Map(entries.map(([key, value]) => [key, step(key, value, 2)])),
  });
  macro("list.transformMap(ast, ast, ast, ast): map<dyn, dyn>", {
    type: "map",
    run: (entries, step) => new Map(filtered(entries, step).map(([key, value]) => [key, step(key, value, 3)])),
  });
  macro("list.transformMapEntry(ast, ast, ast): map<dyn, dyn>", {
    type: "map",
    run: (entries, step) => mergeEntries(entries.map(([key, value]) => step(key, value, 2))),
  });
  macro("list.transformMapEntry(ast, ast, ast, ast): map<dyn, dyn>", {
    type: "map",
    run: (entries, step) => mergeEntries(filtered(entries, step).map(([key, value]) => step(key, value, 3))),
  });
  const optional = (signature: string, wrap: (value: unknown) => unknown): void => {
    env.registerFunction(signature, (call: MacroCall) => optionalMap(call, wrap) as never, { async: false } as never);
  };
  optional("optional.optMap(ast, ast): optional<dyn>", (value) => Optional.of(value));
  optional("optional.optFlatMap(ast, ast): optional<dyn>", (value) => value);
  env.registerFunction("OptionalNamespace.ofNonZeroValue(dyn): optional<dyn>", (_: unknown, value: unknown) =>
    isZero(value) ? Optional.none() : Optional.of(value),
  );
  env.registerFunction("list.first(): optional<dyn>", (list: unknown[]) => Optional.of(list[0]));
  env.registerFunction("list.last(): optional<dyn>", (list: unknown[]) => Optional.of(list.at(-1)));
  env.registerOperator("optional<dyn> == optional<dyn>", equals);
}

type Entries = readonly (readonly [unknown, unknown])[];
/** Evaluates the argument at an index with the two variables bound. */
type Step = (key: unknown, value: unknown, argument: number) => unknown;

interface MacroBody {
  readonly type: "bool" | "list" | "map";
  run(entries: Entries, step: Step): unknown;
}

// What the library hands to macros; it has no types for these.
interface AstNode {
  readonly op: string;
  readonly args: unknown;
}
interface MacroCall {
  readonly args: readonly AstNode[];
  readonly receiver: AstNode;
}
interface CelTypeDeclaration {
  readonly kind: string;
  readonly name: string;
  readonly keyType?: CelTypeDeclaration;
  readonly valueType?: CelTypeDeclaration;
}
interface Context {
  forkWithVariable(name: string, type: CelTypeDeclaration): Context;
  reuse(parent: Context): Context;
  setIterValue(value: unknown, evaluator: Evaluator): Context;
}
interface Checker {
  check(node: AstNode, context: Context): CelTypeDeclaration;
  getType(name: string): CelTypeDeclaration;
  createError(code: string, message: string, node: AstNode): Error;
}
interface Evaluator {
  run(node: AstNode, context: Context): unknown;
}
interface Macro {
  readonly receiver: AstNode;
  readonly args: readonly AstNode[];
  keyContext?: Context;
  valueContext?: Context;
  typeCheck(checker: Checker, macro: Macro, context: Context): CelTypeDeclaration;
  evaluate(evaluator: Evaluator, macro: Macro, context: Context): unknown;
}

function variableName(node: AstNode, checker: Checker): string {
  if (node.op === "id") return node.args as string;
  throw checker.createError("invalid_macro_argument", "a variable of a comprehension must be a simple name", node);
}

function twoVariables({ args, receiver }: MacroCall, body: MacroBody): Macro {
  return {
    receiver,
    args,
    typeCheck(checker, macro, context) {
      const range = checker.check(receiver, context);
      const [keyType, valueType] = entryTypes(range, checker, receiver);
      macro.keyContext = context.forkWithVariable(variableName(args[0]!, checker), keyType);
      macro.valueContext = macro.keyContext.forkWithVariable(variableName(args[1]!, checker), valueType);
      const types = args.slice(2).map((arg) => checker.check(arg, macro.valueContext!));
      // The first of two remaining arguments is a filter.
      const condition = body.type === "bool" || types.length === 2 ? types[0] : undefined;
      if (condition && condition.kind !== "dyn" && condition.name !== "bool") {
        throw checker.createError(
          "invalid_condition_type",
          `predicate must return bool, got '${condition.name}'`,
          args[2]!,
        );
      }
      if (body.type === "list") return checker.getType(`list<${types.at(-1)!.name}>`);
      return checker.getType(body.type === "map" ? `map<${keyType.name}, dyn>` : "bool");
    },
    evaluate(evaluator, macro, context) {
      const entries = entriesOf(evaluator.run(receiver, context));
      const keyContext = macro.keyContext!.reuse(context);
      const valueContext = macro.valueContext!.reuse(keyContext);
      return body.run(entries, (key, value, argument) => {
        keyContext.setIterValue(key, evaluator);
        valueContext.setIterValue(value, evaluator);
        return evaluator.run(args[argument]!, valueContext);
      });
    },
  };
}

function entryTypes(
  range: CelTypeDeclaration,
  checker: Checker,
  node: AstNode,
): [CelTypeDeclaration, CelTypeDeclaration] {
  if (range.kind === "list") return [checker.getType("int"), range.valueType!];
  if (range.kind === "map") return [range.keyType!, range.valueType!];
  if (range.kind === "dyn") return [checker.getType("dyn"), checker.getType("dyn")];
  throw checker.createError(
    "invalid_comprehension_range",
    `expression of type '${range.name}' cannot be range of a comprehension`,
    node,
  );
}

function entriesOf(value: unknown): Entries {
  if (Array.isArray(value)) return value.map((item, index) => [BigInt(index), item]);
  if (value instanceof Map) return [...value];
  if (typeof value === "object" && value !== null) return Object.entries(value);
  throw new EvaluationError("no such overload: range of a comprehension must be a list or a map");
}

/** An error in one entry counts only if no other entry decides. */
function quantify(entries: Entries, step: Step, decisive: boolean): boolean {
  let failure: unknown;
  for (const [key, value] of entries) {
    try {
      if (asBool(step(key, value, 2)) === decisive) return decisive;
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return !decisive;
}

function filtered(entries: Entries, step: Step): Entries {
  return entries.filter(([key, value]) => asBool(step(key, value, 2)));
}

function asBool(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new EvaluationError("no such overload: predicate must return bool");
}

function mergeEntries(parts: readonly unknown[]): Map<unknown, unknown> {
  const merged = new Map<unknown, unknown>();
  for (const [key, value] of parts.flatMap(entriesOf)) {
    if (merged.has(key)) throw new EvaluationError(`insert failed: key ${String(key)} already exists`);
    merged.set(key, value);
  }
  return merged;
}

function optionalMap({ args, receiver }: MacroCall, wrap: (value: unknown) => unknown): Macro {
  return {
    receiver,
    args,
    typeCheck(checker, macro, context) {
      const type = checker.check(receiver, context);
      const valueType = type.kind === "optional" ? type.valueType! : checker.getType("dyn");
      macro.valueContext = context.forkWithVariable(variableName(args[0]!, checker), valueType);
      const result = checker.check(args[1]!, macro.valueContext);
      return result.kind === "optional" ? result : checker.getType(`optional<${result.name}>`);
    },
    evaluate(evaluator, macro, context) {
      const value = evaluator.run(receiver, context);
      if (!(value instanceof Optional))
        throw new EvaluationError("no such overload: optMap of a value that is not optional");
      if (!value.hasValue()) return value;
      const bound = macro.valueContext!.reuse(context).setIterValue(value.value(), evaluator);
      return wrap(evaluator.run(args[1]!, bound));
    },
  };
}

function isZero(value: unknown): boolean {
  if (value === null || value === false || value === "" || value === 0 || value === 0n) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (value instanceof Map) return value.size === 0;
  return (
    typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype && Object.keys(value).length === 0
  );
}
