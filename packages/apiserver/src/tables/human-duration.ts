/** Seconds a machine's clock may run ahead before an age is called invalid. */
const toleratedSkewSeconds = 2;

const seconds = 1000;
const minutes = 60 * seconds;
const hours = 60 * minutes;
const days = 24 * hours;

/**
 * A duration as Kubernetes prints ages: about two significant units, the second one dropped as the first grows
 * (`119s`, `3m12s`, `10m`, `7h59m`, `47h`, `2d4h`, `8d`, `2y3d`, `8y`).
 * Up to two seconds into the future count as now, for clocks that differ; beyond that the answer is `<invalid>`.
 * Source: apimachinery, `duration.HumanDuration`.
 *
 * @param ms duration in milliseconds
 */
export function humanDuration(ms: number): string {
  if (Number.isNaN(ms)) return "<unknown>";
  const wholeSeconds = Math.trunc(ms / seconds);
  if (wholeSeconds <= -toleratedSkewSeconds) return "<invalid>";
  if (wholeSeconds < 0) return "0s";
  if (ms < 2 * minutes) return `${wholeSeconds}s`;
  if (ms < 10 * minutes) return pair(ms, minutes, "m", seconds, "s");
  if (ms < 3 * hours) return `${Math.floor(ms / minutes)}m`;
  if (ms < 8 * hours) return pair(ms, hours, "h", minutes, "m");
  if (ms < 2 * days) return `${Math.floor(ms / hours)}h`;
  if (ms < 8 * days) return pair(ms, days, "d", hours, "h");
  if (ms < 2 * 365 * days) return `${Math.floor(ms / days)}d`;
  if (ms < 8 * 365 * days) return pair(ms, 365 * days, "y", days, "d");
  return `${Math.floor(ms / (365 * days))}y`;
}

/**
 * The age of something, as tables show it.
 *
 * @param timestamp RFC 3339 text; undefined, null or empty gives `<unknown>`, any other text that is no time `<invalid>`
 * @param nowMs milliseconds since the epoch
 */
export function humanAge(timestamp: string | null | undefined, nowMs: number): string {
  if (timestamp === undefined || timestamp === null || timestamp === "") return "<unknown>";
  const at = Date.parse(timestamp);
  return Number.isNaN(at) ? "<invalid>" : humanDuration(nowMs - at);
}

function pair(ms: number, large: number, largeSuffix: string, small: number, smallSuffix: string): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)}${largeSuffix}${rest === 0 ? "" : `${rest}${smallSuffix}`}`;
}
