import { createServer, type Server } from "node:https";
import { type AddressInfo, connect as connectTcp } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { createVirtualClock, systemClock } from "@homeostat/api";
import { createCertificateAuthority } from "@homeostat/api/certificates";
import { admin, createApiServer, type UserInfo } from "@homeostat/apiserver";
import { afterEach, describe, expect, it } from "vitest";
import { type Api, apiOf } from "./client.ts";
import { type Dial, dials } from "./dialing.ts";

const group = "metrics.example.com";
const apiServices = "/apis/apiregistration.k8s.io/v1/apiservices";
const base = `/apis/${group}/v1`;
const jane: UserInfo = { username: "jane", uid: "7", groups: ["ops", "dev"], extra: { "example.com/team": ["a b"] } };

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly client: string;
  readonly body: string;
}

/** A server with resources of its own, behind the Service `metrics` of the namespace `default`. */
async function otherServer(requestHeaderAuthority: string, openapi: unknown) {
  const authority = createCertificateAuthority({ clock: systemClock });
  const issued = authority.issue({ commonName: "metrics", usage: "server", hosts: ["metrics.default.svc"] });
  const seen: Seen[] = [];
  const streams: { write(text: string): unknown; end(): unknown }[] = [];
  const server: Server = createServer(
    {
      ...{ cert: issued.certificate, key: issued.key, ca: requestHeaderAuthority },
      ...{ requestCert: true, rejectUnauthorized: true },
    },
    (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { method = "", url = "", headers } = request;
        const client = String((request.socket as TLSSocket).getPeerCertificate().subject.CN);
        seen.push({ method, url, headers, client, body: Buffer.concat(chunks).toString() });
        const answer = (status: number, value: unknown): void =>
          void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
        if (url.includes("watch=true")) {
          response.writeHead(200, { "content-type": "application/json" });
          response.flushHeaders();
          streams.push(response);
        } else if (url === base) answer(200, resourceList);
        else if (url === "/openapi/v3") answer(200, openapiIndex);
        else if (url.startsWith("/openapi/v3/")) answer(200, openapi);
        else if (method === "GET") answer(200, { kind: "NodeMetricsList", apiVersion: `${group}/v1`, items: [] });
        else
          answer(418, { kind: "Status", apiVersion: "v1", status: "Failure", message: "short and stout", code: 418 });
      });
    },
  );
  server.on("upgrade", (_request, socket) => {
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Of: theirs\r\n\r\n",
    );
    socket.on("data", (chunk: Buffer) => void socket.write(chunk.toString().toUpperCase()));
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  open.push(close);
  const { port } = server.address() as AddressInfo;
  return { port, seen, streams, close, caBundle: Buffer.from(authority.certificate).toString("base64") };
}

const resourceList = {
  kind: "APIResourceList",
  apiVersion: "v1",
  groupVersion: `${group}/v1`,
  resources: [
    {
      name: "nodes",
      singularName: "node",
      namespaced: false,
      kind: "NodeMetrics",
      verbs: ["get", "list"],
      shortNames: ["nm"],
    },
    { name: "nodes/status", singularName: "", namespaced: false, kind: "NodeMetrics", verbs: ["get"] },
  ],
};
const openapiIndex = { paths: { [`apis/${group}/v1`]: { serverRelativeURL: `/openapi/v3${base}?hash=AB` } } };
const openapiDocument = {
  openapi: "3.0.0",
  info: { title: "Metrics", version: "v1" },
  paths: { [`${base}/nodes`]: { get: { tags: ["m"], description: "lists", operationId: "listNodes", responses: {} } } },
  components: { schemas: { "com.example.NodeMetrics": { type: "object", description: "usage of a node" } } },
};

const [[, inProcess], [, overTls]] = dials as [readonly [string, Dial], readonly [string, Dial]];

/** A server of ours, with the other one's group in it. */
async function aggregating(dial: Dial = inProcess, spec: object = {}, openapi: unknown = openapiDocument) {
  const clock = createVirtualClock();
  const target = { port: 1 };
  const server = await createApiServer({
    clock,
    resolveService: ({ name }) => (name === "metrics" ? { host: "127.0.0.1", port: target.port } : undefined),
  });
  open.push(() => server.stop());
  const transport = await dial(server);
  const as = (user: UserInfo): Api => apiOf(transport(user));
  const api = as(admin);
  const trust = (await api.get("/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication")).body
    .data;
  const other = await otherServer(trust["requestheader-client-ca-file"], openapi);
  target.port = other.port;
  const watch = api.watch(`${apiServices}?fieldSelector=metadata.name%3Dv1.${group}`);
  open.push(() => watch.stop());
  await api.make(apiServices, {
    metadata: { name: `v1.${group}` },
    spec: {
      ...{ group, version: "v1", groupPriorityMinimum: 100, versionPriority: 100, caBundle: other.caBundle },
      service: { namespace: "default", name: "metrics" },
      ...spec,
    } as never,
  });
  const condition = async (reason: string) => {
    const lines = await watch.until(({ object }) => object.status?.conditions?.[0]?.reason === reason);
    return lines.at(-1)!.object.status.conditions[0];
  };
  return { server, clock, other, api, as, condition, trust };
}

