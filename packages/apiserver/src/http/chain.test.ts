import { createVirtualClock, notFound, type TransportResponse, tooManyRequests } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { createAuthenticator, staticTokens } from "../auth/authenticate.ts";
import { type Authorizer, alwaysAllow } from "../auth/authorizer.ts";
import { admin, type UserInfo } from "../auth/user-info.ts";
import { silentLog } from "../log.ts";
import { type ChainOptions, createHandler } from "./chain.ts";
import { inProcessTransport } from "./in-process.ts";
import { createRequestMetrics } from "./request-metrics.ts";
import { jsonResponse, pathNotFound } from "./respond.ts";

const clock = createVirtualClock();
const jane: UserInfo = { username: "jane", groups: ["dev"] };
const onlyMasters: Authorizer = ({ user }) => ({ allowed: user.groups.includes("system:masters") });

function server(options: Partial<ChainOptions> = {}, user?: UserInfo) {
  let ids = 0;
  const handler = createHandler({
    authenticate: createAuthenticator({ tokens: [staticTokens(new Map([["t1", jane]]), "api")] }),
    authorize: alwaysAllow,
    endpoint: async (info, _, context) =>
      jsonResponse(200, { verb: info.verb, resource: info.resource, user: context.user }),
    routes: [],
    clock,
    newAuditId: () => `id-${++ids}`,
    log: silentLog,
    ...options,
  });
  const transport = inProcessTransport(handler, user);
  return (method: string, path: string, headers: Record<string, string> = {}) => transport({ method, path, headers });
}

const bodyOf = async (response: TransportResponse) => JSON.parse(new TextDecoder().decode(await response.bytes()));

