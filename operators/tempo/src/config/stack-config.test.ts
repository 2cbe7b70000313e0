import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { TempoStack } from "../api/tempo-stack.ts";
import { defaultStack } from "../defaults/default-stack.ts";
import { defaultGates, type FeatureGates } from "../settings/feature-gates.ts";
import { communitySettings } from "../settings/operator-settings.ts";
import { tlsProfiles } from "../settings/tls-profile.ts";
import type { ObjectStorageParams } from "../storage/params.ts";
import { overridesYaml } from "./stack-overrides.ts";
import { tempoQueryFrontendYaml, tempoYaml } from "./stack-tempo-yaml.ts";
import { stackTempoQueryYaml } from "./tempo-query-yaml.ts";

type Spec = Partial<TempoStack["spec"]>;

const minio: ObjectStorageParams = {
  type: "s3",
  mode: "static",
  bucket: "tempo",
  endpoint: "minio:9000",
  isHttps: false,
};

function inputOf(spec: Spec = {}, gates: Partial<FeatureGates> = {}, storage = minio) {
  const settings = { ...communitySettings, gates: { ...defaultGates, ...gates } };
  const stack = defaultStack(
    {
      metadata: { name: "simplest", namespace: "shop" },
      spec: {
        managementState: "Managed",
        storage: { secret: { name: "minio", type: "s3" } },
        storageSize: "200M",
        ...spec,
      },
    },
    settings,
  );
  return { name: "simplest", namespace: "shop", spec: stack.spec, storage, settings };
}

const plain = { httpEncryption: false, grpcEncryption: false };
const config = (...given: Parameters<typeof inputOf>) => parse(tempoYaml(inputOf(...given)));

const ciphers = "TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256";

const head = `compactor:
  compaction:
    block_retention: 48h0m0s
  ring:
    kvstore:
      store: memberlist
distributor:
  receivers:
    jaeger:
      protocols:
        thrift_http:
          endpoint: 0.0.0.0:14268
        thrift_binary:
          endpoint: 0.0.0.0:6832
        thrift_compact:
          endpoint: 0.0.0.0:6831
        grpc:
          endpoint: 0.0.0.0:14250
    zipkin:
      endpoint: 0.0.0.0:9411
    otlp:
      protocols:
        grpc:
          endpoint: 0.0.0.0:4317
        http:
          endpoint: 0.0.0.0:4318
  ring:
    kvstore:
      store: memberlist
ingester:
  lifecycler:
    ring:
      kvstore:
        store: memberlist
      replication_factor: 1
    tokens_file_path: /var/tempo/tokens.json
  max_block_duration: 10m
memberlist:
  abort_if_cluster_join_fails: false
  join_members:
  - tempo-simplest-gossip-ring
multitenancy_enabled: false
querier:
  max_concurrent_queries: 20
  frontend_worker:
    frontend_address: tempo-simplest-query-frontend-discovery:9095
`;
const workerTls = `    grpc_client_config:
      tls_enabled: true
      tls_cert_path:  /var/run/tls/server/tls.crt
      tls_key_path: /var/run/tls/server/tls.key
      tls_ca_path: /var/run/ca/service-ca.crt
      tls_server_name: tempo-simplest-query-frontend.shop.svc.cluster.local
      tls_cipher_suites: ${ciphers}
      tls_min_version: VersionTLS13
`;
const internalServer = `internal_server:
  enable: true
  http_listen_address: ""
  tls_cipher_suites: ${ciphers}
  tls_min_version: VersionTLS13
  http_tls_config:
    cert_file: /var/run/tls/server/tls.crt
    key_file: /var/run/tls/server/tls.key
`;
const server = `server:
  grpc_server_max_recv_msg_size: 4194304
  grpc_server_max_send_msg_size: 4194304
  http_listen_port: 3200
  http_server_read_timeout: 30s
  http_server_write_timeout: 30s
  log_format: logfmt
`;
const profile = `  tls_cipher_suites: ${ciphers}
  tls_min_version: VersionTLS13
`;
const grpcTls = `  grpc_tls_config:
    cert_file:  /var/run/tls/server/tls.crt
    key_file: /var/run/tls/server/tls.key
    client_ca_file: /var/run/ca/service-ca.crt
    client_auth_type: RequireAndVerifyClientCert
`;
const httpTls = `  http_tls_config:
    cert_file:  /var/run/tls/server/tls.crt
    client_auth_type: RequireAndVerifyClientCert
    key_file: /var/run/tls/server/tls.key
    client_ca_file: /var/run/ca/service-ca.crt
`;
const rest = `storage:
  trace:
    backend: s3
    blocklist_poll: 5m
    s3:
      endpoint: minio:9000
      bucket: tempo
      insecure: true
    local:
      path: /var/tempo/traces
    wal:
      path: /var/tempo/wal
usage_report:
  reporting_enabled: false
query_frontend:
  search:
    max_spans_per_span_set: 0
    concurrent_jobs: 2000
    max_duration: 0s
    default_result_limit: 20
`;
const ingesterClient = `ingester_client:
  grpc_client_config:
    tls_enabled: true
    tls_cert_path:  /var/run/tls/server/tls.crt
    tls_key_path: /var/run/tls/server/tls.key
    tls_ca_path: /var/run/ca/service-ca.crt
    tls_server_name: tempo-simplest-ingester.shop.svc.cluster.local
    tls_insecure_skip_verify: false
    tls_cipher_suites: ${ciphers}
    tls_min_version: VersionTLS13
`;

