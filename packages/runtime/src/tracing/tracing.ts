import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Clock,
  isConflict,
  type NamespacedName,
  type TransportRequest,
  type TransportResponse,
} from "@homeostat/api";
import {
  type Attributes,
  context,
  type HrTime,
  isSpanContextValid,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { WriteRecord } from "../client/write-observer.ts";
import type { ReconcileEnd, ReconcileInfo, ReconcileInstrument } from "../controller/instrument.ts";
import { isTerminal } from "../controller/reconciler.ts";
import type { Cause } from "../ledger/cause.ts";
import { type ApiCall, apiCallOf } from "./api-call.ts";
import { ObjectStamps } from "./object-stamps.ts";
import { formatTraceparent, parseTraceparent } from "./traceparent.ts";
import { TRACEPARENT_ANNOTATION, type TracingOptions } from "./tracing-options.ts";
import { WriteTraces } from "./write-traces.ts";

/** Annotations of an object as a cache has it; undefined where it has none or does not know the object. */
export type AnnotationsOf = (resource: string, key: NamespacedName) => Readonly<Record<string, string>> | undefined;

/** The span of a reconcile that runs. Timers set during one outlive it, and must not add to it. */
interface Active {
  readonly span: Span;
  ended: boolean;
}

/**
 * Spans of what a manager does, one trace for each reconcile:
 *
 * `queue <controller>` from the moment the key was ready, `reconcile <controller>` below it, and below that one span
 * for each request to the API server. The first links to the spans whose writes woke the controller.
 *
 * The active span is known to OpenTelemetry where a context manager is registered, and to our own requests in any case.
 */
export class Tracing implements ReconcileInstrument {
  readonly #tracer: Tracer;
  readonly #clock: Clock;
  readonly #annotationsOf: AnnotationsOf;
  readonly #stamps: ObjectStamps | undefined;
  readonly #writes = new WriteTraces();
  readonly #active = new AsyncLocalStorage<Active>();

  constructor(options: TracingOptions, clock: Clock, annotationsOf: AnnotationsOf) {
    this.#tracer = (options.tracerProvider ?? trace.getTracerProvider()).getTracer("homeostat");
    this.#clock = clock;
    this.#annotationsOf = annotationsOf;
    this.#stamps = options.joinThroughObjects ? new ObjectStamps(clock) : undefined;
  }

  async reconcile<T extends ReconcileEnd>(info: ReconcileInfo, run: () => Promise<T>): Promise<T> {
    const takenAt = this.#clock.now();
    const attributes = reconcileAttributes(info);
    const queue = this.#queueSpan(info, attributes, takenAt);
    const span = this.#tracer.startSpan(
      `reconcile ${info.controller}`,
      { startTime: time(takenAt), attributes: { ...attributes, "homeostat.reconcile.id": info.reconcileID } },
      trace.setSpan(ROOT_CONTEXT, queue),
    );
    const active: Active = { span, ended: false };
    try {
      const end = await this.#active.run(active, () => context.with(trace.setSpan(context.active(), span), run));
      span.setAttribute("homeostat.reconcile.result", end.type);
      return end;
    } catch (error) {
      span.setAttribute("homeostat.reconcile.result", isTerminal(error) ? "terminal_error" : "error");
      // An old view is part of life and passes by itself.
      if (!isConflict(error)) fail(span, error, this.#now());
      throw error;
    } finally {
      active.ended = true;
      span.end(this.#now());
    }
  }

  /** Remembers whose write it was, so that the event about it can link to it. */
  wrote(record: WriteRecord): void {
    const active = this.#active.getStore();
    if (!active || active.ended) return;
    const span = active.span.spanContext();
    if (isSpanContextValid(span)) this.#writes.add(record, span);
  }

  /** One request, with a span where it is part of something that has one, and the trace context in its headers. */
  async request(
    request: TransportRequest,
    next: (request: TransportRequest) => Promise<TransportResponse>,
  ): Promise<TransportResponse> {
    const parent = this.#parent();
    if (!parent) return next(request);
    const call = apiCallOf(request);
    // A watch outlives whoever began it.
    if (call.watch) return next(request);
    const span = this.#tracer.startSpan(
      `${call.verb} ${call.resource ?? call.path}`,
      { kind: SpanKind.CLIENT, startTime: this.#now(), attributes: callAttributes(request, call) },
      trace.setSpan(ROOT_CONTEXT, parent),
    );
    try {
      const response = await next(this.#carrying(request, call, span.spanContext(), parent.spanContext()));
      span.setAttribute("http.response.status_code", response.status);
      if (response.status >= 400) {
        span.setAttribute("error.type", String(response.status));
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      return response;
    } catch (error) {
      fail(span, error, this.#now());
      throw error;
    } finally {
      span.end(this.#now());
    }
  }

  #queueSpan(info: ReconcileInfo, attributes: Attributes, takenAt: number): Span {
    const startTime = time(takenAt - info.waitedMs);
    // What is remembered of writes and objects is of the manager's own cluster.
    const links = "cluster" in info.request && info.request.cluster !== undefined ? [] : this.#links(info.causes);
    const span = this.#tracer.startSpan(
      `queue ${info.controller}`,
      { root: true, startTime, attributes: { ...attributes, "homeostat.queue.priority": info.priority }, links },
      ROOT_CONTEXT,
    );
    const [first] = info.causes;
    // When further causes came is not kept.
    if (first) span.addEvent(first.type, causeAttributes(first), startTime);
    span.end(time(takenAt));
    return span;
  }

  /** The spans whose writes the causes tell of, each once: of this process by version, of others by annotation. */
  #links(causes: readonly Cause[]): Link[] {
    const spans = new Map<string, SpanContext>();
    for (const cause of causes) {
      if (cause.type !== "event") continue;
      const { resource, namespace, name } = cause;
      const key = namespace === undefined ? { name } : { namespace, name };
      // Of who wrote a status the annotation tells nothing.
      const annotations = cause.changed === "status" ? undefined : this.#annotationsOf(resource, key);
      const span = this.#writes.of(cause) ?? parseTraceparent(annotations?.[TRACEPARENT_ANNOTATION] ?? "");
      if (span) spans.set(span.spanId, span);
    }
    return [...spans.values()].map((span) => ({ context: span }));
  }

  #parent(): Span | undefined {
    const active = this.#active.getStore();
    if (!active || active.ended) return undefined;
    // A span that the reconciler opened itself, where OpenTelemetry can tell.
    return trace.getActiveSpan() ?? active.span;
  }

  #carrying(request: TransportRequest, call: ApiCall, span: SpanContext, writer: SpanContext): TransportRequest {
    // Where no SDK is registered there are spans, but of no trace.
    if (!isSpanContextValid(span)) return request;
    const { traceState } = span;
    const headers = {
      ...request.headers,
      traceparent: formatTraceparent(span),
      ...(traceState ? { tracestate: traceState.serialize() } : {}),
    };
    const carrying = { ...request, headers };
    return this.#stamps ? this.#stamps.stamped(carrying, call, formatTraceparent(writer)) : carrying;
  }

  #now(): HrTime {
    return time(this.#clock.now());
  }
}

/** Seconds and nanoseconds: plain numbers below the process's start are taken for times since it. */
const time = (ms: number): HrTime => [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];

function reconcileAttributes({ controller, kind, request, key, causes }: ReconcileInfo): Attributes {
  const { namespace, name, cluster } = request as { namespace?: string; name?: string; cluster?: string };
  return {
    "homeostat.controller": controller,
    "homeostat.causes": causes.map((cause) =>
      cause.type === "event" ? `${cause.event} ${nameOf(cause)}` : cause.type,
    ),
    ...(kind === undefined ? {} : { "k8s.object.kind": kind.kind, "k8s.object.group": kind.group }),
    ...(namespace === undefined ? {} : { "k8s.namespace.name": namespace }),
    ...(kind === undefined || name === undefined ? { "homeostat.key": key } : { "k8s.object.name": name }),
    ...(cluster === undefined ? {} : { "k8s.cluster.name": cluster }),
  };
}

function causeAttributes(cause: Cause): Attributes {
  if (cause.type !== "event") return {};
  const { event, resource, namespace, name, resourceVersion, writer } = cause;
  return {
    "homeostat.event": event,
    "k8s.object.resource": resource,
    ...(namespace === undefined ? {} : { "k8s.namespace.name": namespace }),
    "k8s.object.name": name,
    "k8s.object.resource_version": resourceVersion,
    ...(writer === undefined ? {} : { "homeostat.writer": writer }),
  };
}

function callAttributes({ method }: TransportRequest, { resource, namespace, name, path }: ApiCall): Attributes {
  return {
    "http.request.method": method,
    "url.path": path,
    ...(resource === undefined ? {} : { "k8s.object.resource": resource }),
    ...(namespace === undefined ? {} : { "k8s.namespace.name": namespace }),
    ...(name === undefined ? {} : { "k8s.object.name": name }),
  };
}

function fail(span: Span, error: unknown, at: HrTime): void {
  const { name, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
  span.recordException(error instanceof Error ? error : message, at);
  span.setAttribute("error.type", name);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

const nameOf = ({ resource, namespace, name }: { resource: string; namespace: string | undefined; name: string }) =>
  `${resource} ${namespace ? `${namespace}/` : ""}${name}`;
