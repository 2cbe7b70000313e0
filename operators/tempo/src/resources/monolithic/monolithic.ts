import { isGatewayOn } from "../../api/monolithic/gateway-on.ts";
import { credentialsRequest } from "../cloud-credentials.ts";
import type { MonolithicInput, Objects } from "../input.ts";
import { commonLabels } from "../labels.ts";
import { monolithicMonitoring } from "../observability/monolithic-monitoring.ts";
import { servingCaConfigMap, servingCaName } from "../serving-certificates.ts";
import { configMap, configurationOf } from "./config-map.ts";
import { exposure } from "./exposure.ts";
import { filesOfGateway, gatewayRights } from "./gateway-objects.ts";
import { app } from "./metadata.ts";
import { serviceAccount } from "./service-account.ts";
import { services } from "./services.ts";
import { statefulSet } from "./stateful-set.ts";

/** Everything that a TempoMonolithic consists of: what pods read, then the pod, then the ways to it. */
export function monolithicObjects(input: MonolithicInput): Objects {
  const configuration = configurationOf(input);
  const gateway = isGatewayOn(input.spec) ? filesOfGateway(input) : undefined;
  return [
    ...(input.certificates?.objects ?? []),
    ...credentialsRequest(input),
    configMap(input, configuration),
    serviceAccount(input),
    ...servingCa(input),
    gateway?.configMap,
    gateway?.secret,
    ...gatewayRights(input),
    statefulSet(input, configuration, gateway?.hashes),
    ...services(input),
    ...exposure(input),
    ...monolithicMonitoring(input),
  ].filter((object) => object !== undefined);
}

/** Wherever OpenShift issues certificates, so that clients find the CA of those that they meet. */
function servingCa({ name, settings }: MonolithicInput): Objects {
  if (!settings.gates["openshift.servingCertsService"]) return [];
  return [servingCaConfigMap(servingCaName(name), commonLabels(name, app))];
}
