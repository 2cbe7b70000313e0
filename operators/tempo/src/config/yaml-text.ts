import type { Json } from "@homeostat/api";

/**
 * Configuration as a tree, and its two texts.
 *
 * The text of Tempo's configuration is part of the contract: it is hashed into pod templates and compared by users, so
 * a blank more or less restarts pods. Hence the tree says how its scalars are written, and no YAML library is between.
 */
export type YamlNode = YamlScalar | readonly YamlNode[] | YamlBlock;
export type YamlScalar = string | number | boolean | null | Written;
/** Keys in the order they are written; those that are undefined are left out. A Map keeps keys such as `10` in order. */
export type YamlBlock = { readonly [key: string]: YamlNode | undefined } | ReadonlyMap<string, YamlNode | undefined>;

/** A scalar with a text of its own. */
export class Written {
  readonly text: string;
  readonly value: string | number;

  constructor(text: string, value: string | number) {
    this.text = text;
    this.value = value;
  }
}

/** In double quotes, needed or not. */
export const quoted = (value: string): Written => new Written(JSON.stringify(value), value);
/** With a second blank before it, as existing configurations have it in some places. */
export const wide = (value: string): Written => new Written(` ${value}`, value);

/** A string of a user: in double quotes where it would otherwise be read as a number, a boolean or the like. */
export const bare = (value: string): string | Written => (isOtherType(value) ? quoted(value) : value);

export function isBlock(node: YamlNode): node is YamlBlock {
  return typeof node === "object" && node !== null && !Array.isArray(node) && !(node instanceof Written);
}

/** The pairs of a block that are there. */
export function entriesOf(block: YamlBlock): (readonly [string, YamlNode])[] {
  const all: Iterable<readonly [string, YamlNode | undefined]> =
    block instanceof Map ? block.entries() : Object.entries(block as { readonly [key: string]: YamlNode | undefined });
  return [...all].filter((entry): entry is [string, YamlNode] => entry[1] !== undefined);
}

/** Two blanks a level, items of lists in the column of their key, keys in the given order, one line feed at the end. */
export function compactYaml(block: YamlBlock): string {
  return `${compactLines(block, "").join("\n")}\n`;
}

function compactLines(block: YamlBlock, indent: string): string[] {
  return entriesOf(block).flatMap(([key, node]) => {
    if (isBlock(node)) return [`${indent}${key}:`, ...compactLines(node, `${indent}  `)];
    if (!Array.isArray(node)) return [`${indent}${key}: ${writtenText(node as YamlScalar)}`];
    if (node.length === 0) return [`${indent}${key}: []`];
    return [`${indent}${key}:`, ...node.flatMap((item: YamlNode) => compactItem(item, indent))];
  });
}

function compactItem(item: YamlNode, indent: string): string[] {
  if (!isBlock(item)) return [`${indent}- ${writtenText(item as YamlScalar)}`];
  return compactLines(item, `${indent}  `).map((line, at) => (at === 0 ? `${indent}- ${line.trimStart()}` : line));
}

/** As the tree says; a bare string gets quotes only where it would break the structure. */
function writtenText(scalar: YamlScalar): string {
  if (scalar instanceof Written) return scalar.text;
  return typeof scalar === "string" && (isUnsafe(scalar) || isNull(scalar)) ? JSON.stringify(scalar) : String(scalar);
}

/** Other strings that would be read as something else are understood by Tempo, which knows what it wants; these are lost. */
const isNull = (text: string) => /^(~|null|Null|NULL)$/.test(text);

/** Whether a string cannot stand without quotes, whatever it would be read as. */
export function isUnsafe(text: string): boolean {
  return (
    text === "" ||
    /^[\s\-?:](\s|$)|^[,[\]{}#&*!|>'"%@`]|^(---|\.\.\.)|: |:$| #|^\s|\s$|[\u0000-\u001f\u007f]/.test(text)
  );
}

/** Whether a bare string would be read as something else: a boolean, null, number or date. */
export function isOtherType(text: string): boolean {
  // No expression here may match a part in two ways: texts are the users', and may be very long.
  return (
    /^(~|<<|null|true|false|yes|no|on|off|y|n|[-+]?\.(inf)|\.nan)$/i.test(text) ||
    /^[-+]?(0x[0-9a-f_]+|0o?[0-7_]+|0b[01_]+|(\d[\d_]*(\.[\d_]*)?|\.\d[\d_]*)(e[-+]?\d+)?)$/i.test(text) ||
    /^[-+]?\d[\d_]*(:[0-5]?\d)+(\.[\d_]*)?$/.test(text) ||
    /^\d{4}-\d{1,2}-\d{1,2}([Tt ].*)?$/.test(text)
  );
}

/** JSON of a user as a tree. Its numbers are written as Go writes those it has read from JSON. */
export function nodeOfJson(value: Json): YamlNode {
  if (typeof value === "number") return new Written(goFloat(value), value);
  if (Array.isArray(value)) return value.map(nodeOfJson);
  if (typeof value !== "object" || value === null) return value as YamlScalar;
  return new Map(Object.entries(value).map(([key, inner]) => [key, nodeOfJson(inner as Json)]));
}

/** The shortest text of a 64-bit float in Go's format `g`: an exponent from a million up, and below a ten-thousandth. */
export function goFloat(value: number): string {
  if (value === 0) return "0";
  const [digits = "", exponent = ""] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}
