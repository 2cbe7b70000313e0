import { createHash } from "node:crypto";
import type { Clock, TransportRequest } from "@homeostat/api";
import { type ApiCall, applyType } from "./api-call.ts";
import { TRACEPARENT_ANNOTATION } from "./tracing-options.ts";

interface Stamp {
  readonly digest: string;
  readonly traceparent: string;
  usedAt: number;
}

/** Most objects whose stamps are remembered; beyond it, objects that are new stay without one. */
const remembered = 20_000;
const forgottenAfterMs = 3_600_000;
/** Groups of objects that nobody reconciles, and that are written often. */
const unstamped = /\.(events|coordination|authentication|authorization)\.k8s\.io$|^events$/;

/**
 * Puts the trace context on objects as they are written. Only creates and applies are stamped, and what is applied
 * again as it was keeps its stamp: a stamp that changes by itself would make each apply a change, and each change is
 * an event for whoever watches.
 */
export class ObjectStamps {
  readonly #clock: Clock;
  /** By path; first what was not written for longest. */
  readonly #stamps = new Map<string, Stamp>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The request with a stamped body; the same request where there is nothing to stamp. */
  stamped(request: TransportRequest, call: ApiCall, traceparent: string): TransportRequest {
    if (request.method === "DELETE") this.#stamps.delete(call.path);
    const { body } = request;
    if (!isStampable(request, call) || typeof body !== "string") return request;
    const value = call.verb === "apply" ? this.#settled(call.path, body, traceparent) : traceparent;
    if (value === undefined) return request;
    let object: { metadata?: { annotations?: Record<string, string> } };
    try {
      object = JSON.parse(body);
    } catch {
      // YAML is a body, too, of an apply that somebody else wrote.
      return request;
    }
    const annotations = { ...object.metadata?.annotations, [TRACEPARENT_ANNOTATION]: value };
    return { ...request, body: JSON.stringify({ ...object, metadata: { ...object.metadata, annotations } }) };
  }

  /** The stamp for what is applied: the one it had if it is the same again; undefined where there is no room. */
  #settled(path: string, body: string, traceparent: string): string | undefined {
    const digest = createHash("sha256").update(body).digest("base64");
    const usedAt = this.#clock.monotonic();
    const known = this.#stamps.get(path);
    if (!known && !this.#hasRoom(usedAt)) return undefined;
    const stamp = known?.digest === digest ? { ...known, usedAt } : { digest, traceparent, usedAt };
    this.#stamps.delete(path);
    this.#stamps.set(path, stamp);
    return stamp.traceparent;
  }

  #hasRoom(now: number): boolean {
    if (this.#stamps.size < remembered) return true;
    const [path, oldest] = this.#stamps.entries().next().value!;
    if (now - oldest.usedAt < forgottenAfterMs) return false;
    this.#stamps.delete(path);
    return true;
  }
}

function isStampable({ method, headers }: TransportRequest, { resource, name }: ApiCall): boolean {
  if (resource === undefined || resource.includes("/") || unstamped.test(resource)) return false;
  const contentType = headers?.["content-type"] ?? "";
  if (method === "POST") return name === undefined && contentType.startsWith("application/json");
  return method === "PATCH" && contentType.startsWith(applyType);
}
