import type { Json } from "@homeostat/api";
import type { Bindings } from "../expressions/bindings.ts";
import { type Evaluator, ExpressionError } from "../expressions/evaluator.ts";
import { type Language, type ParsedString, parseString } from "../expressions/parse.ts";
import { HardError, matchesValue, typeName } from "./match-values.ts";

export interface AssertOptions {
  readonly evaluator: Evaluator;
  /** The language of expressions that do not name theirs. Default jp. */
  readonly language?: Language;
}

/**
 * Holds a value against a tree: a map's keys choose what is looked at, its values say what is expected there.
 * Call it inside {@link Evaluator.settle}.
 *
 * @returns what does not hold, each with its path; none means that the value is as wanted
 * @throws HardError where no answer can be given whatever the value becomes; ends an operation at once
 *
 * Source: kyverno-json, "Assertion trees".
 */
export function assertTree(tree: Json, value: Json, bindings: Bindings, options: AssertOptions): string[] {
  return new TreeAssertion(options).node("", tree, value, bindings);
}

class TreeAssertion {
  readonly #evaluator: Evaluator;
  readonly #language: Language;

  constructor({ evaluator, language = "jp" }: AssertOptions) {
    this.#evaluator = evaluator;
    this.#language = language;
  }

  node(path: string, tree: Json, value: Json, bindings: Bindings): string[] {
    if (Array.isArray(tree)) return this.#list(path, tree, value, bindings);
    if (tree !== null && typeof tree === "object") return this.#map(path, tree, value, bindings);
    return this.#scalar(path, tree, value, bindings);
  }

  #map(path: string, tree: Readonly<Record<string, Json>>, value: Json, outer: Bindings): string[] {
    const keys = Object.keys(tree);
    if (keys.length === 0) return value === null ? [`${path || "object"}: ${invalid(value)}: must not be null`] : [];
    const errors: string[] = [];
    let bindings = outer;
    for (const key of keys) {
      const at = child(path, key);
      const parsed = parseString(key);
      const found = this.#project(at, parsed, value, bindings);
      if (found === undefined) {
        errors.push(`${at}: Required value: field not found in the input object`);
        continue;
      }
      if (parsed.binding !== undefined) bindings = bindings.with(parsed.binding, found.value);
      errors.push(
        ...(parsed.foreach
          ? this.#each(at, parsed.foreach.name, tree[key]!, found.value, bindings)
          : this.node(at, tree[key]!, found.value, bindings)),
      );
    }
    return errors;
  }

  /** What a key looks at; undefined where the field is not there. */
  #project(path: string, key: ParsedString, value: Json, bindings: Bindings): { readonly value: Json } | undefined {
    if (key.language !== undefined) return { value: this.#evaluate(path, key, value, bindings) };
    if (value === null) return undefined;
    if (typeof value !== "object" || Array.isArray(value)) {
      throw new HardError(`${path}: ${invalid(value)}: expected a map, found ${typeName(value)}`);
    }
    return Object.hasOwn(value, key.text) ? { value: value[key.text]! } : undefined;
  }

  #each(path: string, name: string | undefined, tree: Json, value: Json, bindings: Bindings): string[] {
    if (value === null || typeof value !== "object") {
      throw new HardError(`${path}: ${invalid(value)}: expected a list or a map, found ${typeName(value)}`);
    }
    const elements: [string | number, Json][] = Array.isArray(value)
      ? value.map((element, index) => [index, element])
      : Object.entries(value);
    return elements.flatMap(([key, element]) => {
      const inner = name === undefined ? bindings : bindings.with(name, key);
      return this.node(`${path}[${key}]`, tree, element, inner);
    });
  }

  #list(path: string, tree: readonly Json[], value: Json, bindings: Bindings): string[] {
    if (value === null) return [`${path}: ${invalid(value)}: value is null`];
    if (!Array.isArray(value))
      throw new HardError(`${path}: ${invalid(value)}: expected a list, found ${typeName(value)}`);
    if (tree.length !== value.length) {
      return [`${path}: ${invalid(value)}: lengths of lists differ: expected ${tree.length}, found ${value.length}`];
    }
    return tree.flatMap((element, index) => this.node(`${path}[${index}]`, element, value[index]!, bindings));
  }

  #scalar(path: string, tree: null | boolean | number | string, value: Json, bindings: Bindings): string[] {
    const expected = typeof tree === "string" ? this.#expected(path, tree, value, bindings) : tree;
    try {
      if (matchesValue(expected, value)) return [];
    } catch (error) {
      if (error instanceof HardError) throw new HardError(`${path}: ${error.message}`, { cause: error });
      throw error;
    }
    return [`${path}: ${invalid(value)}: Expected value: ${shown(expected)}`];
  }

  #expected(path: string, source: string, value: Json, bindings: Bindings): Json {
    const parsed = parseString(source);
    if (parsed.language === undefined) return isDecorated(parsed) ? source : parsed.text;
    if (parsed.foreach) throw new HardError(`${path}: ${source}: ~ is for keys, not for expected values`);
    if (parsed.binding) throw new HardError(`${path}: ${source}: -> is for keys, not for expected values`);
    return this.#evaluate(path, parsed, value, bindings);
  }

  #evaluate(path: string, { language, text }: ParsedString, value: Json, bindings: Bindings): Json {
    try {
      const chosen = language === undefined || language === "default" ? this.#language : language;
      return this.#evaluator.evaluate(text, value, bindings, chosen);
    } catch (error) {
      if (error instanceof ExpressionError) throw new HardError(`${path}: ${error.message}`, { cause: error });
      throw error;
    }
  }
}

/** Text such as `a->b` that is no expression: as an expected value it is what it is. */
const isDecorated = ({ foreach, binding }: ParsedString): boolean => foreach !== undefined || binding !== undefined;

const child = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);

const invalid = (value: Json): string => `Invalid value: ${shown(value)}`;

const longest = 400;

function shown(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
