import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { findKubectls, type KubectlBinary } from "./find-kubectl.ts";

/** What a program said, and how it ended. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** What it reads from standard input. Default nothing. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A kubectl with a home, a cache and a kubeconfig of its own. */
export interface Kubectl {
  readonly minor: number | undefined;
  /** Home and working directory. */
  readonly directory: string;
  /** @param command words, split at spaces; where words hold spaces, a list */
  run(command: string | readonly string[], options?: RunOptions): Promise<Ran>;
  /** Standard output of a command that must succeed. @throws Error with what it said */
  out(command: string | readonly string[], options?: RunOptions): Promise<string>;
  /** Standard error of a command that must fail. @throws Error with what it said */
  fails(command: string | readonly string[], options?: RunOptions): Promise<string>;
  /** Starts a command that goes on, as `get -w` does. */
  start(command: string): Running;
  /** Runs a script of bash that calls `kubectl`. */
  bash(script: string, options?: RunOptions): Promise<Ran>;
}

export interface Running extends AsyncDisposable {
  /** Resolves with all output so far, once it matches. @throws Error when the command ends before */
  until(pattern: RegExp): Promise<string>;
}

/** Those to be tested with: the newest; with `HOMEOSTAT_KUBECTL_MATRIX=1` all. */
export function kubectls(env = process.env): readonly KubectlBinary[] {
  const found = findKubectls(env);
  return env["HOMEOSTAT_KUBECTL_MATRIX"] === "1" ? found : found.slice(0, 1);
}

/** For the titles of tests: which kubectl, or why they are skipped. */
export function kubectlTitle(kubectl: KubectlBinary | undefined): string {
  if (!kubectl) return "no kubectl 1.27+ on the PATH";
  return kubectl.minor === undefined ? "kubectl" : `kubectl 1.${kubectl.minor}`;
}

/** Suites run once for each kubectl, or stand there once, skipped, where there is none. */
export const suites: readonly { readonly title: string; readonly binary: KubectlBinary | undefined }[] = (() => {
  const found = kubectls();
  return (found.length > 0 ? found : [undefined]).map((binary) => ({ title: kubectlTitle(binary), binary }));
})();

/**
 * @param directory an empty one
 * @param programs folder whose programs stand before those of the machine
 */
export async function createKubectl(
  binary: KubectlBinary,
  directory: string,
  kubeconfig: string,
  programs?: string,
): Promise<Kubectl> {
  const bin = join(directory, "bin");
  await mkdir(bin);
  // Scripts say `kubectl`; some kubectls choose another by the name they are called, so it is a link, not a copy.
  await symlink(binary.path, join(bin, "kubectl"));
  await writeFile(join(directory, "kubeconfig"), kubeconfig, { mode: 0o600 });
  const path = [programs, bin, process.env["PATH"]].filter((folder) => folder !== undefined).join(delimiter);
  const base = { PATH: path, HOME: directory, KUBECONFIG: join(directory, "kubeconfig"), TMPDIR: directory };

  const open = (program: string, args: readonly string[], env: RunOptions["env"]): ChildProcessWithoutNullStreams =>
    spawn(program, args, { cwd: directory, env: { ...base, ...env } });
  const words = (command: string | readonly string[]): readonly string[] =>
    typeof command === "string" ? command.split(" ") : command;

  const kubectl: Kubectl = {
    minor: binary.minor,
    directory,
    run: (command, { input, env } = {}) => finished(open(binary.path, words(command), env), input),
    async out(command, options) {
      const ran = await kubectl.run(command, options);
      if (ran.code !== 0) throw new Error(told(command, ran));
      return ran.stdout;
    },
    async fails(command, options) {
      const ran = await kubectl.run(command, options);
      if (ran.code === 0) throw new Error(`did not fail: ${told(command, ran)}`);
      return ran.stderr;
    },
    start: (command) => running(open(binary.path, words(command), {}), command),
    bash: (script, { input, env } = {}) => finished(open("bash", ["-c", script], env), input),
  };
  return kubectl;
}

function told(command: string | readonly string[], { code, stdout, stderr }: Ran): string {
  return `kubectl ${typeof command === "string" ? command : command.join(" ")}: exit ${code}\n${stdout}${stderr}`;
}

function finished(child: ChildProcessWithoutNullStreams, input = ""): Promise<Ran> {
  return new Promise((resolve, reject) => {
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    // A program that does not read to the end of its input has ended; how, is told below.
    child.stdin.on("error", () => {}).end(input);
    child.on("error", reject).on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

function running(child: ChildProcessWithoutNullStreams, command: string): Running {
  let [output, ended] = ["", false];
  let changed = Promise.withResolvers<void>();
  const tell = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      tell();
    });
  }
  const closed = new Promise<void>((resolve) => {
    child.on("close", () => {
      ended = true;
      tell();
      resolve();
    });
  });
  return {
    async until(pattern) {
      while (!pattern.test(output)) {
        if (ended) throw new Error(`kubectl ${command} ended without ${pattern}:\n${output}`);
        await changed.promise;
      }
      return output;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await closed;
    },
  };
}
