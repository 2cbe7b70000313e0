import { link, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Keeps two processes from writing into one directory: a file that names the process that holds it. A process that died
 * without letting go is found out by its number and, where the system tells, by when it started, since numbers are used
 * again (in containers at once).
 *
 * @returns what lets go
 * @throws Error that names the holder
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const path = join(directory, "lock");
  const own = { pid: process.pid, started: await startOf(process.pid) };
  for (;;) {
    if (await tryLock(directory, path, JSON.stringify(own))) return () => rm(path, { force: true });
    const holder = await holderOf(path);
    if (holder && (await isAlive(holder))) {
      throw new Error(
        `the directory ${directory} is in use by process ${holder.pid}: stop that process or choose another directory`,
      );
    }
    await removeStale(directory, path);
  }
}

interface Holder {
  readonly pid: number;
  /** When the process started, in the system's own terms; empty where the system does not tell. */
  readonly started: string;
}

/** Linking makes the file appear with its content at once, or fails because another is there. */
async function tryLock(directory: string, path: string, content: string): Promise<boolean> {
  const temporary = await mkdtemp(join(directory, "lock-"));
  try {
    const file = join(temporary, "lock");
    await writeFile(file, content);
    await link(file, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Undefined when the file is gone, or empty as a loss of power may leave it. */
async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    const { pid, started } = JSON.parse(await readFile(path, "utf8")) as Partial<Holder>;
    return typeof pid === "number" ? { pid, started: started ?? "" } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function isAlive({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // A process of another user may not be signalled, but it is there.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return (await startOf(pid)) === started;
}

/** Where there is a /proc: the start time in clock ticks since boot, or `dead`. Else empty. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The second field is the program's name in parentheses and may hold anything; the start is the 20th behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // A process that has ended keeps its number until its parent asks for it, which some parents never do.
  if (fields[0] === "Z" || fields[0] === "X") return "dead";
  return fields[19] ?? "";
}

/** Moved away first: of two processes that find the same stale file only one gets it, and a fresh one is put back. */
async function removeStale(directory: string, path: string): Promise<void> {
  const temporary = await mkdtemp(join(directory, "lock-"));
  try {
    const moved = join(temporary, "lock");
    await rename(path, moved);
    const holder = await holderOf(moved);
    if (holder && (await isAlive(holder))) await link(moved, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
