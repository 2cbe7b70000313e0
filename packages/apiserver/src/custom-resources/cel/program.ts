import type { Environment } from "@marcbachmann/cel-js";
import { EvaluationError } from "@marcbachmann/cel-js";
import type { Equals, ListKinds } from "./equality.ts";
import { hasMacro } from "./has-macro.ts";
import type { Meter } from "./meter.ts";
import { CostExceeded } from "./meter.ts";

/** Functions the library has of its own, but not as Kubernetes wants them: JavaScript's patterns, UTF-16 positions. */
export const overridden: ReadonlySet<string> = new Set([
  "matches",
  "indexOf",
  "lastIndexOf",
  "substring",
  "split",
  "join",
  "lowerAscii",
  "upperAscii",
  "trim",
  "duration",
]);

/** Name under which the replacement of an overridden function is registered. */
export function overriddenName(name: string): string {
  return `k8s__${name}`;
}

export interface Program {
  /** CEL type of the result. */
  readonly type: string;
  /** Whether the expression mentions the variable. */
  mentions(variable: string): boolean;
  /** Evaluates. Throws `CostExceeded`, or an error whose message says what went wrong. */
  run(variables: Record<string, unknown>): unknown;
}

export interface ProgramOptions {
  readonly meter: Meter;
  readonly equals: Equals;
  readonly listKinds: ListKinds;
}

/** An expression that does not compile. */
export class CompileError extends Error {
  override readonly name = "CompileError";
}

/** An evaluation that failed, as upstream words it: `no such key: replicas`. */
export class RuleError extends Error {
  override readonly name = "RuleError";
}

/** The nodes of the library's syntax tree, as far as they are touched here. */
interface Node {
  op: string;
  args: unknown;
  meta?: { alternate?: Node; macro?: Macro; evaluate?: Evaluate };
  evaluate: Evaluate;
  handle?: Handle;
}

type Evaluate = (ev: unknown, ast: unknown, ctx: unknown) => unknown;

interface Macro {
  readonly evaluate?: unknown;
}

type Handle = (left: unknown, right: unknown, ast: unknown, ev: unknown) => unknown;

/**
 * Compiles an expression: parsed and type-checked by the library, then its tree is adapted. Every node is metered;
 * equality, membership and the joining of lists follow Kubernetes; overridden functions go to their replacements.
 * Throws `CompileError`.
 */
export function compileProgram(env: Environment, expression: string, options: ProgramOptions): Program {
  let parsed: ReturnType<Environment["parse"]>;
  try {
    parsed = env.parse(expression);
  } catch (error) {
    throw new CompileError(describe(expression, error));
  }
  const nodes = collect(parsed.ast as unknown as Node);
  for (const node of nodes) redirect(node);
  const checked = parsed.check();
  if (!checked.valid) throw new CompileError(describe(expression, checked.error));
  // The check may have put constants in the place of names, so nodes are collected again.
  for (const node of collect(parsed.ast as unknown as Node)) adapt(node, options);
  const ids = new Set(nodes.filter((node) => node.op === "id").map((node) => node.args as string));
  return {
    type: checked.type ?? "dyn",
    mentions: (variable) => ids.has(variable),
    run: (variables) => runParsed(parsed, variables, options.meter),
  };
}

function runParsed(
  parsed: (context: Record<string, unknown>) => unknown,
  variables: Record<string, unknown>,
  meter: Meter,
): unknown {
  let result: unknown;
  try {
    result = parsed(variables);
  } catch (error) {
    if (meter.exceeded || error instanceof CostExceeded)
      throw new CostExceeded("operation cancelled: actual cost limit exceeded");
    throw new RuleError(summaryOf(error));
  }
  // Logical operators swallow errors of their operands, this one too.
  if (meter.exceeded) throw new CostExceeded("operation cancelled: actual cost limit exceeded");
  return result;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "op" in value && "args" in value && "evaluate" in value;
}

/**
 * All nodes of a tree: arguments, what macros expand to, and what macros keep for themselves. A list rather than
 * recursion, because a chain of thousands of `&&` is that deep.
 */
function collect(root: Node): Node[] {
  const found = new Set<Node>();
  const seen = new Set<object>();
  // Operands of comprehensions and macros are plain objects that hold nodes, but no further such objects.
  const waiting: { readonly value: unknown; readonly mayHold: boolean }[] = [{ value: root, mayHold: true }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { value, mayHold } = next;
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    if (isNode(value)) {
      seen.add(value);
      found.add(value);
      for (const part of [value.args, value.meta?.alternate, value.meta?.macro])
        waiting.push({ value: part, mayHold: true });
    } else if (Array.isArray(value)) {
      for (const part of value) waiting.push({ value: part, mayHold });
    } else if (mayHold) {
      seen.add(value);
      for (const part of Object.values(value)) waiting.push({ value: part, mayHold: false });
    }
  }
  return [...found];
}

function redirect(node: Node): void {
  if (node.op === "call" && (node.args as unknown[])[0] === "has" && node.meta?.macro) {
    node.meta.macro = hasMacro(node);
  }
  if ((node.op !== "rcall" && node.op !== "call") || node.meta?.alternate || node.meta?.macro) return;
  const args = node.args as [string, ...unknown[]];
  if (overridden.has(args[0])) args[0] = overriddenName(args[0]);
}

