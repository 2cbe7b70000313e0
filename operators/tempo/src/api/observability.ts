import { z } from "zod";
import { labelSelector } from "./pod-parts.ts";

const labels = () => z.record(z.string(), z.string()).optional().describe("Labels to add; the operator's own win.");

const metrics = () =>
  z.object({
    createServiceMonitors: z.boolean().optional(),
    extraServiceMonitorLabels: labels(),
    createPrometheusRules: z.boolean().optional().describe("Needs createServiceMonitors."),
    extraPrometheusRuleLabels: labels(),
  });

const tracing = () =>
  z.object({
    sampling_fraction: z.string().optional().describe("Which part of its own requests Tempo traces: 0.0 to 1.0."),
    otlp_http_endpoint: z.string().optional().describe("URL its own traces are sent to."),
    jaeger_agent_endpoint: z.string().default("localhost:6831").describe("host:port. Has no effect any more."),
  });

const grafana = () =>
  z.object({
    createDatasource: z.boolean().optional().describe("Not together with the gateway."),
    instanceSelector: labelSelector().optional().describe("Which Grafana instances get the data source."),
  });

/** What tells about the stack itself. */
export const observability = () =>
  z.object({ metrics: metrics().optional(), tracing: tracing().optional(), grafana: grafana().optional() });
