import type { Container, EnvVar, Volume } from "@homeostat/api";
import { type JoinedParts, joinParts, type PodPart } from "./pod-part.ts";
import { containerPorts, type Port } from "./ports.ts";
import { restricted } from "./security.ts";

/** A container without what its parts add: arguments, environment, mounts. */
export interface ContainerPlan extends Pick<Container, "resources" | "readinessProbe" | "livenessProbe" | "envFrom"> {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly ports?: readonly Port[];
  /** Concerns it takes part in, in order. What they say of the pod goes to the pod. */
  readonly parts: readonly (PodPart | undefined)[];
  /** Whether it runs without a security context. Default false: it may do as little as can be. */
  readonly isUnrestricted?: boolean;
}

export interface PlannedContainer {
  readonly container: Container;
  /** What the parts say of the pod. */
  readonly joined: JoinedParts;
}

/**
 * The container, and what its parts want of the pod.
 *
 * @param present volumes of the containers before it
 */
export function planned(plan: ContainerPlan, present: readonly Volume[] = []): PlannedContainer {
  const { name, image, args, ports, parts, isUnrestricted, ...rest } = plan;
  const joined = joinParts(parts, present);
  const { mounts } = joined;
  const env = lastOfEach(joined.env);
  const container: Container = {
    name,
    image,
    args: [...args, ...joined.args],
    ...(ports?.length ? { ports: containerPorts(ports) } : {}),
    ...(env.length > 0 ? { env } : {}),
    ...(mounts.length > 0 ? { volumeMounts: mounts } : {}),
    ...(isUnrestricted ? {} : { securityContext: restricted }),
    ...rest,
  };
  return { container, joined };
}

/** Of variables of one name the last wins, as in a pod; applied objects may name each only once. */
function lastOfEach(env: readonly EnvVar[]): readonly EnvVar[] {
  return env.filter(({ name }, at) => env.findLastIndex((other) => other.name === name) === at);
}

/** Containers of one pod, which share its volumes. */
export function plannedTogether(plans: readonly ContainerPlan[]): readonly PlannedContainer[] {
  const volumes: Volume[] = [];
  return plans.map((plan) => {
    const made = planned(plan, volumes);
    volumes.push(...made.joined.volumes);
    return made;
  });
}
