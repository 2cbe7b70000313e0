import type { TempoStackSpec } from "../api/tempo-stack.ts";

type Tenants = NonNullable<TempoStackSpec["tenants"]>;

/**
 * What is wrong with the tenants of either kind, or undefined. One problem at a time: each mode's rules build on each
 * other. Reconciles use it too, for the condition.
 */
export function tenantsProblem(tenants: Tenants, isGatewayOn: boolean): string | undefined {
  if (tenants.mode === "openshift") return openshiftProblem(tenants, isGatewayOn);
  // The schema lets no other through, where it is in force.
  const { mode = "static" } = tenants;
  if (mode !== "static") return `mode ${JSON.stringify(mode)} is unknown: choose static or openshift`;
  return isGatewayOn ? staticProblem(tenants) : undefined;
}

function staticProblem({ authentication, authorization }: Tenants): string | undefined {
  const required = (what: string) => `tenants.${what} is required in static mode`;
  if (authentication === undefined) return required("authentication");
  if (authorization === undefined) return required("authorization");
  if (authorization.roles === undefined) return required("authorization.roles");
  if (authorization.roleBindings === undefined) return required("authorization.roleBindings");
  const at = authentication.findIndex(({ oidc }) => oidc === undefined);
  return at < 0 ? undefined : required(`authentication[${at}].oidc of tenant ${authentication[at]!.tenantName}`);
}

function openshiftProblem({ authentication, authorization }: Tenants, isGatewayOn: boolean): string | undefined {
  if (!isGatewayOn) return "openshift mode requires the gateway: enable it";
  if (authorization !== undefined) return "tenants.authorization must not be set in openshift mode: remove it";
  const withOidc = authentication?.find(({ oidc }) => oidc !== undefined);
  return withOidc && `oidc of tenant ${withOidc.tenantName} must not be set in openshift mode: remove it`;
}
