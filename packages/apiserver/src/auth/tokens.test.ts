import { generateKeyPairSync } from "node:crypto";
import { createVirtualClock, type JsonObject } from "@homeostat/api";
import { beforeEach, describe, expect, it } from "vitest";
import { createReviews } from "./reviews.ts";
import { createServiceAccountTokens, type ServiceAccountTokens } from "./service-account-tokens.ts";
import { requestToken } from "./token-request.ts";

const bot = { namespace: "ns", name: "bot", uid: "u1" };
const clock = createVirtualClock();
let objects: Map<string, string>;
let tokens: ServiceAccountTokens;

const uidOf = async (kind: string, namespace: string, name: string) => objects.get(`${kind} ${namespace}/${name}`);
const newTokens = (key?: string): ServiceAccountTokens =>
  createServiceAccountTokens({ clock, newId: () => "id-1", uidOf, ...(key ? { key } : {}) });
const issue = (options: Partial<Parameters<ServiceAccountTokens["issue"]>[1]> = {}): string =>
  tokens.issue(bot, { expirationSeconds: 3600, ...options }).token;
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString());

beforeEach(() => {
  objects = new Map([
    ["ServiceAccount ns/bot", "u1"],
    ["Pod ns/p", "p1"],
    ["Secret ns/s", "s1"],
  ]);
  tokens = newTokens();
});

describe("service account tokens", () => {
  it("B250 name the account and its groups", async () => {
    expect(await tokens.authenticate(issue())).toEqual({
      user: {
        username: "system:serviceaccount:ns:bot",
        uid: "u1",
        groups: ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"],
        extra: { "authentication.kubernetes.io/credential-id": ["JTI=id-1"] },
      },
      audiences: [tokens.issuer],
    });
  });

  it("B251 carry the claims of the protocol", () => {
    const now = Math.floor(clock.now() / 1000);
    expect(claimsOf(issue({ audiences: ["vault"], boundObject: { kind: "Pod", name: "p", uid: "p1" } }))).toEqual({
      iss: tokens.issuer,
      sub: "system:serviceaccount:ns:bot",
      aud: ["vault"],
      exp: now + 3600,
      iat: now,
      nbf: now,
      jti: "id-1",
      "kubernetes.io": { namespace: "ns", pod: { name: "p", uid: "p1" }, serviceaccount: { name: "bot", uid: "u1" } },
    });
  });

  it("B251 end with their time", async () => {
    const token = issue({ expirationSeconds: 600 });
    await clock.advance(599_000);
    expect(await tokens.authenticate(token)).toBeDefined();
    await clock.advance(1_000);
    await expect(tokens.authenticate(token)).rejects.toThrow("has expired");
  });

  it("B251 end with their account, even when it is made anew", async () => {
    const token = issue();
    objects.set("ServiceAccount ns/bot", "u2");
    await expect(tokens.authenticate(token)).rejects.toThrow("ServiceAccount ns/bot is gone");
    objects.delete("ServiceAccount ns/bot");
    await expect(tokens.authenticate(token)).rejects.toThrow("ServiceAccount ns/bot is gone");
  });

  it("B251 end with the object they are bound to", async () => {
    const token = issue({ boundObject: { kind: "Pod", name: "p", uid: "p1" } });
    expect((await tokens.authenticate(token))?.user.extra?.["authentication.kubernetes.io/pod-name"]).toEqual(["p"]);
    objects.delete("Pod ns/p");
    await expect(tokens.authenticate(token)).rejects.toThrow("Pod ns/p is gone");
  });

  it("B251 serve only those they are meant for", async () => {
    const token = issue({ audiences: ["vault", "other"] });
    await expect(tokens.authenticate(token)).rejects.toThrow("is meant for");
    expect((await tokens.authenticate(token, ["x", "vault"]))?.audiences).toEqual(["vault"]);
  });

  it("are refused when changed, unsigned, or issued by another cluster", async () => {
    const [header, payload, signature] = issue().split(".");
    const forged = Buffer.from(JSON.stringify({ ...claimsOf(issue()), sub: "system:serviceaccount:ns:root" })).toString(
      "base64url",
    );
    await expect(tokens.authenticate(`${header}.${forged}.${signature}`)).rejects.toThrow("signature");
    const none = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
    await expect(tokens.authenticate(`${none}.${payload}.AA`)).rejects.toThrow("signature");
    await expect(newTokens().authenticate(issue())).rejects.toThrow("signature");
    expect(await tokens.authenticate("opaque")).toBeUndefined();
    expect(await tokens.authenticate("a.b.c")).toBeUndefined();
  });

  it("can be signed with an RSA key, and after a change of key former tokens still hold", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const former = newTokens(privateKey.export({ type: "pkcs8", format: "pem" }).toString());
    const token = former.issue(bot, { expirationSeconds: 600 }).token;
    const formerKeys = [publicKey.export({ type: "spki", format: "pem" }).toString()];
    const current = createServiceAccountTokens({ clock, newId: () => "x", uidOf, formerKeys });
    expect((await current.authenticate(token))?.user.username).toBe("system:serviceaccount:ns:bot");
    expect(current.jwks().keys.map((key) => [key["kty"], key["alg"]])).toEqual([
      ["EC", "ES256"],
      ["RSA", "RS256"],
    ]);
    expect(JSON.stringify(current.jwks())).not.toContain('"d"');
  });

  it("B253 of Secrets last as long as Secret and account do", async () => {
    const token = tokens.issueForSecret(bot, "s");
    await clock.advance(10 * 365 * 24 * 3_600_000);
    expect((await tokens.authenticate(token))?.user.username).toBe("system:serviceaccount:ns:bot");
    objects.delete("Secret ns/s");
    await expect(tokens.authenticate(token)).rejects.toThrow("Secret ns/s is gone");
  });
});

