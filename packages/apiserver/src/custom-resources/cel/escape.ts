/**
 * Names of fields as expressions write them: what is no identifier is escaped, and words of the language are wrapped.
 * Source: Kubernetes documentation, "Validation rules", on escaping of property names.
 */
const reserved: ReadonlySet<string> = new Set([
  "true",
  "false",
  "null",
  "in",
  "as",
  "break",
  "const",
  "continue",
  "else",
  "for",
  "function",
  "if",
  "import",
  "let",
  "loop",
  "package",
  "namespace",
  "return",
  "var",
  "void",
  "while",
]);

const escapes: Readonly<Record<string, string>> = {
  ".": "__dot__",
  "-": "__dash__",
  "/": "__slash__",
  __: "__underscores__",
};

const names: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(escapes).map(([name, escaped]) => [escaped, name]),
);

/** The name that an expression means by one that it writes. */
export function unescapeFieldName(written: string): string {
  const word = /^__(.+)__$/.exec(written)?.[1];
  if (word !== undefined && reserved.has(word)) return word;
  return written.replaceAll(/__(?:dot|dash|slash|underscores)__/g, (part) => names[part]!);
}

/** Undefined for a name that no expression can reach. */
export function escapeFieldName(name: string): string | undefined {
  if (reserved.has(name)) return `__${name}__`;
  if (!/^[A-Za-z_.\-/][A-Za-z0-9_.\-/]*$/.test(name)) return undefined;
  return name.replaceAll(/__|[.\-/]/g, (part) => escapes[part]!);
}
