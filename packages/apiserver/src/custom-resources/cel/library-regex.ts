import { EvaluationError } from "@marcbachmann/cel-js";
import type { RE2JS } from "re2js";
import { re2Module } from "../../on-demand.ts";
import type { Library } from "./library.ts";
import { overriddenName } from "./program.ts";

/** How many compiled patterns an environment keeps; most expressions have one, as a literal. */
const cacheSize = 32;

/**
 * `matches`, `find` and `findAll`, with RE2: what a rule's author or an object brings along runs in linear time.
 * Source: kube-apiserver, cel/library/regex.
 */
export function registerRegexLibrary({ env, meter }: Library): void {
  const cache = new Map<string, RE2JS>();
  const compile = (pattern: string, text: string): RE2JS => {
    meter.charge(Math.ceil((text.length + 1) / 10) * Math.ceil((pattern.length + 1) / 4));
    let compiled = cache.get(pattern);
    if (!compiled) {
      try {
        compiled = re2Module().RE2JS.compile(pattern);
      } catch (error) {
        throw new EvaluationError(error instanceof Error ? error.message : String(error));
      }
      if (cache.size >= cacheSize) cache.clear();
      cache.set(pattern, compiled);
    }
    return compiled;
  };
  const findAll = (text: string, pattern: string, limit: bigint): string[] => {
    const matcher = compile(pattern, text).matcher(text);
    const found: string[] = [];
    while ((limit < 0n || BigInt(found.length) < limit) && matcher.find()) found.push(matcher.group() ?? "");
    return found;
  };
  const matches = (text: string, pattern: string): boolean => compile(pattern, text).test(text);
  env.registerFunction(`string.${overriddenName("matches")}(string): bool`, matches);
  env.registerFunction(`${overriddenName("matches")}(string, string): bool`, matches);
  env.registerFunction(
    "string.find(string): string",
    (text: string, pattern: string) => findAll(text, pattern, 1n)[0] ?? "",
  );
  env.registerFunction("string.findAll(string): list<string>", (text: string, pattern: string) =>
    findAll(text, pattern, -1n),
  );
  env.registerFunction("string.findAll(string, int): list<string>", findAll);
}
