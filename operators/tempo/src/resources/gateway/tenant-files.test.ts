import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { awkwardStrings } from "./awkward-strings.test-support.ts";
import { rbacYaml, type Tenants } from "./rbac-yaml.ts";
import { tenantsYaml } from "./tenants-yaml.ts";

const authentication = (...entries: NonNullable<Tenants["authentication"]>): Tenants => ({
  mode: "static",
  authentication: entries,
});
const options = { secrets: new Map(), serviceAccount: "sa", routeHost: "host", opaPackage: "tempostack" } as const;

describe("rbacYaml", () => {
  it("3.10: has both lists, also where the spec has none", () => {
    expect(rbacYaml({ mode: "static" })).toBe("roleBindings: []\nroles: []\n");
    expect(rbacYaml({ mode: "static", authorization: { roles: [] } })).toBe("roleBindings: []\nroles: []\n");
  });

  it("3.10: is empty in mode openshift", () => {
    expect(rbacYaml({ mode: "openshift", authorization: { roles: [], roleBindings: [] } })).toBe("");
  });

  it.each(awkwardStrings)("keeps the name %j whole", (name) => {
    const authorization = {
      roles: [{ name, permissions: ["read" as const], resources: [name], tenants: [name] }],
      roleBindings: [{ name, roles: [name], subjects: [{ kind: "user" as const, name }] }],
    };
    expect(parse(rbacYaml({ mode: "static", authorization }), { version: "1.1" })).toEqual(authorization);
  });
});

describe("tenantsYaml", () => {
  it("3.10: has an empty list where nobody authenticates", () => {
    expect(tenantsYaml({ ...options, tenants: { mode: "static" } })).toBe("tenants: []\n");
  });

  it("3.10: leaves out of oidc what is empty, and oidc where the tenant has none", () => {
    const tenants = authentication(
      { tenantName: "a", tenantId: "1", oidc: { issuerURL: "", groupClaim: "groups" } },
      { tenantName: "b", tenantId: "2" },
    );
    const secrets = new Map([["a", { oidc: { clientID: "id", issuerCAPath: "/ca" } }]]);
    expect(parse(tenantsYaml({ ...options, tenants, secrets }))).toEqual({
      tenants: [
        { name: "a", id: "1", oidc: { clientID: "id", issuerCAPath: "/ca", groupClaim: "groups" } },
        { name: "b", id: "2" },
      ],
    });
  });

  it.each(awkwardStrings)("keeps the secret %j whole", (text) => {
    const tenants = authentication({ tenantName: text, tenantId: text, oidc: { issuerURL: text } });
    const secrets = new Map([[text, { oidc: { clientID: text, clientSecret: text } }]]);
    expect(parse(tenantsYaml({ ...options, tenants, secrets }), { version: "1.1" })).toEqual({
      tenants: [{ name: text, id: text, oidc: { clientID: text, clientSecret: text, issuerURL: text } }],
    });
  });
});
