import { describe, expect, test } from "vitest";
import { type KubeOverrides, resolveWithOverrides } from "./overrides.ts";

const config = {
  currentContext: "dev",
  clusters: new Map([
    ["one", { server: "https://one", "certificate-authority-data": "QQ==" }],
    ["two", { server: "https://two" }],
  ]),
  users: new Map<string, object>([
    ["admin", { "client-certificate-data": "QQ==", "client-key-data": "QQ==" }],
    ["jane", { token: "t" }],
  ]),
  contexts: new Map([["dev", { cluster: "one", user: "admin", namespace: "shop" }]]),
  files: ["/kubeconfig"],
};

const admin = { "client-certificate-data": "QQ==", "client-key-data": "QQ==" };
const one = { server: "https://one", "certificate-authority-data": "QQ==" };

describe("a kubeconfig with flags", () => {
  test.each<[string, KubeOverrides, object]>([
    ["is as it is without any", {}, { name: "dev", cluster: one, user: admin, namespace: "shop" }],
    ["names another cluster", { cluster: "two" }, { cluster: { server: "https://two" }, user: admin }],
    ["names another user", { user: "jane", namespace: "x" }, { cluster: one, user: { token: "t" }, namespace: "x" }],
    ["is elsewhere", { server: "https://three" }, { cluster: { ...one, server: "https://three" } }],
    [
      "trusts whom it is told to",
      { certificateAuthority: "/ca" },
      { cluster: { server: "https://one", "certificate-authority": "/ca" } },
    ],
    [
      "trusts everybody",
      { insecureSkipTlsVerify: true },
      { cluster: { server: "https://one", "insecure-skip-tls-verify": true } },
    ],
    ["proves who one is in another way", { token: "other" }, { user: { token: "other" } }],
    ["acts as another user", { as: "joe", asGroup: ["g"] }, { user: { ...admin, as: "joe", "as-groups": ["g"] } }],
  ])("%s", (_, overrides, wanted) => {
    const resolved = resolveWithOverrides(config, undefined, overrides);
    expect({ ...resolved, ...wanted }).toEqual(resolved);
  });

  test("is not needed where a server is given, and else asked for", () => {
    const given = { server: "https://x", token: "t" };
    expect(resolveWithOverrides(undefined, undefined, given)).toMatchObject({
      cluster: { server: "https://x" },
      user: { token: "t" },
    });
    expect(() => resolveWithOverrides(undefined, undefined, { token: "t" })).toThrow("tests need a kubeconfig");
  });
});
