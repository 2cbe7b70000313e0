import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a directory and those above it that are not there, for their owner only.
 *
 * Step by step, because Node's own recursive form never ends where the file system refuses a name with ENOENT, as
 * /proc does (seen with Node 24: one core busy for ever).
 *
 * @throws Error of the file system
 */
export async function makeDirectory(path: string): Promise<void> {
  if (await isDirectory(path)) return;
  const parent = dirname(path);
  if (parent !== path) await makeDirectory(parent);
  await mkdir(path, { mode: 0o700 }).catch(async (error: NodeJS.ErrnoException) => {
    // Someone else may have made it meanwhile.
    if (error.code !== "EEXIST" || !(await isDirectory(path))) throw error;
  });
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