describe.each(dials)("an aggregated server, %s", (_name, dial) => {
  it("B268 is asked in the name of who asks, and answers as it likes", async () => {
    const { other, api, as, condition, trust } = await aggregating(dial);
    expect(await condition("Passed")).toMatchObject({
      type: "Available",
      status: "True",
      message: "all checks passed",
    });
    expect(JSON.parse(trust["requestheader-allowed-names"])).toEqual(["front-proxy-client"]);
    expect(JSON.parse(trust["requestheader-username-headers"])).toEqual(["X-Remote-User"]);
    other.seen.splice(0);
    const { status, body } = await api.get(`${base}/nodes?limit=5`, {
      ...{ "x-remote-user": "forged", "impersonate-user": "jane", "impersonate-uid": "7" },
      ...{ "impersonate-group": "system:masters", "impersonate-extra-example.com%2fteam": "a b" },
    });
    expect([status, body.kind]).toEqual([200, "NodeMetricsList"]);
    expect(other.seen[0]).toMatchObject({
      ...{ method: "GET", url: `${base}/nodes?limit=5`, client: "front-proxy-client", body: "" },
      headers: {
        ...{ host: "metrics.default.svc:443", "x-remote-user": "jane", "x-remote-uid": "7" },
        ...{ "x-remote-group": "system:masters, system:authenticated", "x-remote-extra-example.com%2fteam": "a b" },
      },
    });
    const names = Object.keys(other.seen[0]!.headers);
    expect(names.filter((name) => /^(authorization|impersonate-)/.test(name))).toEqual([]);
    // Errors are the other server's own; who may not ask does not get that far.
    const refused = await api.post(`${base}/nodes`, { a: 1 });
    expect([refused.status, refused.body.message, other.seen[1]!.body]).toEqual([418, "short and stout", '{"a":1}']);
    expect((await as(jane).get(`${base}/nodes`)).status).toBe(403);
    expect(other.seen).toHaveLength(2);
  });

  it("B268 streams its watches", async () => {
    const { other, api, condition } = await aggregating(dial);
    await condition("Passed");
    const watch = api.watch(`${base}/nodes`);
    expect((await watch.opened).status).toBe(200);
    const line = (name: string): string => `${JSON.stringify({ type: "ADDED", object: { metadata: { name } } })}\n`;
    other.streams[0]!.write(line("a"));
    await watch.until(1);
    other.streams[0]!.write(line("b"));
    other.streams[0]!.end();
    expect((await watch.ended).map(({ object }) => object.metadata.name)).toEqual(["a", "b"]);
  });

  it("B268 is in discovery and OpenAPI, of both versions", async () => {
    const { other, api, condition } = await aggregating(dial);
    await condition("Passed");
    const { body: groups } = await api.get("/apis");
    const entry = groups.groups.find(({ name }: { name: string }) => name === group);
    const only = { groupVersion: `${group}/v1`, version: "v1" };
    expect(entry).toEqual({ name: group, versions: [only], preferredVersion: only });
    expect((await api.get(`/apis/${group}`)).body).toEqual({ kind: "APIGroup", apiVersion: "v1", ...entry });
    expect((await api.get(base)).body).toEqual(resourceList);
    expect((await api.get("/")).body.paths).toContain(base);
    const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    const aggregated = (await api.get("/apis", { accept })).body.items;
    const responseKind = { group, version: "v1", kind: "NodeMetrics" };
    expect(aggregated.find(({ metadata }: { metadata: { name: string } }) => metadata.name === group).versions).toEqual(
      [
        {
          version: "v1",
          freshness: "Current",
          resources: [
            {
              ...{ resource: "nodes", responseKind, scope: "Cluster", singularResource: "node" },
              ...{ verbs: ["get", "list"], shortNames: ["nm"] },
              subresources: [{ subresource: "status", responseKind, verbs: ["get"] }],
            },
          ],
        },
      ],
    );
    const url = (await api.get("/openapi/v3")).body.paths[`apis/${group}/v1`].serverRelativeURL;
    expect(url).toBe(`/openapi/v3${base}?hash=AB`);
    expect((await api.get(url)).body).toEqual(openapiDocument);
    const v2 = (await api.get("/openapi/v2")).body;
    expect(v2.paths[`${base}/nodes`].get.operationId).toBe("listNodes");
    expect(v2.definitions["com.example.NodeMetrics"].description).toBe("usage of a node");
    expect(v2.paths["/api/v1/pods"]).toBeDefined();
    // Whoever has read all of it has asked the other server for one list only.
    expect(other.seen.filter(({ headers }) => headers["x-remote-user"] === "kubernetes-admin")).toHaveLength(1);
  });

  it("B268 is unavailable while it does not answer, and comes back", async () => {
    const { clock, other, api, condition } = await aggregating(dial);
    await condition("Passed");
    const { port } = other;
    await other.close();
    const failing = await api.get(`${base}/nodes`);
    expect([failing.status, failing.text]).toEqual([
      503,
      `error trying to reach service: dial tcp 127.0.0.1:${port}: connect: connection refused\n`,
    ]);
    const told = condition("FailedDiscoveryCheck");
    await clock.advance(30_000);
    expect(await told).toMatchObject({
      status: "False",
      message: `failing or missing response from https://metrics.default.svc:443${base}: Get "https://metrics.default.svc:443${base}": dial tcp 127.0.0.1:${port}: connect: connection refused`,
    });
    const refused = await api.get(`${base}/nodes`);
    expect([refused.status, refused.text]).toEqual([503, "service unavailable\n"]);
    const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    const items = (await api.get("/apis", { accept })).body.items;
    const known = items.find(({ metadata }: { metadata: { name: string } }) => metadata.name === group);
    expect(known.versions[0]).toMatchObject({ freshness: "Stale", resources: [{ resource: "nodes" }] });
  });
});

