import { isGatewayOn } from "../api/monolithic/gateway-on.ts";
import type { DefaultedMonolithicSpec } from "../defaults/default-monolithic.ts";
import { componentName, serviceHost } from "../names.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import type { StackConfigInput } from "./stack-input.ts";
import { certificates, profileKeys } from "./tls-blocks.ts";
import { compactYaml, type YamlBlock } from "./yaml-text.ts";

/** `tempo-query.yaml` of a stack: how Jaeger's queries become Tempo's. */
export function stackTempoQueryYaml({ name, namespace, spec, settings }: Omit<StackConfigInput, "storage">): string {
  const { gates, tlsProfile } = settings;
  const { servicesQueryDuration, findTracesConcurrentRequests } = spec.template.queryFrontend
    .jaegerQuery as typeof spec.template.queryFrontend.jaegerQuery & { readonly findTracesConcurrentRequests?: number };
  const serverName = serviceHost(componentName(name, "query-frontend"), namespace);
  const { tls_cipher_suites, tls_min_version } = profileKeys(tlsProfile);
  const tls = gates.httpEncryption && spec.template.gateway.enabled;
  return compactYaml({
    ...addresses,
    ...(tls ? { ...clientFiles, tls_insecure_skip_verify: false, tls_server_name: serverName } : {}),
    ...(tls ? { tls_min_version, tls_cipher_suites } : {}),
    services_query_duration: servicesQueryDuration,
    find_traces_concurrent_requests: findTracesConcurrentRequests || spec.template.querier.replicas * 2,
  });
}

/** `tempo-query.yaml` of a TempoMonolithic. It asks over localhost, a name that the certificate has. */
export function monolithicTempoQueryYaml(
  spec: DefaultedMonolithicSpec,
  { gates, tlsProfile }: Pick<OperatorSettings, "gates" | "tlsProfile">,
): string {
  const { tls_cipher_suites, tls_min_version } = profileKeys(tlsProfile);
  const tls = gates.httpEncryption && isGatewayOn(spec);
  return compactYaml({
    ...addresses,
    services_query_duration: spec.jaegerui?.servicesQueryDuration,
    find_traces_concurrent_requests: spec.jaegerui?.findTracesConcurrentRequests,
    ...(tls ? { ...clientFiles, tls_insecure_skip_verify: false, tls_min_version, tls_cipher_suites } : {}),
  });
}

const addresses: YamlBlock & object = {
  address: "0.0.0.0:7777",
  backend: "localhost:3200",
  tenant_header_key: "x-scope-orgid",
};

const clientFiles = {
  tls_enabled: true,
  tls_cert_path: certificates.cert,
  tls_key_path: certificates.key,
  tls_ca_path: certificates.ca,
};
