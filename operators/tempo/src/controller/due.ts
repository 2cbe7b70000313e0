import { parseDuration } from "@homeostat/api";

/** Timers of longer than this are of no use: a clock may be set, and a look now and then costs nothing. */
const LONGEST_MS = 12 * 3_600_000;

/**
 * When an instance is to be looked at without an event, in milliseconds: when a certificate is due, and as often as its
 * spec wants; undefined: never.
 *
 * @param rotation milliseconds since the epoch
 */
export function dueInMs(now: number, rotation: number | undefined, interval: string | undefined): number | undefined {
  const waits = [
    ...(rotation === undefined ? [] : [Math.min(Math.max(rotation - now, 1_000), LONGEST_MS)]),
    ...(interval ? [Math.max(parseDuration(interval), 1_000)] : []),
  ];
  return waits.length > 0 ? Math.min(...waits) : undefined;
}
