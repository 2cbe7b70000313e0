import { compareKeys } from "./key-order.ts";
import {
  entriesOf,
  isBlock,
  isOtherType,
  isUnsafe,
  Written,
  type YamlBlock,
  type YamlNode,
  type YamlScalar,
} from "./yaml-text.ts";

/**
 * Keys sorted, items of lists below their key, texts of several lines as blocks: how configurations with extraConfig are
 * written, by Go's YAML library. The text is compared by users and hashed into pods, so it is met to the blank.
 */
export function sortedYaml(block: YamlBlock): string {
  return `${blockLines(block, 0).join("\n")}\n`;
}

/** Below a key: the next multiple of four, also in an item of a list, which begins two blanks off. */
const below = (indent: number) => indent - (indent % 4) + 4;

function blockLines(block: YamlBlock, indent: number): string[] {
  const entries = entriesOf(block).toSorted(([a], [b]) => compareKeys(a, b));
  return entries.flatMap(([key, node]) => {
    const name = `${" ".repeat(indent)}${inlineText(key)}:`;
    const inline = inlineNode(node);
    if (inline !== undefined) return [`${name} ${inline}`];
    if (isBlock(node)) return [name, ...blockLines(node, below(indent))];
    if (Array.isArray(node)) return [name, ...listLines(node, below(indent))];
    const [head = "", ...lines] = literalLines(textOf(node as YamlScalar), { indent: below(indent), parent: indent });
    return [`${name} ${head}`, ...lines];
  });
}

function listLines(items: readonly YamlNode[], indent: number): string[] {
  return items.flatMap((item) => {
    const dash = `${" ".repeat(indent)}- `;
    const inline = inlineNode(item);
    if (inline !== undefined) return [dash + inline];
    const [first = "", ...rest] = itemLines(item, indent);
    return [dash + first.trimStart(), ...rest];
  });
}

function itemLines(item: YamlNode, parent: number): string[] {
  const indent = parent + 2;
  if (isBlock(item)) return blockLines(item, indent);
  if (Array.isArray(item)) return listLines(item, indent);
  return literalLines(textOf(item as YamlScalar), { indent, parent });
}

/** What stands on the line of its key or dash; undefined for what has lines of its own. */
function inlineNode(node: YamlNode): string | undefined {
  if (isBlock(node)) return entriesOf(node).length === 0 ? "{}" : undefined;
  if (Array.isArray(node)) return node.length === 0 ? "[]" : undefined;
  const text = textOf(node as YamlScalar);
  return isLiteral(text) ? undefined : inlineText(node as YamlScalar);
}

const textOf = (scalar: YamlScalar): string => String(scalar instanceof Written ? scalar.value : scalar);

/** Text of several lines, except where blanks before a line's end or at the end would be lost. */
function isLiteral(text: string): boolean {
  return (
    text.includes("\n") && !/ \n| $/.test(text) && !/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/.test(text)
  );
}

/** The head with which the block begins, and its lines. */
function literalLines(
  text: string,
  { indent, parent }: { readonly indent: number; readonly parent: number },
): string[] {
  const startsBlank = /^[ \n]/.test(text);
  // The number that such a block must state is always written as four.
  if (startsBlank && indent - parent !== 4) return [JSON.stringify(text)];
  const keeps = text === "\n" || text.endsWith("\n\n");
  const end = keeps ? "+" : text.endsWith("\n") ? "" : "-";
  const lines = text.replace(/\n$/, "").split("\n");
  const pad = " ".repeat(indent);
  return [`|${startsBlank ? "4" : ""}${end}`, ...lines.map((line) => (line === "" ? "" : pad + line))];
}

function inlineText(scalar: YamlScalar): string {
  const value = scalar instanceof Written ? scalar.value : scalar;
  if (typeof value === "number") return scalar instanceof Written ? scalar.text : String(value);
  if (typeof value !== "string") return String(value);
  if (value === "" || isOtherType(value) || /[\u0000-\u001f\u007f]/.test(value)) return JSON.stringify(value);
  return isUnsafe(value) ? `'${value.replaceAll("'", "''")}'` : value;
}