describe("the text of tempo.yaml", () => {
  it("4.3: is this for a minimal stack", () => {
    expect(tempoYaml(inputOf())).toBe(
      head + workerTls + internalServer + server + profile + grpcTls + httpTls + rest + ingesterClient,
    );
  });

  it("4.3: is this without encryption", () => {
    expect(tempoYaml(inputOf({}, plain))).toBe(head + server + rest);
  });

  it("4.1: has clear HTTP for the query-frontend without the gateway", () => {
    expect(tempoQueryFrontendYaml(inputOf())).toBe(
      head + workerTls + server + profile + grpcTls + rest + ingesterClient,
    );
  });

  it("4.1: is the same for the query-frontend behind the gateway", () => {
    const input = inputOf({ template: { gateway: { enabled: true } } });
    expect(tempoQueryFrontendYaml(input)).toBe(tempoYaml(input));
  });

  it("4.4: encrypts what comes from the gateway, with two blanks before the client CA", () => {
    const text = tempoYaml(inputOf({ template: { gateway: { enabled: true } } }));
    const tls = (indent: string) =>
      [
        "tls:",
        "  client_ca_file:  /var/run/ca/service-ca.crt",
        "  cert_file: /var/run/tls/server/tls.crt",
        "  key_file: /var/run/tls/server/tls.key",
        '  min_version: "1.3"',
        `  cipher_suites: "${ciphers}"`,
      ]
        .map((line) => `${indent}${line}\n`)
        .join("");
    const indent = " ".repeat(10);
    expect(text).toContain(
      `  receivers:\n    otlp:\n      protocols:\n        grpc:\n          endpoint: 0.0.0.0:4317\n${tls(indent)}        http:\n          endpoint: 0.0.0.0:4318\n${tls(indent)}  ring:`,
    );
  });

  it("4.9: is sorted and indented by four with extraConfig", () => {
    const text = tempoYaml(inputOf({ extraConfig: { tempo: { server: { http_listen_port: 1234 } } } }, plain));
    expect(text).toContain(
      "\nmemberlist:\n    abort_if_cluster_join_fails: false\n    join_members:\n        - tempo-simp",
    );
    expect(text).toContain("    http_listen_port: 1234\n");
    expect(Object.keys(parse(text))).toEqual(Object.keys(parse(text)).toSorted());
    expect(parse(text)).toEqual({
      ...config({}, plain),
      server: { ...config({}, plain).server, http_listen_port: 1234 },
    });
  });
});

