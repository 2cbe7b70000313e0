import type { ContainerPort, ServicePort } from "@homeostat/api";

/** A port by the name that containers and Services know it under. */
export interface Port {
  readonly name: string;
  readonly number: number;
  /** Only where it is not TCP. */
  readonly protocol?: "UDP";
}

const port = (name: string, number: number): Port => ({ name, number });
const udp = (name: string, number: number): Port => ({ name, number, protocol: "UDP" });

/** Every port that anything in the pods listens on. */
export const ports = {
  /** Tempo's own server: API, metrics, readiness. */
  http: port("http", 3200),
  /** The same for the kubelet, which has no client certificate. */
  tempoInternal: port("tempo-internal", 3101),
  grpc: port("grpc", 9095),
  memberlist: port("http-memberlist", 7946),
  grpclb: port("grpclb", 9096),
  otlpGrpc: port("otlp-grpc", 4317),
  otlpHttp: port("otlp-http", 4318),
  thriftHttp: port("thrift-http", 14268),
  thriftCompact: udp("thrift-compact", 6831),
  thriftBinary: udp("thrift-binary", 6832),
  /** Jaeger's spans, at the distributor. */
  jaegerReceiver: port("jaeger-grpc", 14250),
  zipkin: port("http-zipkin", 9411),
  /** Jaeger's queries, at jaeger-query: the name is that of the receiver, the number is not. */
  jaegerGrpc: port("jaeger-grpc", 16685),
  jaegerUI: port("jaeger-ui", 16686),
  jaegerMetrics: port("jaeger-metrics", 16687),
  tempoQuery: port("proxy-grpc", 7777),
  oauthProxy: port("oauth-proxy", 8443),
  gatewayPublic: port("public", 8080),
  gatewayInternal: port("internal", 8081),
  gatewayGrpc: port("grpc-public", 8090),
  opaHttp: port("opa-http", 8082),
  opaMetrics: port("opa-metrics", 8083),
} as const satisfies Readonly<Record<string, Port>>;

/** The ports of jaeger-query, in the order of its container and Services. */
export const jaegerPorts: readonly Port[] = [ports.jaegerGrpc, ports.jaegerUI, ports.jaegerMetrics];

/** Receivers besides OTLP; the gateway speaks OTLP alone. */
export const legacyReceiverPorts: readonly Port[] = [
  ports.thriftHttp,
  ports.thriftCompact,
  ports.thriftBinary,
  ports.jaegerReceiver,
  ports.zipkin,
];

export function containerPorts(list: readonly Port[]): readonly ContainerPort[] {
  return list.map(({ name, number, protocol }) => ({ name, containerPort: number, ...(protocol ? { protocol } : {}) }));
}

/** Each leads to the container's port of the same name. */
export function servicePorts(list: readonly Port[]): readonly ServicePort[] {
  return list.map(({ name, number, protocol }) => ({
    name,
    port: number,
    targetPort: name,
    ...(protocol ? { protocol } : {}),
  }));
}
