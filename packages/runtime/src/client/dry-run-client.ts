import type { Client, DeleteOptions, WriteOptions } from "./client.ts";
import { mapWriteOptions } from "./map-options.ts";

/**
 * A client that tries every write on the server, with defaults, admission and validation, and stores none: answers show
 * what would have been. `dryRun: false` of a single write changes nothing about that.
 */
export function dryRunClient(client: Client): Client {
  return mapWriteOptions(client, {
    write: <O extends WriteOptions>(options: O | undefined): O => ({ ...options, dryRun: true }) as O,
    delete: <O extends DeleteOptions>(options: O | undefined): O => ({ ...options, dryRun: true }) as O,
  });
}