describe("requestToken", () => {
  const ask = (spec: JsonObject) => requestToken({ metadata: {}, spec }, { subject: bot, tokens, uidOf });

  it("B251 issues for an hour and for the API server by default", async () => {
    const answer = (await ask({})) as { spec: JsonObject; status: { token: string; expirationTimestamp: string } };
    expect(answer.spec).toEqual({ audiences: [tokens.issuer], expirationSeconds: 3600 });
    expect(Date.parse(answer.status.expirationTimestamp)).toBe(Math.floor(clock.now() / 1000) * 1000 + 3_600_000);
    expect((await tokens.authenticate(answer.status.token))?.user.uid).toBe("u1");
  });

  it("B251 refuses durations below ten minutes and above 2^32 seconds", async () => {
    await expect(ask({ expirationSeconds: 599 })).rejects.toThrow("may not specify a duration less than 10 minutes");
    await expect(ask({ expirationSeconds: 2 ** 32 + 1 })).rejects.toThrow(
      "may not specify a duration larger than 2^32 seconds",
    );
  });

  it("B251 binds to an object that is there and is the one meant", async () => {
    const reference = { kind: "Pod", apiVersion: "v1", name: "p" };
    const { status } = (await ask({ boundObjectRef: reference })) as { status: { token: string } };
    expect(claimsOf(status.token)["kubernetes.io"].pod).toEqual({ name: "p", uid: "p1" });
    const refused = (change: object) => ask({ boundObjectRef: { ...reference, ...change } });
    await expect(refused({ name: "q" })).rejects.toMatchObject({
      status: { code: 404, message: 'pods "q" not found' },
    });
    await expect(refused({ uid: "old" })).rejects.toMatchObject({ code: 409, reason: "Conflict" });
    await expect(refused({ kind: "Service" })).rejects.toMatchObject({
      status: { code: 400, message: "cannot bind token to object of type /v1, Kind=Service" },
    });
  });

  it("B251 binds to a pod of the account only, and tells its node", async () => {
    const askFor = (serviceAccountName: string) =>
      requestToken(
        { metadata: {}, spec: { boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p" } } },
        { subject: bot, tokens, uidOf, podOf: async () => ({ serviceAccountName, nodeName: "n" }) },
      ) as Promise<{ status: { token: string } }>;
    await expect(askFor("other")).rejects.toMatchObject({
      status: {
        code: 400,
        message: 'cannot bind token for serviceaccount "bot" to pod running with different serviceaccount name.',
      },
    });
    objects.set("Node /n", "n1");
    const { token } = (await askFor("bot")).status;
    expect(claimsOf(token)["kubernetes.io"]).toMatchObject({ pod: { name: "p" }, node: { name: "n", uid: "n1" } });
    objects.delete("Node /n");
    expect((await tokens.authenticate(token))?.user.extra).toMatchObject({
      "authentication.kubernetes.io/pod-name": ["p"],
      "authentication.kubernetes.io/node-name": ["n"],
      "authentication.kubernetes.io/node-uid": ["n1"],
    });
  });
});

describe("reviews", () => {
  const jane = { username: "jane", uid: "7", groups: ["dev"], extra: { a: ["b"] } };
  const reviews = () =>
    createReviews({
      authorize: ({ user, verb }) =>
        user.groups.includes("dev") && verb === "get" ? { allowed: true, reason: "may" } : { allowed: false },
      rbac: {
        rulesFor: async () => [
          { verbs: ["get"], apiGroups: [""], resources: ["pods"] },
          { verbs: ["get"], nonResourceURLs: ["/api"] },
        ],
      },
      tokens: [tokens],
    });
  const context = { user: jane, namespace: undefined };
  const pods = { verb: "get", resource: "pods", namespace: "ns" };

  it("B247 say whether somebody may", async () => {
    const review = { metadata: {}, spec: { resourceAttributes: pods, user: "x", groups: ["dev"] } };
    expect(await reviews().subjectaccessreviews(review, context)).toEqual({
      ...review,
      status: { allowed: true, reason: "may" },
    });
    const path = { spec: { nonResourceAttributes: { path: "/x", verb: "get" }, user: "jane" } };
    expect((await reviews().subjectaccessreviews(path, context))["status"]).toEqual({ allowed: false });
  });

  it("B247 say whether the sender may", async () => {
    expect(
      (await reviews().selfsubjectaccessreviews({ spec: { resourceAttributes: pods } }, context))["status"],
    ).toMatchObject({ allowed: true });
    const remove = { ...pods, verb: "delete" };
    expect(
      (await reviews().selfsubjectaccessreviews({ spec: { resourceAttributes: remove } }, context))["status"],
    ).toEqual({ allowed: false });
  });

  it.each<[JsonObject, string]>([
    [
      { resourceAttributes: pods, nonResourceAttributes: { path: "/" }, user: "x" },
      "cannot be specified in combination with resourceAttributes",
    ],
    [{ user: "x" }, "exactly one of nonResourceAttributes or resourceAttributes"],
    [{ resourceAttributes: pods }, "at least one of user or group"],
  ])("B247 refuse %j with 422", async (spec, message) => {
    const answer = reviews().subjectaccessreviews({ spec }, context);
    await expect(answer).rejects.toMatchObject({ code: 422, message: expect.stringContaining(message) });
  });

  it("B247 for one namespace speak of that namespace only", async () => {
    const review = { spec: { resourceAttributes: pods, groups: ["dev"] } };
    expect(
      (await reviews().localsubjectaccessreviews(review, { user: jane, namespace: "ns" }))["status"],
    ).toMatchObject({ allowed: true });
    await expect(reviews().localsubjectaccessreviews(review, { user: jane, namespace: "other" })).rejects.toThrow(
      "must match metadata.namespace",
    );
  });

  it("B247 list the rules of the sender", async () => {
    expect((await reviews().selfsubjectrulesreviews({ spec: { namespace: "ns" } }, context))["status"]).toEqual({
      resourceRules: [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }],
      nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/api"] }],
      incomplete: false,
    });
    await expect(reviews().selfsubjectrulesreviews({ spec: {} }, context)).rejects.toThrow("no namespace on request");
  });

  it("B248 tell who the sender is", async () => {
    expect((await reviews().selfsubjectreviews({}, context))["status"]).toEqual({ userInfo: jane });
  });

  it("B248 tell whose token it is, and that a bad one is nobody's", async () => {
    const review = async (token: string, audiences?: string[]) =>
      (await reviews().tokenreviews({ spec: { token, ...(audiences ? { audiences } : {}) } }, context))["status"];
    expect(await review(issue())).toMatchObject({
      authenticated: true,
      user: { username: "system:serviceaccount:ns:bot" },
    });
    expect(await review(issue({ audiences: ["vault"] }), ["vault", "x"])).toMatchObject({
      authenticated: true,
      audiences: ["vault"],
    });
    expect(await review(`${issue()}x`)).toMatchObject({
      authenticated: false,
      error: expect.stringContaining("signature"),
    });
    expect(await review("opaque")).toMatchObject({ authenticated: false, error: expect.any(String) });
  });
});
