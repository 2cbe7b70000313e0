import { componentName } from "../../names.ts";
import type { MonolithicInput } from "../input.ts";
import type { ContainerPlan } from "../pod/container-plan.ts";
import { memoryLimitPart, proxyPart } from "../pod/environment.ts";
import type { PodPart } from "../pod/pod-part.ts";
import { ports } from "../pod/ports.ts";
import { managedCredentialsName, storagePart } from "../pod/storage.ts";
import { claimPart, commonArgs, dataFolder, tempoContainer } from "../pod/tempo-container.ts";
import { tlsFilesPart } from "../pod/volumes.ts";
import { hasServingCert, type Protocol, receiverOf, servingCertOfReceivers } from "./features.ts";

/** Volume with the traces, or with those that are not in the object store yet. */
export const dataVolume = "tempo-storage";

export const configName = (name: string): string => componentName(name, "config");

/** All of Tempo in one process. */
export function tempo(input: MonolithicInput, mtls: PodPart): ContainerPlan {
  const { name, spec, settings } = input;
  const resources = spec.resources ?? {};
  return tempoContainer({
    image: settings.images.tempo,
    configMap: configName(name),
    data: dataPart(input),
    args: ["-config.file=/conf/tempo.yaml", "-mem-ballast-size-mbs=1024", ...commonArgs],
    ports: [
      ports.http,
      ports.tempoInternal,
      ...(receiverOf(input, "grpc").enabled ? [ports.otlpGrpc] : []),
      ...(receiverOf(input, "http").enabled ? [ports.otlpHttp] : []),
    ],
    readinessProbe: {
      httpGet: { path: "/ready", port: ports.tempoInternal.name, scheme: "HTTP" },
      initialDelaySeconds: 15,
      timeoutSeconds: 1,
    },
    resources,
    ...(spec.envFrom?.length ? { envFrom: spec.envFrom } : {}),
    parts: [
      proxyPart(settings),
      storageOf(input),
      mtls,
      receiverTlsPart(input, "grpc"),
      receiverTlsPart(input, "http"),
      memoryLimitPart(resources),
      { env: spec.env ?? [] },
    ],
  });
}

/** Memory of the node, or the StatefulSet's claim. */
function dataPart({ spec, storage }: MonolithicInput): PodPart {
  if (storage.type !== "memory") return claimPart(dataVolume);
  const emptyDir = { medium: "Memory", sizeLimit: spec.storage.traces.size };
  return {
    mounts: [{ name: dataVolume, mountPath: dataFolder }],
    volumes: [{ name: dataVolume, emptyDir }],
  };
}

function storageOf({ name, spec, storage, settings }: MonolithicInput): PodPart {
  if (storage.type === "memory" || storage.type === "pv") return {};
  return storagePart(storage, {
    secretName: spec.storage.traces[storage.type]?.secret ?? "",
    managedCredentials: managedCredentialsName(name),
    roleArn: settings.roleArn,
  });
}

/** The certificate that a receiver shows, and the CA that its clients' certificates must be of. */
function receiverTlsPart(input: MonolithicInput, protocol: Protocol): PodPart {
  const { enabled, tls } = receiverOf(input, protocol);
  if (!enabled || !tls?.enabled) return {};
  const cert = hasServingCert(input, protocol) ? servingCertOfReceivers(input) : tls.certName;
  const folders = { ca: `/var/run/ca-receiver/${protocol}`, cert: `/var/run/tls/receiver/${protocol}` };
  return tlsFilesPart({ ca: tls.caName, cert }, folders);
}
