import type {
  Affinity,
  Container,
  PodSecurityContext,
  PodTemplateSpec,
  Toleration,
  TopologySpreadConstraint,
} from "@homeostat/api";
import { type ContainerPlan, plannedTogether } from "./container-plan.ts";
import { joinParts, type PodPart } from "./pod-part.ts";

/** What users can say of the pods of a component. */
export interface Placement {
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined;
  readonly tolerations?: readonly Toleration[] | undefined;
  readonly podSecurityContext?: PodSecurityContext | undefined;
}

export interface PodPlan {
  /** What selects the pod; parts add to it. */
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccountName: string;
  readonly placement: Placement;
  readonly affinity: Affinity;
  readonly spread?: readonly TopologySpreadConstraint[];
  readonly containers: readonly [ContainerPlan, ...ContainerPlan[]];
  /** Concerns of the pod as a whole: annotations, labels, volumes that no container mounts at its start. */
  readonly parts: readonly (PodPart | undefined)[];
  /** Containers to run before, made after the first one. */
  readonly before?: (first: Container) => readonly Container[];
}

/** A pod of its containers, and of all that their parts want. */
export function podTemplate(plan: PodPlan): PodTemplateSpec {
  const { placement, spread = [] } = plan;
  const containers = plannedTogether(plan.containers);
  const initContainers = plan.before?.(containers[0]!.container) ?? [];
  const pod = joinParts([...containers.map(({ joined }) => joined), ...plan.parts]);
  return {
    metadata: {
      labels: { ...plan.labels, ...pod.labels },
      ...(Object.keys(pod.annotations).length > 0 ? { annotations: pod.annotations } : {}),
    },
    spec: {
      serviceAccountName: plan.serviceAccountName,
      ...(placement.nodeSelector ? { nodeSelector: placement.nodeSelector } : {}),
      ...(placement.tolerations?.length ? { tolerations: placement.tolerations } : {}),
      ...(placement.podSecurityContext ? { securityContext: placement.podSecurityContext } : {}),
      affinity: plan.affinity,
      ...(spread.length > 0 ? { topologySpreadConstraints: spread } : {}),
      ...(initContainers.length > 0 ? { initContainers } : {}),
      containers: containers.map(({ container }) => container),
      ...(pod.volumes.length > 0 ? { volumes: pod.volumes } : {}),
    },
  };
}

/** Keeps the pods that `labels` select apart: from each other's nodes, and less strongly from each other's zones. */
export function antiAffinity(labels: Readonly<Record<string, string>>): Affinity {
  const apart = (weight: number, topologyKey: string) => ({
    weight,
    podAffinityTerm: { labelSelector: { matchLabels: labels }, topologyKey },
  });
  return {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        apart(100, "kubernetes.io/hostname"),
        apart(75, "failure-domain.beta.kubernetes.io/zone"),
      ],
    },
  };
}
