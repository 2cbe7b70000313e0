import { type CommandIo, commands } from "./commands.ts";
import { absolute } from "./paths.ts";
import { type Token, tokens } from "./shell-words.ts";

const notFound = 127;

/** Runs a command by its name, which may be a path: `/bin/echo` is `echo`. */
export async function runCommand(words: readonly string[], io: CommandIo): Promise<number | undefined> {
  const [program = "", ...args] = words;
  const name = program.slice(program.lastIndexOf("/") + 1);
  if (/^(ba|a|da)?sh$/.test(name)) return shell(args, io);
  return commands.get(name)?.(args, io);
}

/** A small shell: `-c SCRIPT`, or the lines of its input. */
async function shell(args: readonly string[], io: CommandIo): Promise<number> {
  const state: State = { io, code: 0, exited: false };
  const flag = args.findIndex((arg) => /^-[a-z]*c$/.test(arg));
  if (flag >= 0) await script(args[flag + 1] ?? "", state);
  else {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of io.stdin) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|[\r\n]/);
      rest = lines.pop()!;
      for (const line of lines) if (!state.exited) await script(line, state);
      if (state.exited) break;
    }
    if (!state.exited) await script(rest, state);
  }
  return state.code;
}

interface State {
  readonly io: CommandIo;
  /** Of the last command. */
  code: number;
  exited: boolean;
}

async function script(text: string, state: State): Promise<void> {
  const lookUp = (name: string): string => (name === "?" ? String(state.code) : (state.io.env.get(name) ?? ""));
  try {
    // Word by word as it is run, since values change on the way.
    const kinds = tokens(text, lookUp);
    let start = 0;
    let joined: string | undefined;
    for (let end = 0; end <= kinds.length && !state.exited; end++) {
      const operator = operatorOf(kinds[end]);
      if (end < kinds.length && operator !== ";" && operator !== "&&" && operator !== "||") continue;
      const skip = (joined === "&&" && state.code !== 0) || (joined === "||" && state.code === 0);
      const piece = tokens(text, lookUp).slice(start, end);
      if (!skip && piece.length > 0) state.code = await pipeline(piece, state);
      joined = operator;
      start = end + 1;
    }
  } catch (error) {
    await state.io.stderr(`sh: ${error instanceof Error ? error.message : String(error)}\n`);
    [state.code, state.exited] = [2, true];
  }
}

const operatorOf = (token: Token | undefined): string | undefined =>
  token && "operator" in token ? token.operator : undefined;

/** Each command reads all that the one before it has written. */
async function pipeline(all: readonly Token[], state: State): Promise<number> {
  const stages: Token[][] = [[]];
  for (const token of all) {
    if (operatorOf(token) === "|") stages.push([]);
    else stages.at(-1)!.push(token);
  }
  let stdin = state.io.stdin;
  let code = 0;
  for (const [index, stage] of stages.entries()) {
    const written: Uint8Array[] = [];
    const keep = async (data: string | Uint8Array): Promise<void> => void written.push(Buffer.from(data));
    const io = { ...state.io, stdin, ...(index < stages.length - 1 ? { stdout: keep } : {}) };
    code = await simple(stage, io, state);
    stdin = (async function* () {
      yield* written;
    })();
  }
  return code;
}

/** One command with its redirections. */
async function simple(stage: readonly Token[], io: CommandIo, state: State): Promise<number> {
  const words: string[] = [];
  let into: { readonly path: string; readonly append: boolean } | undefined;
  for (let at = 0; at < stage.length; at++) {
    const token = stage[at]!;
    if ("word" in token) words.push(token.word);
    else {
      const next = stage[++at];
      if (!next || !("word" in next)) throw new Error("syntax error: a redirection needs a file");
      into = { path: absolute(next.word), append: token.operator === ">>" };
    }
  }
  if (!into) return invoke(words, io, state);
  const { files } = io.target;
  const written: Uint8Array[] = [];
  const before = into.append ? files.get(into.path) : undefined;
  const code = await invoke(words, { ...io, stdout: async (data) => void written.push(Buffer.from(data)) }, state);
  if (into.path !== "/dev/null") files.set(into.path, Buffer.concat([...(before ? [before] : []), ...written]));
  return code;
}

async function invoke(words: readonly string[], io: CommandIo, state: State): Promise<number> {
  const [name = ""] = words;
  const assignment = /^(\w+)=([\s\S]*)$/.exec(name);
  if (assignment && words.length === 1) {
    io.env.set(assignment[1]!, assignment[2]!);
    return 0;
  }
  if (words.length === 0 || name === "export") return 0;
  if (name === "exit") {
    state.exited = true;
    return (words[1] === undefined ? state.code : Number(words[1]) || 0) & 0xff;
  }
  const code = await runCommand(words, io);
  if (code !== undefined) return code;
  await io.stderr(`sh: ${name}: not found\n`);
  return notFound;
}
