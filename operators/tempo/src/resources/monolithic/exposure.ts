import type { KubeObject } from "@homeostat/api";
import { isGatewayOn } from "../../api/monolithic/gateway-on.ts";
import { componentName } from "../../names.ts";
import type { MonolithicInput } from "../input.ts";
import { exposureIngress, exposureRoute } from "../pod/exposure.ts";
import { ports } from "../pod/ports.ts";
import { hasOauthProxy, hasRoute, isJaegerOn } from "./features.ts";
import { monolithicMetadata } from "./metadata.ts";

/** Ways to the Jaeger UI from outside of the cluster: through the gateway, or OpenShift's login, where there is one. */
export function exposure(input: MonolithicInput): readonly KubeObject[] {
  const { ingress, route } = input.spec.jaegerui ?? {};
  const common = { ...monolithicMetadata(input.name, "jaegerui"), ...backend(input) };
  const objects: KubeObject[] = [];
  if (isJaegerOn(input) && ingress?.enabled) objects.push(exposureIngress({ ...common, ...ingress }));
  if (route && hasRoute(input)) {
    const termination = hasOauthProxy(input) ? "reencrypt" : route.termination;
    objects.push(exposureRoute({ ...common, ...route, termination, timeout: input.spec.timeout }));
  }
  return objects;
}

function backend(input: MonolithicInput): { readonly service: string; readonly port: string } {
  if (isGatewayOn(input.spec)) return { service: componentName(input.name, "gateway"), port: ports.gatewayPublic.name };
  const port = hasOauthProxy(input) ? ports.oauthProxy : ports.jaegerUI;
  return { service: componentName(input.name, "jaegerui"), port: port.name };
}
