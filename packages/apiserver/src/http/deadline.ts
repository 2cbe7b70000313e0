import { badRequest, type Clock, timeout } from "@homeostat/api";
import type { RequestInfo } from "../request-info.ts";

/** How long a request may take that is neither a watch nor a stream, in milliseconds. Source: apiserver's default. */
export const defaultDeadlineMs = 34_000;

/** Subresources whose answers go on for as long as the client likes. */
const longRunning = new Set(["attach", "exec", "log", "portforward", "proxy"]);

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Milliseconds a request may take, or undefined without bound: the query's `timeout` may shorten the default.
 * @throws ApiError 400 when `timeout` is no duration
 */
export function deadlineMs(info: RequestInfo, limitMs = defaultDeadlineMs): number | undefined {
  if (isLongRunning(info)) return undefined;
  const asked = info.query.get("timeout");
  if (!asked) return limitMs;
  const ms = parseDuration(asked);
  if (ms === undefined)
    throw badRequest(`invalid value for query parameter timeout: ${JSON.stringify(asked)} is no duration such as 30s`);
  return ms > 0 ? Math.min(ms, limitMs) : limitMs;
}

export function isLongRunning(info: RequestInfo): boolean {
  return info.isResource && (info.verb === "watch" || longRunning.has(info.subresource ?? ""));
}

/** A duration as Go writes it, `1m30s`, in milliseconds. */
function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    total += Number(amount) * unitMs[unit!]!;
  return total;
}

/** Settles as `work` does, or rejects with 504 when it takes longer. What it does goes on, as a write under way must. */
export function withDeadline<T>(work: Promise<T>, ms: number, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(timeout("request did not complete within the allotted timeout"));
    const cancel = clock.setTimer(late, ms, { keepAlive: false });
    work.then(resolve, reject).finally(cancel);
  });
}
