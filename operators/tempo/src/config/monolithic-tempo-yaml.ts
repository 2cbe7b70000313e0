import { isGatewayOn } from "../api/monolithic/gateway-on.ts";
import type { DefaultedMonolithicSpec } from "../defaults/default-monolithic.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import { shortTlsVersion } from "../settings/tls-profile.ts";
import type { StorageParams } from "../storage/params.ts";
import { withExtraConfig } from "./extra-config.ts";
import { certificates, profileKeys, storageTls } from "./tls-blocks.ts";
import { bare, type YamlBlock } from "./yaml-text.ts";

/** All that the configuration of a TempoMonolithic is made of. */
export interface MonolithicConfigInput {
  readonly spec: DefaultedMonolithicSpec;
  readonly storage: StorageParams;
  readonly settings: Pick<OperatorSettings, "gates" | "tlsProfile">;
}

/** `tempo.yaml` of a TempoMonolithic. What it leaves out is as Tempo has it, retention among it. */
export function monolithicTempoYaml(input: MonolithicConfigInput): string {
  const { spec } = input;
  const config: YamlBlock = {
    multitenancy_enabled: spec.multitenancy?.enabled ? true : undefined,
    server: server(input),
    internal_server: { enable: true, http_listen_address: "0.0.0.0" },
    storage: { trace: storage(input) },
    distributor: distributor(input),
    query_frontend: spec.query?.mcpServer?.enabled ? { mcp_server: { enabled: true } } : undefined,
    usage_report: { reporting_enabled: false },
  };
  return withExtraConfig(config, spec.extraConfig?.tempo);
}

function server({ spec, settings }: MonolithicConfigInput): YamlBlock {
  const gateway = isGatewayOn(spec);
  const { tls_min_version, tls_cipher_suites } = profileKeys(settings.tlsProfile);
  return {
    http_listen_address: gateway ? "0.0.0.0" : undefined,
    http_listen_port: 3200,
    // Only the gateway beside it may ask over gRPC, which it does not check.
    grpc_listen_address: gateway ? "localhost" : undefined,
    http_server_read_timeout: spec.timeout,
    http_server_write_timeout: spec.timeout,
    ...(gateway && settings.gates.httpEncryption
      ? {
          tls_min_version,
          tls_cipher_suites,
          http_tls_config: {
            cert_file: certificates.cert,
            key_file: certificates.key,
            client_auth_type: "RequireAndVerifyClientCert",
            client_ca_file: certificates.ca,
          },
        }
      : {}),
  };
}

function storage({ storage: params, settings }: MonolithicConfigInput): YamlBlock {
  const wal = { path: "/var/tempo/wal" };
  switch (params.type) {
    case "memory":
    case "pv":
      return { backend: "local", wal, local: { path: "/var/tempo/blocks" } };
    case "azure":
      return {
        backend: "azure",
        wal,
        azure: { container_name: params.container, use_federated_token: params.mode === "token" ? true : undefined },
      };
    case "gcs":
      return { backend: "gcs", wal, gcs: { bucket_name: params.bucket } };
    case "s3": {
      const { endpoint, bucket, isHttps } = params;
      const tls = params.mode === "static" ? storageTls(params.tls, settings.tlsProfile) : {};
      return { backend: "s3", wal, s3: { endpoint, insecure: !isHttps, bucket, ...tls } };
    }
  }
}

type Receiver = NonNullable<NonNullable<NonNullable<DefaultedMonolithicSpec["ingestion"]>["otlp"]>["grpc"]>;

const ports = { grpc: 4317, http: 4318 } as const;

/** Undefined where nothing is received at all. */
function distributor(input: MonolithicConfigInput): YamlBlock | undefined {
  const { grpc, http } = input.spec.ingestion.otlp;
  const protocols = { grpc: receiver(input, "grpc", grpc), http: receiver(input, "http", http) };
  if (protocols.grpc === undefined && protocols.http === undefined) return undefined;
  return { receivers: { otlp: { protocols } } };
}

/** Behind an encrypting gateway both receivers are there, whatever the resource says, since the gateway speaks to both. */
function receiver(input: MonolithicConfigInput, protocol: "grpc" | "http", given: Receiver): YamlBlock | undefined {
  const { spec, settings } = input;
  const gateway = isGatewayOn(spec);
  const isInternal = gateway && settings.gates.httpEncryption;
  if (!isInternal && !given.enabled) return undefined;
  const endpoint = `${gateway ? "localhost" : "0.0.0.0"}:${ports[protocol]}`;
  return {
    tls: isInternal ? internalTls(input, given.tls) : userTls(input, protocol, given.tls),
    endpoint: isInternal && protocol === "grpc" ? undefined : endpoint,
  };
}

function internalTls({ settings }: MonolithicConfigInput, tls: Receiver["tls"]): YamlBlock {
  return tlsBlock(certificates, tls, settings.tlsProfile);
}

function userTls({ settings }: MonolithicConfigInput, protocol: "grpc" | "http", tls: Receiver["tls"]) {
  if (!tls?.enabled) return undefined;
  const folder = `/var/run/tls/receiver/${protocol}`;
  return tlsBlock(
    {
      ca: tls.caName ? `/var/run/ca-receiver/${protocol}/service-ca.crt` : undefined,
      cert: `${folder}/tls.crt`,
      key: `${folder}/tls.key`,
    },
    tls,
    settings.tlsProfile,
  );
}

function tlsBlock(
  files: { readonly ca: string | undefined; readonly cert: string; readonly key: string },
  tls: Receiver["tls"],
  profile: OperatorSettings["tlsProfile"],
): YamlBlock {
  const cipherSuites: readonly string[] = tls?.cipherSuites ?? profile.cipherSuites;
  return {
    client_ca_file: files.ca,
    cert_file: files.cert,
    key_file: files.key,
    min_version: bare(tls?.minVersion || shortTlsVersion(profile.minVersion)),
    cipher_suites: cipherSuites.length > 0 ? cipherSuites : undefined,
  };
}
