import type { Client, WriteOptions } from "./client.ts";
import { mapWriteOptions } from "./map-options.ts";

/**
 * A client whose writes treat unknown and duplicate fields so: `Strict` refuses them, `Warn` tells of them (see
 * `ClientOptions.onWarning`), `Ignore` drops them silently. A write that says otherwise keeps that. Server-side apply
 * refuses unknown fields of itself.
 */
export function withFieldValidation(client: Client, fieldValidation: "Ignore" | "Warn" | "Strict"): Client {
  return mapWriteOptions(client, {
    write: <O extends WriteOptions>(options: O | undefined): O =>
      ({ ...options, fieldValidation: options?.fieldValidation ?? fieldValidation }) as O,
  });
}
