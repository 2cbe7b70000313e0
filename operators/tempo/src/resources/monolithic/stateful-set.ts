import { objectOf, StatefulSet } from "@homeostat/api";
import { type Child, child } from "@homeostat/runtime";
import { isGatewayOn } from "../../api/monolithic/gateway-on.ts";
import type { MonolithicInput } from "../input.ts";
import type { ContainerPlan } from "../pod/container-plan.ts";
import { credentialsHashPart, hashAnnotations, inputHashPart, textHashPart } from "../pod/hash-annotations.ts";
import { mtlsPart } from "../pod/mtls.ts";
import type { PodPart } from "../pod/pod-part.ts";
import { antiAffinity, podTemplate } from "../pod/pod-template.ts";
import { volumeClaim } from "../pod/volume-claim.ts";
import type { Configuration } from "./config-map.ts";
import { isOpenshiftMode, serviceAccountOf } from "./features.ts";
import { gatewayContainer, policyContainer } from "./gateway-container.ts";
import { jaegerContainers, loginContainers } from "./jaeger.ts";
import { monolithicMetadata, podLabels } from "./metadata.ts";
import { dataVolume, tempo } from "./tempo.ts";

/**
 * The one pod, kept by a StatefulSet for its claim. How many there are is not said: one.
 *
 * @param gatewayHashes restarts the pod when the gateway's files change
 */
export function statefulSet(input: MonolithicInput, configuration: Configuration, gatewayHashes?: PodPart): Child {
  const { name, spec, storage } = input;
  const labels = podLabels(name);
  const object = objectOf(StatefulSet, {
    metadata: monolithicMetadata(name, "tempo"),
    spec: {
      podManagementPolicy: "Parallel",
      selector: { matchLabels: labels },
      template: podTemplate({
        labels,
        serviceAccountName: serviceAccountOf(input),
        placement: spec,
        affinity: spec.affinity ?? antiAffinity(labels),
        containers: containers(input),
        parts: [...restartParts(input, configuration), gatewayHashes],
      }),
      // Also for object stores: what came in last is not there yet.
      ...(storage.type === "memory" ? {} : { volumeClaimTemplates: [volumeClaim(dataVolume, spec.storage.traces)] }),
    },
  });
  return child(object, { immutable: "recreate" });
}

function containers(input: MonolithicInput): readonly [ContainerPlan, ...ContainerPlan[]] {
  const mtls = internalTls(input);
  return [
    tempo(input, mtls),
    ...jaegerContainers(input, mtls),
    ...(isGatewayOn(input.spec) ? [gatewayContainer(input, mtls)] : []),
    ...(isOpenshiftMode(input) ? [policyContainer(input)] : []),
    ...loginContainers(input),
  ];
}

/** The containers speak in clear to each other unless there is a gateway, which others come in by. */
function internalTls({ name, spec, settings: { gates } }: MonolithicInput): PodPart {
  return isGatewayOn(spec) ? mtlsPart({ name, component: "tempo", gates }) : {};
}

/** Digests of all that is read at the start only. */
function restartParts(input: MonolithicInput, { tempo, tempoQuery }: Configuration): readonly PodPart[] {
  return [
    textHashPart(hashAnnotations.monolithicConfig, tempo),
    textHashPart(hashAnnotations.tempoQueryConfig, tempoQuery),
    inputHashPart(input),
    credentialsHashPart(input),
  ];
}
