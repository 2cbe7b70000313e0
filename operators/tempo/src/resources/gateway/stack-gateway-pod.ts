import type { PodTemplateSpec } from "@homeostat/api";
import { tempoYaml } from "../../config/stack-tempo-yaml.ts";
import { componentName, serviceHost } from "../../names.ts";
import type { StackInput } from "../input.ts";
import { componentLabels } from "../labels.ts";
import type { ContainerPlan } from "../pod/container-plan.ts";
import { memoryLimitPart, proxyPart } from "../pod/environment.ts";
import { hashAnnotations, inputHashPart, textHashPart } from "../pod/hash-annotations.ts";
import { mtlsPart } from "../pod/mtls.ts";
import { joinParts, type PodPart } from "../pod/pod-part.ts";
import { antiAffinity, podTemplate } from "../pod/pod-template.ts";
import { ports } from "../pod/ports.ts";
import { resourcesOf } from "../pod/resources-of.ts";
import { gatewayTracingPart } from "../pod/self-tracing.ts";
import { configMapPart, secretPart } from "../pod/volumes.ts";
import { zoneRequestPart, zoneSpread } from "../pod/zones.ts";
import { isJaegerOn } from "../stack/features.ts";
import { imagesOf } from "../stack/images.ts";
import { internalTlsArgs, profileTlsArgs, servingTlsArgs } from "./gateway-tls-args.ts";
import { gatewayProbes, opaContainer } from "./opa.ts";
import { cabundleName, hasServingCert, servingCertName } from "./stack-serving-cert.ts";

const component = "gateway";
const folder = "/etc/tempo-gateway";
const certDir = `${folder}/serving-certs`;
const caDir = `${folder}/cabundle`;

/** The account that the gateway runs as: one of its own where users log in through it. */
export function gatewayAccount({ name, spec }: Pick<StackInput, "name" | "spec">): string {
  return spec.tenants?.mode === "openshift" ? componentName(name, component) : spec.serviceAccount;
}

/** The gateway's pods. They are no members of the hash ring, and so know no zone; they are spread over zones all the same. */
export function gatewayPod(input: StackInput, hashes: PodPart): PodTemplateSpec {
  const { name, spec } = input;
  const labels = componentLabels(name, component);
  const zones = spec.replicationZones ?? [];
  return podTemplate({
    labels,
    serviceAccountName: gatewayAccount(input),
    placement: spec.template.gateway.component,
    affinity: antiAffinity(labels),
    spread: zoneSpread(zones, { name, component }),
    containers: [gatewayContainer(input), ...policyContainers(input)],
    parts: [
      zoneRequestPart(zones),
      textHashPart(hashAnnotations.config, tempoYaml(input)),
      hashes,
      inputHashPart(input),
    ],
  });
}

function gatewayContainer(input: StackInput): ContainerPlan {
  const { name, spec, settings } = input;
  const resources = resourcesOf(spec, "gateway", { own: spec.template.gateway.component.resources });
  return {
    name: "tempo-gateway",
    image: imagesOf(input).tempoGateway,
    args: gatewayArgs(input),
    ports: [ports.gatewayGrpc, ports.gatewayInternal, ports.gatewayPublic],
    ...gatewayProbes({
      port: ports.gatewayInternal.name,
      scheme: settings.gates.httpEncryption ? "HTTPS" : "HTTP",
    }),
    resources,
    parts: [
      proxyPart(settings),
      memoryLimitPart(resources),
      filesPart(name),
      hasServingCert(input) ? servingPart(name) : undefined,
      mtlsPart({ name, component, gates: settings.gates }),
      gatewayTracingPart(spec.observability?.tracing),
    ],
  };
}

/** What decides in mode openshift what a user may do. */
function policyContainers(input: StackInput): readonly ContainerPlan[] {
  const { spec } = input;
  const { tenants, template } = spec;
  if (tenants?.mode !== "openshift") return [];
  const { replicas } = template.gateway.component;
  return [
    opaContainer({
      image: imagesOf(input).tempoGatewayOpa,
      opaPackage: "tempostack",
      tenants,
      rbac: template.gateway.rbac?.enabled === true,
      resources: resourcesOf(spec, "gateway-opa", { replicas }),
    }),
  ];
}

function gatewayArgs(input: StackInput): readonly string[] {
  const { name, namespace, spec, settings } = input;
  const { httpEncryption } = settings.gates;
  const scheme = httpEncryption ? "https" : "http";
  const host = (of: string) => serviceHost(componentName(name, of), namespace);
  return [
    "--traces.tenant-header=x-scope-orgid",
    `--web.listen=0.0.0.0:${ports.gatewayPublic.number}`,
    `--web.internal.listen=0.0.0.0:${ports.gatewayInternal.number}`,
    `--traces.write.otlpgrpc.endpoint=${host("distributor")}:${ports.otlpGrpc.number}`,
    `--traces.write.otlphttp.endpoint=${scheme}://${host("distributor")}:${ports.otlpHttp.number}`,
    `--traces.write-timeout=${spec.timeout}`,
    `--traces.tempo.endpoint=${scheme}://${host("query-frontend")}:${ports.http.number}`,
    `--grpc.listen=0.0.0.0:${ports.gatewayGrpc.number}`,
    `--rbac.config=${folder}/cm/rbac.yaml`,
    `--tenants.config=${folder}/secret/tenants.yaml`,
    "--log.level=info",
    ...(httpEncryption ? [...internalTlsArgs, ...profileTlsArgs(settings.tlsProfile)] : []),
    ...(hasServingCert(input) ? servingTlsArgs({ certDir, caDir, serverName: host(component) }) : []),
    ...(isJaegerOn(input)
      ? [`--traces.read.endpoint=${scheme}://${host("query-frontend")}:${ports.jaegerUI.number}`]
      : []),
    ...(spec.template.gateway.rbac?.enabled ? ["--traces.query-rbac=true"] : []),
  ];
}

/** `rbac.yaml` and `tenants.yaml`, which are in a ConfigMap and a Secret of one name. */
function filesPart(instance: string): PodPart {
  const name = componentName(instance, component);
  const [rbac, tenants] = ["rbac.yaml", "tenants.yaml"] as const;
  return {
    mounts: [
      { name: "rbac", mountPath: `${folder}/cm`, readOnly: true },
      { name: "tenant", mountPath: `${folder}/secret/${tenants}`, subPath: tenants, readOnly: true },
    ],
    volumes: [
      { name: "rbac", configMap: { name, items: [{ key: rbac, path: rbac }] } },
      { name: "tenant", secret: { secretName: name, items: [{ key: tenants, path: tenants }] } },
    ],
  };
}

function servingPart(name: string): PodPart {
  return joinParts([
    secretPart(servingCertName({ name }), certDir, { volume: "serving-certs", readOnly: true }),
    configMapPart(cabundleName(name), caDir, { volume: "cabundle", readOnly: true }),
  ]);
}
