import { isGatewayOn } from "../../api/monolithic/gateway-on.ts";
import type { MonolithicInput } from "../input.ts";
import type { ContainerPlan } from "../pod/container-plan.ts";
import { proxyPart } from "../pod/environment.ts";
import { jaegerQueryContainer, tempoQueryContainer } from "../pod/jaeger.ts";
import { oauthProxyContainer } from "../pod/oauth-proxy.ts";
import type { PodPart } from "../pod/pod-part.ts";
import { hasOauthProxy, isJaegerOn, serviceAccountOf } from "./features.ts";
import { configName } from "./tempo.ts";

/** Jaeger's UI and API, and what answers them out of Tempo. */
export function jaegerContainers(input: MonolithicInput, mtls: PodPart): readonly ContainerPlan[] {
  if (!isJaegerOn(input)) return [];
  const { name, spec, settings } = input;
  const parts = [proxyPart(settings), mtls];
  return [
    jaegerQueryContainer({
      image: settings.images.jaegerQuery,
      resources: spec.jaegerui?.resources ?? {},
      isMultitenant: spec.multitenancy?.enabled === true,
      scratchVolume: "tempo-query-tmp",
      isLocal: isGatewayOn(spec),
      parts,
    }),
    tempoQueryContainer({
      image: settings.images.tempoQuery,
      resources: spec.jaegerui?.tempoQueryResources ?? {},
      configMap: configName(name),
      parts,
    }),
  ];
}

/** OpenShift's login before the Jaeger UI. */
export function loginContainers(input: MonolithicInput): readonly ContainerPlan[] {
  if (!hasOauthProxy(input)) return [];
  const { name, spec, settings } = input;
  const { resources = {}, sar } = spec.jaegerui?.authentication ?? {};
  return [
    oauthProxyContainer({
      image: settings.images.oauthProxy,
      resources,
      instance: name,
      serviceAccount: serviceAccountOf(input),
      timeout: spec.timeout,
      sar,
      parts: [proxyPart(settings)],
    }),
  ];
}
