import type { Clock, Interceptor, TransportRequest } from "@homeostat/api";
import { type Leadership, NotLeaderError } from "./leadership.ts";

/**
 * Refuses writes of a process that cannot prove that it leads. Guarantee: no write leaves later than `renewDeadlineMs`
 * after the last successful renewal was *sent*, by the monotonic clock, whatever the event loop was doing.
 *
 * 1. A write is checked when it is made, each time it is made again, and, where the transport can (ours do), in the
 *    turn in which its bytes are handed to the connection. After a blocked loop or a frozen process these checks are
 *    the first thing that happens to a write, and they need no timer to have run.
 * 2. A write that is under way when the proof lapses is aborted. Others wait `leaseDurationMs` after the last renewal
 *    they saw, so the rest, five seconds by default, is left for what the server has begun already.
 *
 * What it cannot do: call back a request that the server, or the network, has taken. A server that sits on a request
 * for longer than that rest, and then does it, writes late; so does a process that is frozen in the very turn between
 * the last check and the kernel's taking the bytes, with that one request. Only a precondition in the request itself
 * (resourceVersion, uid) protects from that.
 */
export function writeFence({ leadership, clock }: WriteFenceOptions): Interceptor {
  const underWay = new Set<() => void>();
  let cancel: (() => void) | undefined;
  const check = (request: TransportRequest): void => {
    if (!leadership.isProven()) throw refusal(request, leadership, "not sent");
  };
  /** One timer for all writes under way, set again as long as renewals succeed. */
  const watch = (): void => {
    const { provenUntil } = leadership;
    if (cancel || provenUntil === undefined) return;
    const wake = (): void => {
      cancel = undefined;
      if (leadership.isProven()) watch();
      else for (const abort of underWay) abort();
    };
    cancel = clock.setTimer(wake, Math.max(0, provenUntil - clock.monotonic()), { keepAlive: false });
  };
  const ended = (abort: () => void): void => {
    underWay.delete(abort);
    if (underWay.size > 0) return;
    cancel?.();
    cancel = undefined;
  };

  return (next) => async (request) => {
    if (!isWrite(request)) return next(request);
    check(request);
    const lapse = new AbortController();
    const abort = (): void => lapse.abort(refusal(request, leadership, "aborted"));
    const { beforeSend } = request;
    underWay.add(abort);
    watch();
    try {
      return await next({
        ...request,
        signal: request.signal ? AbortSignal.any([request.signal, lapse.signal]) : lapse.signal,
        beforeSend: () => {
          check(request);
          beforeSend?.();
        },
      });
    } finally {
      ended(abort);
    }
  };
}

/** By whose proof writes pass. */
export interface WriteFenceOptions {
  readonly leadership: Leadership;
  /** The one that `leadership` measures by. */
  readonly clock: Clock;
}

/** Whether it changes anything: dry runs do not, nor do questions that are asked by POST. */
export function isWrite({ method, path }: TransportRequest): boolean {
  if (method === "GET" || method === "HEAD" || method === "OPTIONS") return false;
  if (method === "POST" && /^\/apis\/(?:authentication|authorization)\.k8s\.io\//.test(path)) return false;
  return !/[?&]dryRun=All(?:&|$)/.test(path);
}

function refusal({ method, path }: TransportRequest, { holder }: Leadership, what: string): NotLeaderError {
  const who = holder === undefined ? "nobody is known to lead" : `"${holder}" was last seen to lead`;
  return new NotLeaderError(
    `${method} ${path.split("?")[0]}: ${what}, because this process cannot prove that it leads (${who}); ` +
      "await manager.elected before writing, or use manager.unfencedClient for what every replica may do",
    holder,
  );
}
