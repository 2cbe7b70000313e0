import type { Json } from "@homeostat/api";
import type { Bindings } from "./bindings.ts";

type Library = typeof import("@jmespath-community/jmespath");
type LibraryInterpreter = Library["TreeInterpreter"];
type Node = ReturnType<Library["compile"]>;
type NodeValue = Parameters<LibraryInterpreter["visit"]>[1];
type Signature = Parameters<LibraryInterpreter["runtime"]["registerFunction"]>[2];

/** Types of a function's parameters, by JMESPath's names. */
export type ParameterType = "any" | "string" | "number" | "array" | "object" | "boolean" | "null";

export interface Parameter {
  readonly types: readonly ParameterType[];
  readonly optional?: boolean;
  readonly variadic?: boolean;
}

/** JMESPath, community edition, with bindings as its outermost variables. */
export interface Interpreter {
  /** @throws Error saying what is wrong with the text, or with a function's argument */
  evaluate(text: string, value: Json, bindings: Bindings): Json;
  /** Adds a function, or puts it in the place of the language's own. */
  define(name: string, parameters: readonly Parameter[], call: (...args: Json[]) => Json): void;
}

/** Compiled expressions that are kept; polling evaluates the same ones again and again. */
const keptExpressions = 1_000;

/**
 * The library's interpreter with its scopes mended: there, functions that take expressions (`map`, `sort_by` …) do not
 * see variables, and a variable whose value is false, zero, empty or null counts as undefined in inner scopes. It is
 * mended by deriving from the class of the library's one instance, which is not exported by name.
 */
export async function createInterpreter(): Promise<Interpreter> {
  const library = await import("@jmespath-community/jmespath");
  const Base = library.TreeInterpreter.constructor as new () => LibraryInterpreter;

  class Scoped extends Base {
    #find: (name: string) => Json | undefined = () => undefined;

    override visit(node: Node, value: NodeValue): ReturnType<LibraryInterpreter["visit"]> {
      if (node.type === "Variable") {
        const found = this.#find(node.name);
        if (found === undefined) throw new Error(`variable $${node.name} is not defined`);
        return found;
      }
      return super.visit(node, value);
    }

    /** For let-expressions: the library visits their body through the result of this, and through nothing else. */
    override withScope(scope: Record<string, Json>): LibraryInterpreter {
      const visit = (node: Node, value: NodeValue) => {
        const outer = this.#find;
        return this.#within(
          (name) => (Object.hasOwn(scope, name) ? scope[name] : outer(name)),
          () => this.visit(node, value),
        );
      };
      return { visit } as LibraryInterpreter;
    }

    evaluate(node: Node, value: Json, bindings: Bindings): Json {
      return this.#within(
        (name) => bindings.get(name),
        () => super.search(node, value) ?? null,
      );
    }

    #within<T>(find: (name: string) => Json | undefined, work: () => T): T {
      const outer = this.#find;
      this.#find = find;
      try {
        return work();
      } finally {
        this.#find = outer;
      }
    }
  }

  const typeCodes: Readonly<Record<ParameterType, number>> = {
    any: library.TYPE_ANY,
    string: library.TYPE_STRING,
    number: library.TYPE_NUMBER,
    array: library.TYPE_ARRAY,
    object: library.TYPE_OBJECT,
    boolean: library.TYPE_BOOLEAN,
    null: library.TYPE_NULL,
  };
  const interpreter = new Scoped();
  const compiled = new Map<string, Node>();
  return {
    evaluate(text, value, bindings) {
      let node = compiled.get(text);
      if (node === undefined) {
        node = library.compile(text);
        if (compiled.size >= keptExpressions) compiled.clear();
        compiled.set(text, node);
      }
      return interpreter.evaluate(node, value, bindings);
    },
    define(name, parameters, call) {
      const signature = parameters.map(({ types, ...rest }) => ({
        types: types.map((type) => typeCodes[type]),
        ...rest,
      })) as Signature;
      interpreter.runtime.registerFunction(name, (args) => call(...(args as Json[])), signature, { override: true });
    },
  };
}
