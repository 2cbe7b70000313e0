import type { NetworkPolicyPort } from "@homeostat/api";
import type { StackInput } from "../input.ts";
import { jaegerPorts, legacyReceiverPorts, type Port, ports } from "../pod/ports.ts";
import { isGatewayOn, isJaegerOn } from "../stack/features.ts";
import type { Component, Party } from "./peers.ts";
import { tcp, udp } from "./policy.ts";
import { portsOfUrls } from "./url-port.ts";

/** Who may open connections to whom. An egress rule of `from`, and an ingress rule of `to` where both are ours. */
export interface Relation {
  readonly from: Party;
  readonly to: Party;
  /** Undefined: any port. */
  readonly ports?: readonly NetworkPolicyPort[];
}

const portsOf = (list: readonly Port[]): readonly NetworkPolicyPort[] =>
  list.flatMap(({ number, protocol }) => (protocol === "UDP" ? udp(number) : tcp(number)));

const rpc = portsOf([ports.grpc, ports.http]);
const otlp = portsOf([ports.otlpGrpc, ports.otlpHttp]);

const relation = (from: Party, to: Party, allowed?: readonly NetworkPolicyPort[]): Relation => ({
  from,
  to,
  ...(allowed ? { ports: allowed } : {}),
});

/** Everything that components of a stack say to each other and to others. What is not here is blocked. */
export function relations(input: StackInput): readonly Relation[] {
  return [
    ...always,
    ...tracing(input),
    ...(isGatewayOn(input) ? behindGateway(input) : inTheOpen),
    ...jaeger(input),
    ...metricsGenerator(input),
  ];
}

const isGeneratorOn = ({ spec }: StackInput): boolean => spec.template.metricsGenerator?.enabled === true;

/** Components that there are pods of. */
export function componentsOf(input: StackInput): readonly Component[] {
  return [
    ...(["distributor", "ingester", "compactor", "querier", "query-frontend"] as const),
    ...(isGatewayOn(input) ? (["gateway"] as const) : []),
    ...(isGeneratorOn(input) ? (["metrics-generator"] as const) : []),
  ];
}

const always: readonly Relation[] = [
  relation("distributor", "ingester", rpc),
  relation("querier", "ingester", rpc),
  relation("querier", "query-frontend", rpc),
  relation("query-frontend", "querier", rpc),
  ...(["ingester", "querier", "query-frontend", "compactor"] as const).map((from) => relation(from, "s3")),
];

/** Spans of the components themselves, on OTLP's ports and on that of the endpoint. */
function tracing(input: StackInput): readonly Relation[] {
  const endpoint = input.spec.observability?.tracing?.otlp_http_endpoint;
  if (!endpoint) return [];
  const allowed = tcp(...portsOfUrls([ports.otlpHttp.number, ports.otlpGrpc.number], [endpoint]));
  return componentsOf(input).map((from) => relation(from, "otel", allowed));
}

const inTheOpen: readonly Relation[] = [
  relation("cluster", "distributor", [...otlp, ...portsOf(legacyReceiverPorts), ...portsOf([ports.http])]),
  relation("cluster", "query-frontend", rpc),
];

function behindGateway(input: StackInput): readonly Relation[] {
  const { spec, apiServer } = input;
  const issuers = (spec.tenants?.authentication ?? []).map(({ oidc }) => oidc?.issuerURL);
  const jaegerApi = isJaegerOn(input) ? portsOf([ports.jaegerUI, ports.jaegerMetrics]) : [];
  return [
    relation("cluster", "gateway", portsOf([ports.gatewayPublic, ports.gatewayInternal, ports.gatewayGrpc])),
    relation("gateway", "distributor", otlp),
    relation("gateway", "query-frontend", [...rpc, ...jaegerApi]),
    relation("gateway", "kube-apiserver", tcp(...apiServer.ports)),
    relation("gateway", "oauth-server", tcp(...portsOfUrls([443], issuers))),
  ];
}

function jaeger(input: StackInput): readonly Relation[] {
  if (!isJaegerOn(input)) return [];
  const proxy = input.spec.template.queryFrontend.jaegerQuery.authentication?.enabled
    ? portsOf([ports.oauthProxy])
    : [];
  return [relation("cluster", "query-frontend", [...portsOf(jaegerPorts), ...proxy])];
}

/** Prometheus's usual port is allowed also where the URL names another: that of a Service is not that of its pods. */
function metricsGenerator(input: StackInput): readonly Relation[] {
  if (!isGeneratorOn(input)) return [];
  const urls = input.spec.template.metricsGenerator?.remoteWriteURLs ?? [];
  return [
    relation("distributor", "metrics-generator", rpc),
    relation("querier", "metrics-generator", rpc),
    relation("metrics-generator", "s3"),
    relation("metrics-generator", "prometheus", tcp(...portsOfUrls([9090], urls))),
  ];
}
