import type { PodTemplateSpec, ResourceRequirements } from "@homeostat/api";
import { tempoYaml } from "../../config/stack-tempo-yaml.ts";
import { componentName } from "../../names.ts";
import type { SizedContainer } from "../../sizing/sizes.ts";
import type { StackInput } from "../input.ts";
import { componentLabels } from "../labels.ts";
import type { ContainerPlan } from "../pod/container-plan.ts";
import { hashRingPart, memoryLimitPart, proxyPart } from "../pod/environment.ts";
import { hashAnnotations, inputHashPart, textHashPart } from "../pod/hash-annotations.ts";
import { mtlsPart } from "../pod/mtls.ts";
import type { PodPart } from "../pod/pod-part.ts";
import { antiAffinity, type Placement, podTemplate } from "../pod/pod-template.ts";
import type { Port } from "../pod/ports.ts";
import { resourcesOf } from "../pod/resources-of.ts";
import { selfTracingPart } from "../pod/self-tracing.ts";
import { managedCredentialsName, storagePart } from "../pod/storage.ts";
import { commonArgs, readiness, scratchPart, tempoContainer } from "../pod/tempo-container.ts";
import { zoneFilePart, zoneInitContainers, zonePart, zoneRequestPart, zoneSpread } from "../pod/zones.ts";
import { imagesOf } from "./images.ts";

export type TempoComponent =
  | "distributor"
  | "ingester"
  | "querier"
  | "query-frontend"
  | "compactor"
  | "metrics-generator";

interface ComponentBlock extends Placement {
  readonly replicas?: number | undefined;
  readonly resources?: ResourceRequirements | undefined;
}

/** What tells one component of a stack from another. */
export interface ComponentPlan {
  readonly component: TempoComponent & SizedContainer;
  /** What the user says of it. */
  readonly block: ComponentBlock | undefined;
  readonly ports: readonly Port[];
  /** Default: `-target` and the configuration that all share. */
  readonly args?: readonly string[];
  /** Default: scratch space. */
  readonly data?: PodPart;
  /** Whether it reads or writes the object store. Default true. */
  readonly usesStorage?: boolean;
  /** Whether its pods are spread over zones, and know theirs. Default true. */
  readonly isZoned?: boolean;
  /** How the kubelet asks. Default HTTPS where HTTP is encrypted. */
  readonly readiness?: "HTTP" | "HTTPS";
  /** Of container tempo alone. */
  readonly parts?: readonly PodPart[];
  /** Of the pod as a whole. */
  readonly podParts?: readonly PodPart[];
  readonly sidecars?: readonly ContainerPlan[];
  /** Default: the stack's. */
  readonly serviceAccount?: string;
}

/** Pods that gossip: the Service of the ring selects them. */
export const gossipLabel = { "tempo-gossip-member": "true" } as const;

/** The pods of a component. */
export function componentPod(input: StackInput, plan: ComponentPlan): PodTemplateSpec {
  const { component, block, sidecars = [] } = plan;
  const labels = componentLabels(input.name, component);
  const zones = zonesOf(input, plan);
  return podTemplate({
    labels,
    serviceAccountName: plan.serviceAccount ?? input.spec.serviceAccount,
    placement: block ?? {},
    affinity: antiAffinity(labels),
    spread: zoneSpread(zones, { name: input.name, component }),
    before: (first) => zoneInitContainers(zones, first),
    containers: [componentContainer(input, plan), ...sidecars],
    parts: [
      { labels: gossipLabel },
      zoneRequestPart(zones),
      textHashPart(hashAnnotations.config, tempoYaml(input)),
      inputHashPart(input),
      ...(plan.podParts ?? []),
    ],
  });
}

function componentContainer(input: StackInput, plan: ComponentPlan): ContainerPlan {
  const { spec, settings } = input;
  const { component, block } = plan;
  const resources = resourcesOf(spec, component, { own: block?.resources, replicas: block?.replicas });
  const zones = zonesOf(input, plan);
  return tempoContainer({
    image: imagesOf(input).tempo,
    configMap: componentName(input.name),
    data: plan.data ?? scratchPart,
    args: plan.args ?? [`-target=${component}`, "-config.file=/conf/tempo.yaml", ...commonArgs],
    ports: plan.ports,
    resources,
    readinessProbe: readiness(plan.readiness ?? (settings.gates.httpEncryption ? "HTTPS" : "HTTP")),
    ...(spec.envFrom?.length ? { envFrom: spec.envFrom } : {}),
    parts: [
      proxyPart(settings),
      plan.usesStorage === false ? undefined : storageOf(input),
      memoryLimitPart(resources),
      ...memberParts(input, plan),
      zoneFilePart(zones),
      mtlsPart({ name: input.name, component, gates: settings.gates }),
      ...(plan.parts ?? []),
      { env: spec.env ?? [] },
    ],
  });
}

/** Concerns of every container that belongs to Tempo: its own traces, its address and its zone. */
export function memberParts({ spec }: StackInput, plan: Pick<ComponentPlan, "isZoned">): readonly PodPart[] {
  return [
    selfTracingPart(spec.observability?.tracing),
    hashRingPart(spec.hashRing?.memberlist),
    zonePart(zonesOf({ spec }, plan)),
  ];
}

const zonesOf = ({ spec }: Pick<StackInput, "spec">, { isZoned = true }: Pick<ComponentPlan, "isZoned">) =>
  (isZoned && spec.replicationZones) || [];

function storageOf({ name, spec, storage, settings }: StackInput): PodPart {
  return storagePart(storage, {
    secretName: spec.storage.secret.name,
    managedCredentials: managedCredentialsName(name),
    roleArn: settings.roleArn,
  });
}
