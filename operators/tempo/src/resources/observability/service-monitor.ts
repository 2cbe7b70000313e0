import { objectOf } from "@homeostat/api";
import { componentName, serviceHost } from "../../names.ts";
import { type Relabeling, type ScrapeEndpoint, type ScrapeTls, ServiceMonitor } from "../../platform/kinds.ts";
import type { InstanceInput } from "../input.ts";
import { type AppName, componentLabels } from "../labels.ts";
import { caBundleName, mtlsSecretName } from "../pod/mtls.ts";

type Labels = Readonly<Record<string, string>>;

export interface ScrapePlan {
  /** Whose Service is scraped, if {@link ScrapePlan.selects} says no other. Also names the ServiceMonitor. */
  readonly component: string;
  /** Component that the scraped Service says it is. Default: the same. */
  readonly selects?: string;
  /** Names of the Service's ports. */
  readonly ports: readonly string[];
  /** Whether scrapes are encrypted, with the component's own certificate to be known by. */
  readonly isEncrypted: boolean;
  /** The user's; the operator's own win. */
  readonly extraLabels?: Labels | undefined;
  readonly app?: AppName;
}

/** Has Prometheus scrape a component. */
export function serviceMonitor(
  { name, namespace }: Pick<InstanceInput, "name" | "namespace">,
  plan: ScrapePlan,
): ServiceMonitor {
  const { component, selects = component, app } = plan;
  const encrypted = { scheme: "https" as const, tlsConfig: scrapeTls(name, namespace, component) };
  return objectOf(ServiceMonitor, {
    metadata: {
      name: componentName(name, component),
      labels: { ...plan.extraLabels, ...componentLabels(name, component, app) },
    },
    spec: {
      endpoints: plan.ports.map(
        (port): ScrapeEndpoint => ({
          port,
          path: "/metrics",
          ...(plan.isEncrypted ? encrypted : { scheme: "http" }),
          relabelings,
        }),
      ),
      namespaceSelector: { matchNames: [namespace] },
      selector: { matchLabels: componentLabels(name, selects, app) },
    },
  });
}

const serviceLabel = (label: string): string => `__meta_kubernetes_service_label_app_kubernetes_io_${label}`;

/** Labels that alerts and dashboards of Tempo go by: `cluster` is the instance, `job` its namespace and component. */
const relabelings: readonly Relabeling[] = [
  { sourceLabels: [serviceLabel("instance")], targetLabel: "cluster" },
  { sourceLabels: ["__meta_kubernetes_namespace", serviceLabel("component")], separator: "/", targetLabel: "job" },
];

function scrapeTls(name: string, namespace: string, component: string): ScrapeTls {
  const secret = mtlsSecretName(name, component);
  return {
    ca: { configMap: { name: caBundleName(name), key: "service-ca.crt" } },
    cert: { secret: { name: secret, key: "tls.crt" } },
    keySecret: { name: secret, key: "tls.key" },
    serverName: serviceHost(componentName(name, component), namespace),
  };
}
