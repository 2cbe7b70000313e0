import { type ChangeCase, describeChanges } from "./changes.test-support.ts";

const cases: readonly ChangeCase[] = [
  {
    title: "2.1.1 timeout: is how long Tempo's server takes",
    spec: { timeout: "2m" },
    changes: [
      "ConfigMap: - data.tempo.yaml.http_server_read_timeout: 30s",
      "ConfigMap: - data.tempo.yaml.http_server_write_timeout: 30s",
      "ConfigMap: + data.tempo.yaml.http_server_read_timeout: 2m0s",
      "ConfigMap: + data.tempo.yaml.http_server_write_timeout: 2m0s",
    ],
  },
  {
    title: "2.1.1 serviceAccount: runs the pods as an account of the user's, and makes none",
    spec: { serviceAccount: "mine" },
    changes: ["- ServiceAccount", "distributor ingester query-frontend querier compactor: ~ serviceAccountName mine"],
  },
  {
    title: "2.1.1 images: are the user's where they are named",
    spec: { images: { tempo: "tempo:1", jaegerQuery: "" } },
    changes: ["distributor ingester query-frontend querier compactor: ~ containers.tempo.image tempo:1"],
  },
  {
    title: "2.1.1 env: comes last in container tempo",
    spec: { env: [{ name: "A", value: "1" }] },
    changes: ['distributor ingester query-frontend querier compactor: + containers.tempo.env.A {"value":"1"}'],
  },
  {
    title: "2.1.1 envFrom: is read by container tempo",
    spec: { envFrom: [{ secretRef: { name: "more" } }] },
    changes: [
      'distributor ingester query-frontend querier compactor: + containers.tempo.envFrom.0 {"secretRef":{"name":"more"}}',
    ],
  },
  {
    title: "2.1.1 extraConfig: is laid over the configuration, which is then sorted",
    spec: { extraConfig: { tempo: { querier: { max_concurrent_queries: 5 } } } },
    changes: [
      "ConfigMap: - data.tempo.yaml.max_concurrent_queries: 20",
      "ConfigMap: - data.tempo.yaml.tls_cert_path:  /var/run/tls/server/tls.crt",
      "ConfigMap: - data.tempo.yaml.cert_file:  /var/run/tls/server/tls.crt",
      "ConfigMap: + data.tempo.yaml.tls_cert_path: /var/run/tls/server/tls.crt",
      "ConfigMap: + data.tempo.yaml.max_concurrent_queries: 5",
    ],
  },
  { title: "2.1.1 managementState: is no matter of objects", spec: { managementState: "Unmanaged" }, changes: [] },
  {
    title: "2.1.1 networkPolicy: is no matter of components",
    spec: { networkPolicy: { enabled: false } },
    changes: [],
  },
  {
    title: "2.1.2 storageSize and storageClassName: are those of the ingester's claim",
    spec: { storageSize: "20Gi", storageClassName: "fast" },
    changes: [
      "ingester: ~ spec.volumeClaimTemplates.0.spec.resources.requests.storage 20Gi",
      "ingester: + spec.volumeClaimTemplates.0.spec.storageClassName fast",
    ],
  },
  {
    title: "2.1.2 storageClassName: may be the empty one, which is none",
    spec: { storageClassName: "" },
    changes: ["ingester: + spec.volumeClaimTemplates.0.spec.storageClassName "],
  },
  {
    title: "2.1.3 retention: is the compactor's, and by tenant in overrides",
    spec: { retention: { global: { traces: "24h" }, perTenant: { a: { traces: "1h" } } } },
    changes: [
      "ConfigMap: - data.tempo.yaml.block_retention: 48h0m0s",
      "ConfigMap: + data.tempo.yaml.block_retention: 24h0m0s",
      "ConfigMap: + data.tempo.yaml.overrides:",
      "ConfigMap: + data.tempo.yaml.per_tenant_override_config: /conf/overrides.yaml",
      'ConfigMap: + data.overrides.yaml."a":',
      "ConfigMap: + data.overrides.yaml.ingestion:",
      "ConfigMap: + data.overrides.yaml.read:",
      "ConfigMap: + data.overrides.yaml.compaction:",
      "ConfigMap: + data.overrides.yaml.block_retention: 1h0m0s",
    ],
  },
  {
    title: "2.1.3 limits: are overrides",
    spec: {
      limits: {
        global: {
          ingestion: {
            ingestionBurstSizeBytes: 1,
            ingestionRateLimitBytes: 2,
            maxBytesPerTrace: 3,
            maxTracesPerUser: 4,
          },
          query: { maxBytesPerTagValues: 5, maxSearchDuration: "1h" },
        },
        perTenant: { a: { ingestion: { maxTracesPerUser: 7 } } },
      },
    },
    changes: [
      "ConfigMap: + data.tempo.yaml.overrides:",
      "ConfigMap: + data.tempo.yaml.ingestion_burst_size_bytes: 1",
      "ConfigMap: + data.tempo.yaml.ingestion_rate_limit_bytes: 2",
      "ConfigMap: + data.tempo.yaml.max_traces_per_user: 4",
      "ConfigMap: + data.tempo.yaml.max_bytes_per_trace: 3",
      "ConfigMap: + data.tempo.yaml.max_bytes_per_tag_values_query: 5",
      "ConfigMap: + data.tempo.yaml.max_search_duration: 1h0m0s",
      "ConfigMap: + data.tempo.yaml.per_tenant_override_config: /conf/overrides.yaml",
      'ConfigMap: + data.overrides.yaml."a":',
      "ConfigMap: + data.overrides.yaml.ingestion:",
      "ConfigMap: + data.overrides.yaml.max_traces_per_user: 7",
      "ConfigMap: + data.overrides.yaml.read:",
    ],
  },
  {
    title: "2.1.3 search: is the query-frontend's",
    spec: { search: { defaultResultLimit: 30, maxDuration: "1h", maxResultLimit: 100 } },
    changes: [
      "ConfigMap: - data.tempo.yaml.max_duration: 0s",
      "ConfigMap: - data.tempo.yaml.default_result_limit: 20",
      "ConfigMap: + data.tempo.yaml.max_duration: 1h0m0s",
      "ConfigMap: + data.tempo.yaml.default_result_limit: 30",
      "ConfigMap: + data.tempo.yaml.max_result_limit: 100",
    ],
  },
  {
    title: "2.1.4 hashRing.memberlist.enableIPv6: gives every member its pod's address",
    spec: { hashRing: { memberlist: { enableIPv6: true } } },
    changes: [
      "ConfigMap: + data.tempo.yaml.enable_inet6: true",
      'distributor ingester query-frontend querier compactor: + containers.tempo.env.HASH_RING_INSTANCE_ADDR {"valueFrom":{"fieldRef":{"fieldPath":"status.podIP"}}}',
    ],
  },
  {
    title: "2.1.4 hashRing.memberlist.instanceAddrType podIP: has members advertise it",
    spec: { hashRing: { memberlist: { instanceAddrType: "podIP" } } },
    changes: [
      "ConfigMap: + data.tempo.yaml.instance_addr: $HASH_RING_INSTANCE_ADDR",
      "ConfigMap: + data.tempo.yaml.address: $HASH_RING_INSTANCE_ADDR",
      "ConfigMap: + data.tempo.yaml.advertise_addr: $HASH_RING_INSTANCE_ADDR",
      'distributor ingester query-frontend querier compactor: + containers.tempo.env.HASH_RING_INSTANCE_ADDR {"valueFrom":{"fieldRef":{"fieldPath":"status.podIP"}}}',
    ],
  },
  {
    title: "2.1.4 replicationFactor: is the ring's",
    spec: { replicationFactor: 3, template: { ingester: { replicas: 3 } } },
    changes: [
      "ConfigMap: - data.tempo.yaml.replication_factor: 1",
      "ConfigMap: + data.tempo.yaml.replication_factor: 3",
      "ingester: ~ spec.replicas 3",
    ],
  },
  {
    title: "2.1.5 tenants: keep traces apart, with or without a gateway",
    spec: { tenants: { mode: "static" } },
    changes: [
      "ConfigMap: - data.tempo.yaml.multitenancy_enabled: false",
      "ConfigMap: + data.tempo.yaml.multitenancy_enabled: true",
    ],
  },
  {
    title: "2.1.9 observability.tracing: is told to every container of Tempo",
    spec: {
      observability: {
        tracing: {
          sampling_fraction: "0.5",
          otlp_http_endpoint: "http://otel:4320",
          jaeger_agent_endpoint: "localhost:6831",
        },
      },
    },
    changes: [
      "distributor ingester query-frontend querier compactor: + pod.annotations.sidecar.opentelemetry.io/inject true",
      'distributor ingester query-frontend querier compactor: + containers.tempo.env.OTEL_TRACES_EXPORTER {"value":"otlp"}',
      'distributor ingester query-frontend querier compactor: + containers.tempo.env.OTEL_EXPORTER_OTLP_ENDPOINT {"value":"http://otel:4320"}',
      'distributor ingester query-frontend querier compactor: + containers.tempo.env.OTEL_TRACES_SAMPLER {"value":"parentbased_traceidratio"}',
      'distributor ingester query-frontend querier compactor: + containers.tempo.env.OTEL_TRACES_SAMPLER_ARG {"value":"0.5"}',
    ],
  },
];

describeChanges("fields of the stack as a whole", {}, cases);
