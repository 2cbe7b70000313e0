import type { Environment } from "../environment.ts";

/** Signals closer together than this are one: npm passes a Ctrl-C on that the terminal has sent to all already. */
const sameMs = 300;

/**
 * Resolves when the user wants to stop: by a signal, or by closing what is written to. A second signal ends the process
 * at once.
 */
export function awaitStop(environment: Environment): Promise<void> {
  const { clock, onSignal, exit, stdout } = environment;
  return new Promise((resolve) => {
    let first: number | undefined;
    onSignal(() => {
      const now = clock.monotonic();
      if (first === undefined) {
        first = now;
        resolve();
      } else if (now - first > sameMs) {
        exit(130);
      }
    });
    stdout.onClosed(() => resolve());
  });
}
