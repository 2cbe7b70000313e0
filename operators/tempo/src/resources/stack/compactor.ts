import type { Objects, StackInput } from "../input.ts";
import { credentialsHashPart } from "../pod/hash-annotations.ts";
import { ports } from "../pod/ports.ts";
import { deploymentOf, serviceOf } from "./workloads.ts";

const component = "compactor";

/** Merges blocks in the object store and drops old ones. It may pause, so nothing guards its pods. */
export function compactorObjects(input: StackInput): Objects {
  const { name, spec } = input;
  const plan = {
    component,
    block: spec.template.compactor,
    ports: [ports.http, ports.memberlist],
    isZoned: false,
    podParts: [credentialsHashPart(input)],
  } as const;
  return [deploymentOf(input, plan), serviceOf({ name, component, ports: [ports.memberlist, ports.http] })];
}
