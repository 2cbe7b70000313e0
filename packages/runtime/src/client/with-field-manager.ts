import type { Client, WriteOptions } from "./client.ts";
import { mapWriteOptions } from "./map-options.ts";
import { checkedManager } from "./writes.ts";

/**
 * A client whose writes, those of subresources among them, are made as this field manager; a write that names another
 * keeps that.
 *
 * @param fieldManager 1 to 128 characters
 */
export function withFieldManager(client: Client, fieldManager: string): Client {
  checkedManager(fieldManager);
  return mapWriteOptions(client, {
    write: <O extends WriteOptions>(options: O | undefined): O =>
      ({ ...options, fieldManager: options?.fieldManager ?? fieldManager }) as O,
  });
}
