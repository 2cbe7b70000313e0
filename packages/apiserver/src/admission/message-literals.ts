/**
 * Rewrites the object literals of mutations, `Object{spec: Object.spec{replicas: 3}}` and `JSONPatch{op: "add"}`, into
 * maps, which the evaluator knows: `{"spec": {"replicas": 3}}`. All else stays as it is, texts included.
 */
export function rewriteMessageLiterals(expression: string): string {
  const token =
    /[rRbB]{0,2}(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|\/\/[^\n]*|[A-Za-z_][A-Za-z0-9_]*|[\s\S]/g;
  const parts = expression.match(token) ?? [];
  const frames: ("message" | "other")[] = [];
  let out = "";
  // Whether the next name is the name of a field.
  let atKey = false;
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index]!;
    const end = literalStart(parts, index);
    if (end !== undefined) {
      frames.push("message");
      out += "{";
      index = end;
      atKey = true;
      continue;
    }
    if (atKey && /^[A-Za-z_]/.test(part)) {
      out += JSON.stringify(part);
      atKey = false;
      continue;
    }
    if ("([{".includes(part)) frames.push("other");
    if (")]}".includes(part)) frames.pop();
    if (part.trim() !== "" && !part.startsWith("//")) atKey = part === "," && frames.at(-1) === "message";
    out += part;
  }
  return out;
}

/** Where the brace of a literal is that begins here: `Object`, `Object.a.b` or `JSONPatch`, and a brace. */
function literalStart(parts: readonly string[], index: number): number | undefined {
  const name = parts[index];
  if ((name !== "Object" && name !== "JSONPatch") || parts[index - 1] === ".") return undefined;
  let at = index + 1;
  while (parts[at] === "." && /^[A-Za-z_]/.test(parts[at + 1] ?? "")) at += 2;
  while (parts[at] !== undefined && parts[at]!.trim() === "") at++;
  return parts[at] === "{" ? at : undefined;
}
