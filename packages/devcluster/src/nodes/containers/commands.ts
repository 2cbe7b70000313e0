import type { Clock } from "@homeostat/api";
import type { RunningContainer } from "./container-program.ts";
import { absolute, folder } from "./paths.ts";
import { tar } from "./tar-command.ts";

/** What a command works with. */
export interface CommandIo {
  readonly stdin: AsyncIterable<Uint8Array>;
  stdout(data: string | Uint8Array): Promise<void>;
  stderr(data: string | Uint8Array): Promise<void>;
  readonly env: Map<string, string>;
  readonly target: RunningContainer;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

type Command = (args: readonly string[], io: CommandIo) => number | Promise<number>;

/**
 * The commands every pretended container has; `sh` comes beside them. They know the container's own few files and
 * nothing of the machine's. Options that are not named here are not understood.
 */
export const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["true", () => 0],
  [":", () => 0],
  ["false", () => 1],
  ["echo", echo],
  ["cat", cat],
  ["sleep", sleep],
  ["env", (_, io) => print(io, [...io.env].map(([name, value]) => `${name}=${value}\n`).join(""))],
  ["hostname", (_, io) => print(io, `${hostnameOf(io.target)}\n`)],
  ["pwd", (_, io) => print(io, "/\n")],
  ["ls", list],
  // Folders are there as soon as a file is in them.
  ["mkdir", () => 0],
  ["rm", remove],
  ["test", (args, io) => test(args, io)],
  ["[", (args, io) => test(args.slice(0, -1), io)],
  ["tar", tar],
]);

export function hostnameOf({ pod }: RunningContainer): string {
  return pod.spec?.hostname ?? pod.metadata.name;
}

async function print(io: CommandIo, text: string): Promise<number> {
  await io.stdout(text);
  return 0;
}

/** `-n`: without the end of the line. */
function echo(args: readonly string[], io: CommandIo): Promise<number> {
  const bare = args[0] === "-n";
  return print(io, args.slice(bare ? 1 : 0).join(" ") + (bare ? "" : "\n"));
}

async function cat(args: readonly string[], io: CommandIo): Promise<number> {
  let code = 0;
  for (const name of args.length > 0 ? args : ["-"]) {
    if (name === "-") {
      for await (const chunk of io.stdin) await io.stdout(chunk);
      continue;
    }
    const content = io.target.files.get(absolute(name));
    if (content) await io.stdout(content);
    else {
      await io.stderr(`cat: ${name}: No such file or directory\n`);
      code = 1;
    }
  }
  return code;
}

/** In the time of the cluster. */
async function sleep(args: readonly string[], io: CommandIo): Promise<number> {
  const seconds = Number(args[0]);
  if (args[0] !== "infinity" && !(seconds >= 0)) {
    await io.stderr(`sleep: invalid time interval '${args[0] ?? ""}'\n`);
    return 1;
  }
  await new Promise<void>((resolve) => {
    const cancel = Number.isFinite(seconds)
      ? io.clock.setTimer(resolve, seconds * 1000, { keepAlive: false })
      : undefined;
    const stop = (): void => {
      cancel?.();
      resolve();
    };
    if (io.signal.aborted) stop();
    else io.signal.addEventListener("abort", stop, { once: true });
  });
  return 0;
}

async function list(args: readonly string[], io: CommandIo): Promise<number> {
  const { files } = io.target;
  let code = 0;
  for (const name of args.length > 0 ? args : ["/"]) {
    const path = absolute(name);
    if (files.has(path)) await io.stdout(`${name}\n`);
    else if (isDirectory(files, path)) {
      const inside = [...files.keys()].filter((file) => file.startsWith(folder(path)));
      const names = new Set(inside.map((file) => file.slice(folder(path).length).split("/")[0]!));
      if (path === "/") for (const each of directories) names.add(each.slice(1));
      for (const each of [...names].filter((entry) => entry !== "").toSorted()) await io.stdout(`${each}\n`);
    } else {
      await io.stderr(`ls: ${name}: No such file or directory\n`);
      code = 1;
    }
  }
  return code;
}

/** `-f`, `-r`. */
async function remove(args: readonly string[], io: CommandIo): Promise<number> {
  const options = args.filter((arg) => arg.startsWith("-")).join("");
  let code = 0;
  for (const name of args.filter((arg) => !arg.startsWith("-"))) {
    const path = absolute(name);
    const found = [...io.target.files.keys()].filter(
      (file) => file === path || (options.includes("r") && file.startsWith(folder(path))),
    );
    for (const file of found) io.target.files.delete(file);
    if (found.length > 0 || options.includes("f")) continue;
    await io.stderr(`rm: ${name}: No such file or directory\n`);
    code = 1;
  }
  return code;
}

/** `-d`, `-f`, `-e`, `-n`, `-z`, `=` and `!=`. */
function test(args: readonly string[], { target: { files } }: CommandIo): number {
  const [first = "", second = "", third = ""] = args;
  const holds = (): boolean => {
    if (second === "=") return first === third;
    if (second === "!=") return first !== third;
    if (first === "-d") return isDirectory(files, absolute(second));
    if (first === "-f") return files.has(absolute(second));
    if (first === "-e") return files.has(absolute(second)) || isDirectory(files, absolute(second));
    if (first === "-z") return second === "";
    return first === "-n" ? second !== "" : first !== "";
  };
  return holds() ? 0 : 1;
}

/** Folders that are there without files in them. */
const directories = ["/tmp", "/etc", "/var"];

function isDirectory(files: ReadonlyMap<string, Uint8Array>, path: string): boolean {
  return path === "/" || directories.includes(path) || [...files.keys()].some((file) => file.startsWith(folder(path)));
}
