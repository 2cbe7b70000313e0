import { chmod, rename, writeFile } from "node:fs/promises";

/** Replaces a file in one step; only its owner can read it. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, text, { mode: 0o600 });
  // The mode above counts for new files only.
  await chmod(temporary, 0o600);
  await rename(temporary, path);
}
