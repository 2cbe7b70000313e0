import { componentName } from "../../names.ts";
import type { FeatureGates } from "../../settings/feature-gates.ts";
import { joinParts, type PodPart } from "./pod-part.ts";
import { configMapPart, secretPart } from "./volumes.ts";

/** ConfigMap with the CA that all components of an instance trust. Its name is the resource's own, as ever. */
export const caBundleName = (instance: string): string => `tempo-${instance}-ca-bundle`;

/** Secret with the certificate that a component shows the others. */
export const mtlsSecretName = (instance: string, component = "tempo"): string =>
  `${componentName(instance, component)}-mtls`;

/** Where the CA and the component's certificate are mounted. */
export const caFolder = "/var/run/ca";
export const certFolder = "/var/run/tls/server";

/** The certificates that components show each other; nothing where they speak in clear. */
export function mtlsPart({
  name,
  component,
  gates,
}: {
  readonly name: string;
  readonly component: string;
  readonly gates: Pick<FeatureGates, "httpEncryption" | "grpcEncryption">;
}): PodPart {
  if (!gates.httpEncryption && !gates.grpcEncryption) return {};
  return joinParts([
    configMapPart(caBundleName(name), caFolder),
    secretPart(mtlsSecretName(name, component), certFolder),
  ]);
}
