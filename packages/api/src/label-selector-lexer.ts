import { SyntaxFault } from "./errors.ts";

export interface SelectorToken {
  /** The sign itself, `word` for what lies between signs (`in` and `notin` too: they may be keys), or `end`. */
  readonly type: "word" | "end" | "!" | "=" | "==" | "!=" | "(" | ")" | "," | ">" | "<";
  readonly text: string;
}

const signs = ["==", "!=", "!", "=", "(", ")", ",", ">", "<"] as const;

/** The words and signs of a label selector, one after the other. */
export function lexSelector(text: string) {
  const tokens = tokensOf(text);
  let index = 0;
  const peek = (): SelectorToken => tokens[Math.min(index, tokens.length - 1)]!;
  return {
    peek,
    next(): SelectorToken {
      const token = peek();
      index++;
      return token;
    },
    unexpected: (token: SelectorToken, expected: string): SyntaxFault =>
      new SyntaxFault(text, `found '${token.text}', expected: ${expected}`),
  };
}

function tokensOf(text: string): SelectorToken[] {
  const tokens: SelectorToken[] = [];
  let at = 0;
  while (at < text.length) {
    const sign = signs.find((candidate) => text.startsWith(candidate, at));
    const token: SelectorToken = sign
      ? { type: sign, text: sign }
      : { type: "word", text: /^[^!=(),<>\s]*/.exec(text.slice(at))![0] };
    // A white space gives an empty word: it parts words and is nothing itself.
    if (token.text !== "") tokens.push(token);
    at += token.text.length || 1;
  }
  tokens.push({ type: "end", text: "" });
  return tokens;
}
