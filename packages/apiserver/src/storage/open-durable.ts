import type { DurableStorageOptions } from "./durable.ts";
import type { Storage } from "./storage.ts";

/**
 * Opens a storage that survives a crash: a write is on the disk before its promise resolves and before anyone sees it.
 * What does that is loaded here, since most servers keep everything in memory.
 *
 * @throws Error when the directory cannot be written, is used by another process, or is damaged
 */
export async function openDurableStorage(options: DurableStorageOptions): Promise<Storage> {
  const durable = await import("./durable.ts");
  return durable.openDurableStorage(options);
}
