import { ApiError, type Clock, formatMicroTime, type Json, type JsonObject } from "@homeostat/api";
import type { UserInfo } from "../auth/user-info.ts";
import { isLongRunning } from "../http/deadline.ts";
import { header, type ServerRequest, type ServerResponse, type StreamBody } from "../http/handler.ts";
import type { AuditedRequest, AuditTrail } from "./audit.ts";
import { isObject, readBody, withoutManagedFields } from "./bodies.ts";
import { type AuditEvent, type AuditStage, reaches } from "./event.ts";
import type { AuditDecision } from "./policy.ts";

export interface TrailOptions {
  readonly clock: Clock;
  readonly emit: (event: AuditEvent) => void;
  /** The type of the objects of a resource, for bodies that leave it out. */
  readonly typeOf: (info: AuditedRequest["info"]) => { readonly apiVersion: string; readonly kind: string } | undefined;
}

/** Longer ones are cut, in characters. Source: apiserver, audit `maxUserAgentLength`. */
const maxUserAgentLength = 1024;

/** Follows one request; each stage that the policy does not omit becomes an event. */
export class Trail implements AuditTrail {
  readonly request: ServerRequest;
  readonly #audited: AuditedRequest;
  readonly #decision: AuditDecision;
  readonly #options: TrailOptions;
  readonly #receivedAt: string;
  readonly #annotations = new Map<string, string>();
  /** Undefined where the credentials were not good. */
  #sender: UserInfo | undefined;
  #impersonated: UserInfo | undefined;
  #sent: Uint8Array | undefined;
  #responseStatus: JsonObject | undefined;
  #responseObject: Json | undefined;
  #isComplete = false;

