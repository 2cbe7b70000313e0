import { spawn } from "node:child_process";
import type { Clock } from "@homeostat/api";

export interface ProgramOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface ProgramResult {
  readonly stdout: string;
  readonly stderr: string;
  /** What went wrong, in the words that Go has for it; undefined where nothing did. */
  readonly error: string | undefined;
}

/** How long what a program prints may still come after it was ended, in milliseconds. */
const closingMs = 500;

/** Runs a program, at most as long as it may. It is ended with all that it has started. Never rejects. */
export function runProgram(options: ProgramOptions): Promise<ProgramResult> {
  const { program, args, cwd, env, clock, timeoutMs, signal } = options;
  return new Promise((resolve) => {
    // In a process group of its own, so that a shell's children end with it.
    const child = spawn(program, args, { cwd, env: env as NodeJS.ProcessEnv, detached: true, stdio: "pipe" });
    child.stdin.end();
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    let killed = false;
    const finish = (error: string | undefined): void => {
      cancel();
      cancelClosing();
      signal.removeEventListener("abort", kill);
      resolve({ stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString(), error });
    };
    let cancelClosing = (): void => {};
    const kill = (): void => {
      if (killed || child.pid === undefined) return;
      killed = true;
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // It has just ended by itself.
      }
      // What left the group keeps the pipes open; it is not waited for.
      cancelClosing = clock.setTimer(() => finish("signal: killed"), closingMs);
    };
    const cancel = clock.setTimer(kill, timeoutMs);
    signal.addEventListener("abort", kill, { once: true });
    if (signal.aborted) kill();
    child.on("error", (error: NodeJS.ErrnoException) => {
      const why =
        error.code === "ENOENT"
          ? "executable file not found in $PATH, or no such directory to run it in"
          : error.message;
      finish(`exec: ${JSON.stringify(program)}: ${why}`);
    });
    child.on("close", (code, ended) => {
      if (killed) finish("signal: killed");
      else if (ended !== null) finish(`signal: ${ended}`);
      else finish(code === 0 ? undefined : `exit status ${code}`);
    });
  });
}
