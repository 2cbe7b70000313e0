import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * Libraries that take long to load and that a server may never need, or not in its first second: loaded by their first
 * use, and then at once, so that nothing becomes asynchronous by it.
 */
const load = createRequire(import.meta.url);

export const yamlModule = (): typeof import("yaml") => load("yaml");
export const re2Module = (): typeof import("re2js") => load("re2js");
/** Published for `import` alone, so it is loaded by its file. */
export const cborModule = (): typeof import("cborg") => load(fileURLToPath(import.meta.resolve("cborg")));
