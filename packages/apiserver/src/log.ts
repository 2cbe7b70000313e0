/** Where the server says what it does; shaped as pino and the runtime's logger are. No secrets, no whole objects. */
export interface ServerLog {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

export const silentLog: ServerLog = { debug() {}, info() {}, warn() {}, error() {} };
