import type { Objects, StackInput } from "../input.ts";
import { ports } from "../pod/ports.ts";
import { deploymentOf, disruptionBudget, serviceOf } from "./workloads.ts";

const component = "querier";

/** Finds traces in the ingesters and in the object store. */
export function querierObjects(input: StackInput): Objects {
  const { name, spec } = input;
  const plan = { component, block: spec.template.querier, ports: [ports.http, ports.memberlist] } as const;
  return [
    deploymentOf(input, plan),
    // The container has no port named grpc: nobody asks a querier over gRPC through the Service.
    serviceOf({ name, component, ports: [ports.memberlist, ports.http, ports.grpc] }),
    disruptionBudget(name, component),
  ];
}
