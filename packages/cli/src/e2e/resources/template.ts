import type { Json, JsonObject } from "@homeostat/api";
import type { Bindings } from "../expressions/bindings.ts";
import type { Evaluator } from "../expressions/evaluator.ts";
import { type Language, parseString } from "../expressions/parse.ts";

/**
 * A value in which each string that is an expression, as a whole, is replaced by what it evaluates to, whatever its
 * type. Text with expressions in the midst stays as it is. Call it inside {@link Evaluator.settle}.
 *
 * @param input what expressions see as `@`
 * @throws ExpressionError
 */
export function fillIn<T extends Json>(
  value: T,
  bindings: Bindings,
  evaluator: Evaluator,
  language: Language,
  input: Json = null,
): T {
  return filled(value, bindings, evaluator, language, input) as T;
}

function filled(value: Json, bindings: Bindings, evaluator: Evaluator, language: Language, input: Json): Json {
  if (typeof value === "string") {
    const parsed = parseString(value);
    if (parsed.foreach || parsed.binding !== undefined) return value;
    if (parsed.language === undefined) return parsed.text;
    return evaluator.evaluate(parsed.text, input, bindings, parsed.language === "default" ? language : parsed.language);
  }
  if (Array.isArray(value)) return value.map((element) => filled(element, bindings, evaluator, language, input));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, filled(child, bindings, evaluator, language, input)]),
  );
}

/**
 * What an assertion looks for: of its tree only what names an object is filled in; the rest is evaluated against the
 * objects that are found.
 */
export function fillInIdentity(
  tree: JsonObject,
  bindings: Bindings,
  evaluator: Evaluator,
  language: Language,
): JsonObject {
  const { apiVersion = null, kind = null, metadata } = tree;
  const { name, namespace, labels } = (metadata ?? {}) as JsonObject;
  const said = {
    apiVersion,
    kind,
    metadata: {
      ...(isText(name) ? { name } : {}),
      ...(isText(namespace) ? { namespace } : {}),
      ...(labels !== null && typeof labels === "object" && !Array.isArray(labels) ? { labels: literal(labels) } : {}),
    },
  };
  return fillIn(said as JsonObject, bindings, evaluator, language);
}

const isText = (value: Json | undefined): value is string => typeof value === "string" && value !== "";

/** Keys that are expressions say something about labels, and choose none. */
function literal(labels: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(labels).filter(([key, value]) => typeof value === "string" && !/^[~(\\]/.test(key)),
  );
}
