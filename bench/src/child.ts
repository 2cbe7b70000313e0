import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

/**
 * A program of `programs/` in a process of its own. It talks in lines of JSON: the first says that it is ready, and one
 * answers each line it is sent. It ends when its standard input does, so that none outlives the suite.
 */
export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** What the program said when it was ready. */
  readonly ready: Readonly<Record<string, string>>;
  /** From the start of the process until it was ready, in milliseconds. */
  readonly readyMs: number;
  ask(question: unknown): Promise<unknown>;
}

export interface ChildOptions {
  readonly arguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export function startChild(program: string, options: ChildOptions = {}): Promise<Child> {
  return startChildAt(join(import.meta.dirname, "programs", `${program}.ts`), options);
}

/** The same of a program elsewhere. */
export async function startChildAt(path: string, options: ChildOptions = {}): Promise<Child> {
  const startedAt = performance.now();
  const process_ = spawn(process.execPath, [path, ...(options.arguments ?? [])], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, ...options.environment },
  });
  const lines = createInterface({ input: process_.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { done, value } = await lines.next();
    if (done) throw new Error(`${path} has ended before it answered`);
    return JSON.parse(value);
  };
  const ready = (await next()) as Record<string, string>;
  return {
    pid: process_.pid!,
    ready,
    readyMs: performance.now() - startedAt,
    ask(question) {
      process_.stdin.write(`${JSON.stringify(question)}\n`);
      return next();
    },
    [Symbol.asyncDispose]: () => end(process_),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, "exit");
  child.stdin?.end();
  await exited;
}

/** Time until a program with these arguments has ended, in milliseconds. */
export async function timeOf(
  command: string,
  options: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(command, options, { stdio: "ignore", env: { ...process.env, ...environment } });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`${command} ${options.join(" ")} ended with ${code}`);
  return performance.now() - startedAt;
}
