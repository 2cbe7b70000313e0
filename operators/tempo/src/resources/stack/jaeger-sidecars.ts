import { componentName } from "../../names.ts";
import type { StackInput } from "../input.ts";
import type { ContainerPlan } from "../pod/container-plan.ts";
import { proxyPart } from "../pod/environment.ts";
import { jaegerQueryContainer, monitorTabPart, tempoQueryContainer, tempoQueryReadiness } from "../pod/jaeger.ts";
import { mtlsPart } from "../pod/mtls.ts";
import { oauthProxyContainer } from "../pod/oauth-proxy.ts";
import { resourcesOf } from "../pod/resources-of.ts";
import { memberParts } from "./component.ts";
import { hasOauthProxy, isGatewayOn, isJaegerOn, queryFrontendAccount } from "./features.ts";
import { imagesOf } from "./images.ts";

/** Volume for Jaeger's temporary files. */
export const jaegerScratch = "tempo-tmp-storage-query";

/** The containers beside a query-frontend: jaeger-query, tempo-query, and a login where there is one. */
export function jaegerSidecars(input: StackInput): readonly ContainerPlan[] {
  if (!isJaegerOn(input)) return [];
  const { name, namespace, spec, settings } = input;
  const { component, jaegerQuery } = spec.template.queryFrontend;
  const images = imagesOf(input);
  const { replicas } = component;
  const { gates } = settings;
  const hasGateway = isGatewayOn(input);
  const parts = [
    proxyPart(settings),
    ...memberParts(input, {}),
    mtlsPart({ name, component: "query-frontend", gates }),
  ];
  const jaeger = jaegerQueryContainer({
    image: images.jaegerQuery,
    resources: resourcesOf(spec, "jaeger-query", { own: jaegerQuery.resources, replicas }),
    parts,
    isMultitenant: spec.tenants !== undefined,
    scratchVolume: jaegerScratch,
    tls: { http: gates.httpEncryption && hasGateway, grpc: gates.grpcEncryption && hasGateway },
    monitorTab: monitorTabPart(jaegerQuery.monitorTab, namespace),
  });
  const tempoQuery = tempoQueryContainer({
    image: images.tempoQuery,
    resources: resourcesOf(spec, "query-frontend", { own: jaegerQuery.tempoQuery?.resources, replicas }),
    parts,
    configMap: componentName(name),
    readinessProbe: tempoQueryReadiness,
  });
  return [jaeger, tempoQuery, ...(hasOauthProxy(input) ? [oauthProxy(input)] : [])];
}

function oauthProxy(input: StackInput): ContainerPlan {
  const { name, spec, settings } = input;
  const { component, jaegerQuery } = spec.template.queryFrontend;
  const { authentication } = jaegerQuery;
  return oauthProxyContainer({
    image: imagesOf(input).oauthProxy,
    resources: resourcesOf(spec, "oauth-proxy", { own: authentication?.resources, replicas: component.replicas }),
    instance: name,
    serviceAccount: queryFrontendAccount(input),
    timeout: spec.timeout,
    sar: authentication?.sar,
    parts: [proxyPart(settings)],
  });
}
