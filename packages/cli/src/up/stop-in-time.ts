import { sleep } from "@homeostat/api";
import type { Environment } from "../environment.ts";

/** Stopping takes no longer than this, in milliseconds, whatever hangs. */
export const stopWithinMs = 1_000;

/**
 * Stops, and tells what goes wrong with it. What does not stop in time is left: the process ends at once with code 1,
 * which a data directory survives as it would survive a crash.
 */
export async function stopInTime(
  stop: () => Promise<void>,
  { clock, stderr, exit }: Pick<Environment, "clock" | "stderr" | "exit">,
): Promise<void> {
  const inTime = new AbortController();
  const late = sleep(clock, stopWithinMs, inTime.signal).then(
    () => true,
    () => false,
  );
  const stopped = stop().then(
    () => false,
    (error: unknown) => {
      stderr.write(`homeostat: while stopping: ${error instanceof Error ? error.message : String(error)}\n`);
      return false;
    },
  );
  const isLate = await Promise.race([late, stopped]);
  inTime.abort();
  if (!isLate) return;
  stderr.write(`homeostat: not everything stopped within ${stopWithinMs} ms; ending anyway\n`);
  exit(1);
}
