import { describe, expect, it } from "vitest";
import { type ChangeCase, changes } from "./changes.test-support.ts";
import { stackOf } from "./rendered.test-support.ts";

const before = stackOf();

/** What each adds to, and takes from, the simplest stack: this and nothing else. */
const cases: readonly ChangeCase[] = [
  {
    title: "2.1.10 a component: is placed, sized and secured by itself",
    spec: {
      template: {
        querier: {
          replicas: 2,
          nodeSelector: { disk: "ssd" },
          tolerations: [{ key: "gpu", operator: "Exists" }],
          resources: { limits: { memory: "1Gi" } },
          podSecurityContext: { runAsUser: 5 },
        },
      },
    },
    changes: [
      "querier: ~ spec.replicas 2",
      "querier: + securityContext.runAsUser 5",
      'querier: + containers.tempo.env.GOMEMLIMIT {"value":"858993459"}',
      'querier: + containers.tempo.resources.limits {"memory":"1Gi"}',
      'querier: + nodeSelector {"disk":"ssd"}',
      'querier: + tolerations.0 {"key":"gpu","operator":"Exists"}',
    ],
  },
  {
    title: "2.1.6 ingester and compactor: likewise",
    spec: {
      template: {
        ingester: { replicas: 2, nodeSelector: { a: "b" } },
        compactor: { replicas: 3, resources: { requests: { cpu: "1" } } },
      },
    },
    changes: [
      "ingester: ~ spec.replicas 2",
      'ingester: + nodeSelector {"a":"b"}',
      "compactor: ~ spec.replicas 3",
      'compactor: + containers.tempo.resources.requests {"cpu":"1"}',
    ],
  },
  {
    title: "2.1.6 distributor.component: likewise",
    spec: { template: { distributor: { component: { replicas: 2, tolerations: [{ operator: "Exists" }] } } } },
    changes: ["distributor: ~ spec.replicas 2", 'distributor: + tolerations.0 {"operator":"Exists"}'],
  },
  {
    title: "2.1.7 queryFrontend.component: likewise",
    spec: { template: { queryFrontend: { component: { replicas: 2, resources: { limits: { memory: "100" } } } } } },
    changes: [
      "query-frontend: ~ spec.replicas 2",
      'query-frontend: + containers.tempo.env.GOMEMLIMIT {"value":"80"}',
      'query-frontend: + containers.tempo.resources.limits {"memory":"100"}',
    ],
  },
  {
    title: "3.3 distributor.tls: mounts the receivers' certificates under valid names",
    spec: { template: { distributor: { tls: { enabled: true, caName: "ca", certName: "my.cert" } } } },
    changes: [
      "ConfigMap: + data.tempo.yaml.tls:",
      "ConfigMap: + data.tempo.yaml.client_ca_file:  /var/run/ca-receiver/service-ca.crt",
      "ConfigMap: + data.tempo.yaml.cert_file: /var/run/tls/receiver/tls.crt",
      "ConfigMap: + data.tempo.yaml.key_file: /var/run/tls/receiver/tls.key",
      'ConfigMap: + data.tempo.yaml.min_version: "1.3"',
      'ConfigMap: + data.tempo.yaml.cipher_suites: "TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256"',
      'distributor: + containers.tempo.volumeMounts.ca {"mountPath":"/var/run/ca-receiver","readOnly":true}',
      'distributor: + containers.tempo.volumeMounts.my-cert {"mountPath":"/var/run/tls/receiver","readOnly":true}',
      'distributor: + volumes.ca {"configMap":{"name":"ca"}}',
      'distributor: + volumes.my-cert {"secret":{"secretName":"my.cert"}}',
    ],
  },
  {
    title: "3.3 distributor.tls without a CA: asks clients for no certificate",
    spec: {
      template: {
        distributor: { tls: { enabled: true, certName: "cert", minVersion: "1.2", cipherSuites: ["TLS_A"] } },
      },
    },
    changes: [
      "ConfigMap: + data.tempo.yaml.tls:",
      "ConfigMap: + data.tempo.yaml.cert_file: /var/run/tls/receiver/tls.crt",
      "ConfigMap: + data.tempo.yaml.key_file: /var/run/tls/receiver/tls.key",
      'ConfigMap: + data.tempo.yaml.min_version: "1.2"',
      'ConfigMap: + data.tempo.yaml.cipher_suites: "TLS_A"',
      'distributor: + containers.tempo.volumeMounts.cert {"mountPath":"/var/run/tls/receiver","readOnly":true}',
      'distributor: + volumes.cert {"secret":{"secretName":"cert"}}',
    ],
  },
  {
    title: "3.3 distributor.tls with names left out: has OpenShift issue both",
    spec: { template: { distributor: { tls: { enabled: true } } } },
    circumstances: {
      gates: { "openshift.route": true, "openshift.servingCertsService": true, "openshift.oauthProxy": true },
    },
    changes: [
      "ConfigMap: + data.tempo.yaml.tls:",
      "ConfigMap: + data.tempo.yaml.cert_file: /var/run/tls/receiver/tls.crt",
      "ConfigMap: + data.tempo.yaml.key_file: /var/run/tls/receiver/tls.key",
      'ConfigMap: + data.tempo.yaml.min_version: "1.3"',
      'ConfigMap: + data.tempo.yaml.cipher_suites: "TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256"',
      'distributor: + containers.tempo.volumeMounts.tempo-simplest-serving-cabundle {"mountPath":"/var/run/ca-receiver","readOnly":true}',
      'distributor: + containers.tempo.volumeMounts.tempo-simplest-distributor-serving-cert {"mountPath":"/var/run/tls/receiver","readOnly":true}',
      'distributor: + volumes.tempo-simplest-serving-cabundle {"configMap":{"name":"tempo-simplest-serving-cabundle"}}',
      'distributor: + volumes.tempo-simplest-distributor-serving-cert {"secret":{"secretName":"tempo-simplest-distributor-serving-cert"}}',
      'Service/distributor: + metadata.annotations {"service.beta.openshift.io/serving-cert-secret-name":"tempo-simplest-distributor-serving-cert"}',
      "+ ConfigMap/serving-cabundle",
    ],
  },
  {
    title: "2.1.7 mcpServer: is the query-frontend's",
    spec: { template: { queryFrontend: { mcpServer: { enabled: true } } } },
    changes: ["ConfigMap: + data.tempo.yaml.mcp_server:", "ConfigMap: + data.tempo.yaml.enabled: true"],
  },
  {
    title: "2.1.8 gateway: takes the other protocols' place and encrypts",
    spec: { tenants: { mode: "static" }, template: { gateway: { enabled: true } } },
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
    ],
  },
  {
    title: "3.14 replicationZones: spread all but the compactor, and wait for their zone",
    spec: {
      replicationZones: [
        { maxSkew: 1, topologyKey: "zone" },
        { maxSkew: 2, topologyKey: "rack" },
      ],
    },
    changes: [
      "ConfigMap: + data.tempo.yaml.zone_awareness_enabled: true",
      "ConfigMap: + data.tempo.yaml.availability_zone: $INSTANCE_AVAILABILITY_ZONE",
      "distributor ingester query-frontend querier: + pod.labels.tempo.grafana.com/zone-aware enabled",
      "distributor ingester query-frontend querier: + pod.annotations.tempo.grafana.com/availability-zone-labels zone,rack",
      'distributor ingester query-frontend querier: + containers.tempo.env.INSTANCE_AVAILABILITY_ZONE {"valueFrom":{"fieldRef":{"fieldPath":"metadata.annotations[\'tempo.grafana.com/availability-zone\']"}}}',
      'distributor ingester query-frontend querier: + volumes.az-annotation {"downwardAPI":{"items":[{"path":"az","fieldRef":{"fieldPath":"metadata.annotations[\'tempo.grafana.com/availability-zone\']"}}]}}',
      'distributor: + topologySpreadConstraints.0 {"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app.kubernetes.io/component":"distributor","app.kubernetes.io/instance":"simplest"}}}',
      'distributor: + topologySpreadConstraints.1 {"maxSkew":2,"topologyKey":"rack","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app.kubernetes.io/component":"distributor","app.kubernetes.io/instance":"simplest"}}}',
      'distributor ingester query-frontend querier: + initContainers.az-annotation-check {"image":"docker.io/grafana/tempo:2.10.8","command":["sh","-c","while ! [ -s /etc/az-annotation/az ]; do echo \\"waiting for the availability zone\\"; sleep 2; done"],"resources":{},"securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"readOnlyRootFilesystem":true},"volumeMounts":[{"name":"az-annotation","mountPath":"/etc/az-annotation"}]}',
      'ingester: + topologySpreadConstraints.0 {"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app.kubernetes.io/component":"ingester","app.kubernetes.io/instance":"simplest"}}}',
      'ingester: + topologySpreadConstraints.1 {"maxSkew":2,"topologyKey":"rack","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app.kubernetes.io/component":"ingester","app.kubernetes.io/instance":"simplest"}}}',
      'query-frontend: + topologySpreadConstraints.0 {"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app.kubernetes.io/component":"query-frontend","app.kubernetes.io/instance":"simplest"}}}',
      'query-frontend: + topologySpreadConstraints.1 {"maxSkew":2,"topologyKey":"rack","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app.kubernetes.io/component":"query-frontend","app.kubernetes.io/instance":"simplest"}}}',
      'querier: + topologySpreadConstraints.0 {"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app.kubernetes.io/component":"querier","app.kubernetes.io/instance":"simplest"}}}',
      'querier: + topologySpreadConstraints.1 {"maxSkew":2,"topologyKey":"rack","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app.kubernetes.io/component":"querier","app.kubernetes.io/instance":"simplest"}}}',
    ],
  },
];

describe("fields of the components", () => {
  it.each(cases)("$title", ({ spec, circumstances, changes: expected }) => {
    expect(changes(before, stackOf(spec, circumstances))).toEqual(expected);
  });
});
