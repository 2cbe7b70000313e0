import { readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { makeDirectory } from "@homeostat/apiserver/make-directory";
import { CommandError, fileError } from "../errors.ts";
import { writePrivateFile } from "./private-file.ts";

const wayOut = "choose another file with --kubeconfig";

/**
 * Makes sure, before anything is started, that a kubeconfig can be written and that nothing of the user's is lost by
 * it: a file that names other clusters than ours is left alone.
 *
 * @throws CommandError
 */
export async function prepareKubeconfig(path: string): Promise<void> {
  try {
    await makeDirectory(dirname(path));
    // Tells whether files can be made there, without leaving one.
    await writeFile(`${path}.new`, "", { mode: 0o600 });
    await rm(`${path}.new`);
  } catch (error) {
    throw fileError("write the kubeconfig", path, error, wayOut);
  }
  const foreign = await foreignClusters(path);
  if (foreign.length > 0) {
    throw new CommandError(
      `the kubeconfig ${path} is about other clusters (${foreign.join(", ")}) and would be lost; ${wayOut}`,
    );
  }
}

/** Writes the file in one step, readable by its owner only: it holds a private key. @throws CommandError */
export async function writeKubeconfig(path: string, text: string): Promise<void> {
  await writePrivateFile(path, text).catch((error: unknown) => {
    throw fileError("write the kubeconfig", path, error, wayOut);
  });
}

/** Names of clusters in the file that are not ours; empty where there is no file. */
async function foreignClusters(path: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw fileError("read the kubeconfig", path, error, wayOut);
  }
  if (text.trim() === "") return [];
  const { parse } = await import("yaml");
  try {
    const document: unknown = parse(text);
    if (typeof document !== "object" || document === null) throw new TypeError(`it is a ${typeof document}`);
    const { clusters } = document as { clusters?: readonly { readonly name?: unknown }[] };
    return (clusters ?? []).map(({ name }) => String(name)).filter((name) => name !== "homeostat");
  } catch (error) {
    throw new CommandError(`the file ${path} is no kubeconfig and would be lost; ${wayOut}`, { cause: error });
  }
}
