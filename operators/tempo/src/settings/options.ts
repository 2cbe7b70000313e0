import type { FeatureGates } from "./feature-gates.ts";
import {
  address,
  duration,
  image,
  namespaces,
  oneOf,
  type Parse,
  securityContext,
  text,
  truth,
  wholeNumber,
} from "./parse-values.ts";

/** Something that can be set, and from where. A later source wins: file, variable, flag. */
export interface Option<V = unknown> {
  readonly parse: Parse<V>;
  /** Keys of the configuration file, with dots for levels. */
  readonly keys?: readonly string[];
  /** Environment variable; empty is as good as not set. */
  readonly variable?: string;
  readonly flag?: string;
  /** Whether a bad value of the variable stops the start. Default: it is warned of, and ignored. */
  readonly stops?: true;
}

const port = wholeNumber(65_535);
const election = "leaderElection";
const rotation = "featureGates.builtInCertManagement";

/** Everything that can be set but for the gates. Keys and variables are the Go operator's; a few are the user documents'. */
export const options = {
  distribution: { parse: oneOf("community", "openshift"), keys: ["distribution"], variable: "DISTRIBUTION" },
  tlsProfile: {
    parse: oneOf("Old", "Intermediate", "Modern"),
    keys: ["featureGates.tlsProfile"],
    variable: "TLS_PROFILE",
    stops: true,
  },
  baseDomain: { parse: text, keys: ["featureGates.openshift.baseDomain"], variable: "OPENSHIFT_BASE_DOMAIN" },
  podSecurityContext: {
    parse: securityContext,
    keys: ["featureGates.defaultPodSecurityContext"],
    variable: "DEFAULT_POD_SECURITY_CONTEXT",
  },
  roleArn: { parse: text, variable: "ROLEARN" },
  caValidity: {
    parse: duration,
    keys: [`${rotation}.caValidity`],
    variable: "BUILT_IN_CERT_MANAGEMENT_CA_VALIDITY",
  },
  caRefresh: { parse: duration, keys: [`${rotation}.caRefresh`], variable: "BUILT_IN_CERT_MANAGEMENT_CA_REFRESH" },
  certValidity: {
    parse: duration,
    keys: [`${rotation}.certValidity`],
    variable: "BUILT_IN_CERT_MANAGEMENT_CERT_VALIDITY",
  },
  certRefresh: {
    parse: duration,
    keys: [`${rotation}.certRefresh`],
    variable: "BUILT_IN_CERT_MANAGEMENT_CERT_REFRESH",
  },
  tempo: { parse: image, variable: "RELATED_IMAGE_TEMPO", stops: true },
  tempoQuery: { parse: image, variable: "RELATED_IMAGE_TEMPO_QUERY", stops: true },
  jaegerQuery: { parse: image, variable: "RELATED_IMAGE_JAEGER_QUERY", stops: true },
  tempoGateway: { parse: image, variable: "RELATED_IMAGE_TEMPO_GATEWAY", stops: true },
  tempoGatewayOpa: { parse: image, variable: "RELATED_IMAGE_TEMPO_GATEWAY_OPA", stops: true },
  oauthProxy: { parse: text, variable: "RELATED_IMAGE_OAUTH_PROXY" },
  watchNamespaces: {
    parse: namespaces,
    keys: ["watchNamespace"],
    variable: "WATCH_NAMESPACE",
    flag: "watch-namespace",
  },
  concurrency: { parse: wholeNumber(1000), variable: "MAX_CONCURRENT_RECONCILES" },
  reconcileTimeout: { parse: duration, variable: "RECONCILE_TIMEOUT" },
  leaderElect: {
    parse: truth,
    keys: [`${election}.leaderElect`, `${election}.enabled`],
    variable: "LEADER_ELECTION_ENABLED",
  },
  electionId: { parse: text, keys: [`${election}.resourceName`], variable: "LEADER_ELECTION_RESOURCE_NAME" },
  // Other locks than Leases are gone from Kubernetes.
  electionLock: {
    parse: oneOf("leases"),
    keys: [`${election}.resourceLock`],
    variable: "LEADER_ELECTION_RESOURCE_LOCK",
  },
  electionNamespace: {
    parse: text,
    keys: [`${election}.resourceNamespace`],
    variable: "LEADER_ELECTION_RESOURCE_NAMESPACE",
  },
  leaseDuration: {
    parse: duration,
    keys: [`${election}.leaseDuration`],
    variable: "LEADER_ELECTION_LEASE_DURATION",
  },
  renewDeadline: {
    parse: duration,
    keys: [`${election}.renewDeadline`],
    variable: "LEADER_ELECTION_RENEW_DEADLINE",
  },
  retryPeriod: { parse: duration, keys: [`${election}.retryPeriod`], variable: "LEADER_ELECTION_RETRY_PERIOD" },
  metricsAddress: { parse: address, keys: ["metrics.bindAddress"], variable: "METRICS_BIND_ADDRESS" },
  metricsSecure: { parse: truth, keys: ["metrics.secure"], variable: "METRICS_SECURE" },
  metricsCertDirectory: { parse: text, flag: "metrics-tls-cert-dir" },
  metricsCertFile: { parse: text, flag: "metrics-tls-cert-file" },
  metricsKeyFile: { parse: text, flag: "metrics-tls-private-key-file" },
  healthAddress: { parse: address, keys: ["health.healthProbeBindAddress"], variable: "HEALTH_PROBE_BIND_ADDRESS" },
  webhookPort: { parse: port, keys: ["webhook.port"], variable: "WEBHOOK_PORT" },
  webhooks: { parse: truth, variable: "ENABLE_WEBHOOKS" },
  profilingAddress: { parse: address, flag: "pprof-addr" },
  kubeconfig: { parse: text, flag: "kubeconfig" },
} as const satisfies Readonly<Record<string, Option>>;

/** What was set, by the names of {@link options}. */
export type Values = { readonly [K in keyof typeof options]?: ReturnType<(typeof options)[K]["parse"]> };

/** Keys of the gates in the configuration file. Their variable is FEATURE_GATES, for all of them. */
export const gateKeys: Readonly<Record<keyof FeatureGates, string>> = {
  "openshift.route": "featureGates.openshift.openshiftRoute",
  "openshift.servingCertsService": "featureGates.openshift.servingCertsService",
  "openshift.oauthProxy": "featureGates.openshift.oAuthProxy.defaultEnabled",
  "openshift.noAuthWarning": "featureGates.openshift.NoAuthWarning",
  "openshift.clusterTLSPolicy": "featureGates.openshift.ClusterTLSPolicy",
  httpEncryption: "featureGates.httpEncryption",
  grpcEncryption: "featureGates.grpcEncryption",
  prometheusOperator: "featureGates.prometheusOperator",
  grafanaOperator: "featureGates.grafanaOperator",
  "observability.metrics.createServiceMonitors": "featureGates.observability.metrics.createServiceMonitors",
  "observability.metrics.createPrometheusRules": "featureGates.observability.metrics.createPrometheusRules",
  networkPolicies: "featureGates.networkPolicies",
  builtInCertManagement: "featureGates.builtInCertManagement.enabled",
};

export const gateOptions = Object.fromEntries(
  Object.entries(gateKeys).map(([gate, key]) => [gate, { parse: truth, keys: [key] }]),
) as unknown as Readonly<Record<keyof FeatureGates, Option<boolean>>>;
