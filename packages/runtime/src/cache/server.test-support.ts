import type { JsonObject, KubeObject, Transport, TransportResponse } from "@homeostat/api";

/**
 * A server for tests that answers what the test tells it to, without sockets or time of its own. Requests are
 * recorded; watches are streams the test writes to.
 */
export interface TestServer {
  readonly transport: Transport;
  readonly requests: readonly RecordedRequest[];
}

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed where it is JSON. */
  readonly body: unknown;
  readonly signal: AbortSignal | undefined;
}

export interface TestAnswer {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; strings as they are. */
  readonly body?: unknown;
  /** Instead of a body. */
  readonly stream?: TestStream;
}

export function createTestServer(answer: (request: RecordedRequest) => TestAnswer | Promise<TestAnswer>): TestServer {
  const requests: RecordedRequest[] = [];
  const transport: Transport = async ({ method, path, headers = {}, body, signal }) => {
    signal?.throwIfAborted();
    const [pathname, search] = path.split("?");
    const request = {
      method,
      path: pathname!,
      query: new URLSearchParams(search),
      headers,
      body: typeof body === "string" ? JSON.parse(body) : undefined,
      signal,
    };
    requests.push(request);
    return responseOf(await answer(request), signal);
  };
  return { transport, requests };
}

function responseOf(
  { status = 200, headers = {}, body, stream }: TestAnswer,
  signal: AbortSignal | undefined,
): TransportResponse {
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body ?? {}));
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    bytes: async () => bytes,
    pipe: async (sink) => (stream ? stream.attach(sink, signal) : sink(bytes)),
  };
}

/** The body of a watch, written by the test. */
export interface TestStream {
  readonly open: boolean;
  event(type: string, object: KubeObject | JsonObject): void;
  bytes(text: string | Uint8Array): void;
  /** The server ends the watch. */
  end(): void;
  /** The connection breaks. */
  fail(error: Error): void;
  /** For the server. */
  attach(sink: (chunk: Uint8Array) => void, signal: AbortSignal | undefined): Promise<void>;
}

export function createTestStream(): TestStream {
  let sink: ((chunk: Uint8Array) => void) | undefined;
  let settle: { resolve(): void; reject(error: unknown): void } | undefined;
  let early: Uint8Array[] = [];
  let outcome: { readonly error?: Error } | undefined;

  const finish = (result: { readonly error?: unknown }): void => {
    sink = undefined;
    const waiting = settle;
    settle = undefined;
    if ("error" in result) waiting?.reject(result.error);
    else waiting?.resolve();
  };
  const push = (chunk: Uint8Array): void => {
    if (!sink) {
      early.push(chunk);
      return;
    }
    try {
      // The real thing uses its buffer again: whoever keeps a chunk sees it spoilt.
      const lent = Buffer.from(chunk);
      sink(lent);
      lent.fill(0xff);
    } catch (error) {
      finish({ error });
    }
  };
  const stream: TestStream = {
    get open() {
      return sink !== undefined;
    },
    event: (type, object) => push(Buffer.from(`${JSON.stringify({ type, object })}\n`)),
    bytes: (text) => push(typeof text === "string" ? Buffer.from(text) : text),
    end() {
      outcome = {};
      if (sink) finish({});
    },
    fail(error) {
      outcome = { error };
      if (sink) finish({ error });
    },
    attach: (to, signal) =>
      new Promise((resolve, reject) => {
        sink = to;
        settle = { resolve, reject };
        if (signal?.aborted) return finish({ error: signal.reason });
        signal?.addEventListener("abort", () => finish({ error: signal.reason }), { once: true });
        for (const chunk of early.splice(0)) push(chunk);
        early = [];
        if (outcome) finish(outcome);
      }),
  };
  return stream;
}

/** Answer of a list, items without kinds as the API sends them. */
export function listAnswer(
  kind: string,
  items: readonly KubeObject[],
  resourceVersion: string,
  more: { readonly continue?: string } = {},
): TestAnswer {
  return { body: { kind: `${kind}List`, apiVersion: "v1", metadata: { resourceVersion, ...more }, items } };
}

export function statusAnswer(
  code: number,
  reason: string,
  message = reason,
  headers: Readonly<Record<string, string>> = {},
): TestAnswer {
  return {
    status: code,
    headers,
    body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code },
  };
}

/** The bookmark that ends a streamed list. */
export function initialEventsEnd(resourceVersion: string, kind = "ConfigMap"): JsonObject {
  return {
    kind,
    apiVersion: "v1",
    metadata: { resourceVersion, annotations: { "k8s.io/initial-events-end": "true" } },
  };
}
