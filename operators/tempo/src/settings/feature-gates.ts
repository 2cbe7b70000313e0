/** What the operator may make use of on the platform it runs on. Names are those of the variable FEATURE_GATES. */
export interface FeatureGates {
  /** OpenShift Routes exist. Default off. */
  readonly "openshift.route": boolean;
  /** OpenShift issues serving certificates for annotated Services. Default off. */
  readonly "openshift.servingCertsService": boolean;
  /** A Route to the Jaeger UI gets an OAuth proxy unless the resource says otherwise. Default off. */
  readonly "openshift.oauthProxy": boolean;
  /** Warn about instances without authentication. Default off. */
  readonly "openshift.noAuthWarning": boolean;
  /** Take the TLS profile from the cluster's APIServer object. Default off. */
  readonly "openshift.clusterTLSPolicy": boolean;
  /** Mutual TLS over HTTP between components. Default on. */
  readonly httpEncryption: boolean;
  /** Mutual TLS over gRPC between components. Default on. */
  readonly grpcEncryption: boolean;
  /** ServiceMonitors and PrometheusRules exist. Default off. */
  readonly prometheusOperator: boolean;
  /** GrafanaDatasources exist. Default off. */
  readonly grafanaOperator: boolean;
  /** Make a ServiceMonitor for the operator itself. Default off. */
  readonly "observability.metrics.createServiceMonitors": boolean;
  /** Make a PrometheusRule for the operator itself. Default off. */
  readonly "observability.metrics.createPrometheusRules": boolean;
  /** Make NetworkPolicies for the operator itself. Default on. */
  readonly networkPolicies: boolean;
  /** Issue and rotate the components' certificates. Default on. */
  readonly builtInCertManagement: boolean;
}

export const defaultGates: FeatureGates = {
  "openshift.route": false,
  "openshift.servingCertsService": false,
  "openshift.oauthProxy": false,
  "openshift.noAuthWarning": false,
  "openshift.clusterTLSPolicy": false,
  httpEncryption: true,
  grpcEncryption: true,
  prometheusOperator: false,
  grafanaOperator: false,
  "observability.metrics.createServiceMonitors": false,
  "observability.metrics.createPrometheusRules": false,
  networkPolicies: true,
  builtInCertManagement: true,
};
