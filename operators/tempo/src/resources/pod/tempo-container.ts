import type { Probe } from "@homeostat/api";
import type { ContainerPlan } from "./container-plan.ts";
import { joinParts, type PodPart } from "./pod-part.ts";
import { ports } from "./ports.ts";
import { configMapPart, emptyDirPart } from "./volumes.ts";

/** Where Tempo keeps its files. */
export const dataFolder = "/var/tempo";

/** Volume with the configuration. */
const configVolume = "tempo-conf";

/** The configuration under `/conf`, for every container that reads it. */
export const configPart = (configMap: string): PodPart =>
  configMapPart(configMap, "/conf", { volume: configVolume, readOnly: true });

/** Scratch space for Tempo, of components that keep nothing. */
export const scratchPart: PodPart = emptyDirPart("tempo-tmp-storage", dataFolder);

/** A claim of the StatefulSet as Tempo's data; the claim makes the volume. */
export const claimPart = (claim: string): PodPart => ({ mounts: [{ name: claim, mountPath: dataFolder }] });

/** The last arguments of every Tempo. */
export const commonArgs = ["-log.level=info", "-config.expand-env=true"] as const;

/** Readiness of a Tempo: `/ready`, over TLS at a port of its own since the kubelet has no certificate to show. */
export function readiness(scheme: "HTTP" | "HTTPS"): Probe {
  const port = scheme === "HTTPS" ? ports.tempoInternal.number : ports.http.name;
  return { httpGet: { path: "/ready", port, scheme }, initialDelaySeconds: 15, timeoutSeconds: 1 };
}

export interface TempoContainer extends Omit<ContainerPlan, "name"> {
  readonly configMap: string;
  /** Where its data is: {@link scratchPart} or {@link claimPart}. */
  readonly data: PodPart;
}

/** Container `tempo`, of any component. */
export function tempoContainer({ configMap, data, parts, ...rest }: TempoContainer): ContainerPlan {
  return { name: "tempo", ...rest, parts: [joinParts([configPart(configMap), data]), ...parts] };
}