it.each([
  ["no object", 7],
  ["without schemas", { openapi: "3.0.0", info: openapiDocument.info, paths: {}, components: {} }],
  ["with a path that is none", { ...openapiDocument, paths: { "/a": { get: 7 } } }],
  ["with a schema that is none", { ...openapiDocument, components: { schemas: { A: { properties: { b: null } } } } }],
])("B268 is published without its document, where that is %s", async (_what, document) => {
  const { api, condition } = await aggregating(inProcess, {}, document);
  await condition("Passed");
  const { paths } = (await api.get("/openapi/v3")).body;
  expect(paths[`apis/${group}/v1`]).toBeUndefined();
  expect(paths["api/v1"]).toBeDefined();
  const v2 = await api.get("/openapi/v2");
  expect([v2.status, v2.body.paths["/api/v1/pods"] !== undefined]).toEqual([200, true]);
  expect((await api.get(`${base}/nodes`)).status).toBe(200);
});

it("B268 names users in UTF-8", async () => {
  const { server, other, condition } = await aggregating();
  await condition("Passed");
  other.seen.splice(0);
  const user = { username: "jürgen 世界", groups: ["system:masters"] };
  expect((await apiOf(server.transport(user)).get(`${base}/nodes`)).status).toBe(200);
  const sent = String(other.seen[0]!.headers["x-remote-user"]);
  expect(Buffer.from(sent, "latin1").toString()).toBe(user.username);
});

it.each([
  ["v1.", "", "/api/v1/namespaces/default"],
  ["v1.apiregistration.k8s.io", "apiregistration.k8s.io", apiServices],
])("B268 never gives %s away", async (name, itsGroup, path) => {
  const { api } = await aggregating();
  const service = { namespace: "default", name: "metrics" };
  const spec = { ...(itsGroup ? { group: itsGroup } : {}), version: "v1", service };
  const object = { metadata: { name }, spec: { ...spec, groupPriorityMinimum: 100, versionPriority: 1 } };
  if (itsGroup) await api.make(apiServices, object);
  else expect((await api.patch(`${apiServices}/${name}`, { spec: { service } })).status).toBe(200);
  const watch = api.watch(`${apiServices}?fieldSelector=metadata.name%3D${name}`);
  const lines = await watch.until(({ object: { spec: now, status } }) => now.service && status?.conditions?.length > 0);
  watch.stop();
  expect(lines.at(-1)!.object.status.conditions[0].reason).toBe("Local");
  expect((await api.get(path)).status).toBe(200);
});

it("B268 over TLS trusts the certificate of the bundle only, unless told to trust any", async () => {
  const stranger = createCertificateAuthority({ clock: systemClock }).certificate;
  const caBundle = Buffer.from(stranger).toString("base64");
  const strict = await aggregating(overTls, { caBundle });
  expect((await strict.condition("FailedDiscoveryCheck")).message).toContain(
    "tls: failed to verify certificate: x509: certificate signed by unknown authority",
  );
  const trusting = await aggregating(overTls, { insecureSkipTLSVerify: true, caBundle: undefined });
  expect((await trusting.condition("Passed")).status).toBe("True");
});

it("B268 over TLS hands other protocols through", async () => {
  const { server, condition } = await aggregating();
  await condition("Passed");
  const { port } = await server.listen();
  const text = (await server.listen()).kubeconfig();
  const pem = (name: string): string =>
    Buffer.from(new RegExp(`${name}: ["']?([A-Za-z0-9+/=]+)`).exec(text)?.[1] ?? "", "base64").toString();
  const socket = connectTls({
    ...{ socket: connectTcp(port, "127.0.0.1"), rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] },
    ...{ cert: pem("client-certificate-data"), key: pem("client-key-data") },
  });
  open.push(() => socket.destroy());
  const received: string[] = [];
  const arrived = (wanted: string): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (received.join("").includes(wanted)) resolve();
      };
      socket.on("data", check);
      check();
    });
  socket.on("data", (chunk: Buffer) => void received.push(chunk.toString()));
  socket.write(
    `GET ${base}/nodes/a/console HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  );
  await arrived("X-Of: theirs");
  expect(received.join("")).toMatch(/^HTTP\/1.1 101 /);
  socket.write("hello");
  await arrived("HELLO");
});
