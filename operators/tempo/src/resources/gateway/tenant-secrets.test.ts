import type { Secret } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import type { Lookup } from "../../lookup.ts";
import { stackInput } from "../input.test-support.ts";
import { rendered } from "../stack/rendered.test-support.ts";
import { cookieSecrets } from "./cookie-secrets.ts";
import type { Tenants } from "./rbac-yaml.ts";
import { gatewayObjects } from "./stack-gateway.ts";
import { oidcSecretNames, oidcSecrets } from "./tenant-secrets.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const found = (data: Readonly<Record<string, string>>): Lookup<Secret> => ({
  found: { data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)])) },
});
const tenant = (tenantName: string, secret?: string) => ({
  tenantName,
  tenantId: `id-${tenantName}`,
  ...(secret === undefined ? {} : { oidc: { secret: { name: secret } } }),
});
const of = (mode: Tenants["mode"], ...authentication: NonNullable<Tenants["authentication"]>): Tenants => ({
  mode,
  authentication,
});

describe("oidcSecrets", () => {
  it("5.4: names each Secret once, and none in mode openshift", () => {
    const tenants = [tenant("a", "one"), tenant("b", "one"), tenant("c", "two"), tenant("d"), tenant("e", "")];
    expect(oidcSecretNames(of("static", ...tenants))).toEqual(["one", "two"]);
    expect(oidcSecretNames(of("openshift", tenant("a", "one")))).toEqual([]);
    expect(oidcSecretNames({ mode: "static" })).toEqual([]);
  });

  it("5.4: reads the three keys, of which one must be there", () => {
    const secrets = new Map([
      ["one", found({ clientID: "a-id", clientSecret: "a-secret", issuerCAPath: "/ca" })],
      ["two", found({ clientID: "b-id", clientSecret: "" })],
    ]);
    expect(oidcSecrets(of("static", tenant("a", "one"), tenant("b", "two")), secrets)).toEqual({
      tenants: new Map([
        ["a", { oidc: { clientID: "a-id", clientSecret: "a-secret", issuerCAPath: "/ca" } }],
        ["b", { oidc: { clientID: "b-id" } }],
      ]),
    });
  });

  it.each<[string, Tenants, ReadonlyMap<string, Lookup<Secret>>, string]>([
    [
      "a Secret that is missing",
      of("static", tenant("a", "one")),
      new Map([["one", { error: 'secrets "one" not found' }]]),
      'Missing secrets for tenant a: secrets "one" not found',
    ],
    [
      "a Secret that was not looked up",
      of("static", tenant("a", "one")),
      new Map(),
      "Missing secrets for tenant a: name one in oidc.secret.name",
    ],
    [
      "oidc without a Secret (quirk 27)",
      of("static", { tenantName: "a", tenantId: "1", oidc: { issuerURL: "https://x" } }),
      new Map(),
      "Missing secrets for tenant a: name one in oidc.secret.name",
    ],
    [
      "a Secret without clientID",
      of("static", tenant("a", "one")),
      new Map([["one", found({ clientSecret: "x" })]]),
      'Invalid gateway tenant secret contents: secret "one" of tenant a must contain "clientID" field',
    ],
    [
      "an empty clientID",
      of("static", tenant("a", "one")),
      new Map([["one", found({ clientID: "" })]]),
      'Invalid gateway tenant secret contents: secret "one" of tenant a must contain "clientID" field',
    ],
  ])("5.4: finds fault with %s", (_, tenants, secrets, finding) => {
    expect(oidcSecrets(tenants, secrets)).toEqual({ finding });
  });

  it("quirk 27: has nothing against a tenant without oidc", () => {
    expect(oidcSecrets(of("static", tenant("a")), new Map())).toEqual({ tenants: new Map() });
  });
});

describe("cookieSecrets", () => {
  const tenants = of("openshift", tenant("dev"), tenant("12"));
  const counting = () => {
    let next = 0;
    return (limit: number) => next++ % limit;
  };
  const first = "abcdefghijklmnopqrstuvwxyzABCDEF";

  it("3.10: makes one of 32 letters and digits for each tenant", () => {
    const made = cookieSecrets(tenants, undefined, counting());
    expect([...made.keys()]).toEqual(["dev", "12"]);
    expect(made.get("dev")).toEqual({ cookieSecret: first });
    expect(made.get("12")?.cookieSecret).toMatch(/^[a-zA-Z0-9]{32}$/);
    expect(made.get("12")).not.toEqual(made.get("dev"));
  });

  it("3.10: keeps what the gateway's Secret holds, whatever it looks like to YAML", () => {
    const chosen = new Map([
      ["dev", { cookieSecret: "00000000000000000000000000000012" }],
      ["12", { cookieSecret: first }],
    ]);
    const input = stackInput({ tenants, template: { gateway: { enabled: true } } }, { more: { tenants: chosen } });
    const secret = rendered(gatewayObjects(input)).of<Secret>("Secret", "tempo-simplest-gateway");
    const never = () => {
      throw new Error("nothing is to be made");
    };
    expect(cookieSecrets(tenants, secret, never)).toEqual(chosen);
  });

  it("3.10: makes one for a tenant that is new, and forgets one that is gone", () => {
    const known = { dev: `tenants:\n- name: dev\n  openshift:\n    cookieSecret: ${"z".repeat(32)}\n- name: gone\n` };
    const secret: Secret = { data: { "tenants.yaml": base64(known.dev) } };
    expect(cookieSecrets(of("openshift", tenant("dev"), tenant("new")), secret, counting())).toEqual(
      new Map([
        ["dev", { cookieSecret: "z".repeat(32) }],
        ["new", { cookieSecret: first }],
      ]),
    );
  });

  it.each([
    "",
    "tenants",
    "tenants: 5",
    "tenants: [null, 7]",
    "tenants:\n- name: dev\n  openshift: null\n",
    "tenants:\n- name: dev\n  openshift: {cookieSecret: short}\n",
    "- [",
    "a: *unknown",
  ])("3.10: is not put off by a broken file %j", (text) => {
    const secret: Secret = { data: { "tenants.yaml": base64(text) } };
    expect(cookieSecrets(of("openshift", tenant("dev")), secret, counting()).get("dev")).toEqual({
      cookieSecret: first,
    });
  });

  it("3.10: is not put off by a Secret without the file", () => {
    expect(cookieSecrets(of("openshift", tenant("dev")), {}, counting()).size).toBe(1);
    expect(cookieSecrets({ mode: "openshift" }, {}, counting()).size).toBe(0);
  });
});
