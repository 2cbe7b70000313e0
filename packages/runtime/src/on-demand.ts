import { createRequire } from "node:module";

/**
 * What takes long to load and is not needed by everyone who imports this package is loaded by its first use, and then
 * at once, so that nothing becomes asynchronous by it.
 */
const load = createRequire(import.meta.url);

export const promClient = (): typeof import("prom-client") => load("prom-client");
export const pinoModule = (): typeof import("pino") => load("pino");
export const yamlModule = (): typeof import("yaml") => load("yaml");
export const httpModule = (): typeof import("node:http") => process.getBuiltinModule("node:http");
export const httpsModule = (): typeof import("node:https") => process.getBuiltinModule("node:https");
export const tlsModule = (): typeof import("node:tls") => process.getBuiltinModule("node:tls");
