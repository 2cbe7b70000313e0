import type { Client } from "@homeostat/runtime";
import { apiServerEndpoints } from "../platform/api-server-endpoints.ts";
import { baseDomain } from "../platform/base-domain.ts";
import { PlatformFinding } from "../platform/platform-finding.ts";
import { tlsProfileOfCluster } from "../platform/tls-profile-of-cluster.ts";
import { type InstanceInput, unknownApiServer } from "../resources/input.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import { ConfigurationError, type ConfigurationReason } from "./configuration-error.ts";

/** The operator's settings, with the cluster's own TLS profile where they say so. @throws ConfigurationError */
export async function settingsOf(client: Client, settings: OperatorSettings): Promise<OperatorSettings> {
  if (!settings.gates["openshift.clusterTLSPolicy"]) return settings;
  try {
    return { ...settings, tlsProfile: await tlsProfileOfCluster(client) };
  } catch (error) {
    throw configurationError("CouldNotGetOpenShiftTLSPolicy", error);
  }
}

/** What only a gateway needs to know of the cluster. @throws ConfigurationError where nobody knows the base domain */
export async function platformOf(
  client: Client,
  settings: OperatorSettings,
  gateway: "off" | "static" | "openshift",
): Promise<Pick<InstanceInput, "apiServer" | "baseDomain">> {
  if (gateway === "off") return { apiServer: unknownApiServer };
  const apiServer = await apiServerEndpoints(client);
  if (gateway === "static") return { apiServer };
  try {
    return { apiServer, baseDomain: await baseDomain(client, settings) };
  } catch (error) {
    throw configurationError("CouldNotGetOpenShiftBaseDomain", error);
  }
}

/** What a look-up found out; what kept it from looking passes by itself. */
function configurationError(reason: ConfigurationReason, error: unknown): unknown {
  return error instanceof PlatformFinding ? new ConfigurationError(reason, error.message, { cause: error }) : error;
}
