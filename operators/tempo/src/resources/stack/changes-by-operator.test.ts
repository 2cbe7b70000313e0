import { type ChangeCase, describeChanges } from "./changes.test-support.ts";

const cases: readonly ChangeCase[] = [
  {
    title: "3.1.8 without encryption: mounts no certificates and asks for readiness in clear",
    spec: {},
    circumstances: { gates: { httpEncryption: false, grpcEncryption: false } },
    changes: [
      "ConfigMap: - data.tempo.yaml.grpc_client_config:",
      "ConfigMap: - data.tempo.yaml.tls_enabled: true",
      "ConfigMap: - data.tempo.yaml.tls_cert_path:  /var/run/tls/server/tls.crt",
      "ConfigMap: - data.tempo.yaml.tls_key_path: /var/run/tls/server/tls.key",
      "ConfigMap: - data.tempo.yaml.tls_ca_path: /var/run/ca/service-ca.crt",
      "ConfigMap: - data.tempo.yaml.tls_server_name: tempo-simplest-query-frontend.shop.svc.cluster.local",
      "ConfigMap: - data.tempo.yaml.tls_cipher_suites: TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256",
      "ConfigMap: - data.tempo.yaml.tls_min_version: VersionTLS13",
      "ConfigMap: - data.tempo.yaml.internal_server:",
      "ConfigMap: - data.tempo.yaml.enable: true",
      'ConfigMap: - data.tempo.yaml.http_listen_address: ""',
      "ConfigMap: - data.tempo.yaml.http_tls_config:",
      "ConfigMap: - data.tempo.yaml.cert_file: /var/run/tls/server/tls.crt",
      "ConfigMap: - data.tempo.yaml.key_file: /var/run/tls/server/tls.key",
      "ConfigMap: - data.tempo.yaml.grpc_tls_config:",
      "ConfigMap: - data.tempo.yaml.cert_file:  /var/run/tls/server/tls.crt",
      "ConfigMap: - data.tempo.yaml.client_ca_file: /var/run/ca/service-ca.crt",
      "ConfigMap: - data.tempo.yaml.client_auth_type: RequireAndVerifyClientCert",
      "ConfigMap: - data.tempo.yaml.ingester_client:",
      "ConfigMap: - data.tempo.yaml.tls_server_name: tempo-simplest-ingester.shop.svc.cluster.local",
      "ConfigMap: - data.tempo.yaml.tls_insecure_skip_verify: false",
      'distributor ingester query-frontend querier compactor: - containers.tempo.volumeMounts.tempo-simplest-ca-bundle {"mountPath":"/var/run/ca"}',
      'distributor: - containers.tempo.volumeMounts.tempo-simplest-distributor-mtls {"mountPath":"/var/run/tls/server"}',
      "distributor ingester querier compactor: ~ containers.tempo.readinessProbe.httpGet.port http",
      "distributor ingester querier compactor: ~ containers.tempo.readinessProbe.httpGet.scheme HTTP",
      'distributor ingester query-frontend querier compactor: - volumes.tempo-simplest-ca-bundle {"configMap":{"name":"tempo-simplest-ca-bundle"}}',
      'distributor: - volumes.tempo-simplest-distributor-mtls {"secret":{"secretName":"tempo-simplest-distributor-mtls"}}',
      'ingester: - containers.tempo.volumeMounts.tempo-simplest-ingester-mtls {"mountPath":"/var/run/tls/server"}',
      'ingester: - volumes.tempo-simplest-ingester-mtls {"secret":{"secretName":"tempo-simplest-ingester-mtls"}}',
      'query-frontend: - containers.tempo.volumeMounts.tempo-simplest-query-frontend-mtls {"mountPath":"/var/run/tls/server"}',
      'query-frontend: - volumes.tempo-simplest-query-frontend-mtls {"secret":{"secretName":"tempo-simplest-query-frontend-mtls"}}',
      'querier: - containers.tempo.volumeMounts.tempo-simplest-querier-mtls {"mountPath":"/var/run/tls/server"}',
      'querier: - volumes.tempo-simplest-querier-mtls {"secret":{"secretName":"tempo-simplest-querier-mtls"}}',
      'compactor: - containers.tempo.volumeMounts.tempo-simplest-compactor-mtls {"mountPath":"/var/run/tls/server"}',
      'compactor: - volumes.tempo-simplest-compactor-mtls {"secret":{"secretName":"tempo-simplest-compactor-mtls"}}',
    ],
  },
  {
    title: "3.1.8 with HTTP in clear: still mounts them for gRPC",
    spec: {},
    circumstances: { gates: { httpEncryption: false } },
    changes: [
      "ConfigMap: - data.tempo.yaml.internal_server:",
      "ConfigMap: - data.tempo.yaml.enable: true",
      'ConfigMap: - data.tempo.yaml.http_listen_address: ""',
      "ConfigMap: - data.tempo.yaml.http_tls_config:",
      "ConfigMap: - data.tempo.yaml.cert_file: /var/run/tls/server/tls.crt",
      "distributor ingester querier compactor: ~ containers.tempo.readinessProbe.httpGet.port http",
      "distributor ingester querier compactor: ~ containers.tempo.readinessProbe.httpGet.scheme HTTP",
    ],
  },
  {
    title: "3.1.7 proxies: are handed on first",
    spec: { env: [{ name: "A", value: "1" }] },
    circumstances: {
      settings: {
        proxy: [
          { name: "HTTP_PROXY", value: "p" },
          { name: "http_proxy", value: "p" },
        ],
      },
    },
    changes: [
      'distributor ingester query-frontend querier compactor: + containers.tempo.env.HTTP_PROXY {"value":"p"}',
      'distributor ingester query-frontend querier compactor: + containers.tempo.env.http_proxy {"value":"p"}',
      'distributor ingester query-frontend querier compactor: + containers.tempo.env.A {"value":"1"}',
    ],
  },
  {
    title: "3.1.6 certificates and references: replace pods when they change",
    spec: {},
    circumstances: {
      more: {
        certificates: { objects: [], hash: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
        referencesHash: "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
      },
    },
    changes: [
      "distributor ingester query-frontend querier compactor: + pod.annotations.tempo.grafana.com/cert-hash <hash>",
      "distributor ingester query-frontend querier compactor: + pod.annotations.tempo.grafana.com/references.hash <hash>",
    ],
  },
  {
    title: "3.1.6 storage Secret: replaces no pods by itself where keys are read from it",
    spec: {},
    circumstances: { more: { storageSecretHash: "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc" } },
    changes: [],
  },
  {
    title: "2.2 default security context of OpenShift: leaves the pods' to the cluster",
    spec: {},
    circumstances: { settings: { defaultPodSecurityContext: {} } },
    changes: ["distributor ingester query-frontend querier compactor: - securityContext.fsGroup 10001"],
  },
];

describeChanges("settings of the operator", {}, cases);
