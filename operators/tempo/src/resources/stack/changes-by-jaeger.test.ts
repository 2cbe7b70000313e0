import { describe, expect, it } from "vitest";
import { type ChangeCase, changes } from "./changes.test-support.ts";
import { stackOf } from "./rendered.test-support.ts";

const before = stackOf({ template: { queryFrontend: { jaegerQuery: { enabled: true } } } });

/** What each adds to, and takes from, the simplest stack with Jaeger: this and nothing else. */
const cases: readonly ChangeCase[] = [
  {
    title: "3.7 tenants: are told apart by their header",
    spec: { template: { queryFrontend: { jaegerQuery: { enabled: true } } }, tenants: { mode: "static" } },
    changes: [
      "ConfigMap: - data.tempo.yaml.multitenancy_enabled: false",
      "ConfigMap: + data.tempo.yaml.multitenancy_enabled: true",
      "query-frontend: + containers.jaeger-query.args.--multi-tenancy.enabled=true",
      "query-frontend: + containers.jaeger-query.args.--multi-tenancy.header=x-scope-orgid",
    ],
  },
  {
    title: "3.7 gateway: is served with mutual TLS",
    spec: {
      template: { gateway: { enabled: true }, queryFrontend: { jaegerQuery: { enabled: true } } },
      tenants: { mode: "static" },
    },
    changes: [
      "ConfigMap: - data.tempo.yaml.jaeger:",
      "ConfigMap: - data.tempo.yaml.thrift_http:",
      "ConfigMap: - data.tempo.yaml.endpoint: 0.0.0.0:14268",
      "ConfigMap: - data.tempo.yaml.thrift_binary:",
      "ConfigMap: - data.tempo.yaml.endpoint: 0.0.0.0:6832",
      "ConfigMap: - data.tempo.yaml.thrift_compact:",
      "ConfigMap: - data.tempo.yaml.endpoint: 0.0.0.0:6831",
      "ConfigMap: - data.tempo.yaml.endpoint: 0.0.0.0:14250",
      "ConfigMap: - data.tempo.yaml.zipkin:",
      "ConfigMap: - data.tempo.yaml.endpoint: 0.0.0.0:9411",
      "ConfigMap: - data.tempo.yaml.multitenancy_enabled: false",
      "ConfigMap: + data.tempo.yaml.tls:",
      "ConfigMap: + data.tempo.yaml.client_ca_file:  /var/run/ca/service-ca.crt",
      'ConfigMap: + data.tempo.yaml.min_version: "1.3"',
      'ConfigMap: + data.tempo.yaml.cipher_suites: "TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256"',
      "ConfigMap: + data.tempo.yaml.multitenancy_enabled: true",
      "ConfigMap: + data.tempo-query.yaml.tls_enabled: true",
      "ConfigMap: + data.tempo-query.yaml.tls_cert_path: /var/run/tls/server/tls.crt",
      "ConfigMap: + data.tempo-query.yaml.tls_key_path: /var/run/tls/server/tls.key",
      "ConfigMap: + data.tempo-query.yaml.tls_ca_path: /var/run/ca/service-ca.crt",
      "ConfigMap: + data.tempo-query.yaml.tls_insecure_skip_verify: false",
      "ConfigMap: + data.tempo-query.yaml.tls_server_name: tempo-simplest-query-frontend.shop.svc.cluster.local",
      "ConfigMap: + data.tempo-query.yaml.tls_min_version: VersionTLS13",
      "ConfigMap: + data.tempo-query.yaml.tls_cipher_suites: TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256",
      'distributor: - containers.tempo.ports.thrift-http {"containerPort":14268}',
      'distributor: - containers.tempo.ports.thrift-compact {"containerPort":6831,"protocol":"UDP"}',
      'distributor: - containers.tempo.ports.thrift-binary {"containerPort":6832,"protocol":"UDP"}',
      'distributor: - containers.tempo.ports.jaeger-grpc {"containerPort":14250}',
      'distributor: - containers.tempo.ports.http-zipkin {"containerPort":9411}',
      'Service/distributor: - spec.ports.thrift-http {"port":14268,"targetPort":"thrift-http"}',
      'Service/distributor: - spec.ports.thrift-compact {"port":6831,"targetPort":"thrift-compact","protocol":"UDP"}',
      'Service/distributor: - spec.ports.thrift-binary {"port":6832,"targetPort":"thrift-binary","protocol":"UDP"}',
      'Service/distributor: - spec.ports.jaeger-grpc {"port":14250,"targetPort":"jaeger-grpc"}',
      'Service/distributor: - spec.ports.http-zipkin {"port":9411,"targetPort":"http-zipkin"}',
      "query-frontend: ~ containers.tempo.readinessProbe.httpGet.port 3101",
      "query-frontend: ~ containers.tempo.readinessProbe.httpGet.scheme HTTPS",
      "query-frontend: + containers.jaeger-query.args.--multi-tenancy.enabled=true",
      "query-frontend: + containers.jaeger-query.args.--multi-tenancy.header=x-scope-orgid",
      "query-frontend: + containers.jaeger-query.args.--query.http.tls.enabled=true",
      "query-frontend: + containers.jaeger-query.args.--query.http.tls.key=/var/run/tls/server/tls.key",
      "query-frontend: + containers.jaeger-query.args.--query.http.tls.cert=/var/run/tls/server/tls.crt",
      "query-frontend: + containers.jaeger-query.args.--query.http.tls.client-ca=/var/run/ca/service-ca.crt",
      "query-frontend: + containers.jaeger-query.args.--query.grpc.tls.enabled=true",
      "query-frontend: + containers.jaeger-query.args.--query.grpc.tls.key=/var/run/tls/server/tls.key",
      "query-frontend: + containers.jaeger-query.args.--query.grpc.tls.cert=/var/run/tls/server/tls.crt",
      "query-frontend: + containers.jaeger-query.args.--query.grpc.tls.client-ca=/var/run/ca/service-ca.crt",
    ],
  },
  {
    title: "2.1.7 monitorTab: asks a Prometheus",
    spec: {
      template: {
        queryFrontend: {
          jaegerQuery: { enabled: true, monitorTab: { enabled: true, prometheusEndpoint: "http://p:9090" } },
        },
      },
    },
    changes: [
      'query-frontend: + containers.jaeger-query.env.METRICS_STORAGE_TYPE {"value":"prometheus"}',
      'query-frontend: + containers.jaeger-query.env.PROMETHEUS_SERVER_URL {"value":"http://p:9090"}',
    ],
  },
  {
    title: "2.1.7 monitorTab.redMetricsNamespace: may be empty",
    spec: {
      template: {
        queryFrontend: {
          jaegerQuery: {
            enabled: true,
            monitorTab: { enabled: true, prometheusEndpoint: "http://p:9090", redMetricsNamespace: "" },
          },
        },
      },
    },
    changes: [
      "query-frontend: + containers.jaeger-query.args.--prometheus.query.namespace=",
      'query-frontend: + containers.jaeger-query.env.METRICS_STORAGE_TYPE {"value":"prometheus"}',
      'query-frontend: + containers.jaeger-query.env.PROMETHEUS_SERVER_URL {"value":"http://p:9090"}',
    ],
  },
  {
    title: "3.7 monitorTab of the cluster's Prometheus: has token and rights",
    spec: {
      template: {
        queryFrontend: {
          jaegerQuery: {
            enabled: true,
            monitorTab: {
              enabled: true,
              prometheusEndpoint: "https://thanos-querier.openshift-monitoring.svc.cluster.local:9092 ",
            },
          },
        },
      },
    },
    changes: [
      "query-frontend: + containers.jaeger-query.args.--prometheus.tls.enabled=true",
      "query-frontend: + containers.jaeger-query.args.--prometheus.token-file=/var/run/secrets/kubernetes.io/serviceaccount/token",
      "query-frontend: + containers.jaeger-query.args.--prometheus.token-override-from-context=false",
      "query-frontend: + containers.jaeger-query.args.--prometheus.tls.ca=/var/run/secrets/kubernetes.io/serviceaccount/service-ca.crt",
      "query-frontend: + containers.jaeger-query.args.--prometheus.query.extra-query-params=namespace=shop",
      'query-frontend: + containers.jaeger-query.env.METRICS_STORAGE_TYPE {"value":"prometheus"}',
      'query-frontend: + containers.jaeger-query.env.PROMETHEUS_SERVER_URL {"value":"https://thanos-querier.openshift-monitoring.svc.cluster.local:9092"}',
      "+ Role/metrics-reader RoleBinding/metrics-reader",
    ],
  },
  {
    title: "2.1.7 resources: are each container's own (quirk 1)",
    spec: {
      template: {
        queryFrontend: {
          jaegerQuery: {
            enabled: true,
            resources: { limits: { memory: "100Mi" } },
            tempoQuery: { resources: { limits: { memory: "200Mi" } } },
          },
        },
      },
    },
    changes: [
      'query-frontend: + containers.jaeger-query.resources.limits {"memory":"100Mi"}',
      'query-frontend: + containers.jaeger-query.env.GOMEMLIMIT {"value":"83886080"}',
      'query-frontend: + containers.tempo-query.resources.limits {"memory":"200Mi"}',
      'query-frontend: + containers.tempo-query.env.GOMEMLIMIT {"value":"167772160"}',
    ],
  },
  {
    title: "2.1.7 tempoQuery.resources alone: leave jaeger-query's be (quirk 1)",
    spec: {
      template: {
        queryFrontend: { jaegerQuery: { enabled: true, tempoQuery: { resources: { limits: { cpu: "1" } } } } },
      },
    },
    changes: ['query-frontend: + containers.tempo-query.resources.limits {"cpu":"1"}'],
  },
  {
    title: "2.1.7 servicesQueryDuration and findTracesConcurrentRequests: are tempo-query's",
    spec: {
      template: {
        queryFrontend: { jaegerQuery: { enabled: true, servicesQueryDuration: "1h", findTracesConcurrentRequests: 9 } },
      },
    },
    changes: [
      "ConfigMap: - data.tempo-query.yaml.services_query_duration: 72h0m0s",
      "ConfigMap: - data.tempo-query.yaml.find_traces_concurrent_requests: 2",
      "ConfigMap: + data.tempo-query.yaml.services_query_duration: 1h0m0s",
      "ConfigMap: + data.tempo-query.yaml.find_traces_concurrent_requests: 9",
    ],
  },
  {
    title: "2.1.1 images: are Jaeger's, too",
    spec: {
      template: { queryFrontend: { jaegerQuery: { enabled: true } } },
      images: { tempoQuery: "q:1", jaegerQuery: "j:1" },
    },
    changes: [
      "query-frontend: ~ containers.jaeger-query.image j:1",
      "query-frontend: ~ containers.tempo-query.image q:1",
    ],
  },
  {
    title: "2.1.13 resources.total: has shares for both",
    spec: {
      template: { queryFrontend: { jaegerQuery: { enabled: true } } },
      resources: { total: { limits: { cpu: "2", memory: "2Gi" } } },
    },
    changes: [
      'distributor: + containers.tempo.resources.limits {"cpu":"540m","memory":"257698032"}',
      'distributor: + containers.tempo.resources.requests {"cpu":"162m","memory":"77309416"}',
      'distributor: + containers.tempo.env.GOMEMLIMIT {"value":"206158425"}',
      'ingester: + containers.tempo.env.GOMEMLIMIT {"value":"858993459"}',
      'ingester: + containers.tempo.resources.limits {"cpu":"760m","memory":"1Gi"}',
      'ingester: + containers.tempo.resources.requests {"cpu":"228m","memory":"322122560"}',
      'query-frontend: + containers.tempo.env.GOMEMLIMIT {"value":"42949673"}',
      'query-frontend: + containers.tempo.resources.limits {"cpu":"90m","memory":"53687092"}',
      'query-frontend: + containers.tempo.resources.requests {"cpu":"27m","memory":"16106128"}',
      'query-frontend: + containers.jaeger-query.resources.limits {"cpu":"90m","memory":"53687092"}',
      'query-frontend: + containers.jaeger-query.resources.requests {"cpu":"27m","memory":"16106128"}',
      'query-frontend: + containers.jaeger-query.env.GOMEMLIMIT {"value":"42949673"}',
      'query-frontend: + containers.tempo-query.resources.limits {"cpu":"90m","memory":"53687092"}',
      'query-frontend: + containers.tempo-query.resources.requests {"cpu":"27m","memory":"16106128"}',
      'query-frontend: + containers.tempo-query.env.GOMEMLIMIT {"value":"42949673"}',
      'querier: + containers.tempo.env.GOMEMLIMIT {"value":"257698048"}',
      'querier: + containers.tempo.resources.limits {"cpu":"200m","memory":"322122560"}',
      'querier: + containers.tempo.resources.requests {"cpu":"60m","memory":"96636768"}',
      'compactor: + containers.tempo.env.GOMEMLIMIT {"value":"309237657"}',
      'compactor: + containers.tempo.resources.limits {"cpu":"320m","memory":"386547072"}',
      'compactor: + containers.tempo.resources.requests {"cpu":"96m","memory":"115964128"}',
    ],
  },
  {
    title: "2.1.4 podIP, 3.14 zones, 3.1.9 tracing: are told to every container",
    spec: {
      template: { queryFrontend: { jaegerQuery: { enabled: true } } },
      observability: {
        tracing: {
          sampling_fraction: "0.5",
          otlp_http_endpoint: "http://otel:4320",
          jaeger_agent_endpoint: "localhost:6831",
        },
      },
      hashRing: { memberlist: { instanceAddrType: "podIP" } },
      replicationZones: [{ maxSkew: 1, topologyKey: "zone" }],
    },
    changes: [
      "ConfigMap: + data.tempo.yaml.instance_addr: $HASH_RING_INSTANCE_ADDR",
      "ConfigMap: + data.tempo.yaml.zone_awareness_enabled: true",
      "ConfigMap: + data.tempo.yaml.address: $HASH_RING_INSTANCE_ADDR",
      "ConfigMap: + data.tempo.yaml.availability_zone: $INSTANCE_AVAILABILITY_ZONE",
      "ConfigMap: + data.tempo.yaml.advertise_addr: $HASH_RING_INSTANCE_ADDR",
      "distributor ingester query-frontend querier: + pod.labels.tempo.grafana.com/zone-aware enabled",
      "distributor ingester query-frontend querier compactor: + pod.annotations.sidecar.opentelemetry.io/inject true",
      "distributor ingester query-frontend querier: + pod.annotations.tempo.grafana.com/availability-zone-labels zone",
      'distributor ingester query-frontend querier compactor: + containers.tempo.env.OTEL_TRACES_EXPORTER {"value":"otlp"}',
      'distributor ingester query-frontend querier compactor: + containers.tempo.env.OTEL_EXPORTER_OTLP_ENDPOINT {"value":"http://otel:4320"}',
      'distributor ingester query-frontend querier compactor: + containers.tempo.env.OTEL_TRACES_SAMPLER {"value":"parentbased_traceidratio"}',
      'distributor ingester query-frontend querier compactor: + containers.tempo.env.OTEL_TRACES_SAMPLER_ARG {"value":"0.5"}',
      'distributor ingester query-frontend querier compactor: + containers.tempo.env.HASH_RING_INSTANCE_ADDR {"valueFrom":{"fieldRef":{"fieldPath":"status.podIP"}}}',
      'distributor ingester query-frontend querier: + containers.tempo.env.INSTANCE_AVAILABILITY_ZONE {"valueFrom":{"fieldRef":{"fieldPath":"metadata.annotations[\'tempo.grafana.com/availability-zone\']"}}}',
      'distributor ingester query-frontend querier: + volumes.az-annotation {"downwardAPI":{"items":[{"path":"az","fieldRef":{"fieldPath":"metadata.annotations[\'tempo.grafana.com/availability-zone\']"}}]}}',
      'distributor: + topologySpreadConstraints.0 {"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app.kubernetes.io/component":"distributor","app.kubernetes.io/instance":"simplest"}}}',
      'distributor ingester query-frontend querier: + initContainers.az-annotation-check {"image":"docker.io/grafana/tempo:2.10.8","command":["sh","-c","while ! [ -s /etc/az-annotation/az ]; do echo \\"waiting for the availability zone\\"; sleep 2; done"],"resources":{},"securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"readOnlyRootFilesystem":true},"volumeMounts":[{"name":"az-annotation","mountPath":"/etc/az-annotation"}]}',
      'ingester: + topologySpreadConstraints.0 {"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app.kubernetes.io/component":"ingester","app.kubernetes.io/instance":"simplest"}}}',
      'query-frontend: + containers.jaeger-query.env.OTEL_TRACES_EXPORTER {"value":"otlp"}',
      'query-frontend: + containers.jaeger-query.env.OTEL_EXPORTER_OTLP_ENDPOINT {"value":"http://otel:4320"}',
      'query-frontend: + containers.jaeger-query.env.OTEL_TRACES_SAMPLER {"value":"parentbased_traceidratio"}',
      'query-frontend: + containers.jaeger-query.env.OTEL_TRACES_SAMPLER_ARG {"value":"0.5"}',
      'query-frontend: + containers.jaeger-query.env.HASH_RING_INSTANCE_ADDR {"valueFrom":{"fieldRef":{"fieldPath":"status.podIP"}}}',
      'query-frontend: + containers.jaeger-query.env.INSTANCE_AVAILABILITY_ZONE {"valueFrom":{"fieldRef":{"fieldPath":"metadata.annotations[\'tempo.grafana.com/availability-zone\']"}}}',
      'query-frontend: + containers.tempo-query.env.OTEL_TRACES_EXPORTER {"value":"otlp"}',
      'query-frontend: + containers.tempo-query.env.OTEL_EXPORTER_OTLP_ENDPOINT {"value":"http://otel:4320"}',
      'query-frontend: + containers.tempo-query.env.OTEL_TRACES_SAMPLER {"value":"parentbased_traceidratio"}',
      'query-frontend: + containers.tempo-query.env.OTEL_TRACES_SAMPLER_ARG {"value":"0.5"}',
      'query-frontend: + containers.tempo-query.env.HASH_RING_INSTANCE_ADDR {"valueFrom":{"fieldRef":{"fieldPath":"status.podIP"}}}',
      'query-frontend: + containers.tempo-query.env.INSTANCE_AVAILABILITY_ZONE {"valueFrom":{"fieldRef":{"fieldPath":"metadata.annotations[\'tempo.grafana.com/availability-zone\']"}}}',
      'query-frontend: + topologySpreadConstraints.0 {"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app.kubernetes.io/component":"query-frontend","app.kubernetes.io/instance":"simplest"}}}',
      'querier: + topologySpreadConstraints.0 {"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app.kubernetes.io/component":"querier","app.kubernetes.io/instance":"simplest"}}}',
    ],
  },
  {
    title: "2.1.13 resources.total with a login: takes its share from jaeger-query's",
    spec: {
      resources: { total: { limits: { cpu: "2" } } },
      template: { queryFrontend: { jaegerQuery: { enabled: true, ingress: { type: "route" } } } },
    },
    circumstances: {
      gates: { "openshift.route": true, "openshift.servingCertsService": true, "openshift.oauthProxy": true },
    },
    changes: [
      'distributor: + containers.tempo.resources.limits {"cpu":"540m"}',
      'distributor: + containers.tempo.resources.requests {"cpu":"162m"}',
      'ingester: + containers.tempo.resources.limits {"cpu":"760m"}',
      'ingester: + containers.tempo.resources.requests {"cpu":"228m"}',
      "query-frontend: ~ serviceAccountName tempo-simplest-query-frontend",
      'query-frontend: + containers.tempo.resources.limits {"cpu":"90m"}',
      'query-frontend: + containers.tempo.resources.requests {"cpu":"27m"}',
      'query-frontend: + containers.jaeger-query.resources.limits {"cpu":"70m"}',
      'query-frontend: + containers.jaeger-query.resources.requests {"cpu":"21m"}',
      'query-frontend: + containers.tempo-query.resources.limits {"cpu":"90m"}',
      'query-frontend: + containers.tempo-query.resources.requests {"cpu":"27m"}',
      'query-frontend: + containers.oauth-proxy {"image":"quay.io/openshift/origin-oauth-proxy:4.14","args":["--cookie-secret-file=/var/run/secrets/kubernetes.io/serviceaccount/token","--https-address=:8443","--openshift-service-account=tempo-simplest-query-frontend","--provider=openshift","--tls-cert=/etc/tls/private/tls.crt","--tls-key=/etc/tls/private/tls.key","--upstream=http://localhost:16686","--upstream-timeout=30s","--openshift-sar={\\"namespace\\": \\"shop\\", \\"resource\\": \\"pods\\", \\"verb\\": \\"get\\"}"],"ports":[{"name":"oauth-proxy","containerPort":8443}],"volumeMounts":[{"name":"simplest-ui-oauth-proxy-tls","mountPath":"/etc/tls/private"}],"securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"readOnlyRootFilesystem":true},"resources":{"limits":{"cpu":"20m"},"requests":{"cpu":"6m"}},"readinessProbe":{"httpGet":{"path":"/oauth/healthz","port":"oauth-proxy","scheme":"HTTPS"},"initialDelaySeconds":10,"timeoutSeconds":5}}',
      'query-frontend: + volumes.simplest-ui-oauth-proxy-tls {"secret":{"secretName":"simplest-ui-oauth-proxy-tls"}}',
      'Service/query-frontend: + metadata.annotations {"service.beta.openshift.io/serving-cert-secret-name":"simplest-ui-oauth-proxy-tls"}',
      'Service/query-frontend: + spec.ports.oauth-proxy {"port":8443,"targetPort":"oauth-proxy"}',
      'querier: + containers.tempo.resources.limits {"cpu":"200m"}',
      'querier: + containers.tempo.resources.requests {"cpu":"60m"}',
      'compactor: + containers.tempo.resources.limits {"cpu":"320m"}',
      'compactor: + containers.tempo.resources.requests {"cpu":"96m"}',
      "+ ServiceAccount/query-frontend Route/query-frontend",
    ],
  },
  {
    title: "2.1.12 size 1x.extra-small: has requests for both",
    spec: { size: "1x.extra-small", template: { queryFrontend: { jaegerQuery: { enabled: true } } } },
    changes: [
      "ConfigMap: - data.tempo.yaml.replication_factor: 1",
      "ConfigMap: + data.tempo.yaml.replication_factor: 2",
      "ConfigMap: + data.tempo.yaml.overrides:",
      "ConfigMap: + data.tempo.yaml.ingestion_burst_size_bytes: 2400000",
      "ConfigMap: + data.tempo.yaml.ingestion_rate_limit_bytes: 1200000",
      "ConfigMap: - data.tempo-query.yaml.find_traces_concurrent_requests: 2",
      "ConfigMap: + data.tempo-query.yaml.find_traces_concurrent_requests: 4",
      "distributor ingester query-frontend querier compactor: ~ spec.replicas 2",
      'distributor: + containers.tempo.resources.requests {"cpu":"200m","memory":"128Mi"}',
      'ingester: + containers.tempo.resources.requests {"cpu":"1500m","memory":"8Gi"}',
      'query-frontend: + containers.tempo.resources.requests {"cpu":"200m","memory":"1Gi"}',
      'query-frontend: + containers.jaeger-query.resources.requests {"cpu":"400m","memory":"128Mi"}',
      'query-frontend: + containers.tempo-query.resources.requests {"cpu":"200m","memory":"1Gi"}',
      'querier: + containers.tempo.resources.requests {"cpu":"1","memory":"1Gi"}',
      'compactor: + containers.tempo.resources.requests {"cpu":"200m","memory":"4Gi"}',
    ],
  },
  {
    title: "3.8 ingress: adds an Ingress",
    spec: { template: { queryFrontend: { jaegerQuery: { enabled: true, ingress: { type: "ingress", host: "h" } } } } },
    changes: ["+ Ingress/query-frontend"],
  },
  {
    title: "3.8 ingress none: adds nothing",
    spec: { template: { queryFrontend: { jaegerQuery: { enabled: true, ingress: { type: "none", host: "h" } } } } },
    changes: [],
  },
  {
    title: "3.8 route: adds a Route",
    spec: { template: { queryFrontend: { jaegerQuery: { enabled: true, ingress: { type: "route" } } } } },
    circumstances: { gates: { "openshift.route": true } },
    changes: ["+ Route/query-frontend"],
  },
  {
    title: "3.9 route with the OAuth proxy: is logged in to by an account of its own",
    spec: { template: { queryFrontend: { jaegerQuery: { enabled: true, ingress: { type: "route" } } } } },
    circumstances: {
      gates: { "openshift.route": true, "openshift.servingCertsService": true, "openshift.oauthProxy": true },
    },
    changes: [
      "query-frontend: ~ serviceAccountName tempo-simplest-query-frontend",
      'query-frontend: + containers.oauth-proxy {"image":"quay.io/openshift/origin-oauth-proxy:4.14","args":["--cookie-secret-file=/var/run/secrets/kubernetes.io/serviceaccount/token","--https-address=:8443","--openshift-service-account=tempo-simplest-query-frontend","--provider=openshift","--tls-cert=/etc/tls/private/tls.crt","--tls-key=/etc/tls/private/tls.key","--upstream=http://localhost:16686","--upstream-timeout=30s","--openshift-sar={\\"namespace\\": \\"shop\\", \\"resource\\": \\"pods\\", \\"verb\\": \\"get\\"}"],"ports":[{"name":"oauth-proxy","containerPort":8443}],"volumeMounts":[{"name":"simplest-ui-oauth-proxy-tls","mountPath":"/etc/tls/private"}],"securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"readOnlyRootFilesystem":true},"resources":{},"readinessProbe":{"httpGet":{"path":"/oauth/healthz","port":"oauth-proxy","scheme":"HTTPS"},"initialDelaySeconds":10,"timeoutSeconds":5}}',
      'query-frontend: + volumes.simplest-ui-oauth-proxy-tls {"secret":{"secretName":"simplest-ui-oauth-proxy-tls"}}',
      'Service/query-frontend: + metadata.annotations {"service.beta.openshift.io/serving-cert-secret-name":"simplest-ui-oauth-proxy-tls"}',
      'Service/query-frontend: + spec.ports.oauth-proxy {"port":8443,"targetPort":"oauth-proxy"}',
      "+ ServiceAccount/query-frontend Route/query-frontend",
    ],
  },
];

describe("fields of the Jaeger UI", () => {
  it.each(cases)("$title", ({ spec, circumstances, changes: expected }) => {
    expect(changes(before, stackOf(spec, circumstances))).toEqual(expected);
  });
});
