import { componentName, serviceHost } from "../../names.ts";
import type { Objects, StackInput } from "../input.ts";
import { commonLabels } from "../labels.ts";
import { ports } from "../pod/ports.ts";
import { isGatewayOn } from "../stack/features.ts";
import { grafanaDatasource } from "./grafana-datasource.ts";
import { prometheusRule } from "./prometheus-rule.ts";
import { type ScrapePlan, serviceMonitor } from "./service-monitor.ts";

/** What makes a stack seen by Prometheus and Grafana; each part only where the spec asks for it. */
export function monitoringObjects(input: StackInput): Objects {
  const { metrics, grafana } = input.spec.observability ?? {};
  return [
    ...(metrics?.createServiceMonitors ? scrapePlans(input).map((plan) => serviceMonitor(input, plan)) : []),
    ...(metrics?.createPrometheusRules ? [rules(input)] : []),
    ...(grafana?.createDatasource ? [datasource(input)] : []),
  ];
}

function scrapePlans(input: StackInput): readonly ScrapePlan[] {
  const { spec, settings } = input;
  const { httpEncryption } = settings.gates;
  const extraLabels = spec.observability?.metrics?.extraServiceMonitorLabels;
  const tempo = (component: string): ScrapePlan => ({
    component,
    ports: [ports.http.name],
    // Without the gateway, the query-frontend's HTTP is in clear.
    isEncrypted: httpEncryption && (component !== "query-frontend" || isGatewayOn(input)),
    extraLabels,
  });
  return [
    ...["compactor", "distributor", "ingester", "querier", "query-frontend"].map(tempo),
    ...(isGatewayOn(input) ? [{ ...tempo("gateway"), ports: [ports.gatewayInternal.name] }] : []),
    ...(spec.template.metricsGenerator?.enabled ? [tempo("metrics-generator")] : []),
  ];
}

function rules(input: StackInput) {
  return prometheusRule(input, {
    labels: commonLabels(input.name),
    extraLabels: input.spec.observability?.metrics?.extraPrometheusRuleLabels,
    jobs: { ingester: "ingester", compactor: "compactor" },
  });
}

function datasource({ name, namespace, spec }: StackInput) {
  return grafanaDatasource({
    name,
    labels: commonLabels(name),
    instanceSelector: spec.observability?.grafana?.instanceSelector,
    url: `http://${serviceHost(componentName(name, "query-frontend"), namespace)}:${ports.http.number}`,
  });
}