describe("tempo.yaml", () => {
  it("4.4: uses the user's certificates for receivers, and demands clients' only with a CA", () => {
    const tls = { enabled: true, certName: "cert", minVersion: "1.2", cipherSuites: ["A", "B"] };
    const protocols = (distributor: object) => config({ template: { distributor } }).distributor.receivers;
    const files = { cert_file: "/var/run/tls/receiver/tls.crt", key_file: "/var/run/tls/receiver/tls.key" };
    const expected = { ...files, min_version: "1.2", cipher_suites: "A,B" };
    const received = protocols({ tls });
    expect(received.otlp.protocols.grpc.tls).toEqual(expected);
    expect(received.otlp.protocols.http.tls).toEqual(expected);
    expect(received.zipkin.tls).toEqual(expected);
    expect(received.jaeger.protocols.thrift_http.tls).toEqual(expected);
    expect(received.jaeger.protocols.grpc.tls).toEqual(expected);
    expect(received.jaeger.protocols.thrift_compact).toEqual({ endpoint: "0.0.0.0:6831" });
    expect(protocols({ tls: { enabled: true, certName: "cert", caName: "ca" } }).zipkin.tls).toEqual({
      client_ca_file: "/var/run/ca-receiver/service-ca.crt",
      ...files,
      min_version: "1.3",
      cipher_suites: ciphers,
    });
  });

  it.each<[string, ObjectStorageParams, object]>([
    [
      "s3 by token",
      { type: "s3", mode: "token", bucket: "b", endpoint: "s3.eu.amazonaws.com", isHttps: true, region: "eu" },
      { backend: "s3", s3: { bucket: "b", endpoint: "s3.eu.amazonaws.com", insecure: false } },
    ],
    [
      "static azure",
      { type: "azure", mode: "static", container: "c", accountName: "a" },
      { backend: "azure", azure: { container_name: "c" } },
    ],
    [
      "azure by token",
      { type: "azure", mode: "token", container: "c", accountName: "a" },
      { backend: "azure", azure: { container_name: "c", use_federated_token: true } },
    ],
    ["gcs", { type: "gcs", mode: "static", bucket: "b" }, { backend: "gcs", gcs: { bucket_name: "b" } }],
    ["gcs without a bucket", { type: "gcs", mode: "static", bucket: "" }, { backend: "gcs", gcs: { bucket_name: "" } }],
  ])("4.6: names %s", (_, params, expected) => {
    expect(config({}, {}, params as typeof minio).storage.trace).toEqual({
      ...expected,
      blocklist_poll: "5m",
      local: { path: "/var/tempo/traces" },
      wal: { path: "/var/tempo/wal" },
    });
  });

  it("4.6: names the files of TLS towards s3", () => {
    const params = { ...minio, tls: { ca: { configMap: "ca", key: "ca.crt" }, certSecret: "cert" } };
    const storage = { secret: { name: "minio", type: "s3" }, tls: { enabled: true } } as const;
    expect(config({ storage }, {}, params).storage.trace.s3).toEqual({
      endpoint: "minio:9000",
      bucket: "tempo",
      insecure: false,
      tls_ca_path: "/var/run/tls/storage/ca/ca.crt",
      tls_cert_path: "/var/run/tls/storage/cert/tls.crt",
      tls_key_path: "/var/run/tls/storage/cert/tls.key",
      tls_min_version: "VersionTLS13",
      tls_cipher_suites: ciphers,
    });
  });

  it("4.3: advertises pod addresses and turns IPv6 on", () => {
    const podIP = config({ hashRing: { memberlist: { instanceAddrType: "podIP", enableIPv6: true } } });
    const address = "$" + "{HASH_RING_INSTANCE_ADDR}";
    expect(podIP.distributor.ring.instance_addr).toBe(address);
    expect(podIP.ingester.lifecycler).toMatchObject({ address, enable_inet6: true });
    expect(podIP.memberlist.advertise_addr).toBe(address);
    expect(podIP.compactor.ring.enable_inet6).toBe(true);
  });

  it("4.3: tells ingesters of zones", () => {
    const { lifecycler } = config({ replicationZones: [{ maxSkew: 1, topologyKey: "zone" }] }).ingester;
    expect(lifecycler.ring.zone_awareness_enabled).toBe(true);
    expect(lifecycler.availability_zone).toBe("$" + "{INSTANCE_AVAILABILITY_ZONE}");
  });

  it("4.3: turns on tenants, search limits and the MCP server where they are asked for", () => {
    const asked = config({
      tenants: { mode: "static" },
      search: { defaultResultLimit: 0, maxResultLimit: 7, maxDuration: "70s" },
      template: { queryFrontend: { mcpServer: { enabled: true } } },
    });
    expect(asked.multitenancy_enabled).toBe(true);
    expect(asked.query_frontend).toEqual({
      search: { max_spans_per_span_set: 0, concurrent_jobs: 2000, max_duration: "1m10s", max_result_limit: 7 },
      mcp_server: { enabled: true },
    });
  });

  it("4.3: runs the metrics generator, and does not escape its URLs", () => {
    const url = "http://prometheus/write?a=1&b=<2>+'3'";
    const asked = config({ template: { metricsGenerator: { enabled: true, remoteWriteURLs: [url] } } });
    expect(asked.metrics_generator).toEqual({
      ring: { kvstore: { store: "memberlist" } },
      storage: { path: "/var/tempo/generator/wal", remote_write: [{ url }] },
      traces_storage: { path: "/var/tempo/generator/traces" },
    });
    expect(asked.metrics_generator_client.grpc_client_config).toMatchObject({
      tls_server_name: "tempo-simplest-metrics-generator.shop.svc.cluster.local",
      tls_insecure_skip_verify: false,
    });
    expect(asked.overrides).toEqual({
      metrics_generator_processors: ["span-metrics", "service-graphs", "local-blocks"],
    });
  });

  it("4.5: limits by size, and by what the user states first", () => {
    expect(config({ size: "1x.small" }).overrides).toEqual({
      ingestion_burst_size_bytes: 11600000,
      ingestion_rate_limit_bytes: 5800000,
      max_traces_per_user: 17000,
    });
    const ingestion = { ingestionBurstSizeBytes: 0, maxBytesPerTrace: 5 };
    const query = { maxBytesPerTagValues: 6, maxSearchDuration: "1h" };
    expect(config({ size: "1x.pico", limits: { global: { ingestion, query } } }).overrides).toEqual({
      ingestion_burst_size_bytes: 0,
      ingestion_rate_limit_bytes: 600000,
      max_bytes_per_trace: 5,
      max_bytes_per_tag_values_query: 6,
      max_search_duration: "1h0m0s",
    });
    expect(config({ size: "1x.demo" })).not.toHaveProperty("overrides");
  });

  it("4.5: points at the tenants' own limits where there are some", () => {
    const file = { per_tenant_override_config: "/conf/overrides.yaml" };
    expect(config({ retention: { perTenant: { a: { traces: "1h" } } } }).overrides).toEqual(file);
    expect(config({ limits: { perTenant: { a: {} } } }).overrides).toEqual(file);
    expect(config({ limits: { perTenant: {} } })).not.toHaveProperty("overrides");
  });

  it("4.8: follows the TLS profile", () => {
    const input = inputOf();
    const settings = { ...input.settings, tlsProfile: tlsProfiles.Intermediate };
    const { server } = parse(tempoYaml({ ...input, settings }));
    expect(server.tls_min_version).toBe("VersionTLS12");
    expect(server.tls_cipher_suites.split(",")).toHaveLength(9);
  });
});

