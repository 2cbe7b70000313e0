import type { Clock, Interceptor } from "@homeostat/api";
import type { WriteObserver } from "../client/write-observer.ts";
import type { ReconcileInstrument } from "../controller/instrument.ts";
import type { AnnotationsOf, Tracing } from "./tracing.ts";
import type { TracingOptions } from "./tracing-options.ts";

/** Tracing as a manager holds it: OpenTelemetry is loaded by `load`, and until then everything passes through. */
export interface LazyTracing {
  /** To be called before the first reconcile. */
  load(): Promise<void>;
  readonly interceptor: Interceptor;
  readonly instrument: ReconcileInstrument;
  readonly onWrite: WriteObserver;
}

export function lazyTracing(options: TracingOptions, clock: Clock, annotationsOf: AnnotationsOf): LazyTracing {
  let tracing: Tracing | undefined;
  return {
    async load() {
      const { Tracing } = await import("./tracing.ts");
      tracing = new Tracing(options, clock, annotationsOf);
    },
    interceptor: (next) => (request) => (tracing ? tracing.request(request, next) : next(request)),
    instrument: { reconcile: (info, run) => (tracing ? tracing.reconcile(info, run) : run()) },
    onWrite: (record) => tracing?.wrote(record),
  };
}
