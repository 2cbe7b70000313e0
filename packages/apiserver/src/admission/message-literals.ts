import { unescapeFieldName } from "../custom-resources/cel/escape.ts";

/** What is open: a literal of an object, of a map, of a list, or anything else in brackets. */
type Frame = "message" | "map" | "list" | "other";

/**
 * Rewrites the object literals of mutations, `Object{spec: Object.spec{replicas: 3}}` and `JSONPatch{op: "add"}`, into
 * maps, which the evaluator knows: `{"spec": {"replicas": 3}}`. All else stays as it is, texts included.
 *
 * The mark of optional entries, `Object{?a: ...}`, which the evaluator does not know either, is left out: an optional
 * value that is missing is left out when the whole becomes JSON.
 */
export function rewriteMessageLiterals(expression: string): string {
  const token =
    /[rRbB]{0,2}(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|`[^`\n]*`|\/\/[^\n]*|[A-Za-z_][A-Za-z0-9_]*|[\s\S]/g;
  const parts = expression.match(token) ?? [];
  const frames: Frame[] = [];
  let out = "";
  // Whether an entry of a literal may begin here, and what came last that is neither a space nor a comment.
  let atEntry = false;
  let last = "";
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index]!;
    const end = literalStart(parts, index);
    if (end !== undefined) {
      frames.push("message");
      out += "{";
      index = end;
      atEntry = true;
      last = "{";
      continue;
    }
    if (part.trim() === "" || part.startsWith("//")) {
      out += part;
      continue;
    }
    const frame = frames.at(-1);
    if (atEntry && part === "?" && frame !== "other") continue;
    const isKey = atEntry && frame === "message" && /^[A-Za-z_`]/.test(part);
    if ("([{".includes(part)) frames.push(openedBy(part, last));
    if (")]}".includes(part)) frames.pop();
    atEntry = "[{,".includes(part);
    last = part;
    out += isKey ? JSON.stringify(fieldNamed(part)) : part;
  }
  return out;
}

/** A bracket after a value is an index, whose question mark the evaluator understands. */
function openedBy(bracket: string, last: string): Frame {
  if (bracket === "{") return "map";
  return bracket === "[" && !/[\w)\]}"'`]$/.test(last) ? "list" : "other";
}

function fieldNamed(part: string): string {
  return part.startsWith("`") ? part.slice(1, -1) : unescapeFieldName(part);
}

/** Where the brace of a literal is that begins here: `Object`, `Object.a.b` or `JSONPatch`, and a brace. */
function literalStart(parts: readonly string[], index: number): number | undefined {
  const name = parts[index];
  if ((name !== "Object" && name !== "JSONPatch") || parts[index - 1] === ".") return undefined;
  let at = index + 1;
  while (parts[at] === "." && /^[A-Za-z_`]/.test(parts[at + 1] ?? "")) at += 2;
  while (parts[at] !== undefined && parts[at]!.trim() === "") at++;
  return parts[at] === "{" ? at : undefined;
}
