import { type KubeObject, Secret } from "@homeostat/api";
import type { ReconcileContext } from "@homeostat/runtime";
import { componentName } from "../names.ts";
import { cookieSecrets } from "../resources/gateway/cookie-secrets.ts";
import type { Tenants } from "../resources/gateway/rbac-yaml.ts";
import { oidcSecretNames, oidcSecrets } from "../resources/gateway/tenant-secrets.ts";
import type { TenantSecrets } from "../resources/input.ts";
import { ConfigurationError } from "./configuration-error.ts";
import { finder, liveFinder, type Surroundings } from "./surroundings.ts";

/** What the gateway is to know of each tenant. @throws ConfigurationError where a tenant's Secret is of no use */
export async function tenantsOf(
  context: Pick<ReconcileContext<KubeObject>, "client" | "object">,
  tenants: Tenants,
  { randomBelow }: Pick<Surroundings, "randomBelow">,
): Promise<ReadonlyMap<string, TenantSecrets>> {
  const find = finder(context);
  if (tenants.mode === "openshift") {
    const name = componentName(context.object.metadata.name, "gateway");
    const current = (await find(Secret, name)) ?? (await liveFinder(context)(Secret, name));
    return cookieSecrets(tenants, current, randomBelow);
  }
  const lookups = oidcSecretNames(tenants).map(async (name) => {
    const found = await find(Secret, name);
    return [name, found ? { found } : { error: `secrets "${name}" not found` }] as const;
  });
  const reading = oidcSecrets(tenants, new Map(await Promise.all(lookups)));
  if ("finding" in reading) throw new ConfigurationError("ReasonMissingGatewayTenantSecret", reading.finding);
  return reading.tenants;
}
