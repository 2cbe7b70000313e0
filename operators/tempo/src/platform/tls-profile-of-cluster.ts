import type { Client } from "@homeostat/runtime";
import { ianaCipherSuites } from "../settings/cipher-suites.ts";
import { type TlsProfile, tlsProfiles } from "../settings/tls-profile.ts";
import { APIServer } from "./kinds.ts";
import { PlatformFinding } from "./platform-finding.ts";

/**
 * The TLS profile of the cluster's APIServer object; Intermediate where it says none, or is not there. Source: OpenShift,
 * config/v1 `TLSSecurityProfile`.
 *
 * @throws Error where the profile is unknown, or Custom and not spelled out
 */
export async function tlsProfileOfCluster(client: Pick<Client, "find">): Promise<TlsProfile> {
  const server = await client.find(APIServer, { name: "cluster" });
  const { type, custom } = server?.spec?.tlsSecurityProfile ?? {};
  if (!type) return tlsProfiles.Intermediate;
  if (type !== "Custom") return known(type);
  if (!custom)
    throw new PlatformFinding(
      "APIServer cluster: spec.tlsSecurityProfile.custom is missing: spell out type Custom there",
    );
  return {
    minVersion: custom.minTLSVersion || tlsProfiles.Intermediate.minVersion,
    cipherSuites: ianaCipherSuites(custom.ciphers ?? []),
  };
}

function known(type: string): TlsProfile {
  if (Object.hasOwn(tlsProfiles, type)) return tlsProfiles[type as keyof typeof tlsProfiles];
  throw new PlatformFinding(
    `APIServer cluster: spec.tlsSecurityProfile.type ${JSON.stringify(type)} is unknown: ` +
      `use ${Object.keys(tlsProfiles).join(", ")} or Custom`,
  );
}
