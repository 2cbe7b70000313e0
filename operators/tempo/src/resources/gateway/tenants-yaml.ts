import { bare, compactYaml, type YamlBlock } from "../../config/yaml-text.ts";
import type { TenantSecrets } from "../input.ts";
import { decisionUrl, type OpaPackage } from "./opa.ts";
import type { Tenants } from "./rbac-yaml.ts";

type Tenant = NonNullable<Tenants["authentication"]>[number];

export interface TenantsYamlOptions {
  readonly tenants: Tenants;
  readonly secrets: ReadonlyMap<string, TenantSecrets>;
  /** Whose token the gateway shows to OpenShift's login; mode openshift. */
  readonly serviceAccount: string;
  /** Host that the login sends users back to; mode openshift. */
  readonly routeHost: string;
  readonly opaPackage: OpaPackage;
}

/** `tenants.yaml` of the gateway: how each tenant's users prove who they are. Holds secrets. */
export function tenantsYaml(options: TenantsYamlOptions): string {
  const { mode, authentication = [] } = options.tenants;
  return compactYaml({
    tenants: authentication.map((tenant) => ({
      name: bare(tenant.tenantName),
      id: bare(tenant.tenantId),
      ...(mode === "openshift" ? openshiftLogin(tenant, options) : oidcLogin(tenant, options)),
    })),
  });
}

function openshiftLogin({ tenantName }: Tenant, options: TenantsYamlOptions): YamlBlock & object {
  const { secrets, serviceAccount, routeHost, opaPackage } = options;
  return {
    openshift: {
      serviceAccount: bare(serviceAccount),
      redirectURL: `https://${routeHost}/openshift/${tenantName}/callback`,
      cookieSecret: bare(secrets.get(tenantName)?.cookieSecret ?? ""),
    },
    opa: { url: decisionUrl(opaPackage), withAccessToken: true },
  };
}

function oidcLogin({ tenantName, oidc }: Tenant, { secrets }: TenantsYamlOptions): YamlBlock & object {
  if (oidc === undefined) return {};
  const { clientID, clientSecret, issuerCAPath } = secrets.get(tenantName)?.oidc ?? {};
  const { issuerURL, redirectURL, usernameClaim, groupClaim } = oidc;
  const fields = { clientID, clientSecret, issuerCAPath, issuerURL, redirectURL, usernameClaim, groupClaim };
  const given = Object.entries(fields).flatMap(([key, value]) => (value ? [[key, bare(value)] as const] : []));
  return { oidc: Object.fromEntries(given) };
}
