import { EvaluationError, Optional } from "@marcbachmann/cel-js";

interface Node {
  readonly op: string;
  readonly args: unknown;
}

interface Checker {
  check(node: Node, context: unknown): unknown;
  getType(name: string): unknown;
  createError(code: string, message: string, node: Node): Error;
}

interface Evaluator {
  run(node: Node, context: unknown): unknown;
  debugType(value: unknown): { fieldLazy(value: unknown, name: string, node: Node, evaluator: Evaluator): unknown };
}

/**
 * `has(a.b)` for any `a`: `has(self.ports[0].name)`, `has(self.labels['x'].y)`. The library's own macro takes plain
 * chains of names only, and does not look whether the last field can be there at all.
 *
 * @param call the node of the call
 */
export function hasMacro(call: { readonly args: unknown }) {
  const [, [field]] = call.args as [string, [Node]];
  return {
    typeCheck(checker: Checker, _macro: unknown, context: unknown): unknown {
      if (field.op !== ".")
        throw checker.createError("invalid_macro_argument", "invalid argument to has() macro", field);
      checker.check(field, context);
      return checker.getType("bool");
    },
    evaluate(evaluator: Evaluator, _macro: unknown, context: unknown): boolean {
      const [operand, name] = field.args as [Node, string];
      const owner = evaluator.run(operand, context);
      if (typeof owner !== "object" || owner === null) throw new EvaluationError(`no such key: ${name}`);
      const value = evaluator.debugType(owner).fieldLazy(owner, name, field, evaluator);
      return value instanceof Optional ? value.hasValue() : value !== undefined;
    },
  };
}
