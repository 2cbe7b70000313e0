import type { TracerProvider } from "@opentelemetry/api";

/** Where spans go, and how traces of several processes find each other. */
export interface TracingOptions {
  /** Where spans go. Default: the provider that was registered with `@opentelemetry/api`, as OpenTelemetry's SDK does. */
  readonly tracerProvider?: TracerProvider;
  /**
   * Write the annotation `homeostat.dev/traceparent` on objects that are created or applied during a reconcile, so that
   * the traces of operators in other processes link to it. The same content keeps the annotation it got, so that
   * applying again changes nothing. Default false.
   */
  readonly joinThroughObjects?: boolean;
}

/** Trace context of the reconcile that wrote an object, as W3C's `traceparent`. */
export const TRACEPARENT_ANNOTATION = "homeostat.dev/traceparent";
