import type { PodPart } from "./pod-part.ts";

/** Whether, and where, Tempo sends traces of its own requests. */
export interface SelfTracing {
  readonly sampling_fraction?: string | undefined;
  readonly otlp_http_endpoint?: string | undefined;
}

/** Tempo's own traces, through the variables of the OpenTelemetry SDK. */
export function selfTracingPart(tracing: SelfTracing | undefined): PodPart {
  if (!tracing?.sampling_fraction) return {};
  return {
    env: [
      { name: "OTEL_TRACES_EXPORTER", value: "otlp" },
      { name: "OTEL_EXPORTER_OTLP_ENDPOINT", value: tracing.otlp_http_endpoint ?? "" },
      { name: "OTEL_TRACES_SAMPLER", value: "parentbased_traceidratio" },
      { name: "OTEL_TRACES_SAMPLER_ARG", value: tracing.sampling_fraction },
    ],
    ...injectPart,
  };
}

const injectPart = { annotations: { "sidecar.opentelemetry.io/inject": "true" } } as const satisfies PodPart;

/** The gateway's own traces: it takes flags. */
export function gatewayTracingPart(tracing: SelfTracing | undefined): PodPart {
  if (!tracing?.sampling_fraction) return {};
  return {
    args: [
      `--internal.tracing.otlp-http-endpoint=${tracing.otlp_http_endpoint ?? ""}`,
      `--internal.tracing.sampling-fraction=${tracing.sampling_fraction}`,
    ],
    ...injectPart,
  };
}
