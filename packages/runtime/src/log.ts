/**
 * Structured logging, shaped as pino's loggers are, so that one can be passed as it is. Messages are constant, start
 * with a capital and carry no data; data goes into fields under the field's usual keys (`controller`, `namespace`,
 * `name`, `reconcileID` …). Objects are never logged whole, secrets never at all.
 */
export interface Logger {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
  /** A logger that adds these fields to every line. */
  child(fields: Record<string, unknown>): Logger;
}

/** Says nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
