import { Deployment, objectOf, ServiceAccount } from "@homeostat/api";
import { componentName } from "../../names.ts";
import type { Objects, StackInput } from "../input.ts";
import { componentLabels } from "../labels.ts";
import { metadataOf } from "../metadata.ts";
import { exposureOf } from "../pod/exposure.ts";
import { ports } from "../pod/ports.ts";
import { loginRedirect } from "../pod/service-account-annotations.ts";
import { servingCaConfigMap, servingCertAnnotations } from "../serving-certificates.ts";
import { isGatewayOn } from "../stack/features.ts";
import { disruptionBudget, replicated, serviceOf } from "../stack/workloads.ts";
import { type GatewayFiles, gatewayFiles } from "./gateway-files.ts";
import { rbacYaml } from "./rbac-yaml.ts";
import { gatewayAccount, gatewayPod } from "./stack-gateway-pod.ts";
import { cabundleName, hasServingCert, hasServingCertService, servingCertName } from "./stack-serving-cert.ts";
import { tenantsYaml } from "./tenants-yaml.ts";
import { tokenReviewRole } from "./token-review-role.ts";

const component = "gateway";

/**
 * The gateway before distributor and query-frontend: who comes in must prove who they are, and gets at the traces of
 * the tenants they have a right to. Nothing where the stack has none.
 */
export function gatewayObjects(input: StackInput): Objects {
  if (!isGatewayOn(input)) return [];
  const files = filesOf(input);
  return [
    ...openshiftObjects(input),
    files.configMap,
    files.secret,
    deployment(input, files),
    service(input),
    disruptionBudget(input.name, component),
    ...exposure(input),
  ];
}

function filesOf(input: StackInput): GatewayFiles {
  const { name, namespace, spec, baseDomain = "" } = input;
  // Validation asks for tenants where there is a gateway. Without any, the gateway lets nobody in.
  const tenants = spec.tenants ?? { mode: "static" as const };
  const yaml = tenantsYaml({
    tenants,
    secrets: input.tenants,
    serviceAccount: gatewayAccount(input),
    routeHost: `${componentName(name, component)}-${namespace}.${baseDomain}`,
    opaPackage: "tempostack",
  });
  return gatewayFiles(metadataOf(name, component), rbacYaml(tenants), yaml);
}

function deployment(input: StackInput, { hashes }: GatewayFiles): Deployment {
  const block = input.spec.template.gateway.component;
  return objectOf(Deployment, {
    metadata: metadataOf(input.name, component),
    spec: { ...replicated(input, { component, block }), template: gatewayPod(input, hashes) },
  });
}

function service(input: StackInput) {
  const annotations = hasServingCertService(input) ? servingCertAnnotations(servingCertName(input)) : {};
  return serviceOf({
    name: input.name,
    component,
    ports: [ports.gatewayGrpc, ports.gatewayInternal, ports.gatewayPublic],
    annotations,
  });
}

function exposure({ name, spec }: StackInput): Objects {
  const metadata = metadataOf(name, component);
  return exposureOf(spec.template.gateway.ingress, {
    name: metadata.name,
    labels: metadata.labels,
    service: metadata.name,
    port: ports.gatewayPublic.name,
    timeout: spec.timeout,
    isExact: true,
  });
}

/** In mode openshift the gateway has an account of its own: users log in through it, and it asks whose tokens it is shown. */
function openshiftObjects(input: StackInput): Objects {
  if (input.spec.tenants?.mode !== "openshift") return [];
  const { name } = input;
  return [
    account(input),
    ...tokenReviewRole(input, gatewayAccount(input)),
    ...(hasServingCert(input) ? [servingCaConfigMap(cabundleName(name), componentLabels(name, component))] : []),
  ];
}

function account({ name, spec }: StackInput): ServiceAccount {
  const route = componentName(name, component);
  const redirects = (spec.tenants?.authentication ?? []).map(({ tenantName }) => loginRedirect(tenantName, route));
  return objectOf(ServiceAccount, {
    metadata: metadataOf(name, component, Object.assign({}, ...redirects)),
    automountServiceAccountToken: true,
  });
}
