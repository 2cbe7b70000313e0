import { unauthorized } from "@homeostat/api";
import { header, type ServerRequest } from "../http/handler.ts";
import { anonymous, type UserInfo } from "./user-info.ts";

/** Says who sends a request. @throws ApiError 401 when what it presents is not good */
export type Authenticator = (request: ServerRequest) => Promise<UserInfo>;

/** Says who a bearer token belongs to. */
export interface TokenAuthenticator {
  /**
   * @param audiences who the token must be meant for; default the API server
   * @returns undefined when the token is of no kind known here. @throws Error when it is, but is not good
   */
  authenticate(token: string, audiences?: readonly string[]): Promise<AuthenticatedToken | undefined>;
}

export interface AuthenticatedToken {
  readonly user: UserInfo;
  /** Those of the wanted audiences the token is meant for. */
  readonly audiences: readonly string[];
}

export interface AuthenticatorOptions {
  /** Asked in order. */
  readonly tokens: readonly TokenAuthenticator[];
  /** Whether requests without credentials are served, as `system:anonymous`. Default true. */
  readonly anonymous?: boolean;
}

const authenticated = "system:authenticated";

/**
 * Identity, in this order: a caller in the process brings its own; a client certificate names user (common name) and
 * groups (organizations); a bearer token; nothing at all is anonymous. Bad credentials are refused, not ignored.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  return async (request) => {
    if (request.user) return withAuthenticated(request.user);
    const certificate = request.peer?.clientCertificate;
    if (certificate) return withAuthenticated({ username: certificate.commonName, groups: certificate.organizations });
    const token = bearerToken(request);
    if (token !== undefined) return withAuthenticated(await userOf(token, options.tokens));
    if (request.peer?.certificateProblem || options.anonymous === false) throw unauthorized();
    return anonymous;
  };
}

function bearerToken(request: ServerRequest): string | undefined {
  const authorization = header(request, "authorization");
  if (authorization === undefined) return undefined;
  const match = /^Bearer +([^\s]+)\s*$/i.exec(authorization);
  // Other schemes are not ours: such a request counts as one without credentials, as upstream.
  return match?.[1];
}

async function userOf(token: string, authenticators: readonly TokenAuthenticator[]): Promise<UserInfo> {
  for (const authenticator of authenticators) {
    // Why a token is refused could help to forge one: clients are not told.
    const found = await authenticator.authenticate(token).catch(() => {
      throw unauthorized();
    });
    if (found) return found.user;
  }
  throw unauthorized();
}

function withAuthenticated(user: UserInfo): UserInfo {
  const { groups } = user;
  return groups.includes(authenticated) || groups.includes("system:unauthenticated")
    ? user
    : { ...user, groups: [...groups, authenticated] };
}

/** Tokens fixed at start, each for one user. */
export function staticTokens(users: ReadonlyMap<string, UserInfo>, audience: string): TokenAuthenticator {
  return {
    async authenticate(token, audiences = [audience]) {
      const user = users.get(token);
      if (!user) return undefined;
      const common = audiences.filter((candidate) => candidate === audience);
      if (common.length === 0) throw new Error("the token is not meant for any of the wanted audiences");
      return { user: withAuthenticated(user), audiences: common };
    },
  };
}
