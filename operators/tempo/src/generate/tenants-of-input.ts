import { componentName } from "../names.ts";
import { cookieSecrets } from "../resources/gateway/cookie-secrets.ts";
import type { Tenants } from "../resources/gateway/rbac-yaml.ts";
import { oidcSecrets } from "../resources/gateway/tenant-secrets.ts";
import type { TenantSecrets } from "../resources/input.ts";
import { type Given, type Input, objectKey } from "./read-documents.ts";

export interface TenantsOfInput {
  readonly tenants: ReadonlyMap<string, TenantSecrets>;
  readonly warnings: readonly string[];
}

/** What the gateway is to know of tenants, as far as the input holds their Secrets. */
export function tenantsOfInput(
  tenants: Tenants,
  { name, namespace }: Given,
  { secrets }: Input,
  randomBelow: (limit: number) => number,
): TenantsOfInput {
  if (tenants.mode === "openshift") {
    // Those of a gateway that runs already stay the same, where its Secret is given.
    const current = secrets.get(objectKey(namespace, componentName(name, "gateway")));
    return { tenants: cookieSecrets(tenants, current, randomBelow), warnings: [] };
  }
  const known = new Map<string, TenantSecrets>();
  const warnings: string[] = [];
  for (const tenant of tenants.authentication ?? []) {
    const secretName = tenant.oidc?.secret?.name;
    if (!secretName) continue;
    const secret = secrets.get(objectKey(namespace, secretName));
    const only = { ...tenants, authentication: [tenant] };
    const reading = secret ? oidcSecrets(only, new Map([[secretName, { found: secret }]])) : undefined;
    if (reading && "tenants" in reading) for (const [key, value] of reading.tenants) known.set(key, value);
    else
      warnings.push(
        `tenants.yaml has no clientID for tenant ${tenant.tenantName}: ` +
          (reading
            ? `Secret ${secretName} has none`
            : `put Secret ${secretName} into the input, as a document of its own`),
      );
  }
  return { tenants: known, warnings };
}
