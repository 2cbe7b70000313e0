import { tokens } from "./shell-words.ts";

/** A line a container's command writes, so long after its start. */
export interface ScriptLine {
  readonly afterMs: number;
  readonly text: string;
}

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * What a container's command writes to its log, as far as `echo` says so: alone, or in a script that does nothing else
 * than `echo`, `sleep`, `true` and `exit`. At the first other command the output is unknown, and taken for over.
 */
export function scriptLines(words: readonly string[]): readonly ScriptLine[] {
  const [program = "", flag = "", script = ""] = words;
  const inShell = /(^|\/)(ba|da|a)?sh$/.test(program) && /^-[a-z]*c$/.test(flag);
  const statements = inShell ? statementsOf(script) : [words];
  const lines: ScriptLine[] = [];
  let afterMs = 0;
  for (const [first = "", ...args] of statements) {
    const name = first.slice(first.lastIndexOf("/") + 1);
    if (name === "echo") for (const text of args.join(" ").split("\n")) lines.push({ afterMs, text });
    else if (name === "sleep") afterMs += sleepMs(args[0] ?? "");
    else if (first !== "" && !["true", ":"].includes(name)) break;
    if (!Number.isFinite(afterMs)) break;
  }
  return lines;
}

function statementsOf(script: string): string[][] {
  const statements: string[][] = [[]];
  try {
    for (const token of tokens(script, () => "")) {
      if ("word" in token) statements.at(-1)!.push(token.word);
      else if (token.operator === ";" || token.operator === "&&") statements.push([]);
      else return statements.slice(0, -1);
    }
  } catch {
    // What this shell cannot read, it cannot foretell either.
    return [];
  }
  return statements;
}

function sleepMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text);
  return match ? Number(match[1]) * unitMs[match[2] || "s"]! : Number.POSITIVE_INFINITY;
}
