import type { Secret } from "@homeostat/api";
import type { Lookup } from "../../lookup.ts";
import { secretData } from "../../storage/secret-data.ts";
import type { TenantSecrets } from "../input.ts";
import type { Tenants } from "./rbac-yaml.ts";

/** Reason of the condition that a finding becomes. The prefix is part of it, as people's alerts know it. */
export const missingTenantSecretReason = "ReasonMissingGatewayTenantSecret";

/** What the OIDC Secrets of all tenants say, or the first thing wrong with one. */
export type TenantsReading = { readonly tenants: ReadonlyMap<string, TenantSecrets> } | { readonly finding: string };

/** Names of the Secrets to look up for {@link oidcSecrets}; none in mode openshift. */
export function oidcSecretNames({ mode, authentication = [] }: Tenants): readonly string[] {
  if (mode === "openshift") return [];
  return [...new Set(authentication.flatMap(({ oidc }) => oidc?.secret?.name || []))];
}

/**
 * Reads the OIDC Secrets of mode static. A tenant without `oidc` needs none: validation refuses it where the gateway is
 * on.
 *
 * @param secrets what was found for each of {@link oidcSecretNames}
 */
export function oidcSecrets(
  { authentication = [] }: Tenants,
  secrets: ReadonlyMap<string, Lookup<Secret>>,
): TenantsReading {
  const tenants = new Map<string, TenantSecrets>();
  for (const { tenantName, oidc } of authentication) {
    if (oidc === undefined) continue;
    const name = oidc.secret?.name;
    const lookup = name ? secrets.get(name) : undefined;
    if (lookup === undefined || "error" in lookup) return { finding: missing(tenantName, lookup?.error) };
    const { clientID, clientSecret, issuerCAPath } = secretData(lookup.found);
    if (!clientID) {
      const wayOut = `secret "${name}" of tenant ${tenantName} must contain "clientID" field`;
      return { finding: `Invalid gateway tenant secret contents: ${wayOut}` };
    }
    tenants.set(tenantName, {
      oidc: { clientID, ...(clientSecret ? { clientSecret } : {}), ...(issuerCAPath ? { issuerCAPath } : {}) },
    });
  }
  return { tenants };
}

const missing = (tenant: string, error = "name one in oidc.secret.name"): string =>
  `Missing secrets for tenant ${tenant}: ${error}`;
