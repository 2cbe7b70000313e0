import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * Zod, loaded by its first use: it takes longer than all else here, and who defines no kind has no use for it. As an
 * ES module, so that it is the same as its other importers have.
 */
export function zod(): typeof import("zod") {
  return createRequire(import.meta.url)(fileURLToPath(import.meta.resolve("zod")));
}
