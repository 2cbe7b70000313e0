import type { Clock } from "@homeostat/api";

/** What a request proves who it is with. */
export interface Credentials {
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** PEM. A change closes connections made with the former one. */
  readonly clientCertificate?: { readonly cert: string; readonly key: string };
}

/** Asked before every request, so it remembers what it has. */
export interface CredentialSource {
  get(signal?: AbortSignal): Credentials | Promise<Credentials>;
  /** The server answered 401: what is remembered is no good any more. */
  invalidate(): void;
}

export function staticCredentials(credentials: Credentials): CredentialSource {
  return { get: () => credentials, invalidate() {} };
}

export function bearer(token: string): Credentials {
  return { headers: { authorization: `Bearer ${token}` } };
}

export function basic(username: string, password: string): Credentials {
  return { headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` } };
}

/**
 * A token from a file that somebody rotates, as the kubelet does with service account tokens: read again after a
 * minute, and at once after a 401. A file that cannot be read for a while does not lose the token in hand.
 *
 * Source: client-go, transport/token_source.go.
 */
export function tokenFileCredentials(options: {
  readonly path: string;
  readonly readFile: (path: string) => string;
  readonly clock: Clock;
}): CredentialSource {
  const rereadMs = 60_000;
  let current: Credentials | undefined;
  let readAt = 0;
  const read = (): Credentials => {
    const token = options.readFile(options.path).trim();
    if (token === "") throw new Error(`token file ${options.path} is empty`);
    return bearer(token);
  };
  return {
    get() {
      const now = options.clock.monotonic();
      if (current && now - readAt < rereadMs) return current;
      try {
        current = read();
        readAt = now;
      } catch (error) {
        if (!current)
          throw new Error(`cannot read token file ${options.path}: ${(error as Error).message}`, { cause: error });
      }
      return current;
    },
    invalidate() {
      readAt = Number.NEGATIVE_INFINITY;
    },
  };
}

/** A client certificate in files that somebody rotates: read again after five minutes, as client-go does. */
export function certificateFileCredentials(options: {
  readonly cert: () => string;
  readonly key: () => string;
  readonly clock: Clock;
}): CredentialSource {
  const rereadMs = 300_000;
  let current: Credentials | undefined;
  let readAt = 0;
  return {
    get() {
      const now = options.clock.monotonic();
      if (current && now - readAt < rereadMs) return current;
      const clientCertificate = { cert: options.cert(), key: options.key() };
      const former = current?.clientCertificate;
      readAt = now;
      if (former?.cert !== clientCertificate.cert || former.key !== clientCertificate.key)
        current = { clientCertificate };
      return current!;
    },
    invalidate() {
      readAt = Number.NEGATIVE_INFINITY;
    },
  };
}

/** All of them at once; of headers named twice the later source's wins. */
export function combineCredentials(...sources: readonly CredentialSource[]): CredentialSource {
  if (sources.length === 1) return sources[0]!;
  return {
    async get(signal) {
      const all = await Promise.all(sources.map((source) => source.get(signal)));
      const certificate = all.findLast((one) => one.clientCertificate)?.clientCertificate;
      return {
        headers: Object.assign({}, ...all.map((one) => one.headers)),
        ...(certificate ? { clientCertificate: certificate } : {}),
      };
    },
    invalidate() {
      for (const source of sources) source.invalidate();
    },
  };
}

/** Act as somebody else, where RBAC allows it. Source: Kubernetes docs, "User impersonation". */
export interface Impersonation {
  readonly user: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Headers of an impersonation as pairs: groups and extras repeat. */
export function impersonationHeaders(as: Impersonation): readonly (readonly [string, string])[] {
  const headers: [string, string][] = [["impersonate-user", as.user]];
  if (as.uid) headers.push(["impersonate-uid", as.uid]);
  for (const group of as.groups ?? []) headers.push(["impersonate-group", group]);
  for (const [key, values] of Object.entries(as.extra ?? {})) {
    for (const value of values) headers.push([`impersonate-extra-${encodeURIComponent(key.toLowerCase())}`, value]);
  }
  return headers;
}
