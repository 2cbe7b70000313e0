import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { TempoMonolithicSpec } from "../api/tempo-monolithic.ts";
import { defaultMonolithic } from "../defaults/default-monolithic.ts";
import { defaultGates, type FeatureGates } from "../settings/feature-gates.ts";
import { communitySettings } from "../settings/operator-settings.ts";
import type { StorageParams } from "../storage/params.ts";
import { monolithicTempoYaml } from "./monolithic-tempo-yaml.ts";
import { monolithicTempoQueryYaml } from "./tempo-query-yaml.ts";

function inputOf(
  spec: TempoMonolithicSpec = {},
  storage: StorageParams = { type: "memory" },
  gates: Partial<FeatureGates> = {},
) {
  const settings = { ...communitySettings, gates: { ...defaultGates, ...gates } };
  return { spec: defaultMonolithic({ metadata: { name: "sample" }, spec }, settings).spec, storage, settings };
}

const config = (...given: Parameters<typeof inputOf>) => parse(monolithicTempoYaml(inputOf(...given)));
const tenants = { enabled: true, mode: "static", authentication: [{ tenantName: "a", tenantId: "1" }] } as const;
const files = {
  client_ca_file: "/var/run/ca/service-ca.crt",
  cert_file: "/var/run/tls/server/tls.crt",
  key_file: "/var/run/tls/server/tls.key",
};
const suites = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

