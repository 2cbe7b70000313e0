import { z } from "zod";

export const tenantModes = ["static", "openshift"] as const;
export type TenantMode = (typeof tenantModes)[number];

const oidc = () =>
  z.object({
    secret: z
      .object({
        name: z.string().optional().describe("Name of a Secret with clientID, clientSecret and issuerCAPath."),
      })
      .optional(),
    issuerURL: z.string().optional(),
    redirectURL: z.string().optional(),
    groupClaim: z.string().optional().describe("Claim of the token that holds the groups."),
    usernameClaim: z.string().optional().describe("Claim of the token that holds the user name."),
  });

const role = () =>
  z.object({
    name: z.string(),
    resources: z.array(z.string()),
    tenants: z.array(z.string()),
    permissions: z.array(z.enum(["read", "write"])),
  });

const roleBinding = () =>
  z.object({
    name: z.string(),
    subjects: z.array(z.object({ name: z.string(), kind: z.enum(["user", "group"]) })),
    roles: z.array(z.string()),
  });

/** Who the tenants are, how they are recognised, and what they may do. */
export const tenantsShape = () => ({
  mode: z
    .enum(tenantModes)
    .default("static")
    .describe("static: OIDC and roles stated here; openshift: users and rights of the OpenShift cluster."),
  authentication: z
    .array(z.object({ tenantName: z.string(), tenantId: z.string(), oidc: oidc().optional() }))
    .optional()
    .describe("One entry for each tenant."),
  authorization: z
    .object({ roles: z.array(role()).optional(), roleBindings: z.array(roleBinding()).optional() })
    .optional()
    .describe("Only in mode static."),
});

export const tenants = () => z.object(tenantsShape());
