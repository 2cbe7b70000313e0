import { createHmac, timingSafeEqual } from "node:crypto";
import type { Request } from "../controller/reconciler.ts";
import type { Source, SourceContext, SourceSink } from "../controller/source.ts";

/** Where calls arrive, how they are proven, and whom they wake. */
export interface WebhookSourceOptions<R = Request> {
  /** Names the source in logs, errors and causes. */
  readonly name: string;
  /** The path it is called at, `/hooks/github`. */
  readonly path: string;
  /** What a call asks for. Throwing refuses the call with 400 and the error's message. */
  readonly map: (call: WebhookCall, context: SourceContext) => Iterable<R> | Promise<Iterable<R>>;
  /**
   * What the caller signs with; several while one replaces the other; a function to read them anew for each call.
   * False: whoever reaches the address may call, which is all right only where the network says who that is.
   */
  readonly secret: false | WebhookSecret | (() => WebhookSecret | Promise<WebhookSecret>);
  /**
   * Header that carries `sha256=` and the hexadecimal HMAC-SHA256 of the body, in any case. Default
   * `x-hub-signature-256`, as GitHub and others send it.
   */
  readonly signatureHeader?: string;
  /** Largest body that is read, in bytes. Default 1048576. */
  readonly maxBytes?: number;
  /** Level of what it asks for. Default `Priority.normal`. */
  readonly priority?: number;
}

export type WebhookSecret = string | readonly string[];

/** One call, after its signature was found to be good. */
export interface WebhookCall {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The body as JSON. @throws SyntaxError, which refuses the call */
  json(): unknown;
}

/** One call as it comes over HTTP: what a `WebhookServer` hands to its handlers, and any other server can. */
export interface IncomingCall {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Undefined: it was too large to be read. */
  readonly body: Uint8Array | undefined;
}

/** What to answer the caller. */
export interface WebhookAnswer {
  readonly status: number;
  readonly body: string;
  readonly contentType: string;
}

/** A source that others call over HTTP. */
export interface WebhookSource<R = Request> extends Source<R> {
  readonly path: string;
  /** Largest body that is worth reading, in bytes. */
  readonly maxBytes: number;
  /** Answers one call; it never rejects. Mount it: `server.handle(source.path, source.handle)`. */
  readonly handle: (call: IncomingCall) => Promise<WebhookAnswer>;
}

/**
 * Calls from outside as requests. A call says that something should be looked at, so one that comes twice or is
 * replayed does no harm; one that is lost is lost, so let a `timerSource` look over everything now and then. Answers:
 * 202 taken, 400 not understood, 401 not signed, 404 another path, 405 not POST, 413 too large, 503 the controller is not running.
 */
export function webhookSource<R = Request>(options: WebhookSourceOptions<R>): WebhookSource<R> {
  const { name, path, map, secret, maxBytes = 1 << 20, priority } = options;
  const header = (options.signatureHeader ?? "x-hub-signature-256").toLowerCase();
  if (!path.startsWith("/")) throw new Error(`webhook source "${name}": path "${path}" must begin with a slash`);
  if (secret === undefined || noSecret(secret))
    throw new Error(`webhook source "${name}": the secret is empty; write false for calls that nobody signs`);
  const started = new Set<{ readonly sink: SourceSink<R>; readonly context: SourceContext }>();

  const isSigned = async (headers: Readonly<Record<string, string>>, body: Uint8Array): Promise<boolean> => {
    if (secret === false) return true;
    const given = /^sha256=([0-9a-f]{64})$/i.exec(headers[header] ?? "")?.[1];
    if (given === undefined) return false;
    const secrets = typeof secret === "function" ? await secret() : secret;
    // All are tried, so that the time tells nothing.
    return [secrets]
      .flat()
      .map(
        (each) =>
          each !== "" && timingSafeEqual(createHmac("sha256", each).update(body).digest(), Buffer.from(given, "hex")),
      )
      .includes(true);
  };

  const deliver = async (call: WebhookCall): Promise<number> => {
    let count = 0;
    for (const { sink, context } of [...started]) {
      for (const request of await map(call, context)) {
        sink.add(request, priority === undefined ? {} : { priority });
        count++;
      }
    }
    return count;
  };

  return {
    name,
    path,
    maxBytes,
    start(sink, signal, context) {
      if (signal.aborted) return;
      const mine = { sink, context };
      started.add(mine);
      signal.addEventListener("abort", () => started.delete(mine), { once: true });
    },
    async handle({ method, path: called, headers: rawHeaders, body }) {
      if (called !== path) return answer(404, `nothing is here: call ${path}`);
      if (method !== "POST") return answer(405, "only POST is taken");
      if (!body || body.byteLength > maxBytes) return answer(413, `the body has more than ${maxBytes} bytes`);
      const headers = lowerCase(rawHeaders);
      try {
        if (!(await isSigned(headers, body))) return answer(401, `header ${header} does not sign the body`);
      } catch (error) {
        for (const { sink } of started) sink.failed(error);
        return answer(503, "the secret cannot be read");
      }
      if (started.size === 0) return answer(503, "the controller is not running");
      try {
        const json = (): unknown => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
        return answer(202, `asked for ${await deliver({ headers, body, json })}`);
      } catch (error) {
        // Not a failure of the source: anybody can send nonsense.
        for (const { context } of started) context.log.warn({ err: error, source: name }, "Webhook call was refused");
        return answer(400, error instanceof Error ? error.message : String(error));
      }
    },
  };
}

const noSecret = (secret: WebhookSourceOptions["secret"]): boolean =>
  secret !== false && typeof secret !== "function" && [secret].flat().every((each) => each === "");

const answer = (status: number, body: string): WebhookAnswer => ({
  status,
  body: `${body}\n`,
  contentType: "text/plain; charset=utf-8",
});

function lowerCase(headers: IncomingCall["headers"]): Record<string, string> {
  const result: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name.toLowerCase()] = typeof value === "string" ? value : value.join(", ");
  }
  return result;
}
