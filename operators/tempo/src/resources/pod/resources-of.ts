import type { ResourceRequirements } from "@homeostat/api";
import type { DefaultedStackSpec } from "../../defaults/default-stack.ts";
import { type ShareTable, shareOfTotal } from "../../sizing/shares.ts";
import { resourcesOfSize, type SizedContainer } from "../../sizing/sizes.ts";

export interface ContainerSizing {
  /** What the resource says of this very container; it replaces all else. */
  readonly own?: ResourceRequirements | undefined;
  /** Pods that share the container's part of the total. Left out: the part is not divided. */
  readonly replicas?: number | undefined;
}

/** Requests and limits of a container of a stack: its own, else by the size, else its share of the total. */
export function resourcesOf(
  spec: DefaultedStackSpec,
  container: SizedContainer,
  { own, replicas }: ContainerSizing,
): ResourceRequirements {
  if (own) return own;
  if (spec.size) return resourcesOfSize(spec.size, container);
  const total = spec.resources?.total;
  return total ? shareOfTotal(total, shareTableOf(spec), container, replicas) : {};
}

function shareTableOf({ template }: DefaultedStackSpec): ShareTable {
  if (template.queryFrontend.jaegerQuery.authentication?.enabled) return "jaeger-authentication";
  return template.gateway.enabled ? "gateway" : "plain";
}
