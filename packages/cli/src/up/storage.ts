import type { Clock } from "@homeostat/api";
import type { Storage } from "@homeostat/apiserver";
import type { Logger } from "@homeostat/runtime";
import { CommandError } from "../errors.ts";

/** Opens the cluster's storage in a directory. @throws CommandError that says what is wrong with the directory */
export async function openStorage(directory: string, clock: Clock, log: Logger): Promise<Storage> {
  const { openDurableStorage } = await import("@homeostat/apiserver");
  try {
    return await openDurableStorage({ directory, clock, log });
  } catch (error) {
    throw new CommandError(`--data-dir: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
