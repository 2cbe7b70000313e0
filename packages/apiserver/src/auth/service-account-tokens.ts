import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import type { Clock } from "@homeostat/api";
import type { TokenAuthenticator } from "./authenticate.ts";
import { serviceAccountGroups, serviceAccountUsername } from "./service-account.ts";
import type { UserInfo } from "./user-info.ts";

/** What a token may hang on beside its service account: it is void once that object is gone. */
export interface BoundObject {
  readonly kind: "Pod" | "Secret" | "Node";
  readonly name: string;
  readonly uid: string;
}

export interface TokenSubject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface IssueOptions {
  readonly audiences?: readonly string[];
  readonly expirationSeconds: number;
  readonly boundObject?: BoundObject;
  /** Where the pod runs that the token is bound to; told, and not required to last. Source: KEP-4193. */
  readonly node?: { readonly name: string; readonly uid?: string };
}

export interface IssuedToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly audiences: readonly string[];
}

export interface ServiceAccountTokenOptions {
  readonly clock: Clock;
  /** Who issues the tokens; also the audience of tokens for the API server. */
  readonly issuer?: string;
  /** Private key in PEM, P-256 or RSA; default a new P-256 key. */
  readonly key?: string;
  /** Public keys in PEM that are accepted beside the own one, for tokens issued before the key changed. */
  readonly formerKeys?: readonly string[];
  /** Ids of tokens. */
  readonly newId: () => string;
  /** Uid of an object, or undefined when there is none, so that tokens of what is gone are void. */
  readonly uidOf: (
    kind: "ServiceAccount" | BoundObject["kind"],
    namespace: string,
    name: string,
  ) => Promise<string | undefined>;
}

export interface ServiceAccountTokens extends TokenAuthenticator {
  readonly issuer: string;
  issue(subject: TokenSubject, options: IssueOptions): IssuedToken;
  /** A token without an end, kept in a Secret of type `kubernetes.io/service-account-token`. */
  issueForSecret(subject: TokenSubject, secretName: string): string;
  /** Private key in PEM, to be kept by a cluster that is to accept its tokens after a restart. */
  readonly key: string;
  /** Public keys as a JSON Web Key Set. */
  jwks(): { readonly keys: readonly Record<string, unknown>[] };
}

export const defaultIssuer = "https://kubernetes.default.svc.cluster.local";
const secretIssuer = "kubernetes/serviceaccount";

/** Claims of the tokens we issue; those of Secrets use names of their own. */
interface Claims {
  readonly iss?: string;
  readonly sub?: string;
  readonly aud?: readonly string[] | string;
  readonly exp?: number;
  readonly nbf?: number;
  readonly jti?: string;
  readonly "kubernetes.io"?: {
    readonly namespace: string;
    readonly serviceaccount: { readonly name: string; readonly uid: string };
  } & Readonly<Partial<Record<"pod" | "secret", { readonly name: string; readonly uid: string }>>> & {
      readonly node?: { readonly name: string; readonly uid?: string };
    };
  readonly [secretClaim: `kubernetes.io/serviceaccount/${string}`]: string | undefined;
}

/** Issues and checks tokens of service accounts. Source: KEP-1205, bound service account tokens; RFC 7519. */
export function createServiceAccountTokens(options: ServiceAccountTokenOptions): ServiceAccountTokens {
  const { clock, issuer = defaultIssuer, uidOf } = options;
  const privateKey = options.key
    ? createPrivateKey(options.key)
    : generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const publicKeys = [createPublicKey(privateKey), ...(options.formerKeys ?? []).map((pem) => createPublicKey(pem))];
  const verifiers = new Map(publicKeys.map((key) => [keyId(key), key]));
  const write = (claims: Claims): string => encodeToken(claims, privateKey, keyId(publicKeys[0]!));

  return {
    issuer,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    issue(subject, { audiences = [issuer], expirationSeconds, boundObject, node }) {
      const now = Math.floor(clock.now() / 1000);
      const exp = now + expirationSeconds;
      const bound = boundObject && {
        [boundObject.kind.toLowerCase()]: { name: boundObject.name, uid: boundObject.uid },
      };
      const token = write({
        iss: issuer,
        sub: serviceAccountUsername(subject.namespace, subject.name),
        aud: audiences,
        exp,
        nbf: now,
        ...{ iat: now },
        jti: options.newId(),
        "kubernetes.io": {
          namespace: subject.namespace,
          ...(node ? { node } : {}),
          ...bound,
          serviceaccount: { name: subject.name, uid: subject.uid },
        },
      });
      return { token, expiresAt: exp * 1000, audiences };
    },
    issueForSecret: (subject, secretName) =>
      write({
        iss: secretIssuer,
        sub: serviceAccountUsername(subject.namespace, subject.name),
        "kubernetes.io/serviceaccount/namespace": subject.namespace,
        "kubernetes.io/serviceaccount/secret.name": secretName,
        "kubernetes.io/serviceaccount/service-account.name": subject.name,
        "kubernetes.io/serviceaccount/service-account.uid": subject.uid,
      }),
    async authenticate(token, audiences = [issuer]) {
      const parsed = decodeToken(token);
      if (!parsed || (parsed.claims.iss !== issuer && parsed.claims.iss !== secretIssuer)) return undefined;
      checkSignature(parsed, verifiers);
      checkTimes(parsed.claims, clock);
      const common = commonAudiences(parsed.claims, audiences, issuer);
      return { user: await checkObjects(parsed.claims, uidOf), audiences: common };
    },
    jwks: () => ({ keys: publicKeys.map(jsonWebKey) }),
  };
}

