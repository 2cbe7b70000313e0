import {
  Deployment,
  objectOf,
  type PersistentVolumeClaim,
  PodDisruptionBudget,
  Service,
  type ServiceSpec,
  StatefulSet,
} from "@homeostat/api";
import { type Child, child } from "@homeostat/runtime";
import { componentName } from "../../names.ts";
import type { StackInput } from "../input.ts";
import { componentLabels } from "../labels.ts";
import { metadataOf } from "../metadata.ts";
import { type Port, servicePorts } from "../pod/ports.ts";
import { type ComponentPlan, componentPod } from "./component.ts";

export function deploymentOf(input: StackInput, plan: ComponentPlan): Deployment {
  return objectOf(Deployment, {
    metadata: metadataOf(input.name, plan.component),
    spec: { ...replicated(input, plan), template: componentPod(input, plan) },
  });
}

/** A StatefulSet that is made anew, without its claims, where a claim is to change: it cannot be otherwise. */
export function statefulSetOf(input: StackInput, plan: ComponentPlan, claim: PersistentVolumeClaim): Child {
  const statefulSet = objectOf(StatefulSet, {
    metadata: metadataOf(input.name, plan.component),
    spec: {
      ...replicated(input, plan),
      podManagementPolicy: "Parallel",
      template: componentPod(input, plan),
      volumeClaimTemplates: [claim],
    },
  });
  return child(statefulSet, { immutable: "recreate" });
}

/** Replicas, which an autoscaler knows better than the stack, and what selects them. */
export function replicated({ name, scaled }: Pick<StackInput, "name" | "scaled">, { component, block }: Replicated) {
  const replicas = scaled.get(componentName(name, component)) ?? block?.replicas;
  return {
    ...(replicas === undefined ? {} : { replicas }),
    selector: { matchLabels: componentLabels(name, component) },
  };
}

interface Replicated {
  readonly component: string;
  readonly block?: { readonly replicas?: number | undefined } | undefined;
}

interface ServiceOptions extends Pick<ServiceSpec, "clusterIP" | "publishNotReadyAddresses"> {
  readonly name: string;
  readonly component: string;
  readonly ports: readonly Port[];
  /** Default: the component's labels. */
  readonly selector?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function serviceOf({ name, component, ports, selector, annotations, ...rest }: ServiceOptions): Service {
  return objectOf(Service, {
    metadata: metadataOf(name, component, annotations),
    spec: { ...rest, ports: servicePorts(ports), selector: selector ?? componentLabels(name, component) },
  });
}

/** One pod of the component at a time may be taken down on purpose. */
export function disruptionBudget(name: string, component: string): PodDisruptionBudget {
  return objectOf(PodDisruptionBudget, {
    metadata: metadataOf(name, component),
    spec: { maxUnavailable: 1, selector: { matchLabels: componentLabels(name, component) } },
  });
}
