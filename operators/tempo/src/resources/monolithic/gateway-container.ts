import { componentName, serviceHost } from "../../names.ts";
import { internalTlsArgs, profileTlsArgs, servingTlsArgs } from "../gateway/gateway-tls-args.ts";
import { gatewayProbes, opaContainer } from "../gateway/opa.ts";
import type { MonolithicInput } from "../input.ts";
import type { ContainerPlan } from "../pod/container-plan.ts";
import { proxyPart } from "../pod/environment.ts";
import { joinParts, type PodPart } from "../pod/pod-part.ts";
import { ports } from "../pod/ports.ts";
import { configMapPart, secretPart } from "../pod/volumes.ts";
import { servingCaName } from "../serving-certificates.ts";
import { isJaegerOn, receiverOf, servingCertSecret } from "./features.ts";

const folder = "/etc/tempo-gateway";
const rbacDir = `${folder}/rbac`;
const tenantsDir = `${folder}/tenants`;
const certDir = `${folder}/serving-cert`;
const caDir = `${folder}/serving-ca`;

/** The gateway before Tempo: who comes in must prove who they are. */
export function gatewayContainer(input: MonolithicInput, mtls: PodPart): ContainerPlan {
  const { spec, settings } = input;
  const scheme = settings.gates.httpEncryption ? "HTTPS" : "HTTP";
  return {
    name: "tempo-gateway",
    image: settings.images.tempoGateway,
    args: gatewayArgs(input),
    ports: [
      ports.gatewayPublic,
      ports.gatewayInternal,
      ...(receiverOf(input, "grpc").enabled ? [ports.gatewayGrpc] : []),
    ],
    ...gatewayProbes({ port: ports.gatewayInternal.name, scheme }),
    ...(spec.multitenancy?.resources ? { resources: spec.multitenancy.resources } : {}),
    parts: [proxyPart(settings), filesPart(input), servingPart(input), mtls],
  };
}

/** What decides in mode openshift what a user may do. */
export function policyContainer({ spec, settings }: MonolithicInput): ContainerPlan {
  return opaContainer({
    image: settings.images.tempoGatewayOpa,
    opaPackage: "tempomonolithic",
    tenants: spec.multitenancy!,
    rbac: spec.query?.rbac?.enabled === true,
    resources: spec.multitenancy?.resources ?? {},
  });
}

/** Tempo and the gateway share a network, so it asks localhost. */
function gatewayArgs(input: MonolithicInput): readonly string[] {
  const { spec, settings } = input;
  const { httpEncryption } = settings.gates;
  return [
    "--web.listen=0.0.0.0:8080",
    "--web.internal.listen=0.0.0.0:8081",
    "--traces.tenant-header=x-scope-orgid",
    `--traces.tempo.endpoint=${httpEncryption ? "https" : "http"}://localhost:3200`,
    `--traces.write-timeout=${spec.timeout}`,
    `--rbac.config=${rbacDir}/rbac.yaml`,
    `--tenants.config=${tenantsDir}/tenants.yaml`,
    "--log.level=info",
    ...(httpEncryption ? internalTlsArgs : []),
    ...receivingArgs(input),
    ...(isJaegerOn(input) ? ["--traces.read.endpoint=http://localhost:16686"] : []),
    ...(spec.query?.rbac?.enabled ? ["--traces.query-rbac=true"] : []),
    ...servingArgs(input),
  ];
}

function receivingArgs(input: MonolithicInput): readonly string[] {
  if (!receiverOf(input, "grpc").enabled) return [];
  const isHttpTls = input.settings.gates.httpEncryption || receiverOf(input, "http").tls?.enabled === true;
  return [
    "--grpc.listen=0.0.0.0:8090",
    "--traces.write.otlpgrpc.endpoint=localhost:4317",
    `--traces.write.otlphttp.endpoint=${isHttpTls ? "https" : "http"}://localhost:4318`,
  ];
}

function servingArgs({ name, namespace, settings }: MonolithicInput): readonly string[] {
  if (!settings.gates["openshift.servingCertsService"]) return [];
  const serverName = serviceHost(componentName(name, "gateway"), namespace);
  return [...servingTlsArgs({ certDir, caDir, serverName }), ...profileTlsArgs(settings.tlsProfile)];
}

function filesPart({ name }: MonolithicInput): PodPart {
  const object = componentName(name, "gateway");
  return joinParts([
    configMapPart(object, rbacDir, { volume: "gateway-rbac", readOnly: true }),
    secretPart(object, tenantsDir, { volume: "gateway-tenants", readOnly: true }),
  ]);
}

function servingPart({ name, settings }: MonolithicInput): PodPart {
  if (!settings.gates["openshift.servingCertsService"]) return {};
  return joinParts([
    secretPart(servingCertSecret(name, "gateway"), certDir, { volume: "gateway-serving-cert", readOnly: true }),
    configMapPart(servingCaName(name), caDir, { volume: "gateway-serving-ca", readOnly: true }),
  ]);
}
