import {
  badRequest,
  conflict,
  fieldError,
  formatTime,
  invalid,
  type JsonObject,
  notFound,
  type StatusCause,
} from "@homeostat/api";
import type { BoundObject, IssueOptions, ServiceAccountTokens, TokenSubject } from "./service-account-tokens.ts";

/** Source: authentication.k8s.io/v1 `TokenRequest`. */
export interface TokenRequestOptions {
  /** The service account the request is made through. */
  readonly subject: TokenSubject;
  readonly tokens: Pick<ServiceAccountTokens, "issue" | "issuer">;
  /** Uid of the object a token is to be bound to; undefined when there is none. Nodes are of no namespace. */
  readonly uidOf: (kind: BoundObject["kind"], namespace: string, name: string) => Promise<string | undefined>;
  /** What a pod says of its account and its node. Default: tokens are bound to any pod, and tell of no node. */
  readonly podOf?: (namespace: string, name: string) => Promise<PodFacts | undefined>;
}

export interface PodFacts {
  readonly serviceAccountName?: string;
  readonly nodeName?: string;
}

interface TokenRequestSpec {
  readonly audiences?: readonly string[];
  readonly expirationSeconds?: number;
  readonly boundObjectRef?: {
    readonly kind?: string;
    readonly apiVersion?: string;
    readonly name?: string;
    readonly uid?: string;
  };
}

const defaultSeconds = 3600;
const minSeconds = 600;
const maxSeconds = 2 ** 32;
const boundKinds: Readonly<Record<BoundObject["kind"], string>> = { Pod: "pods", Secret: "secrets", Node: "nodes" };

/**
 * Answers `serviceaccounts/NAME/token`: the request with its status filled in.
 * @throws ApiError 422 for a duration that is not allowed; for what the token is to be bound to: 400 for a kind that
 * cannot be, or a pod of another account, 404 when it is not there, 409 when it is another one of that name
 */
export async function requestToken(request: JsonObject, options: TokenRequestOptions): Promise<JsonObject> {
  const { subject, tokens } = options;
  const spec = (request["spec"] ?? {}) as TokenRequestSpec;
  const expirationSeconds = spec.expirationSeconds ?? defaultSeconds;
  const causes = durationCauses(expirationSeconds);
  if (causes.length > 0) throw invalid({ group: "authentication.k8s.io", kind: "TokenRequest" }, subject.name, causes);

  const boundObject = await boundObjectOf(spec.boundObjectRef, options);
  const node = boundObject?.kind === "Pod" ? await nodeOf(boundObject.name, options) : undefined;
  const audiences = spec.audiences && spec.audiences.length > 0 ? spec.audiences : [tokens.issuer];
  const issued = tokens.issue(subject, {
    audiences,
    expirationSeconds,
    ...(boundObject ? { boundObject } : {}),
    ...(node ? { node } : {}),
  });
  return {
    ...request,
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { ...(request["metadata"] as JsonObject | undefined), name: subject.name, namespace: subject.namespace },
    spec: { ...(spec as JsonObject), audiences: [...audiences], expirationSeconds },
    status: { token: issued.token, expirationTimestamp: formatTime(issued.expiresAt) },
  };
}

function durationCauses(seconds: number): StatusCause[] {
  const field = "spec.expirationSeconds";
  if (seconds < minSeconds)
    return [fieldError.invalid(field, seconds, "may not specify a duration less than 10 minutes")];
  if (seconds > maxSeconds)
    return [fieldError.invalid(field, seconds, "may not specify a duration larger than 2^32 seconds")];
  return [];
}

async function boundObjectOf(
  reference: TokenRequestSpec["boundObjectRef"],
  { subject, uidOf }: TokenRequestOptions,
): Promise<BoundObject | undefined> {
  if (!reference) return undefined;
  const { name = "", apiVersion = "v1", kind: wanted = "" } = reference;
  if (!isBoundKind(wanted) || apiVersion !== "v1")
    throw badRequest(`cannot bind token to object of type ${typeText(apiVersion, wanted)}`);
  const resource = { group: "", plural: boundKinds[wanted] };
  const uid = await uidOf(wanted, wanted === "Node" ? "" : subject.namespace, name);
  if (uid === undefined) throw notFound(resource, name);
  if (reference.uid && reference.uid !== uid) {
    const why = `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ group: "", plural: wanted }, name, why);
  }
  return { kind: wanted, name, uid };
}

const isBoundKind = (kind: string): kind is BoundObject["kind"] => Object.hasOwn(boundKinds, kind);

/** `apps/v1, Kind=Deployment`, as Go writes it: `/v1, Kind=Service`. */
function typeText(apiVersion: string, kind: string): string {
  return `${apiVersion.includes("/") ? "" : "/"}${apiVersion}, Kind=${kind}`;
}

/** The node of a pod, which must run as the account. One that is gone has a name only. */
async function nodeOf(name: string, { subject, uidOf, podOf }: TokenRequestOptions): Promise<IssueOptions["node"]> {
  const pod = await podOf?.(subject.namespace, name);
  if (!pod) return undefined;
  if (pod.serviceAccountName !== subject.name) {
    const account = JSON.stringify(subject.name);
    throw badRequest(
      `cannot bind token for serviceaccount ${account} to pod running with different serviceaccount name.`,
    );
  }
  if (!pod.nodeName) return undefined;
  const uid = await uidOf("Node", "", pod.nodeName);
  return { name: pod.nodeName, ...(uid === undefined ? {} : { uid }) };
}
