import { child } from "@homeostat/runtime";
import type { Objects, StackInput } from "../input.ts";
import { commonLabels } from "../labels.ts";
import { ports } from "../pod/ports.ts";
import { gossipLabel } from "./component.ts";
import { serviceOf } from "./workloads.ts";

/**
 * By its DNS name the members of the ring find each other, also while none of them is ready yet. One with an address of
 * its own, as others may have made it, cannot become one without: it is replaced.
 */
export function gossipObjects({ name }: StackInput): Objects {
  const service = serviceOf({
    name,
    component: "gossip-ring",
    clusterIP: "None",
    publishNotReadyAddresses: true,
    ports: [ports.memberlist],
    selector: { ...commonLabels(name), ...gossipLabel },
  });
  return [child(service, { immutable: "recreate" })];
}
