import { isGatewayOn } from "../../api/monolithic/gateway-on.ts";
import { credentialsRequest } from "../cloud-credentials.ts";
import type { MonolithicInput, Objects } from "../input.ts";
import { monolithicMonitoring } from "../observability/monolithic-monitoring.ts";
import { configMap, configurationOf } from "./config-map.ts";
import { exposure } from "./exposure.ts";
import { filesOfGateway, gatewayRights } from "./gateway-objects.ts";
import { serviceAccount } from "./service-account.ts";
import { services } from "./services.ts";
import { servingCa } from "./serving-ca.ts";
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
    servingCa(input),
    gateway?.configMap,
    gateway?.secret,
    ...gatewayRights(input),
    statefulSet(input, configuration, gateway?.hashes),
    ...services(input),
    ...exposure(input),
    ...monolithicMonitoring(input),
  ].filter((object) => object !== undefined);
}
