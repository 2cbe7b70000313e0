import { componentName, serviceHost } from "../names.ts";
import { shortTlsVersion } from "../settings/tls-profile.ts";
import { withExtraConfig } from "./extra-config.ts";
import type { StackConfigInput } from "./stack-input.ts";
import { globalOverrides } from "./stack-overrides.ts";
import {
  certificates,
  clientTls,
  internalReceiverTls,
  profileKeys,
  type ReceiverTls,
  receiverTls,
  storageTls,
} from "./tls-blocks.ts";
import { quoted, wide, type YamlBlock } from "./yaml-text.ts";

/** Expanded by Tempo at its start. */
const podAddress = "$" + "{HASH_RING_INSTANCE_ADDR}";
const podZone = "$" + "{INSTANCE_AVAILABILITY_ZONE}";

/** `tempo.yaml`: one file for all components; what is not a component's own does it no harm. */
export function tempoYaml(input: StackConfigInput): string {
  return withExtraConfig(tempoConfig(input), input.spec.extraConfig?.tempo);
}

/** The query-frontend's file. Without the gateway its HTTP is in clear, so that Grafana can ask it. */
export function tempoQueryFrontendYaml(input: StackConfigInput): string {
  const { spec, settings } = input;
  if (spec.template.gateway.enabled) return tempoYaml(input);
  return tempoYaml({ ...input, settings: { ...settings, gates: { ...settings.gates, httpEncryption: false } } });
}

function tempoConfig(input: StackConfigInput): YamlBlock {
  const { name, spec, settings } = input;
  const { gates, tlsProfile } = settings;
  const generator = spec.template.metricsGenerator;
  const host = (component: string) => serviceHost(componentName(name, component), input.namespace);
  return {
    compactor: {
      compaction: { block_retention: spec.retention.global.traces },
      ring: { kvstore: memberlist, enable_inet6: ipv6(input) },
    },
    distributor: {
      receivers: receivers(input),
      ring: { kvstore: memberlist, instance_addr: address(input) },
    },
    ingester: ingester(input),
    memberlist: {
      abort_if_cluster_join_fails: false,
      join_members: [componentName(name, "gossip-ring")],
      advertise_addr: address(input),
    },
    multitenancy_enabled: spec.tenants !== undefined,
    overrides: globalOverrides(spec),
    querier: {
      max_concurrent_queries: 20,
      frontend_worker: {
        frontend_address: `${componentName(name, "query-frontend-discovery")}:9095`,
        grpc_client_config: gates.grpcEncryption
          ? clientTls(host("query-frontend"), tlsProfile, { certPath: wide(certificates.cert) })
          : undefined,
      },
    },
    internal_server: gates.httpEncryption ? internalServer(input) : undefined,
    server: server(input),
    storage: { trace: storage(input) },
    usage_report: { reporting_enabled: false },
    query_frontend: queryFrontend(input),
    ingester_client: gates.grpcEncryption
      ? {
          grpc_client_config: clientTls(host("ingester"), tlsProfile, {
            certPath: wide(certificates.cert),
            skipVerify: false,
          }),
        }
      : undefined,
    metrics_generator_client:
      generator?.enabled && gates.grpcEncryption
        ? { grpc_client_config: clientTls(host("metrics-generator"), tlsProfile, { skipVerify: false }) }
        : undefined,
    metrics_generator: generator?.enabled ? metricsGenerator(generator.remoteWriteURLs ?? []) : undefined,
  };
}

const memberlist = { store: "memberlist" };

const ipv6 = ({ spec }: StackConfigInput) => (spec.hashRing?.memberlist?.enableIPv6 ? true : undefined);
const address = ({ spec }: StackConfigInput) =>
  spec.hashRing?.memberlist?.instanceAddrType === "podIP" ? podAddress : undefined;

function receivers(input: StackConfigInput): YamlBlock {
  const tls = receiverCertificates(input);
  const block = tls && receiverTls(tls);
  const otlp = {
    protocols: {
      grpc: { endpoint: "0.0.0.0:4317", tls: block },
      http: { endpoint: "0.0.0.0:4318", tls: block },
    },
  };
  if (input.spec.template.gateway.enabled) return { otlp };
  return {
    jaeger: {
      protocols: {
        thrift_http: { endpoint: "0.0.0.0:14268", tls: block },
        thrift_binary: { endpoint: "0.0.0.0:6832" },
        thrift_compact: { endpoint: "0.0.0.0:6831" },
        grpc: { endpoint: "0.0.0.0:14250", tls: block },
      },
    },
    zipkin: { endpoint: "0.0.0.0:9411", tls: block },
    otlp,
  };
}

