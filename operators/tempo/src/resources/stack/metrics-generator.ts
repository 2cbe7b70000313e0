import type { Objects, StackInput } from "../input.ts";
import { ports } from "../pod/ports.ts";
import { deploymentOf, disruptionBudget, serviceOf } from "./workloads.ts";

const component = "metrics-generator";

/** Makes metrics of the spans that come in. */
export function metricsGeneratorObjects(input: StackInput): Objects {
  const { name, spec } = input;
  const generator = spec.template.metricsGenerator;
  if (!generator?.enabled) return [];
  const plan = {
    component,
    block: generator.component,
    ports: [ports.http, ports.grpc, ports.memberlist],
  } as const;
  return [
    deploymentOf(input, plan),
    serviceOf({ name, component, ports: [ports.memberlist, ports.http, ports.grpc] }),
    disruptionBudget(name, component),
  ];
}
