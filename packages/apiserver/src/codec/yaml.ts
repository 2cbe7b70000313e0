import type { Json } from "@homeostat/api";
import type { Node, Pair, Scalar, ScalarTag, Tags } from "yaml";
import { yamlModule } from "../on-demand.ts";
import { strictPath } from "../schema/strict-path.ts";
import { isExactInteger, parseStrictJson, type StrictJson } from "./strict-json.ts";

/**
 * YAML of request bodies, which upstream turns into JSON with a YAML 1.1 reader: `on` and `yes` are booleans and `0644`
 * is octal, but times stay strings, and so do the single letters `y` and `n`, which are more often keys. One document
 * only.
 *
 * kubectl sends apply patches as JSON under a YAML content type, and a YAML parser takes eighty times as long for it:
 * what reads as a JSON object is read as JSON.
 */

/** A text that is not one YAML document with JSON's shapes. The message says what is wrong and where. */
export class YamlSyntaxError extends Error {
  override readonly name = "YamlSyntaxError";
  readonly code = "ERR_YAML_SYNTAX";
}

/** Throws {@link YamlSyntaxError}. Duplicates and inexact integers are as for {@link parseStrictJson}. */
export function parseStrictYaml(text: string): StrictJson {
  const json = /^\s*\{/.test(text) ? tryJson(text) : undefined;
  return json ?? parseYaml(text);
}

/** Flow mappings of YAML start as JSON objects do, so a failure here says nothing yet. */
function tryJson(text: string): StrictJson | undefined {
  try {
    return parseStrictJson(text);
  } catch {
    return undefined;
  }
}

function parseYaml(text: string): StrictJson {
  // Equal keys are found by path below; the library would only say where they stand in the text.
  const document = yamlModule().parseDocument(text, {
    version: "1.1",
    customTags: jsonTags,
    uniqueKeys: false,
    logLevel: "error",
  });
  const error = document.errors[0];
  if (error)
    throw new YamlSyntaxError(
      error.code === "MULTIPLE_DOCS" ? "one document is expected, more are given" : firstLine(error.message),
    );
  const findings = new Findings();
  if (document.contents) findings.visit(document.contents as Node, []);
  try {
    // The limit stops documents that unfold from a few lines into gigabytes.
    const value = document.toJS({ maxAliasCount: 100 }) as Json;
    if (containsItself(value)) throw new YamlSyntaxError("an anchor's value contains itself");
    return {
      value,
      duplicates: [...findings.duplicates],
      inexact: findings.inexact,
    };
  } catch (cause) {
    if (cause instanceof YamlSyntaxError) throw cause;
    throw new YamlSyntaxError(firstLine(cause instanceof Error ? cause.message : String(cause)), { cause });
  }
}

/** Aliases make one value stand in several places, which is fine, unless one of them is within it. */
function containsItself(value: Json, above = new Set<Json>(), clean = new Set<Json>()): boolean {
  if (typeof value !== "object" || value === null || clean.has(value)) return false;
  if (above.has(value)) return true;
  above.add(value);
  if (Object.values(value).some((item) => containsItself(item, above, clean))) return true;
  above.delete(value);
  clean.add(value);
  return false;
}

/** YAML 1.1 without the types that JSON has no form for, and with booleans of more than one letter only. */
function jsonTags(tags: Tags): Tags {
  return tags.filter(hasJsonForm).map((tag): Tags[number] => {
    if (typeof tag === "string" || !("test" in tag)) return tag;
    // A lone point is a text, the root of DNS: a number has a digit.
    if (tag.tag.endsWith(":float") && tag.test?.test(".")) return { ...(tag as ScalarTag), test: withDigit(tag.test) };
    if (!tag.tag.endsWith(":bool")) return tag;
    const test = tag.test?.test("yes")
      ? /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/
      : /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;
    return { ...(tag as ScalarTag), test };
  });
}

const withDigit = (test: RegExp): RegExp => new RegExp(`^(?=[^0-9]*[0-9])(?:${test.source})`, test.flags);

function hasJsonForm(tag: Tags[number]): boolean {
  if (typeof tag === "string") return true;
  return !/:(timestamp|binary|omap|pairs|set)$/.test(tag.tag) && !("format" in tag && tag.format === "TIME");
}

const firstLine = (message: string): string => message.split("\n", 1)[0]!.replace(/:$/, "");

class Findings {
  readonly #yaml = yamlModule();
  readonly duplicates = new Set<string>();
  readonly inexact: string[] = [];

  visit(node: Node | null, path: readonly (string | number)[]): void {
    const { isMap, isScalar, isSeq } = this.#yaml;
    if (path.length > 1000) throw new YamlSyntaxError("nested deeper than 1000 levels");
    if (isSeq(node))
      for (const [index, item] of node.items.entries()) this.visit(item as Node | null, [...path, index]);
    else if (isMap(node)) this.#map(node.items as Pair<unknown, Node | null>[], path);
    else if (isScalar(node)) this.#scalar(node, path);
  }

  #map(pairs: readonly Pair<unknown, Node | null>[], path: readonly (string | number)[]): void {
    const { isAlias, isPair, isScalar } = this.#yaml;
    const seen = new Set<string>();
    for (const pair of pairs) {
      if (!isPair(pair)) continue;
      if (!isScalar(pair.key) && !isAlias(pair.key))
        throw new YamlSyntaxError(`a key at ${strictPath(path) || "the root"} is no scalar`);
      const key = isScalar(pair.key) ? String(pair.key.value) : String(pair.key.source);
      const here = [...path, key];
      if (seen.has(key) && key !== "<<") this.duplicates.add(strictPath(here));
      seen.add(key);
      this.visit(pair.value, here);
    }
  }

  #scalar(node: Scalar, path: readonly (string | number)[]): void {
    if (typeof node.value !== "number") return;
    if (!Number.isFinite(node.value))
      throw new YamlSyntaxError(`${node.source} at ${strictPath(path)} has no form in JSON`);
    if (/^-?\d+$/.test(node.source ?? "") && !node.source!.startsWith("0") && !isExactInteger(node.source!))
      this.inexact.push(strictPath(path));
  }
}
