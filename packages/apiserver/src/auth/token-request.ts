import { fieldError, formatTime, invalid, type JsonObject, type StatusCause } from "@homeostat/api";
import type { BoundObject, ServiceAccountTokens, TokenSubject } from "./service-account-tokens.ts";

/** Source: authentication.k8s.io/v1 `TokenRequest`. */
export interface TokenRequestOptions {
  /** The service account the request is made through. */
  readonly subject: TokenSubject;
  readonly tokens: Pick<ServiceAccountTokens, "issue" | "issuer">;
  /** Uid of the object a token is to be bound to; undefined when there is none. Nodes are of no namespace. */
  readonly uidOf: (kind: BoundObject["kind"], namespace: string, name: string) => Promise<string | undefined>;
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
const boundKinds: readonly BoundObject["kind"][] = ["Pod", "Secret", "Node"];

/**
 * Answers `serviceaccounts/NAME/token`: the request with its status filled in.
 * @throws ApiError 422 for a duration or a reference that is not allowed
 */
export async function requestToken(request: JsonObject, options: TokenRequestOptions): Promise<JsonObject> {
  const { subject, tokens } = options;
  const spec = (request["spec"] ?? {}) as TokenRequestSpec;
  const expirationSeconds = spec.expirationSeconds ?? defaultSeconds;
  const causes: StatusCause[] = durationCauses(expirationSeconds);
  const boundObject = await boundObjectOf(spec.boundObjectRef, options, causes);
  if (causes.length > 0) throw invalid({ group: "authentication.k8s.io", kind: "TokenRequest" }, subject.name, causes);

  const audiences = spec.audiences && spec.audiences.length > 0 ? spec.audiences : [tokens.issuer];
  const issued = tokens.issue(subject, { audiences, expirationSeconds, ...(boundObject ? { boundObject } : {}) });
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
  causes: StatusCause[],
): Promise<BoundObject | undefined> {
  if (!reference) return undefined;
  const field = "spec.boundObjectRef";
  const { name = "" } = reference;
  const kind = boundKinds.find((candidate) => candidate === reference.kind);
  if (!kind || (reference.apiVersion ?? "v1") !== "v1") {
    causes.push(fieldError.notSupported(`${field}.kind`, reference.kind, boundKinds));
    return undefined;
  }
  const uid = await uidOf(kind, kind === "Node" ? "" : subject.namespace, name);
  if (uid === undefined) {
    causes.push(fieldError.notFound(`${field}.name`, name));
    return undefined;
  }
  if (reference.uid && reference.uid !== uid) {
    causes.push(fieldError.invalid(`${field}.uid`, reference.uid, `the ${kind} of this name has the uid ${uid}`));
  }
  return { kind, name, uid };
}
