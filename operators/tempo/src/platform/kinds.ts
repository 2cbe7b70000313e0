import type { IntOrString, KubeObject, LabelSelector, Resource } from "@homeostat/api";

/**
 * Kinds of other projects that the operator writes or reads. They exist only where those projects are installed. Only
 * the fields that are written or read are typed.
 */

const named = (group: string, version: string, kind: string, plural: string, scope: Resource["scope"]) => ({
  group,
  version,
  kind,
  plural,
  singular: kind.toLowerCase(),
  listKind: `${kind}List`,
  scope,
});

/** OpenShift's way in from outside of the cluster. */
export interface Route extends KubeObject {
  readonly spec?: {
    readonly host?: string;
    readonly to: { readonly kind: "Service"; readonly name: string; readonly weight?: number };
    readonly port?: { readonly targetPort: IntOrString };
    readonly tls?: {
      readonly termination: "edge" | "passthrough" | "reencrypt";
      readonly insecureEdgeTerminationPolicy?: string;
    };
    readonly wildcardPolicy?: "None" | "Subdomain";
  };
}
export const Route: Resource<Route> = named("route.openshift.io", "v1", "Route", "routes", "Namespaced");

/** A key of a Secret or of a ConfigMap. */
interface SecretOrConfigMap {
  readonly secret?: KeyOf;
  readonly configMap?: KeyOf;
}
interface KeyOf {
  readonly name: string;
  readonly key: string;
}

export interface ScrapeTls {
  readonly ca?: SecretOrConfigMap;
  readonly cert?: SecretOrConfigMap;
  readonly keySecret?: KeyOf;
  readonly serverName?: string;
  readonly insecureSkipVerify?: boolean;
  /** Of Prometheus's own file system. */
  readonly caFile?: string;
}

export interface Relabeling {
  readonly sourceLabels: readonly string[];
  readonly separator?: string;
  readonly targetLabel: string;
}

export interface ScrapeEndpoint {
  readonly port: string;
  readonly path?: string;
  readonly scheme?: "http" | "https";
  readonly tlsConfig?: ScrapeTls;
  readonly bearerTokenFile?: string;
  readonly relabelings?: readonly Relabeling[];
}

/** Prometheus Operator: which Services are scraped. */
export interface ServiceMonitor extends KubeObject {
  readonly spec?: {
    readonly endpoints: readonly ScrapeEndpoint[];
    readonly namespaceSelector?: { readonly matchNames?: readonly string[] };
    readonly selector: LabelSelector;
  };
}
export const ServiceMonitor: Resource<ServiceMonitor> = named(
  "monitoring.coreos.com",
  "v1",
  "ServiceMonitor",
  "servicemonitors",
  "Namespaced",
);

/** An alert, or a recording rule: it has `alert` or `record`. */
export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Prometheus Operator: alerts and recording rules. */
export interface PrometheusRule extends KubeObject {
  readonly spec?: { readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[] };
}
export const PrometheusRule: Resource<PrometheusRule> = named(
  "monitoring.coreos.com",
  "v1",
  "PrometheusRule",
  "prometheusrules",
  "Namespaced",
);

/** Grafana Operator: a source of data in its Grafana instances. */
export interface GrafanaDatasource extends KubeObject {
  readonly spec?: {
    readonly instanceSelector: LabelSelector;
    readonly allowCrossNamespaceImport?: boolean;
    readonly datasource: {
      readonly name: string;
      readonly type: string;
      readonly access: "proxy" | "direct";
      readonly url: string;
    };
  };
}
export const GrafanaDatasource: Resource<GrafanaDatasource> = named(
  "grafana.integreatly.org",
  "v1beta1",
  "GrafanaDatasource",
  "grafanadatasources",
  "Namespaced",
);

/** OpenShift's cloud credential operator: credentials wanted from the cloud. */
export interface CredentialsRequest extends KubeObject {
  readonly spec?: {
    readonly secretRef: { readonly name: string; readonly namespace: string };
    readonly providerSpec: {
      readonly apiVersion: string;
      readonly kind: "AWSProviderSpec";
      readonly statementEntries: readonly {
        readonly effect: "Allow" | "Deny";
        readonly action: readonly string[];
        readonly resource: string;
      }[];
      readonly stsIAMRoleARN?: string;
    };
    readonly serviceAccountNames: readonly string[];
    readonly cloudTokenPath: string;
  };
}
export const CredentialsRequest: Resource<CredentialsRequest> = named(
  "cloudcredential.openshift.io",
  "v1",
  "CredentialsRequest",
  "credentialsrequests",
  "Namespaced",
);

/** OpenShift: settings of the API server; here for the cluster's TLS profile. */
export interface APIServer extends KubeObject {
  readonly spec?: {
    readonly tlsSecurityProfile?: {
      readonly type?: "Old" | "Intermediate" | "Modern" | "Custom" | "";
      readonly custom?: { readonly ciphers?: readonly string[]; readonly minTLSVersion?: string };
    };
  };
}
export const APIServer: Resource<APIServer> = named("config.openshift.io", "v1", "APIServer", "apiservers", "Cluster");

/** OpenShift: domain of the cluster. */
export interface DNS extends KubeObject {
  readonly spec?: { readonly baseDomain?: string };
}
export const DNS: Resource<DNS> = named("config.openshift.io", "v1", "DNS", "dnses", "Cluster");

/** OpenShift: a router, which knows the domain of its Routes. */
export interface IngressController extends KubeObject {
  readonly status?: { readonly domain?: string };
}
export const IngressController: Resource<IngressController> = named(
  "operator.openshift.io",
  "v1",
  "IngressController",
  "ingresscontrollers",
  "Namespaced",
);
