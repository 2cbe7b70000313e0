/** A word of a script, or an operator between words. */
export type Token = { readonly word: string } | { readonly operator: string };

/**
 * Splits a script: quotes, backslashes, comments, `$NAME`, `${NAME}` and `$?`, and the operators `;` `&&` `||` `|` `>`
 * `>>` and line ends. @throws Error for a quote that is not closed, and for what this shell does not know
 */
export function tokens(script: string, lookUp: (name: string) => string): Token[] {
  const found: Token[] = [];
  let word: string | undefined;
  const finish = (): void => {
    if (word !== undefined) found.push({ word });
    word = undefined;
  };
  const pattern =
    /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\([\s\S])|(\$(?:\w+|\{\w+\}|\?))|(#[^\n]*)|(&&|\|\||>>|[;|>\n])|([ \t]+)|([`&<()]|\$\(|['"])|([\s\S])/gy;
  for (const [, single, double, escaped, variable, comment, operator, space, unknown, plain] of script.matchAll(
    pattern,
  )) {
    if (unknown !== undefined) throw new Error(`syntax error: ${unknown} is not understood here`);
    if (space !== undefined) finish();
    else if (operator !== undefined) {
      finish();
      found.push({ operator: operator === "\n" ? ";" : operator });
    } else if (comment !== undefined) {
      if (word === undefined) continue;
      word += comment;
    } else if (variable !== undefined) word = (word ?? "") + expand(variable, lookUp);
    else if (double !== undefined) word = (word ?? "") + inQuotes(double, lookUp);
    else word = (word ?? "") + (single ?? escaped ?? plain ?? "");
  }
  finish();
  return found;
}

function inQuotes(text: string, lookUp: (name: string) => string): string {
  return text.replace(/\\(["\\$`])|(\$(?:\w+|\{\w+\}|\?))/g, (_, escaped: string | undefined, variable: string) =>
    escaped === undefined ? expand(variable, lookUp) : escaped,
  );
}

function expand(variable: string, lookUp: (name: string) => string): string {
  return lookUp(variable.replace(/[${}]/g, ""));
}
