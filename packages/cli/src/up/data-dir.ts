import type { Clock } from "@homeostat/api";
import type { Storage } from "@homeostat/apiserver";
import type { Logger } from "@homeostat/runtime";
import { CommandError } from "../errors.ts";
import { type ClusterIdentity, keptIdentity } from "./identity.ts";

/**
 * Opens what a cluster keeps in a directory. The directory is this process's own until the storage is closed.
 *
 * @throws CommandError that says what is wrong with the directory
 */
export async function openDataDir(
  directory: string,
  clock: Clock,
  log: Logger,
): Promise<ClusterIdentity & { readonly storage: Storage }> {
  const { openDurableStorage } = await import("@homeostat/apiserver");
  try {
    const storage = await openDurableStorage({ directory, clock, log });
    try {
      return { storage, ...(await keptIdentity(directory, clock)) };
    } catch (error) {
      await storage.close();
      throw error;
    }
  } catch (error) {
    throw new CommandError(`--data-dir: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
