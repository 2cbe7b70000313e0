import { credentialsRequest } from "../cloud-credentials.ts";
import { gatewayObjects } from "../gateway/stack-gateway.ts";
import type { Objects, StackInput } from "../input.ts";
import { networkPolicies } from "../network/network-policies.ts";
import { monitoringObjects } from "../observability/stack-monitoring.ts";
import { compactorObjects } from "./compactor.ts";
import { configMap } from "./config-map.ts";
import { distributorObjects } from "./distributor.ts";
import { gossipObjects } from "./gossip.ts";
import { ingesterObjects } from "./ingester.ts";
import { metricsGeneratorObjects } from "./metrics-generator.ts";
import { querierObjects } from "./querier.ts";
import { queryFrontendObjects } from "./query-frontend.ts";
import { serviceAccounts } from "./service-account.ts";

/** Each makes some of a stack's objects, or none where the stack does not want them. In the order of making. */
const parts: readonly ((input: StackInput) => Objects)[] = [
  ({ certificates }) => certificates?.objects ?? [],
  (input) => [configMap(input)],
  serviceAccounts,
  credentialsRequest,
  distributorObjects,
  ingesterObjects,
  gossipObjects,
  queryFrontendObjects,
  querierObjects,
  compactorObjects,
  metricsGeneratorObjects,
  gatewayObjects,
  monitoringObjects,
  networkPolicies,
];

/** Everything that a stack is made of. */
export function stackObjects(input: StackInput): Objects {
  return parts.flatMap((part) => part(input));
}
