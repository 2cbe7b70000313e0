/** What did not stop within `gracefulShutdownMs`. */
export class ShutdownTimeoutError extends Error {
  override readonly name = "ShutdownTimeoutError";
  readonly code = "SHUTDOWN_TIMEOUT";
  /** Names of runnables, and controllers with the keys they worked on: `webapp demo/a`. */
  readonly late: readonly string[];
  constructor(graceMs: number, late: readonly string[]) {
    super(`not stopped within ${graceMs} ms: ${late.join(", ")}`);
    this.late = late;
  }
}
