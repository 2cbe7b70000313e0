import { isGatewayOn } from "../../api/monolithic/gateway-on.ts";
import { componentName, serviceHost } from "../../names.ts";
import type { MonolithicInput, Objects } from "../input.ts";
import { componentLabels } from "../labels.ts";
import { app } from "../monolithic/metadata.ts";
import { ports } from "../pod/ports.ts";
import { grafanaDatasource } from "./grafana-datasource.ts";
import { prometheusRule } from "./prometheus-rule.ts";
import { serviceMonitor } from "./service-monitor.ts";

/** What makes a TempoMonolithic seen by Prometheus and Grafana; each part only where the spec asks for it. */
export function monolithicMonitoring(input: MonolithicInput): Objects {
  const { metrics, grafana } = input.spec.observability ?? {};
  return [
    ...(metrics?.serviceMonitors?.enabled ? [monitor(input)] : []),
    ...(metrics?.prometheusRules?.enabled ? [rules(input)] : []),
    ...(grafana?.dataSource?.enabled ? [datasource(input)] : []),
  ];
}

function monitor(input: MonolithicInput) {
  const { spec, settings } = input;
  const common = {
    component: "tempo",
    app,
    extraLabels: spec.observability?.metrics?.serviceMonitors?.extraLabels,
  } as const;
  if (!isGatewayOn(spec)) return serviceMonitor(input, { ...common, ports: [ports.http.name], isEncrypted: false });
  return serviceMonitor(input, {
    ...common,
    selects: "gateway",
    ports: [ports.gatewayInternal.name, ports.http.name],
    isEncrypted: settings.gates.httpEncryption,
  });
}

function rules(input: MonolithicInput) {
  // One process does all of it, and is scraped through whichever Service there is.
  const job = "tempo|gateway";
  return prometheusRule(input, {
    labels: componentLabels(input.name, "tempo", app),
    extraLabels: input.spec.observability?.metrics?.prometheusRules?.extraLabels,
    jobs: { ingester: job, compactor: job },
  });
}

function datasource({ name, namespace, spec }: MonolithicInput) {
  return grafanaDatasource({
    name,
    labels: componentLabels(name, "tempo", app),
    instanceSelector: spec.observability?.grafana?.dataSource?.instanceSelector,
    url: `http://${serviceHost(componentName(name), namespace)}:${ports.http.number}`,
  });
}