function adapt(node: Node, { meter, equals, listKinds }: ProgramOptions): void {
  switch (node.op) {
    case "==":
      node.handle = (left, right) => equals(left, right);
      break;
    case "!=":
      node.handle = (left, right) => !equals(left, right);
      break;
    case "in":
      node.handle = (left, right) => contains(right, left, equals);
      break;
    case "call":
    case "rcall":
      if (node.handle) node.handle = chargingArguments(node.handle, meter);
      break;
    case "<":
    case "<=":
    case ">":
    case ">=": {
      const original = node.handle!;
      node.handle = (left, right, ast, ev) => {
        if (typeof left === "string" && typeof right === "string")
          meter.charge(Math.min(left.length, right.length) / 10);
        return original(left, right, ast, ev);
      };
      break;
    }
    case "+": {
      const original = node.handle!;
      node.handle = (left, right, ast, ev) => {
        if (Array.isArray(left) && Array.isArray(right)) return joinLists(left, right, equals, listKinds, meter);
        const result = original(left, right, ast, ev);
        if (typeof result === "string") meter.charge(result.length / 10);
        return result;
      };
      break;
    }
    default:
  }
  const evaluate = evaluation(node);
  node.evaluate = (ev, ast, ctx) => {
    meter.charge(1);
    return evaluate(ev, ast, ctx);
  };
}

/** Functions read their texts through at least once. What lists cost depends on the function, which knows. */
function chargingArguments(original: Handle, meter: Meter): Handle {
  return (args, second, third, fourth) => {
    for (const arg of args as unknown[]) {
      if (typeof arg === "string" || arg instanceof Uint8Array) meter.charge(arg.length / 10);
    }
    return original(args, second, third, fourth);
  };
}

/** What the library would run for a node: what a macro expands to, the macro itself, or the operator. */
function evaluation(node: Node): Evaluate {
  const { alternate, macro, evaluate } = node.meta!;
  if (alternate) return (ev, _ast, ctx) => alternate.evaluate(ev, alternate, ctx);
  if (node.op === "&&" || node.op === "||") return evaluateChain(node, node.op);
  if (macro) return (ev, _ast, ctx) => (macro.evaluate as Evaluate)(ev, macro, ctx);
  return evaluate!;
}

/**
 * `a && b && c` as one loop: nested calls would overflow the stack in long chains. An operand that decides wins over
 * operands that fail. Source: CEL language definition, "Logical Operators".
 */
function evaluateChain(node: Node, op: "&&" | "||"): Evaluate {
  const operands: Node[] = [];
  let left = node;
  for (; left.op === op; left = (left.args as [Node, Node])[0]) operands.push((left.args as [Node, Node])[1]);
  operands.push(left);
  operands.reverse();
  const decisive = op === "||";
  return (ev, _ast, ctx) => {
    let failure: unknown;
    for (const operand of operands) {
      try {
        const value = operand.evaluate(ev, operand, ctx);
        if (value === decisive) return decisive;
        if (typeof value !== "boolean")
          failure ??= new EvaluationError("no such overload: logical operators take bool");
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return !decisive;
  };
}

function contains(collection: unknown, value: unknown, equals: Equals): boolean {
  if (Array.isArray(collection)) return collection.some((item) => equals(value, item));
  if (collection instanceof Map) return collection.has(value);
  if (typeof collection === "object" && collection !== null && typeof value !== "object") {
    return Object.hasOwn(collection, String(value));
  }
  throw new EvaluationError(`no such overload: ${typeof value} in ${typeof collection}`);
}

/** Joins lists; of two sets the union, of two keyed lists the merge in which the right side's items replace. */
function joinLists(left: unknown[], right: unknown[], equals: Equals, kinds: ListKinds, meter: Meter): unknown[] {
  meter.charge((left.length + right.length) / 10);
  const kind = kinds.get(left);
  if (!kind) return [...left, ...right];
  let joined: unknown[];
  if (kind.type === "set") {
    meter.charge(left.length * right.length);
    joined = [...left, ...right.filter((item) => !left.some((other) => equals(item, other)))];
  } else {
    const byKey = new Map(right.map((item) => [kind.keyOf(item), item]));
    const keys = new Set(left.map((item) => kind.keyOf(item)));
    joined = [
      ...left.map((item) => byKey.get(kind.keyOf(item)) ?? item),
      ...right.filter((item) => !keys.has(kind.keyOf(item))),
    ];
  }
  kinds.set(joined, kind);
  return joined;
}

function summaryOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = "summary" in error && typeof error.summary === "string" ? error.summary : error.message;
  const plain = text.replaceAll("k8s__", "");
  return plain.charAt(0).toLowerCase() + plain.slice(1);
}

/** Where and why, in the form of CEL's own compiler. */
function describe(expression: string, error: unknown): string {
  const at = positionOf(error);
  const before = expression.slice(0, at);
  const line = before.split("\n").length;
  const column = at - (before.lastIndexOf("\n") + 1) + 1;
  const source = expression.split("\n")[line - 1] ?? "";
  return `compilation failed: ERROR: <input>:${line}:${column}: ${summaryOf(error)}\n | ${source}\n | ${".".repeat(column - 1)}^`;
}

function positionOf(error: unknown): number {
  if (typeof error !== "object" || error === null || !("node" in error)) return 0;
  const node = error.node;
  return typeof node === "object" && node !== null && "pos" in node && typeof node.pos === "number" ? node.pos : 0;
}
