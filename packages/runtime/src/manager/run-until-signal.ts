import { LeadershipLostError } from "../leader-election/leadership.ts";
import type { Manager } from "./manager.ts";
import { ShutdownTimeoutError } from "./shutdown-timeout.ts";

/** What of the process is needed; Node's `process` is one. */
export interface SignalProcess {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
  exit(code: number): void;
}

/** What a program listens to. */
export interface RunUntilSignalOptions {
  /** What asks the manager to stop. Default SIGTERM, as the kubelet sends it, and SIGINT, as Ctrl-C does. */
  readonly signals?: readonly NodeJS.Signals[];
  /** Default: this process. */
  readonly process?: SignalProcess;
}

/**
 * A program's main part: starts the manager, stops it at the first signal, and resolves when it has ended. A second
 * signal ends the process at once, with code 1.
 *
 * The process ends with code 1 as well where something may go on in it that would keep it alive: after the leadership
 * was lost, and when not everything stopped in time. The manager's log has told why by then.
 *
 * @throws what ended the manager, otherwise; a program then sets its exit code
 */
export async function runUntilSignal(manager: Manager, options: RunUntilSignalOptions = {}): Promise<void> {
  const { signals = ["SIGTERM", "SIGINT"], process = globalThis.process } = options;
  let asked = false;
  const onSignal = (): void => {
    if (asked) process.exit(1);
    asked = true;
    // What goes wrong is told by `ended`.
    manager.stop().catch(() => {});
  };
  for (const signal of signals) process.on(signal, onSignal);
  try {
    await manager.start();
    await manager.ended;
  } catch (error) {
    if (keepsRunning(error)) process.exit(1);
    throw error;
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
}

function keepsRunning(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(keepsRunning);
  return error instanceof LeadershipLostError || error instanceof ShutdownTimeoutError;
}