describe("handler chain", () => {
  it("takes a resource request to the endpoint with its user", async () => {
    const response = await server()("GET", "/api/v1/pods", { authorization: "Bearer t1" });
    expect(await bodyOf(response)).toEqual({
      verb: "list",
      resource: "pods",
      user: { username: "jane", groups: ["dev", "system:authenticated"] },
    });
  });

  it("B016 puts common headers on every answer, errors too, and echoes the audit id", async () => {
    const call = server({ flowControl: { flowSchemaUid: "f", priorityLevelUid: "p" } });
    for (const path of ["/api/v1/pods", "/nowhere"]) {
      expect((await call("GET", path, { "audit-id": "mine" })).headers).toMatchObject({
        "audit-id": "mine",
        "cache-control": "no-cache, private",
        "x-kubernetes-pf-flowschema-uid": "f",
        "x-kubernetes-pf-prioritylevel-uid": "p",
      });
    }
    expect((await call("GET", "/")).headers["audit-id"]).toBe("id-1");
  });

  it("B005 answers an unknown path with plain text", async () => {
    const call = server({ endpoint: async () => pathNotFound() });
    for (const path of ["/nowhere", "/apis/none/v1/things"]) {
      const response = await call("GET", path);
      expect([response.status, response.headers["content-type"]]).toEqual([404, "text/plain; charset=utf-8"]);
    }
  });

  it("B008 turns an error into its Status", async () => {
    const call = server({
      endpoint: async () => {
        throw notFound({ group: "apps", plural: "deployments" }, "web");
      },
    });
    const response = await call("GET", "/apis/apps/v1/namespaces/a/deployments/web");
    expect(response.status).toBe(404);
    expect(await bodyOf(response)).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: 'deployments.apps "web" not found',
      reason: "NotFound",
      details: { name: "web", group: "apps", kind: "deployments" },
      code: 404,
    });
  });

  it("B028 says in a header when to come back", async () => {
    const call = server({
      endpoint: async () => {
        throw tooManyRequests("slow down", 7);
      },
    });
    const response = await call("GET", "/api/v1/pods");
    expect([response.status, response.headers["retry-after"]]).toEqual([429, "7"]);
  });

  it("B030 answers an unexpected error with 500 and logs it", async () => {
    const logged: unknown[] = [];
    const call = server({
      log: { ...silentLog, error: (fields) => logged.push(fields["path"]) },
      endpoint: async () => {
        throw new TypeError("x is not a function");
      },
    });
    const status = await bodyOf(await call("GET", "/api/v1/pods"));
    expect([status.code, status.reason, status.message]).toEqual([
      500,
      "InternalError",
      "Internal error occurred: x is not a function",
    ]);
    expect(logged).toEqual(["/api/v1/pods"]);
  });

  it("B015 answers 504 after the deadline, which the query may shorten", async () => {
    const call = server({ endpoint: () => new Promise(() => undefined) });
    const codes: number[] = [];
    const ask = (path: string): void => void call("GET", path).then((response) => codes.push(response.status));
    ask("/api/v1/pods");
    ask("/api/v1/nodes?timeout=5s");
    ask("/api/v1/nodes?watch=true&timeout=5s");
    await clock.advance(4_999);
    expect(codes).toEqual([]);
    await clock.advance(2);
    expect(codes).toEqual([504]);
    await clock.advance(28_998);
    expect(codes).toEqual([504]);
    await clock.advance(2);
    expect(codes).toEqual([504, 504]);
    await clock.advance(100_000);
    expect(codes).toEqual([504, 504]);
  });

  it("B015 refuses a timeout that is none", async () => {
    expect((await server()("GET", "/api/v1/pods?timeout=soon")).status).toBe(400);
    expect((await server()("GET", "/api/v1/pods?timeout=1m30s")).status).toBe(200);
  });

  it("B017 sends warnings as headers", async () => {
    const call = server({
      endpoint: async (_info, _request, context) => {
        for (const text of ["old", 'say "no"', "old"]) context.warn(text);
        return jsonResponse(200, {});
      },
    });
    expect((await call("GET", "/api/v1/pods")).headers["warning"]).toBe('299 - "old", 299 - "say \\"no\\""');
  });

  it("B240 refuses a token it does not know", async () => {
    const response = await server()("GET", "/api/v1/pods", { authorization: "Bearer nonsense" });
    expect(await bodyOf(response)).toMatchObject({ code: 401, reason: "Unauthorized", message: "Unauthorized" });
  });

  it.each([
    [
      "GET",
      "/api/v1/namespaces/a/pods/p",
      'pods "p" is forbidden: User "jane" cannot get resource "pods" in API group "" in the namespace "a"',
    ],
    [
      "POST",
      "/apis/apps/v1/namespaces/a/deployments",
      'deployments.apps is forbidden: User "jane" cannot create resource "deployments" in API group "apps" in the namespace "a"',
    ],
    [
      "GET",
      "/api/v1/nodes",
      'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope',
    ],
    [
      "GET",
      "/api/v1/namespaces/a/pods/p/log",
      'pods "p" is forbidden: User "jane" cannot get resource "pods/log" in API group "" in the namespace "a"',
    ],
    ["GET", "/metrics", 'forbidden: User "jane" cannot get path "/metrics"'],
  ])("B243 words the refusal of %s %s", async (method, path, message) => {
    const response = await server({ authorize: onlyMasters }, jane)(method, path);
    expect(await bodyOf(response)).toMatchObject({ code: 403, reason: "Forbidden", message });
  });

  it("B249 acts for another user only when the sender may impersonate", async () => {
    const asked: string[] = [];
    const authorize: Authorizer = (attributes) => {
      if (attributes.verb === "impersonate" && attributes.isResource)
        asked.push(`${attributes.resource} ${attributes.namespace ?? ""}/${attributes.name}`);
      return onlyMasters(attributes);
    };
    const headers = {
      "impersonate-user": "system:serviceaccount:ns:bot",
      "impersonate-uid": "7",
      "impersonate-extra-a%2fb": "v",
    };
    const endpoint: ChainOptions["endpoint"] = async (_info, _request, context) => jsonResponse(200, context.user);
    const refused = await server({ authorize, endpoint }, jane)("GET", "/api/v1/pods", headers);
    expect((await bodyOf(refused)).message).toContain('User "jane" cannot impersonate resource "serviceaccounts"');
    asked.length = 0;
    const allowed = await server({ authorize: (a) => ({ allowed: authorize(a) && true }), endpoint }, admin)(
      "GET",
      "/api/v1/pods",
      headers,
    );
    expect(asked).toEqual(["serviceaccounts ns/bot", "uids /7", "userextras /v"]);
    expect(await bodyOf(allowed)).toEqual({
      username: "system:serviceaccount:ns:bot",
      uid: "7",
      extra: { "a/b": ["v"] },
      groups: ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"],
    });
  });

  it("B249 refuses to impersonate a group without a user", async () => {
    expect((await server({}, admin)("GET", "/api/v1/pods", { "impersonate-group": "g" })).status).toBe(400);
  });

  it("asks routes in order for paths that name no resource", async () => {
    const call = server({
      routes: [
        () => undefined,
        (info) => (info.path === "/version" ? jsonResponse(200, "v") : undefined),
        () => jsonResponse(200, "rest"),
      ],
    });
    expect([await bodyOf(await call("GET", "/version?x=1")), await bodyOf(await call("GET", "/other"))]).toEqual([
      "v",
      "rest",
    ]);
  });

  it("B013 indents JSON for people, of errors too", async () => {
    const call = server({ routes: [(info) => (info.path === "/version" ? jsonResponse(200, { a: 1 }) : undefined)] });
    const text = async (path: string, headers: Record<string, string> = {}) =>
      new TextDecoder().decode(await (await call("GET", path, headers)).bytes());
    expect(await text("/version")).toBe('{"a":1}');
    expect(await text("/version?pretty=true")).toBe('{\n  "a": 1\n}\n');
    expect(await text("/version", { "user-agent": "curl/8.5.0" })).toBe('{\n  "a": 1\n}\n');
    expect(await text("/api/v1/pods?pretty=1", { authorization: "Bearer bad" })).toContain('\n  "code": 401\n');
  });

  it("answers HEAD without a body", async () => {
    const response = await server()("HEAD", "/api/v1/pods");
    expect([response.status, (await response.bytes()).length]).toEqual([200, 0]);
  });

  it("B136 ends streams cleanly when the server stops", async () => {
    const stopping = new AbortController();
    const call = server({
      stopping: stopping.signal,
      endpoint: async () => ({
        status: 200,
        headers: {},
        body: async (stream) => {
          stream.write(Buffer.from("first"));
          await new Promise<void>((resolve) => stream.signal.addEventListener("abort", () => resolve()));
        },
      }),
    });
    const response = await call("GET", "/api/v1/pods?watch=1");
    const all = response.bytes();
    stopping.abort();
    expect(new TextDecoder().decode(await all)).toBe("first");
  });

  it("B267 counts requests by verb, resource and code", async () => {
    const metrics = createRequestMetrics();
    const call = server({ metrics, authorize: onlyMasters }, admin);
    await call("GET", "/api/v1/pods");
    await call("GET", "/api/v1/pods");
    await call("GET", "/some/path");
    const text = metrics.render();
    expect(text).toContain(
      'apiserver_request_total{code="200",component="apiserver",group="",resource="pods",scope="cluster",subresource="",verb="LIST",version="v1"} 2\n',
    );
    expect(text).toMatch(/code="404".*verb="GET".* 1\n/);
  });
});