describe("overrides.yaml", () => {
  it("4.7: is there without tenants", () => {
    expect(overridesYaml(inputOf().spec)).toBe("overrides:\n");
  });

  it("4.7: has the retention of every tenant that is named there, stated or not", () => {
    const { spec } = inputOf({ retention: { perTenant: { a: {} } } });
    expect(overridesYaml(spec)).toBe(
      'overrides:\n  "a":\n    ingestion:\n    read:\n    compaction:\n      block_retention: 0s\n',
    );
  });

  it("4.7: holds limits and retention by tenant, sorted, and the size of traces where Tempo takes it", () => {
    const { spec } = inputOf({
      limits: {
        perTenant: {
          b: {
            ingestion: {
              ingestionRateLimitBytes: 1,
              ingestionBurstSizeBytes: 2,
              maxTracesPerUser: 3,
              maxBytesPerTrace: 4,
            },
            query: { maxBytesPerTagValues: 5, maxSearchDuration: "90s" },
          },
        },
      },
      retention: { perTenant: { "10": { traces: "24h" } } },
    });
    expect(overridesYaml(spec)).toBe(`overrides:
  "10":
    ingestion:
    read:
    compaction:
      block_retention: 24h0m0s
  "b":
    ingestion:
      burst_size_bytes: 2
      rate_limit_bytes: 1
      max_traces_per_user: 3
    read:
      max_bytes_per_tag_values_query: 5
      max_search_duration: 1m30s
    global:
      max_bytes_per_trace: 4
`);
  });
});

describe("tempo-query.yaml", () => {
  it("4.10: asks in clear without the gateway, twice as often as there are queriers", () => {
    expect(stackTempoQueryYaml(inputOf({ template: { querier: { replicas: 3 } } }))).toBe(`address: 0.0.0.0:7777
backend: localhost:3200
tenant_header_key: x-scope-orgid
services_query_duration: 72h0m0s
find_traces_concurrent_requests: 6
`);
  });

  it("4.10: asks with certificates behind the gateway", () => {
    const template = {
      gateway: { enabled: true },
      queryFrontend: { jaegerQuery: { enabled: true, findTracesConcurrentRequests: 9 } },
    };
    expect(stackTempoQueryYaml(inputOf({ template }))).toBe(`address: 0.0.0.0:7777
backend: localhost:3200
tenant_header_key: x-scope-orgid
tls_enabled: true
tls_cert_path: /var/run/tls/server/tls.crt
tls_key_path: /var/run/tls/server/tls.key
tls_ca_path: /var/run/ca/service-ca.crt
tls_insecure_skip_verify: false
tls_server_name: tempo-simplest-query-frontend.shop.svc.cluster.local
tls_min_version: VersionTLS13
tls_cipher_suites: ${ciphers}
services_query_duration: 72h0m0s
find_traces_concurrent_requests: 9
`);
  });
});