interface ParsedToken {
  readonly header: { readonly alg?: string; readonly kid?: string };
  readonly claims: Claims;
  readonly signed: string;
  readonly signature: Buffer;
}

function encodeToken(claims: Claims, key: KeyObject, kid: string): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encode({ alg: algorithmOf(key), kid })}.${encode(claims)}`;
  // JWTs hold the two numbers of an ECDSA signature side by side, not as DER.
  return `${signed}.${sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

/** Undefined when it is no JSON Web Token. */
function decodeToken(token: string): ParsedToken | undefined {
  const [header = "", payload = "", signature = "", ...rest] = token.split(".");
  if (rest.length > 0 || signature === "") return undefined;
  try {
    const decode = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
    const parsed = { header: decode(header), claims: decode(payload) };
    if (typeof parsed.header !== "object" || typeof parsed.claims !== "object" || !parsed.header || !parsed.claims)
      return undefined;
    return { ...parsed, signed: `${header}.${payload}`, signature: Buffer.from(signature, "base64url") };
  } catch {
    return undefined;
  }
}

function checkSignature({ header, signed, signature }: ParsedToken, keys: ReadonlyMap<string, KeyObject>): void {
  const key = keys.get(header.kid ?? "");
  // The key decides the algorithm: a token that could choose might choose none.
  const good =
    key &&
    header.alg === algorithmOf(key) &&
    verify("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" }, signature);
  if (!good) throw new Error("the token's signature is not good: it was issued by another cluster or changed");
}

function checkTimes(claims: Claims, clock: Clock): void {
  const now = clock.now() / 1000;
  if (claims.exp !== undefined && now >= claims.exp) throw new Error("the token has expired: ask for a new one");
  if (claims.nbf !== undefined && now < claims.nbf) throw new Error("the token is not valid yet");
  if (claims.iss !== secretIssuer && claims.exp === undefined) throw new Error("the token has no end");
}

function commonAudiences(claims: Claims, wanted: readonly string[], issuer: string): string[] {
  // Tokens of Secrets name no audience: they are for the API server.
  const meant = claims.iss === secretIssuer ? [issuer] : [claims.aud ?? []].flat();
  const common = wanted.filter((audience) => meant.includes(audience));
  if (common.length === 0) {
    throw new Error(`the token is meant for ${JSON.stringify(meant)}, not for ${JSON.stringify(wanted)}`);
  }
  return common;
}

async function checkObjects(claims: Claims, uidOf: ServiceAccountTokenOptions["uidOf"]): Promise<UserInfo> {
  const { namespace, account, bound } = claims.iss === secretIssuer ? secretClaims(claims) : boundClaims(claims);
  const require = async (
    kind: Parameters<typeof uidOf>[0],
    object: { name: string; uid?: string | undefined },
  ): Promise<void> => {
    const uid = await uidOf(kind, kind === "Node" ? "" : namespace, object.name);
    if (uid === undefined || (object.uid !== undefined && uid !== object.uid)) {
      throw new Error(`the token's ${kind} ${namespace}/${object.name} is gone`);
    }
  };
  await require("ServiceAccount", account);
  for (const { kind, ...object } of bound) await require(kind, object);
  const pod = bound.find(({ kind }) => kind === "Pod");
  const node = claims["kubernetes.io"]?.node;
  const extra = {
    ...(claims.jti ? { "authentication.kubernetes.io/credential-id": [`JTI=${claims.jti}`] } : {}),
    ...(pod
      ? { "authentication.kubernetes.io/pod-name": [pod.name], "authentication.kubernetes.io/pod-uid": [pod.uid ?? ""] }
      : {}),
    ...(node ? { "authentication.kubernetes.io/node-name": [node.name] } : {}),
    ...(node?.uid ? { "authentication.kubernetes.io/node-uid": [node.uid] } : {}),
  };
  return {
    username: serviceAccountUsername(namespace, account.name),
    uid: account.uid,
    groups: [...serviceAccountGroups(namespace), "system:authenticated"],
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
}

interface ObjectClaims {
  readonly namespace: string;
  readonly account: { readonly name: string; readonly uid: string };
  readonly bound: readonly { readonly kind: BoundObject["kind"]; readonly name: string; readonly uid?: string }[];
}

function boundClaims(claims: Claims): ObjectClaims {
  const objects = claims["kubernetes.io"];
  if (!objects?.serviceaccount) throw new Error("the token names no service account");
  const kinds = [
    ["Pod", objects.pod],
    ["Secret", objects.secret],
    // Of a token that is bound to a pod the node is news only.
    ["Node", objects.pod ? undefined : objects.node],
  ] as const;
  const bound = kinds.flatMap(([kind, object]) => (object ? [{ kind, ...object }] : []));
  return { namespace: objects.namespace, account: objects.serviceaccount, bound };
}

function secretClaims(claims: Claims): ObjectClaims {
  const claim = (name: string): string => claims[`kubernetes.io/serviceaccount/${name}`] ?? "";
  return {
    namespace: claim("namespace"),
    account: { name: claim("service-account.name"), uid: claim("service-account.uid") },
    bound: [{ kind: "Secret", name: claim("secret.name") }],
  };
}

function algorithmOf(key: KeyObject): "ES256" | "RS256" {
  return key.asymmetricKeyType === "rsa" ? "RS256" : "ES256";
}

function keyId(key: KeyObject): string {
  return createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("base64url");
}

function jsonWebKey(key: KeyObject): Record<string, unknown> {
  return { use: "sig", kid: keyId(key), alg: algorithmOf(key), ...key.export({ format: "jwk" }) };
}
