import { objectOf, Service, type ServicePort } from "@homeostat/api";
import { isGatewayOn } from "../../api/monolithic/gateway-on.ts";
import type { MonolithicInput } from "../input.ts";
import { oauthProxySecretName } from "../pod/oauth-proxy.ts";
import { jaegerPorts, ports, servicePorts } from "../pod/ports.ts";
import { servingCertAnnotations } from "../serving-certificates.ts";
import { hasOauthProxy, hasServingCert, isJaegerOn, receiverOf, servingCertSecret } from "./features.ts";
import { monolithicMetadata, podLabels } from "./metadata.ts";

/** They all lead to the one pod; behind a gateway there is the gateway's alone. */
export function services(input: MonolithicInput): readonly Service[] {
  if (isGatewayOn(input.spec)) return [gatewayService(input)];
  return [tempoService(input), ...(isJaegerOn(input) ? [jaegerService(input)] : [])];
}

function tempoService(input: MonolithicInput): Service {
  const isServingCert = hasServingCert(input, "grpc") || hasServingCert(input, "http");
  const list = [
    ports.http,
    ...(receiverOf(input, "grpc").enabled ? [ports.otlpGrpc] : []),
    ...(receiverOf(input, "http").enabled ? [ports.otlpHttp] : []),
  ];
  const cert = isServingCert ? servingCertSecret(input.name, "tempo") : undefined;
  return service(input, "tempo", servicePorts(list), cert);
}

function jaegerService(input: MonolithicInput): Service {
  if (!hasOauthProxy(input)) return service(input, "jaegerui", servicePorts(jaegerPorts));
  const list = servicePorts([...jaegerPorts, ports.oauthProxy]);
  return service(input, "jaegerui", list, oauthProxySecretName(input.name));
}

function gatewayService(input: MonolithicInput): Service {
  const list = servicePorts([ports.gatewayPublic, ports.gatewayInternal, ports.http]);
  // Clients of Tempo without a gateway find the same port, and the gateway behind it.
  const otlp = { ...servicePorts([ports.otlpGrpc])[0]!, targetPort: ports.gatewayGrpc.name };
  const isServingCert = input.settings.gates["openshift.servingCertsService"];
  return service(
    input,
    "gateway",
    receiverOf(input, "grpc").enabled ? [...list, otlp] : list,
    isServingCert ? servingCertSecret(input.name, "gateway") : undefined,
  );
}

/** @param servingCert Secret that OpenShift is asked to write a certificate for the Service into */
function service(
  { name }: MonolithicInput,
  component: string,
  list: readonly ServicePort[],
  servingCert?: string,
): Service {
  return objectOf(Service, {
    metadata: monolithicMetadata(name, component, servingCert ? servingCertAnnotations(servingCert) : {}),
    spec: { ports: list, selector: podLabels(name) },
  });
}
