import { createHash } from "node:crypto";
import type { StorageParams } from "../../storage/params.ts";
import type { InstanceInput } from "../input.ts";
import type { PodPart } from "./pod-part.ts";

/** Hexadecimal SHA-256. */
export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Annotations of pods that read something at their start only: they are replaced when it changes. */
export const hashAnnotations = {
  /** `tempo.yaml` of a stack. */
  config: "tempo.grafana.com/config.hash",
  /** `tempo.yaml` of a TempoMonolithic. */
  monolithicConfig: "tempo.grafana.com/tempoConfig.hash",
  tempoQueryConfig: "tempo.grafana.com/tempoQueryConfig.hash",
  certificates: "tempo.grafana.com/cert-hash",
  references: "tempo.grafana.com/references.hash",
  credentials: "tempo.grafana.com/token.cco.auth.hash",
  rbac: "tempo.grafana.com/rbacConfig.hash",
  tenants: "tempo.grafana.com/tenantsConfig.hash",
} as const;

/** The digest of `text`, under `annotation`; nothing without a text. */
export function textHashPart(annotation: string, text: string | undefined): PodPart {
  return text === undefined ? {} : { annotations: { [annotation]: sha256(text) } };
}

/** Digests of what the input says is mounted: the operator's certificates, and what belongs to the user. */
export function inputHashPart({ certificates, referencesHash }: InstanceInput): PodPart {
  return {
    annotations: {
      ...(certificates ? { [hashAnnotations.certificates]: certificates.hash } : {}),
      ...(referencesHash === undefined ? {} : { [hashAnnotations.references]: referencesHash }),
    },
  };
}

/** Digest of the storage Secret for pods that take on a role through it. */
export function credentialsHashPart({
  storage,
  storageSecretHash,
}: Pick<InstanceInput, "storageSecretHash"> & { readonly storage: StorageParams }): PodPart {
  if (storage.type !== "s3" || storage.mode !== "token-cco" || storageSecretHash === undefined) return {};
  return { annotations: { [hashAnnotations.credentials]: storageSecretHash } };
}
