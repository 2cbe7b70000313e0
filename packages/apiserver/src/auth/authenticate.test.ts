import { describe, expect, it } from "vitest";
import type { ServerRequest } from "../http/handler.ts";
import { type AuthenticatorOptions, createAuthenticator, staticTokens } from "./authenticate.ts";
import { anonymous } from "./user-info.ts";

const jane = { username: "jane", groups: ["dev"] };
const tokens = [staticTokens(new Map([["t1", jane]]), "api")];

function whoSends(parts: Partial<ServerRequest>, options: Partial<AuthenticatorOptions> = {}) {
  const request = {
    method: "GET",
    path: "/",
    headers: {},
    body: async () => new Uint8Array(0),
    signal: new AbortController().signal,
    ...parts,
  };
  return createAuthenticator({ tokens, ...options })(request);
}

const refused = { code: 401, reason: "Unauthorized" };

describe("authenticator", () => {
  it("B240 takes user and groups from a client certificate", async () => {
    const peer = { clientCertificate: { commonName: "max", organizations: ["ops"] } };
    expect(await whoSends({ peer })).toEqual({ username: "max", groups: ["ops", "system:authenticated"] });
  });

  it("B240 takes the user of a bearer token, whatever the case of the scheme", async () => {
    for (const authorization of ["Bearer t1", "bearer t1"]) {
      expect(await whoSends({ headers: { authorization } })).toEqual({
        username: "jane",
        groups: ["dev", "system:authenticated"],
      });
    }
  });

  it("B240 takes a request without credentials as anonymous", async () => {
    expect(await whoSends({})).toEqual(anonymous);
    expect(await whoSends({ headers: { authorization: "Basic abc" } })).toEqual(anonymous);
  });

  it("B240 refuses credentials that are not good", async () => {
    await expect(whoSends({ headers: { authorization: "Bearer t2" } })).rejects.toMatchObject(refused);
    await expect(whoSends({ peer: { certificateProblem: "expired" } })).rejects.toMatchObject(refused);
    const failing = { authenticate: async () => Promise.reject(new Error("the secret reason")) };
    await expect(whoSends({ headers: { authorization: "Bearer x" } }, { tokens: [failing] })).rejects.toMatchObject({
      ...refused,
      message: expect.not.stringContaining("secret"),
    });
  });

  it("lets a good token make up for a certificate that is not", async () => {
    const request = { peer: { certificateProblem: "expired" }, headers: { authorization: "Bearer t1" } };
    expect((await whoSends(request)).username).toBe("jane");
  });

  it("refuses requests without credentials when told to", async () => {
    await expect(whoSends({}, { anonymous: false })).rejects.toMatchObject(refused);
  });

  it("believes a caller in the process", async () => {
    expect(await whoSends({ user: jane, headers: { authorization: "Bearer t2" } })).toEqual({
      username: "jane",
      groups: ["dev", "system:authenticated"],
    });
  });

  it("gives static tokens to their audience only", async () => {
    expect((await tokens[0]!.authenticate("t1", ["x", "api"]))?.audiences).toEqual(["api"]);
    await expect(tokens[0]!.authenticate("t1", ["x"])).rejects.toThrow("not meant for any");
  });
});
