import type { Objects, StackInput } from "../input.ts";
import { credentialsHashPart } from "../pod/hash-annotations.ts";
import { ports } from "../pod/ports.ts";
import { claimPart } from "../pod/tempo-container.ts";
import { volumeClaim } from "../pod/volume-claim.ts";
import { disruptionBudget, serviceOf, statefulSetOf } from "./workloads.ts";

const component = "ingester";
const claim = "data";

/** Gathers spans to blocks, and keeps a write-ahead log of them on a volume of its own. */
export function ingesterObjects(input: StackInput): Objects {
  const { name, spec } = input;
  const plan = {
    component,
    block: spec.template.ingester,
    ports: [ports.memberlist, ports.http, ports.grpc],
    data: claimPart(claim),
    podParts: [credentialsHashPart(input)],
  } as const;
  return [
    statefulSetOf(input, plan, volumeClaim(claim, { size: spec.storageSize, storageClassName: spec.storageClassName })),
    serviceOf({ name, component, ports: [ports.http, ports.grpc] }),
    disruptionBudget(name, component),
  ];
}
