import {
  type ApiError,
  conflict,
  type Interceptor,
  internalError,
  type Status,
  type TransportRequest,
  type TransportResponse,
  tooManyRequests,
} from "@homeostat/api";

/**
 * - `conflict`: 409, as if somebody else had written just before; of PUT and PATCH only;
 * - `tooManyRequests`: 429 that asks to wait a second;
 * - `internalError`: 500;
 * - `connectionLost`: the request never arrives;
 * - `answerLost`: the request is done, and its answer never arrives; of writes only;
 * - `watchDropped`: the stream of a watch breaks after its first part.
 */
export type FaultType =
  | "conflict"
  | "tooManyRequests"
  | "internalError"
  | "connectionLost"
  | "answerLost"
  | "watchDropped";

export interface FaultRule {
  readonly type: FaultType;
  /** In [0, 1]: how often a request this concerns meets it. */
  readonly probability: number;
  /** Only requests whose path matches. Default: all. */
  readonly path?: RegExp;
  /** Most faults of this rule. Default: no limit. */
  readonly limit?: number;
}

export interface FaultPlan {
  /** The same seed and the same requests meet the same faults. */
  readonly seed: number;
  readonly rules: readonly FaultRule[];
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

/** The connection broke; no answer came. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
  /** By this clients know what happened, as with a real connection. */
  readonly code = "ECONNRESET";
}

/** Makes a transport fail by plan. */
export function faults({ seed, rules }: FaultPlan): Faults {
  const random = seeded(seed);
  const injected: InjectedFault[] = [];
  const counts = new Map<FaultRule, number>();
  let stopped = false;

  const choose = (request: TransportRequest): FaultType | undefined => {
    if (stopped) return undefined;
    for (const rule of rules) {
      if (!concerns(rule, request) || (counts.get(rule) ?? 0) >= (rule.limit ?? Number.POSITIVE_INFINITY)) continue;
      if (random() >= rule.probability) continue;
      counts.set(rule, (counts.get(rule) ?? 0) + 1);
      return rule.type;
    }
    return undefined;
  };
  return {
    interceptor: (next) => async (request) => {
      const type = choose(request);
      if (type === undefined) return next(request);
      const { method, path } = request;
      injected.push({ type, method, path });
      switch (type) {
        case "conflict":
          return refusal(conflict(resourceOf(path), nameOf(path), "the object has been modified (injected fault)"));
        case "tooManyRequests":
          return refusal(tooManyRequests("too many requests, please try again later (injected fault)", 1));
        case "internalError":
          return refusal(internalError("injected fault"));
        case "connectionLost":
          throw new ConnectionLost(`${method} ${path}: connection lost before the request was sent (injected fault)`);
        case "answerLost":
          await (await next(request)).bytes();
          throw new ConnectionLost(`${method} ${path}: connection lost before the answer came (injected fault)`);
        case "watchDropped":
          return dropping(await next(request), path);
      }
    },
    injected,
    stop: () => {
      stopped = true;
    },
  };
}

function concerns({ type, path }: FaultRule, request: TransportRequest): boolean {
  if (path && !path.test(request.path)) return false;
  const isWatch = /[?&]watch=(1|true)/.test(request.path);
  switch (type) {
    case "watchDropped":
      return isWatch;
    case "conflict":
      return request.method === "PUT" || request.method === "PATCH";
    case "answerLost":
      return request.method !== "GET";
    default:
      return true;
  }
}

function dropping(response: TransportResponse, path: string): TransportResponse {
  return {
    ...response,
    bytes: () => response.bytes(),
    async pipe(sink) {
      let first = true;
      await response.pipe((chunk) => {
        if (!first) throw new ConnectionLost(`watch of ${path}: connection lost (injected fault)`);
        first = false;
        sink(chunk);
      });
    },
  };
}

function refusal({ status, retryAfterMs }: ApiError): TransportResponse {
  const body = new TextEncoder().encode(JSON.stringify(status satisfies Status));
  return {
    status: status.code ?? 500,
    headers: {
      "content-type": "application/json",
      ...(retryAfterMs === undefined ? {} : { "retry-after": String(retryAfterMs / 1000) }),
    },
    bytes: async () => body,
    pipe: async (sink) => sink(body),
  };
}

/** `/apis/apps/v1/namespaces/shop/deployments/web?…` names `deployments.apps` and `web`. */
function resourceOf(path: string): { group: string; plural: string } {
  const parts = partsOf(path);
  const group = parts[0] === "apis" ? parts[1]! : "";
  return { group, plural: rest(parts)[0] ?? "" };
}

function nameOf(path: string): string {
  return decodeURIComponent(rest(partsOf(path))[1] ?? "");
}

function rest(parts: readonly string[]): readonly string[] {
  const after = parts.slice(parts[0] === "apis" ? 3 : 2);
  return after[0] === "namespaces" && after.length > 2 ? after.slice(2) : after;
}

function partsOf(path: string): string[] {
  return path.split("?")[0]!.split("/").slice(1);
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