describe("tempo.yaml of a TempoMonolithic", () => {
  it("4.11: is this for an instance that says nothing", () => {
    expect(monolithicTempoYaml(inputOf())).toBe(`server:
  http_listen_port: 3200
  http_server_read_timeout: 30s
  http_server_write_timeout: 30s
internal_server:
  enable: true
  http_listen_address: 0.0.0.0
storage:
  trace:
    backend: local
    wal:
      path: /var/tempo/wal
    local:
      path: /var/tempo/blocks
distributor:
  receivers:
    otlp:
      protocols:
        grpc:
          endpoint: 0.0.0.0:4317
        http:
          endpoint: 0.0.0.0:4318
usage_report:
  reporting_enabled: false
`);
  });

  it("4.11: serves only the gateway where it is on", () => {
    const given = config({ multitenancy: tenants });
    expect(given.multitenancy_enabled).toBe(true);
    expect(given.server).toEqual({
      http_listen_address: "0.0.0.0",
      http_listen_port: 3200,
      grpc_listen_address: "localhost",
      http_server_read_timeout: "30s",
      http_server_write_timeout: "30s",
      tls_min_version: "VersionTLS13",
      tls_cipher_suites: suites.join(","),
      http_tls_config: { ...files, client_auth_type: "RequireAndVerifyClientCert" },
    });
    const tls = { ...files, min_version: "1.3", cipher_suites: suites };
    expect(given.distributor.receivers.otlp.protocols).toEqual({
      grpc: { tls },
      http: { tls, endpoint: "localhost:4318" },
    });
  });

  it("4.11: keeps both receivers behind an encrypting gateway, though they are off", () => {
    const ingestion = { otlp: { grpc: { enabled: false }, http: { enabled: false } } };
    const both = config({ multitenancy: tenants, ingestion }).distributor.receivers.otlp.protocols;
    expect(Object.keys(both)).toEqual(["grpc", "http"]);
    expect(config({ ingestion })).not.toHaveProperty("distributor");
  });

  it("4.11: listens on localhost behind a gateway without encryption", () => {
    const given = config({ multitenancy: tenants }, { type: "memory" }, { httpEncryption: false });
    expect(given.distributor.receivers.otlp.protocols).toEqual({
      grpc: { endpoint: "localhost:4317" },
      http: { endpoint: "localhost:4318" },
    });
  });

  it("4.11: keeps tenants apart without a gateway where none is known", () => {
    const given = config({ multitenancy: { enabled: true, mode: "static" } });
    expect(given.multitenancy_enabled).toBe(true);
    expect(given.server).not.toHaveProperty("http_listen_address");
  });

  it("4.11: uses the user's certificates for receivers", () => {
    const tls = { enabled: true, certName: "cert", caName: "ca", minVersion: "1.2", cipherSuites: ["A"] };
    const text = monolithicTempoYaml(inputOf({ ingestion: { otlp: { grpc: { enabled: true, tls } } } }));
    expect(text).toContain(`        grpc:
          tls:
            client_ca_file: /var/run/ca-receiver/grpc/service-ca.crt
            cert_file: /var/run/tls/receiver/grpc/tls.crt
            key_file: /var/run/tls/receiver/grpc/tls.key
            min_version: "1.2"
            cipher_suites:
            - A
          endpoint: 0.0.0.0:4317
`);
  });

  const s3 = { type: "s3", mode: "static", bucket: "b", endpoint: "minio:9000", isHttps: false } as const;
  it.each<[string, StorageParams, object]>([
    ["pv", { type: "pv" }, { backend: "local", local: { path: "/var/tempo/blocks" } }],
    ["s3", s3, { backend: "s3", s3: { endpoint: "minio:9000", insecure: true, bucket: "b" } }],
    [
      "s3 over https",
      { ...s3, isHttps: true },
      { backend: "s3", s3: { endpoint: "minio:9000", insecure: false, bucket: "b" } },
    ],
    [
      "s3 with a CA",
      { ...s3, tls: { ca: { configMap: "ca", key: "service-ca.crt" }, minVersion: "VersionTLS12", cipherSuites: [] } },
      {
        backend: "s3",
        s3: {
          endpoint: "minio:9000",
          insecure: true,
          bucket: "b",
          tls_ca_path: "/var/run/tls/storage/ca/service-ca.crt",
          tls_min_version: "VersionTLS12",
        },
      },
    ],
    [
      "s3 by token, without TLS keys",
      { ...s3, mode: "token", endpoint: "s3.eu.amazonaws.com", isHttps: true, tls: {} },
      { backend: "s3", s3: { endpoint: "s3.eu.amazonaws.com", insecure: false, bucket: "b" } },
    ],
    [
      "azure by token",
      { type: "azure", mode: "token", container: "c", accountName: "a" },
      { backend: "azure", azure: { container_name: "c", use_federated_token: true } },
    ],
    ["gcs", { type: "gcs", mode: "token", bucket: "b" }, { backend: "gcs", gcs: { bucket_name: "b" } }],
  ])("4.11: names %s", (_, params, expected) => {
    expect(config({}, params).storage.trace).toEqual({ ...expected, wal: { path: "/var/tempo/wal" } });
  });

  it("4.11: turns the MCP server on", () => {
    expect(config({ query: { mcpServer: { enabled: true } } }).query_frontend).toEqual({
      mcp_server: { enabled: true },
    });
  });

  it("4.9: lays extraConfig over it", () => {
    const text = monolithicTempoYaml(inputOf({ extraConfig: { tempo: { querier: { max_concurrent_queries: 50 } } } }));
    expect(text).toContain("\nquerier:\n    max_concurrent_queries: 50\nserver:\n    http_listen_port: 3200\n");
  });
});

describe("tempo-query.yaml of a TempoMonolithic", () => {
  const of = (spec: TempoMonolithicSpec) => {
    const input = inputOf({ jaegerui: { enabled: true }, ...spec });
    return monolithicTempoQueryYaml(input.spec, input.settings);
  };
  const plain = `address: 0.0.0.0:7777
backend: localhost:3200
tenant_header_key: x-scope-orgid
services_query_duration: 72h0m0s
find_traces_concurrent_requests: 2
`;

  it("4.11: asks in clear without the gateway", () => {
    expect(of({})).toBe(plain);
  });

  it("4.11: asks localhost with certificates behind it", () => {
    expect(of({ multitenancy: tenants })).toBe(`${plain}tls_enabled: true
tls_cert_path: /var/run/tls/server/tls.crt
tls_key_path: /var/run/tls/server/tls.key
tls_ca_path: /var/run/ca/service-ca.crt
tls_insecure_skip_verify: false
tls_min_version: VersionTLS13
tls_cipher_suites: ${suites.join(",")}
`);
  });
});
