import { createHash } from "node:crypto";
import { ApiError, type Clock, SubjectAccessReview, sleep, TokenReview } from "@homeostat/api";
import type { Client } from "../client/client.ts";
import type { Logger } from "../log.ts";
import type { HttpAnswer, HttpRequest } from "../manager/http-server.ts";
import { ExpiringCache } from "./expiring-cache.ts";

export interface AccessFilterOptions {
  /** Asks the API server; its user needs `create` on tokenreviews and subjectaccessreviews (`system:auth-delegator`). */
  readonly client: Pick<Client, "create">;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
}

interface User {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** How long answers of the API server are believed, in milliseconds. As in controller-runtime. */
const believed = { tokenMs: 60_000, allowedMs: 300_000, deniedMs: 30_000 };
/** One review may take so long, tries included. */
const limitMs = 10_000;
/** Most tokens, and most decisions, that are remembered. */
const remembered = 1_000;

/**
 * Lets in who the API server knows and allows: a bearer token is reviewed (TokenReview), then its user is checked for
 * the lower-case method as verb and the path as non-resource URL (SubjectAccessReview). 401 without a good token, 403
 * without permission, 500 when the API server cannot be asked; failures are never remembered.
 *
 * Source: controller-runtime `pkg/metrics/filters`.
 */
export class AccessFilter {
  readonly #options: AccessFilterOptions;
  /** By digest of the token; null: not a good one. Tokens themselves are not kept. */
  readonly #users: ExpiringCache<User | null>;
  readonly #decisions: ExpiringCache<boolean>;
  /** Reviews under way, so that scrapes at the same moment ask once. */
  readonly #asked = new Map<string, Promise<unknown>>();

  constructor(options: AccessFilterOptions) {
    this.#options = options;
    this.#users = new ExpiringCache(options.clock, remembered);
    this.#decisions = new ExpiringCache(options.clock, remembered);
  }

  /** @returns the refusal; undefined: may pass */
  async refusal(request: Pick<HttpRequest, "method" | "path" | "headers">): Promise<HttpAnswer | undefined> {
    const token = bearerToken(request.headers["authorization"]);
    if (token === undefined) return unauthorized;
    const verb = request.method.toLowerCase();
    try {
      const user = await this.#user(token);
      if (!user) return unauthorized;
      if (await this.#allowed(user, verb, request.path)) return undefined;
      return { status: 403, body: `user "${user.username}" may not ${verb} path ${request.path}\n` };
    } catch (error) {
      this.#options.log.error({ err: error, path: request.path }, "Access to the endpoint could not be reviewed");
      return { status: 500, body: "access could not be reviewed; the log tells why\n" };
    }
  }

  async #user(token: string): Promise<User | null> {
    const key = createHash("sha256").update(token).digest("base64");
    const known = this.#users.get(key);
    if (known !== undefined) return known;
    return this.#once(`token ${key}`, async (signal) => {
      const review = { metadata: {}, spec: { token } } as TokenReview;
      const { status } = await this.#options.client.create(TokenReview, review, { signal });
      const user = status?.authenticated && status.user ? status.user : null;
      this.#users.set(key, user, believed.tokenMs);
      return user;
    });
  }

  async #allowed(user: User, verb: string, path: string): Promise<boolean> {
    const key = JSON.stringify([user.username, user.uid, user.groups, user.extra, verb, path]);
    const known = this.#decisions.get(key);
    if (known !== undefined) return known;
    return this.#once(`access ${key}`, async (signal) => {
      const { username = "", uid, groups, extra } = user;
      const spec = {
        user: username,
        ...(uid ? { uid } : {}),
        ...(groups ? { groups } : {}),
        ...(extra ? { extra } : {}),
        nonResourceAttributes: { verb, path },
      };
      const review = { metadata: {}, spec } as SubjectAccessReview;
      const { status } = await this.#options.client.create(SubjectAccessReview, review, { signal });
      const allowed = status?.allowed === true;
      this.#decisions.set(key, allowed, allowed ? believed.allowedMs : believed.deniedMs);
      return allowed;
    });
  }

  #once<R>(key: string, ask: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const running = this.#asked.get(key) as Promise<R> | undefined;
    if (running) return running;
    const asked = this.#persist(ask).finally(() => this.#asked.delete(key));
    this.#asked.set(key, asked);
    return asked;
  }

  /** Five tries, 500 ms apart and growing by half, with a fifth of jitter. What the server refuses is not asked again. */
  async #persist<R>(ask: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const { clock, random } = this.#options;
    const abort = new AbortController();
    const cancel = clock.setTimer(
      () => abort.abort(new Error(`the API server did not answer within ${limitMs} ms`)),
      limitMs,
      { keepAlive: false },
    );
    try {
      for (let attempt = 1, delayMs = 500; ; attempt++, delayMs *= 1.5) {
        try {
          return await ask(abort.signal);
        } catch (error) {
          if (attempt === 5 || abort.signal.aborted || isRefusal(error)) throw error;
          await sleep(clock, delayMs * (1 + 0.2 * random()), abort.signal);
        }
      }
    } finally {
      cancel();
    }
  }
}

const unauthorized: HttpAnswer = {
  status: 401,
  body: "401 unauthorized: a bearer token that the API server accepts is needed\n",
  headers: { "www-authenticate": "Bearer" },
};

function bearerToken(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === "string" ? /^bearer +(\S+) *$/i.exec(header)?.[1] : undefined;
}

const isRefusal = (error: unknown): boolean => error instanceof ApiError && error.code < 500 && error.code !== 429;
