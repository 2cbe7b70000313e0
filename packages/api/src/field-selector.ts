import { SyntaxFault } from "./errors.ts";

export interface FieldRequirement {
  /** `metadata.name`, `spec.nodeName` … */
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

/** Demands on fields; all must hold, none selects everything. */
export interface FieldSelector {
  readonly requirements: readonly FieldRequirement[];
  /** A field that is absent counts as empty. */
  matches(fields: Readonly<Record<string, string>>): boolean;
  /** The one value `field` must have, if the selector demands one. */
  exactValue(field: string): string | undefined;
}

/**
 * Parses the language of `--field-selector`: `a=b`, `a==b`, `a!=b`, joined by commas; in values `,`, `=` and `\` are written
 * with a `\` before them. Throws `SyntaxFault`. Which fields a kind has is for the server to say.
 * Source: apimachinery, fields `ParseSelector`.
 */
export function parseFieldSelector(text: string): FieldSelector {
  return selectorOf(splitTerms(text).map((term) => parseTerm(term, text)));
}

/** The selector that demands these values, `fieldSelector({ "metadata.name": "web" })`. */
export function fieldSelector(fields: Readonly<Record<string, string>>): FieldSelector {
  return selectorOf(Object.entries(fields).map(([field, value]) => ({ field, operator: "=", value })));
}

/** Text of a selector, as it goes into a request. */
export function formatFieldSelector(selector: Pick<FieldSelector, "requirements">): string {
  return selector.requirements
    .map(({ field, operator, value }) => `${field}${operator}${value.replace(/[\\,=]/g, "\\$&")}`)
    .join(",");
}

function selectorOf(requirements: readonly FieldRequirement[]): FieldSelector {
  return {
    requirements,
    matches: (fields) =>
      requirements.every(({ field, operator, value }) => {
        const actual = Object.hasOwn(fields, field) ? fields[field] : "";
        return (actual === value) === (operator === "=");
      }),
    exactValue: (name) => requirements.find(({ field, operator }) => field === name && operator === "=")?.value,
  };
}

/** Parts at commas that no `\` stands before; empty parts are left out. */
function splitTerms(text: string): string[] {
  return (text.match(/(?:\\.|[^\\,]|\\$)+/gs) ?? []).filter((term) => term !== "");
}

function parseTerm(term: string, text: string): FieldRequirement {
  const parts = /^((?:\\.|[^\\=!]|!(?!=))*)(!=|==|=)(.*)$/s.exec(term);
  if (!parts) throw new SyntaxFault(text, `invalid selector: '${text}'; can't understand '${term}'`);
  const [, field = "", operator, value = ""] = parts;
  return { field, operator: operator === "!=" ? "!=" : "=", value: unescaped(value, text) };
}

function unescaped(value: string, text: string): string {
  return value.replace(/\\(.?)|[,=]/gs, (found, escaped: string | undefined) => {
    if (escaped === undefined)
      throw new SyntaxFault(text, `invalid field selector: unescaped character in value: ${found}`);
    if (escaped === "" || !"\\,=".includes(escaped))
      throw new SyntaxFault(text, `invalid field selector: invalid escape sequence: ${found}`);
    return escaped;
  });
}
