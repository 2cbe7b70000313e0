import type { Logger } from "../log.ts";

/**
 * Warnings the server puts into answers (deprecated versions, unknown fields). Source: KEP-1693; RFC 7234 section 5.5.
 */
export interface ServerWarning {
  readonly text: string;
  readonly method: string;
  readonly path: string;
  /** The log of the request, where it has one. */
  readonly log?: Logger;
}

/** Texts of a joined `Warning` header. Only code 299 is the API's. */
export function parseWarnings(header: string): readonly string[] {
  const texts: string[] = [];
  const pattern = /(\d{3}) [^ ]+ "((?:[^"\\]|\\.)*)"(?: "[^"]*")?/g;
  for (const [, code, text] of header.matchAll(pattern)) {
    if (code === "299") texts.push(text!.replace(/\\(.)/g, "$1"));
  }
  return texts;
}

/** Lets each text through once; remembers at most `max` (default 1000), then starts over. */
export function dedupeWarnings(
  handler: (warning: ServerWarning) => void,
  max = 1000,
): (warning: ServerWarning) => void {
  const seen = new Set<string>();
  return (warning) => {
    if (seen.has(warning.text)) return;
    if (seen.size >= max) seen.clear();
    seen.add(warning.text);
    handler(warning);
  };
}