/** Behind the gateway the components' own certificates, by the gate of gRPC; else those of the user. */
function receiverCertificates({ spec, settings }: StackConfigInput): ReceiverTls | undefined {
  const { gates, tlsProfile } = settings;
  if (spec.template.gateway.enabled) return gates.grpcEncryption ? internalReceiverTls(tlsProfile) : undefined;
  const { tls } = spec.template.distributor;
  if (!tls?.enabled) return undefined;
  return {
    ...(tls.caName ? { clientCa: "/var/run/ca-receiver/service-ca.crt" } : {}),
    cert: "/var/run/tls/receiver/tls.crt",
    key: "/var/run/tls/receiver/tls.key",
    minVersion: tls.minVersion || shortTlsVersion(tlsProfile.minVersion),
    cipherSuites: tls.cipherSuites ?? tlsProfile.cipherSuites,
  };
}

function ingester(input: StackConfigInput): YamlBlock {
  const hasZones = (input.spec.replicationZones?.length ?? 0) > 0;
  return {
    lifecycler: {
      ring: {
        kvstore: memberlist,
        replication_factor: input.spec.replicationFactor,
        zone_awareness_enabled: hasZones ? true : undefined,
      },
      address: address(input),
      availability_zone: hasZones ? podZone : undefined,
      tokens_file_path: "/var/tempo/tokens.json",
      enable_inet6: ipv6(input),
    },
    max_block_duration: "10m",
  };
}

/** A second server for the kubelet, which has no client certificate to show. */
function internalServer({ settings }: StackConfigInput): YamlBlock {
  return {
    enable: true,
    http_listen_address: quoted(""),
    ...profileKeys(settings.tlsProfile),
    http_tls_config: { cert_file: certificates.cert, key_file: certificates.key },
  };
}

function server({ spec, settings: { gates, tlsProfile } }: StackConfigInput): YamlBlock {
  const cert_file = wide(certificates.cert);
  const key_file = certificates.key;
  const client_ca_file = certificates.ca;
  const client_auth_type = "RequireAndVerifyClientCert";
  return {
    grpc_server_max_recv_msg_size: 4194304,
    grpc_server_max_send_msg_size: 4194304,
    http_listen_port: 3200,
    http_server_read_timeout: spec.timeout,
    http_server_write_timeout: spec.timeout,
    log_format: "logfmt",
    ...(gates.grpcEncryption || gates.httpEncryption ? profileKeys(tlsProfile) : {}),
    grpc_tls_config: gates.grpcEncryption ? { cert_file, key_file, client_ca_file, client_auth_type } : undefined,
    http_tls_config: gates.httpEncryption ? { cert_file, client_auth_type, key_file, client_ca_file } : undefined,
  };
}

function storage({ spec, storage: params, settings }: StackConfigInput): YamlBlock {
  return {
    backend: params.type,
    blocklist_poll: "5m",
    [params.type]: backend({ spec, params, settings }),
    local: { path: "/var/tempo/traces" },
    wal: { path: "/var/tempo/wal" },
  };
}

function backend(
  input: Pick<StackConfigInput, "spec" | "settings"> & { params: StackConfigInput["storage"] },
): YamlBlock {
  const { params, spec, settings } = input;
  if (params.type === "gcs") return { bucket_name: params.bucket };
  if (params.type === "azure")
    return { container_name: params.container, use_federated_token: params.mode === "token" ? true : undefined };
  const { bucket, endpoint } = params;
  const tls = storageTls(params.tls, settings.tlsProfile);
  // The scheme of the Secret's endpoint is not looked at: validation warns where that matters.
  if (params.mode === "static") return { endpoint, bucket, insecure: spec.storage.tls?.enabled !== true, ...tls };
  return { bucket, endpoint, insecure: false, ...tls };
}

function queryFrontend({ spec }: StackConfigInput): YamlBlock {
  const {
    defaultResultLimit,
    maxDuration,
    maxResultLimit = 0,
  } = spec.search as NonNullable<typeof spec.search> & {
    readonly maxResultLimit?: number;
  };
  return {
    search: {
      max_spans_per_span_set: 0,
      concurrent_jobs: 2000,
      max_duration: maxDuration,
      default_result_limit: defaultResultLimit > 0 ? defaultResultLimit : undefined,
      max_result_limit: maxResultLimit > 0 ? maxResultLimit : undefined,
    },
    mcp_server: spec.template.queryFrontend.mcpServer?.enabled ? { enabled: true } : undefined,
  };
}

function metricsGenerator(urls: readonly string[]): YamlBlock {
  return {
    ring: { kvstore: memberlist },
    storage: { path: "/var/tempo/generator/wal", remote_write: urls.map((url) => ({ url })) },
    traces_storage: { path: "/var/tempo/generator/traces" },
  };
}
