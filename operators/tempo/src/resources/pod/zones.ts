import type { Container, TopologySpreadConstraint } from "@homeostat/api";
import { componentLabels } from "../labels.ts";
import { fromPod } from "./environment.ts";
import type { PodPart } from "./pod-part.ts";

export interface Zone {
  readonly topologyKey: string;
  readonly maxSkew: number;
}

/** What pods whose zone is wanted carry, so that the operator finds them. */
export const zoneAwareLabel = "tempo.grafana.com/zone-aware";
/** Which labels of the node make up the zone, joined by commas. */
export const zoneKeysAnnotation = "tempo.grafana.com/availability-zone-labels";
/** The zone of the node that a pod runs on: the operator writes it once the pod is scheduled. */
export const zoneAnnotation = "tempo.grafana.com/availability-zone";

/** Asks the operator to tell the pod its zone. */
export function zoneRequestPart(zones: readonly Zone[]): PodPart {
  if (zones.length === 0) return {};
  return {
    labels: { [zoneAwareLabel]: "enabled" },
    annotations: { [zoneKeysAnnotation]: zones.map((zone) => zone.topologyKey).join(",") },
  };
}

/** The zone that the pod has been told, for containers that join the ring with it. */
export function zonePart(zones: readonly Zone[]): PodPart {
  if (zones.length === 0) return {};
  const fieldPath = `metadata.annotations['${zoneAnnotation}']`;
  return { env: [fromPod("INSTANCE_AVAILABILITY_ZONE", fieldPath)] };
}

const zoneFolder = "/etc/az-annotation";
const zoneVolume = "az-annotation";

/** The same as a file, which a container can wait for: variables are fixed when it starts. */
export function zoneFilePart(zones: readonly Zone[]): PodPart {
  if (zones.length === 0) return {};
  const items = [{ path: "az", fieldRef: { fieldPath: `metadata.annotations['${zoneAnnotation}']` } }];
  return { volumes: [{ name: zoneVolume, downwardAPI: { items } }] };
}

/** Holds the pod's containers back until its zone is known; it runs as `first` does. */
export function zoneInitContainers(zones: readonly Zone[], first: Container): readonly Container[] {
  if (zones.length === 0) return [];
  const { image, resources, securityContext } = first;
  const script = `while ! [ -s ${zoneFolder}/az ]; do echo "waiting for the availability zone"; sleep 2; done`;
  return [
    {
      name: "az-annotation-check",
      ...(image === undefined ? {} : { image }),
      command: ["sh", "-c", script],
      ...(resources ? { resources } : {}),
      ...(securityContext ? { securityContext } : {}),
      volumeMounts: [{ name: zoneVolume, mountPath: zoneFolder }],
    },
  ];
}

/** Spreads the pods of a component evenly over each kind of zone. */
export function zoneSpread(
  zones: readonly Zone[],
  { name, component }: { readonly name: string; readonly component: string },
): readonly TopologySpreadConstraint[] {
  const labels = componentLabels(name, component);
  const keys = ["app.kubernetes.io/component", "app.kubernetes.io/instance"];
  const matchLabels = Object.fromEntries(keys.map((key) => [key, labels[key]!]));
  return zones.map(({ maxSkew, topologyKey }) => ({
    maxSkew,
    topologyKey,
    whenUnsatisfiable: "DoNotSchedule" as const,
    labelSelector: { matchLabels },
  }));
}
