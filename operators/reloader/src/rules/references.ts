import type { Container, PodSpec, Volume } from "@homeostat/api";
import type { SourceKind } from "../content/hash.ts";

/** `Secret/db`: a resource, within a namespace that is understood. */
export type SourceName = `${SourceKind}/${string}`;

export function sourceName(kind: SourceKind, name: string): SourceName {
  return `${kind}/${name}`;
}

/**
 * What the containers of a pod get from Secrets, ConfigMaps and SecretProviderClasses, and which regular container is
 * to be changed for it. Counts: variables (`env`, `envFrom`) and mounted volumes (plain, projected, CSI) of regular and
 * init containers, optional ones too. Does not count: volumes nobody mounts, ephemeral containers, pull secrets.
 *
 * The container is chosen as Stakater Reloader does: the first that mounts it; else, where an init container mounts it,
 * the first; else the first with a variable from it; else, where an init container has one, the first.
 */
export function referencesOf(spec: PodSpec): ReadonlyMap<SourceName, string> {
  const first = spec.containers?.[0]?.name;
  const found = new Map<SourceName, string>();
  if (first === undefined) return found;
  const volumes = new Map((spec.volumes ?? []).map((volume) => [volume.name, sourcesOfVolume(volume)]));
  const note = (sources: Iterable<SourceName>, container: string): void => {
    for (const source of sources) if (!found.has(source)) found.set(source, container);
  };
  const init = (spec.initContainers ?? []) as readonly Container[];
  for (const container of spec.containers) note(mountedBy(container, volumes), container.name);
  for (const container of init) note(mountedBy(container, volumes), first);
  for (const container of spec.containers) note(variablesOf(container), container.name);
  for (const container of init) note(variablesOf(container), first);
  return found;
}

function* mountedBy(container: Container, volumes: ReadonlyMap<string, readonly SourceName[]>): Iterable<SourceName> {
  for (const { name } of container.volumeMounts ?? []) yield* volumes.get(name) ?? [];
}

function sourcesOfVolume(volume: Volume): SourceName[] {
  const found: SourceName[] = [];
  const add = (kind: SourceKind, name: string | undefined): void => {
    if (name) found.push(sourceName(kind, name));
  };
  add("ConfigMap", volume.configMap?.name);
  add("Secret", volume.secret?.secretName);
  for (const source of volume.projected?.sources ?? []) {
    add("ConfigMap", source.configMap?.name);
    add("Secret", source.secret?.name);
  }
  if (volume.csi?.driver === "secrets-store.csi.k8s.io")
    add("SecretProviderClass", volume.csi.volumeAttributes?.["secretProviderClass"]);
  return found;
}

function* variablesOf(container: Container): Iterable<SourceName> {
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.configMapKeyRef?.name) yield sourceName("ConfigMap", valueFrom.configMapKeyRef.name);
    if (valueFrom?.secretKeyRef?.name) yield sourceName("Secret", valueFrom.secretKeyRef.name);
  }
  for (const source of container.envFrom ?? []) {
    if (source.configMapRef?.name) yield sourceName("ConfigMap", source.configMapRef.name);
    if (source.secretRef?.name) yield sourceName("Secret", source.secretRef.name);
  }
}
