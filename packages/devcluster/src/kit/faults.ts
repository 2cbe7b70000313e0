import { type Clock, type Interceptor, sleep, systemClock, type TransportRequest } from "@homeostat/api";
import { type AnswerFault, faultAnswer } from "./fault-answers.ts";
import { ConnectionLost, delaying, dropping, stalling } from "./fault-streams.ts";

export { ConnectionLost };

/**
 * - `conflict`: 409, as if somebody else had written just before; of PUT and PATCH only;
 * - `tooManyRequests`: 429 that asks to wait a second;
 * - `internalError`: 500; `serviceUnavailable`: 503; `gatewayTimeout`: 504;
 * - `storageFull`: 500 in the words of a full etcd; of writes only;
 * - `connectionLost`: the request never arrives;
 * - `answerLost`: the request is done, and its answer never arrives; of writes only;
 * - `slow`: the answer comes late;
 * - `restart`: this request and all watches under way lose their connection, and for a while nobody can be reached;
 * - `watchDropped`: the stream of a watch breaks after its first part;
 * - `watchStalled`: it stays open, and nothing comes after its first part;
 * - `watchDelayed`: its events come late, so that a cache shows the past;
 * - `watchExpired`: the version it starts from is gone: 410.
 */
export type FaultType =
  | AnswerFault
  | "connectionLost"
  | "answerLost"
  | "slow"
  | "restart"
  | "watchDropped"
  | "watchStalled"
  | "watchDelayed";

export interface FaultRule {
  readonly type: FaultType;
  /** In [0, 1]: how often a request this concerns meets it. */
  readonly probability: number;
  /** Only requests whose path matches. Default: all. */
  readonly path?: RegExp;
  /** Most faults of this rule. Default: no limit. */
  readonly limit?: number;
  /** How long `slow`, `watchDelayed` and `restart` take, in milliseconds. Default 1000. */
  readonly delayMs?: number;
}

export interface FaultPlan {
  /** The same seed and the same requests meet the same faults. */
  readonly seed: number;
  readonly rules: readonly FaultRule[];
  /** Which time delays are in: the cluster's. Default: the machine's. */
  readonly clock?: Clock;
}

export interface InjectedFault {
  readonly type: FaultType;
  readonly method: string;
  readonly path: string;
}

export interface Faults {
  /** For `run(…, { interceptors: [faults.interceptor] })`. */
  readonly interceptor: Interceptor;
  /** What was injected so far, oldest first. */
  readonly injected: readonly InjectedFault[];
  /** No more faults from now on. */
  stop(): void;
}

/** Makes a transport fail by plan. */
export function faults({ seed, rules, clock = systemClock }: FaultPlan): Faults {
  const random = seeded(seed);
  const injected: InjectedFault[] = [];
  const counts = new Map<FaultRule, number>();
  const outage = rules.some(({ type }) => type === "restart") ? new Outage(clock) : undefined;
  let stopped = false;

  const choose = (request: TransportRequest): FaultRule | undefined => {
    if (stopped) return undefined;
    for (const rule of rules) {
      if (!concerns(rule, request) || (counts.get(rule) ?? 0) >= (rule.limit ?? Number.POSITIVE_INFINITY)) continue;
      if (random() >= rule.probability) continue;
      counts.set(rule, (counts.get(rule) ?? 0) + 1);
      return rule;
    }
    return undefined;
  };
  const interceptor: Interceptor = (next) => async (request) => {
    if (!stopped) outage?.check(request);
    const rule = choose(request);
    if (rule === undefined) return next(request);
    const { method, path, signal } = request;
    const { type, delayMs = 1000 } = rule;
    injected.push({ type, method, path });
    switch (type) {
      case "connectionLost":
        throw new ConnectionLost(`${method} ${path}: connection lost before the request was sent (injected fault)`);
      case "answerLost":
        await (await next(request)).bytes();
        throw new ConnectionLost(`${method} ${path}: connection lost before the answer came (injected fault)`);
      case "slow":
        await sleep(clock, delayMs, signal);
        return next(request);
      case "restart":
        outage?.begin(delayMs);
        throw lostByRestart(request);
      case "watchDropped":
        return dropping(await next(request), path);
      case "watchStalled":
        return stalling(await next(request));
      case "watchDelayed":
        return delaying(await next(request), clock, delayMs);
      default:
        return faultAnswer(type, path);
    }
  };
  return {
    interceptor: outage ? (next) => interceptor((request) => outage.during(request, next)) : interceptor,
    injected,
    stop: () => {
      stopped = true;
    },
  };
}

/** The times at which the server cannot be reached. */
class Outage {
  readonly #clock: Clock;
  #until = Number.NEGATIVE_INFINITY;
  /** Aborted when it begins; then there is a new one. */
  #beginning = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(durationMs: number): void {
    this.#until = this.#clock.monotonic() + durationMs;
    const begun = this.#beginning;
    this.#beginning = new AbortController();
    begun.abort(new ConnectionLost("connection lost: the server restarts (injected fault)"));
  }

  /** @throws ConnectionLost while it lasts */
  check(request: TransportRequest): void {
    if (this.#clock.monotonic() < this.#until) throw lostByRestart(request);
  }

  /** A request that loses its connection when an outage begins before its answer has ended. */
  during(request: TransportRequest, next: ReturnType<Interceptor>): ReturnType<typeof next> {
    const { signal } = this.#beginning;
    return next({ ...request, signal: request.signal ? AbortSignal.any([request.signal, signal]) : signal });
  }
}

const lostByRestart = ({ method, path }: TransportRequest): ConnectionLost =>
  new ConnectionLost(`${method} ${path}: connection lost: the server restarts (injected fault)`);

function concerns({ type, path }: FaultRule, request: TransportRequest): boolean {
  if (path && !path.test(request.path)) return false;
  switch (type) {
    case "watchDropped":
    case "watchStalled":
    case "watchDelayed":
    case "watchExpired":
      return /[?&]watch=(1|true)/.test(request.path);
    case "conflict":
      return request.method === "PUT" || request.method === "PATCH";
    case "answerLost":
    case "storageFull":
      return request.method !== "GET" && request.method !== "HEAD";
    default:
      return true;
  }
}

/** Mulberry32: small, and good enough to pick faults by. */
function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
