/**
 * How a string of a test is read. Source: kyverno-json, "Assertion trees".
 *
 * In this order: `~.` or `~name.` in front asks for each element; `->name` at the end names the value; `\…\` takes what
 * stands between as it is; `(…)` around the whole is an expression, `(jp; …)` or `(cel; …)` choose its language; and
 * anything else is a literal.
 */
export interface ParsedString {
  /** Present when each element of the value is asked for; `name` is what its index or key is bound to. */
  readonly foreach?: { readonly name: string | undefined };
  /** What the value is bound to. */
  readonly binding?: string;
  /** Present when the text is an expression. */
  readonly language?: Language | "default";
  /** The expression without its brackets, or the literal. */
  readonly text: string;
}

export type Language = "jp" | "cel";

const foreachPattern = /^~(\w+)?\.(.*)$/s;
const bindingPattern = /^(.*?)\s*->\s*(\w+)$/s;
const escapePattern = /^\\(.+)\\$/s;
const languagePattern = /^\s*(jp|cel)\s*;(.*)$/s;

export function parseString(source: string): ParsedString {
  let text = source;
  const foreach = foreachPattern.exec(text);
  if (foreach) text = foreach[2]!;
  const binding = bindingPattern.exec(text);
  if (binding) text = binding[1]!;
  const prefix = {
    ...(foreach ? { foreach: { name: foreach[1] } } : {}),
    ...(binding ? { binding: binding[2]! } : {}),
  };
  const escaped = escapePattern.exec(text);
  if (escaped) return { ...prefix, text: escaped[1]! };
  const trimmed = text.trim();
  if (trimmed.length < 3 || !trimmed.startsWith("(") || !trimmed.endsWith(")")) return { ...prefix, text };
  const inner = trimmed.slice(1, -1);
  const language = languagePattern.exec(inner);
  if (language) return { ...prefix, language: language[1] as Language, text: language[2]!.trim() };
  return { ...prefix, language: "default", text: inner.trim() };
}