  constructor(audited: AuditedRequest, decision: AuditDecision, options: TrailOptions) {
    // The request changes on its way: it is kept as it came in.
    this.#audited = { ...audited };
    this.#sender = audited.user;
    this.#decision = decision;
    this.#options = options;
    this.#receivedAt = formatMicroTime(options.clock.now());
    const { request } = audited;
    const body = async (): Promise<Uint8Array> => (this.#sent = await request.body());
    this.request = { ...request, body };
  }

  readonly annotate: AuditTrail["annotate"] = (key, value, from = "Metadata") => {
    if (reaches(this.#decision.level, from) && !this.#annotations.has(key)) this.#annotations.set(key, value);
  };

  impersonated(user: UserInfo): void {
    this.#impersonated = user;
  }

  received(): void {
    this.#emit("RequestReceived");
  }

  refused(attempted: string): void {
    const message = attempted
      ? `Authentication failed, attempted: ${attempted}`
      : "Authentication failed, no credentials provided";
    this.#sender = undefined;
    this.#responseStatus = { metadata: {}, message, code: 401 };
    this.#emit("ResponseStarted");
  }

  answered(response: ServerResponse): ServerResponse {
    const { body, connect, status } = response;
    const isWanted = body instanceof Uint8Array && (status >= 400 || this.#showsResponses || holdsStatus(body));
    this.#notice(status, isWanted ? readBody(body, contentTypeOf(response)) : undefined);
    const goesOn = connect !== undefined || (typeof body === "function" && this.request.method !== "HEAD");
    if (isLongRunning(this.#audited.info)) this.#emit("ResponseStarted");
    if (!goesOn) {
      this.#complete();
      return response;
    }
    // A client that goes away before the stream begins leaves nobody to end it.
    const { signal } = this.request;
    const gone = (): void => this.#complete();
    signal.addEventListener("abort", gone, { once: true });
    const over = (): void => {
      signal.removeEventListener("abort", gone);
      this.#complete();
    };
    return {
      ...response,
      ...(typeof body === "function" ? { body: withEnd(body, over) } : {}),
      ...(connect ? { connect: (connection) => connect(connection).finally(over) } : {}),
    };
  }

  failed(error: unknown): void {
    if (error instanceof ApiError) {
      this.#notice(error.code, error.status as unknown as JsonObject);
      this.#complete();
      return;
    }
    if (this.request.signal.aborted) {
      this.#responseStatus = { metadata: {}, status: "Success", message: "Connection closed early", code: 200 };
      this.#complete();
      return;
    }
    const message = `APIServer panic'd: ${error instanceof Error ? error.message : String(error)}`;
    this.#responseStatus = { metadata: {}, status: "Failure", message, reason: "InternalError", code: 500 };
    this.#isComplete = true;
    this.#emit("Panic");
  }

  /** Of a Status its parts are told at every level; other objects at the highest only. */
  #notice(code: number, object: Json | undefined): void {
    const told: JsonObject = { metadata: {} };
    if (isObject(object) && object["kind"] === "Status") {
      for (const field of ["status", "message", "reason", "details"]) {
        if (object[field] !== undefined) told[field] = object[field];
      }
    }
    this.#responseStatus = { ...told, code };
    if (this.#showsResponses) this.#responseObject = object;
  }

  get #showsResponses(): boolean {
    return reaches(this.#decision.level, "RequestResponse");
  }

  #complete(): void {
    if (this.#isComplete) return;
    this.#isComplete = true;
    this.#emit("ResponseComplete");
  }

  #emit(stage: AuditStage): void {
    const { level, omitStages } = this.#decision;
    if (omitStages.has(stage)) return;
    const { request, auditId, info } = this.#audited;
    const sourceIPs = sourcesOf(request);
    const agent = header(request, "user-agent") ?? "";
    const sent = this.#sentObject();
    const showsRequest = reaches(level, "Request") && sent !== undefined;
    this.#options.emit({
      kind: "Event",
      apiVersion: "audit.k8s.io/v1",
      level,
      auditID: auditId,
      stage,
      requestURI: request.path,
      verb: info.verb,
      user: this.#sender ? userOf(this.#sender) : {},
      ...(this.#impersonated ? { impersonatedUser: userOf(this.#impersonated) } : {}),
      ...(sourceIPs.length > 0 ? { sourceIPs } : {}),
      ...(agent ? { userAgent: cut(agent) } : {}),
      ...(info.isResource ? { objectRef: this.#objectRef(sent) } : {}),
      ...(this.#responseStatus ? { responseStatus: this.#responseStatus } : {}),
      ...(showsRequest ? { requestObject: this.#shown(sent) } : {}),
      ...(this.#responseObject === undefined ? {} : { responseObject: this.#shown(this.#responseObject) }),
      requestReceivedTimestamp: this.#receivedAt,
      stageTimestamp: formatMicroTime(this.#options.clock.now()),
      ...(this.#annotations.size > 0 ? { annotations: Object.fromEntries(this.#annotations) } : {}),
    });
  }

  /** With its type, which clients may leave out. */
  #sentObject(): Json | undefined {
    const object = this.#sent && readBody(this.#sent, header(this.request, "content-type"));
    const { info } = this.#audited;
    if (!isObject(object) || (info.verb !== "create" && info.verb !== "update")) return object;
    return {
      ...(info.isResource && info.subresource === undefined ? this.#options.typeOf(info) : undefined),
      ...object,
    };
  }

  /** What the URL leaves open the object says. */
  #objectRef(sent: Json | undefined): JsonObject {
    const { info } = this.#audited;
    if (!info.isResource) return {};
    const { verb, resource, group, version, subresource } = info;
    const isWhole = (verb === "create" || verb === "update") && isObject(sent) && isObject(sent["metadata"]);
    const meta: JsonObject = isWhole ? (sent["metadata"] as JsonObject) : {};
    return withoutEmpty({
      resource,
      namespace: info.namespace ?? meta["namespace"],
      name: info.name ?? meta["name"],
      uid: meta["uid"],
      apiGroup: group,
      apiVersion: version,
      resourceVersion: meta["resourceVersion"],
      subresource,
    });
  }

  #shown(value: Json): Json {
    return this.#decision.omitManagedFields ? withoutManagedFields(value) : value;
  }
}

/** Large answers are not read for the sake of their type, which comes first. */
function holdsStatus(body: Uint8Array): boolean {
  return Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, 64)).includes('"kind":"Status"');
}

function withoutEmpty(fields: Readonly<Record<string, Json | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== ""),
  ) as JsonObject;
}

function userOf({ username, uid, groups, extra }: UserInfo): UserInfo {
  return { username, ...(uid ? { uid } : {}), groups, ...(extra ? { extra } : {}) };
}

/** Where a request came from, the farthest first, as proxies on its way say. Source: apimachinery, net `SourceIPs`. */
function sourcesOf(request: ServerRequest): string[] {
  const forwarded = (header(request, "x-forwarded-for") ?? "").split(",");
  const all = [...forwarded, header(request, "x-real-ip") ?? "", request.remoteAddress?.() ?? ""];
  return [...new Set(all.map((address) => address.trim().replace(/^::ffff:/, "")).filter((address) => address !== ""))];
}

function cut(agent: string): string {
  return agent.length > maxUserAgentLength ? `${agent.slice(0, maxUserAgentLength)}...TRUNCATED` : agent;
}

function contentTypeOf({ headers }: ServerResponse): string | undefined {
  const type = headers["content-type"];
  return typeof type === "string" ? type : type?.[0];
}

function withEnd(body: StreamBody, over: () => void): StreamBody {
  return (stream) => body(stream).finally(over);
}
