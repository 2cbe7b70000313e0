import type { X509Certificate } from "node:crypto";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { TLSSocket } from "node:tls";
import {
  ClusterRole,
  ClusterRoleBinding,
  createVirtualClock,
  intercept,
  Namespace,
  ServiceAccount,
  systemClock,
} from "@homeostat/api";
import { type CertificateAndKey, createCertificateAuthority } from "@homeostat/api/certificates";
import { createApiServer } from "@homeostat/apiserver";
import { Gauge, Registry } from "prom-client";
import { afterEach, describe, expect, test } from "vitest";
import { createClient } from "../client/api-client.ts";
import { connect } from "../client/connect.ts";
import { ReconcileLedger } from "../ledger/ledger.ts";
import type { Logger } from "../log.ts";
import { silentLogger } from "../log.ts";
import type { CertificateSource } from "../webhooks/certificate-source.ts";
import { createManager } from "./create-manager.ts";
import { HealthChecks } from "./health.ts";
import { type HttpHandler, listen } from "./http-server.ts";
import { ManagerServers, type ManagerServersOptions } from "./servers.ts";

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const operator = { username: "system:serviceaccount:demo:operator", groups: ["system:authenticated"] };

/** An API server that knows a service account `scraper`, and counts what the operator asks it over TLS. */
async function cluster() {
  const clock = createVirtualClock();
  const server = await createApiServer({ clock });
  stops.push(() => server.stop());
  const admin = createClient({ transport: server.transport(), clock });
  await admin.create(Namespace, { metadata: { name: "demo" } });
  await admin.create(ServiceAccount, { metadata: { name: "scraper", namespace: "demo" } });
  await bind(admin, "system:auth-delegator", "operator");
  const asked: string[] = [];
  const broken = { now: false };
  const kubeconfig = (await server.listen()).kubeconfig(operator);
  const host = { env: {}, homeDir: "/", workDir: "/", readFile: () => kubeconfig };
  const connection = connect({ kubeconfig: "/kubeconfig", host });
  stops.push(async () => connection.transport.close());
  const transport = intercept(connection.transport, (next) => (request) => {
    asked.push(request.path.split(/[/?]/)[4]!);
    if (broken.now) throw new Error("connection refused");
    return next(request);
  });
  const token = async (): Promise<string> => {
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { audiences: [] } };
    const key = { namespace: "demo", name: "scraper" };
    const answer = await admin.subresource("token").create(ServiceAccount, key, body);
    return (answer as unknown as { status: { token: string } }).status.token;
  };
  const allow = async (): Promise<void> => {
    const rules = [{ verbs: ["get"], nonResourceURLs: ["/metrics", "/extra"] }];
    await admin.create(ClusterRole, { metadata: { name: "scrape" }, rules });
    await bind(admin, "scrape", "scraper");
  };
  return { clock, server, transport, client: createClient({ transport, clock }), asked, broken, token, allow };
}

async function bind(admin: ReturnType<typeof createClient>, role: string, account: string): Promise<void> {
  await admin.create(ClusterRoleBinding, {
    metadata: { name: `${role}-${account}` },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
    subjects: [{ kind: "ServiceAccount", name: account, namespace: "demo" }],
  });
}

type Cluster = Awaited<ReturnType<typeof cluster>>;

async function serve(
  world: Pick<Cluster, "clock" | "client"> | undefined,
  options: Partial<ManagerServersOptions>,
  log = silentLogger,
) {
  const { clock, client } = world ?? { clock: createVirtualClock(), client: createClient({ transport: nowhere }) };
  const registry = new Registry();
  new Gauge({ name: "answer", help: "An answer", registers: [registry] }).set(42);
  const ready = new HealthChecks("readyz", log);
  const servers = new ManagerServers({
    registry,
    healthy: new HealthChecks("healthz", log),
    ready,
    review: { client, clock, random: () => 0.5, log },
    debug: { clock, ledger: new ReconcileLedger(), queues: () => [] },
    ...options,
  });
  stops.push(() => servers.stop());
  await servers.start();
  return { servers, ready, clock };
}

const nowhere = () => Promise.reject(new Error("no server"));

interface Got {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly certificate: X509Certificate | undefined;
}

function get(
  address: string | undefined,
  path: string,
  options: { token?: string; tls?: boolean; method?: string; headers?: Record<string, string> } = {},
) {
  const { token, tls = false, method = "GET" } = options;
  const headers = { ...options.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  return new Promise<Got>((resolve, reject) => {
    const url = `${tls ? "https" : "http"}://${address}${path}`;
    const sent = (tls ? httpsRequest : httpRequest)(
      url,
      { method, headers, agent: false, ...(tls ? { rejectUnauthorized: false } : {}) },
      (response) => {
        const chunks: Buffer[] = [];
        const certificate = tls ? (response.socket as TLSSocket).getPeerX509Certificate() : undefined;
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const body = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode!, body, headers: response.headers, certificate });
        });
      },
    );
    sent.on("error", reject);
    sent.end();
  });
}

describe("health", () => {
  test("H11 answers ok, or 500 with the failing checks by name and their reasons in the log alone", async () => {
    const logged: unknown[] = [];
    const log: Logger = { ...silentLogger, info: (fields) => void logged.push(fields) };
    const { servers, ready } = await serve(undefined, { healthAddress: "127.0.0.1:0" }, log);
    const probe = (path: string) => get(servers.healthAddress, path);
    expect(await probe("/readyz")).toMatchObject({ status: 200, body: "ok" });
    expect(await probe("/healthz?verbose")).toMatchObject({ status: 200, body: "[+]ping ok\nhealthz check passed\n" });
    expect(await probe("/healthz/ping")).toMatchObject({ status: 200, body: "ok" });
    expect(await probe("/healthz/none")).toMatchObject({ status: 404 });
    expect(await probe("/healthz/ping/more")).toMatchObject({ status: 404 });
    ready.add("b-database", () => Promise.reject(new Error("password secret is wrong")));
    ready.add("a-cache", () => {});
    const failed = await probe("/readyz");
    expect(failed).toMatchObject({
      status: 500,
      body: "[+]a-cache ok\n[-]b-database failed: reason withheld\nreadyz check failed\n",
    });
    expect(failed.headers["x-content-type-options"]).toBe("nosniff");
    expect(logged).toContainEqual({ probe: "readyz", check: "b-database", reason: "password secret is wrong" });
    expect(await probe("/readyz/b-database")).toMatchObject({ status: 500, body: "password secret is wrong\n" });
    expect(await probe("/readyz/ping")).toMatchObject({ status: 404 });
    expect(await probe("/readyz?exclude=b-database")).toMatchObject({ status: 200, body: "ok" });
    expect(await probe("/readyz/?exclude=b-database&exclude=typo&verbose=1")).toMatchObject({
      status: 200,
      body: "[+]a-cache ok\n[+]b-database excluded: ok\nwarn: some health checks cannot be excluded: no matches for typo\nreadyz check passed\n",
    });
    expect((await get(servers.healthAddress, "/readyz", { method: "POST" })).status).toBe(405);
  });
});

describe("metrics server", () => {
  test("H12 asks for a token, then for a permission, and remembers both answers", async () => {
    const world = await cluster();
    const { servers } = await serve(world, { metrics: { address: "127.0.0.1:0", secure: true, auth: true } });
    const scrape = (token?: string) =>
      get(servers.metricsAddress, "/metrics", { tls: true, ...(token ? { token } : {}) });
    expect(await scrape()).toMatchObject({ status: 401, headers: { "www-authenticate": "Bearer" } });
    expect(world.asked).toEqual([]);
    expect((await scrape("made-up")).status).toBe(401);
    const token = await world.token();
    expect(await scrape(token)).toMatchObject({ status: 403, body: expect.not.stringContaining("answer") });
    expect(world.asked).toEqual(["tokenreviews", "tokenreviews", "subjectaccessreviews"]);

    await world.allow();
    expect((await scrape(token)).status).toBe(403);
    await world.clock.advance(30_000);
    expect(await scrape(token)).toMatchObject({ status: 200, body: expect.stringContaining("answer 42") });
    world.asked.length = 0;
    for (let round = 0; round < 3; round++) expect((await scrape(token)).status).toBe(200);
    expect((await scrape("made-up")).status).toBe(401);
    expect(world.asked).toEqual([]);
    // The user is believed for a minute, what is allowed for five.
    await world.clock.advance(60_000);
    expect((await scrape(token)).status).toBe(200);
    expect(world.asked).toEqual(["tokenreviews"]);
    await world.clock.advance(240_000);
    expect((await scrape(token)).status).toBe(200);
    expect(world.asked).toEqual(["tokenreviews", "tokenreviews", "subjectaccessreviews"]);
  });

  test("H12 asks once for scrapes of one moment, and remembers no failure", async () => {
    const world = await cluster();
    await world.allow();
    const errors: string[] = [];
    const log: Logger = { ...silentLogger, error: (_, message) => void errors.push(message) };
    const { servers } = await serve(world, { metrics: { address: "127.0.0.1:0", auth: true } }, log);
    const token = await world.token();
    const scrape = () => get(servers.metricsAddress, "/metrics", { token });
    world.broken.now = true;
    let failed: Got | undefined;
    void scrape().then((answer) => (failed = answer));
    for (let step = 0; step < 100 && !failed; step++) await world.clock.advance(100);
    expect(failed).toMatchObject({ status: 500, body: expect.not.stringContaining("refused") });
    expect(world.asked).toEqual(Array.from({ length: 5 }, () => "tokenreviews"));
    expect(errors).toEqual(["Access to the endpoint could not be reviewed"]);
    world.broken.now = false;
    world.asked.length = 0;
    const answers = await Promise.all([scrape(), scrape(), scrape()]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(world.asked).toEqual(["tokenreviews", "subjectaccessreviews"]);
  });

  test("H12 serves HTTPS with a certificate of its own, a given one, or the newest of a source", async () => {
    const own = await serve(undefined, { metrics: { address: "127.0.0.1:0", secure: true } });
    const { certificate, body } = await get(own.servers.metricsAddress, "/metrics", { tls: true });
    expect(body).toContain("answer 42");
    expect([certificate?.subject, certificate?.checkIP("127.0.0.1")]).toEqual(["CN=homeostat-metrics", "127.0.0.1"]);
    await expect(get(own.servers.metricsAddress, "/metrics")).rejects.toThrow();

    const issue = (commonName: string): CertificateAndKey =>
      createCertificateAuthority({ clock: systemClock }).issue({ commonName, usage: "server" });
    const subject = async (address: string | undefined) =>
      (await get(address, "/metrics", { tls: true })).certificate?.subject;
    const given = await serve(undefined, { metrics: { address: "127.0.0.1:0", secure: issue("given") } });
    expect(await subject(given.servers.metricsAddress)).toBe("CN=given");

    let tell: (pair: CertificateAndKey) => void = () => {};
    const source: CertificateSource = {
      start: async (changed) => {
        tell = changed;
        return issue("first");
      },
    };
    const changing = await serve(undefined, { metrics: { address: "127.0.0.1:0", secure: source } });
    expect(await subject(changing.servers.metricsAddress)).toBe("CN=first");
    tell(issue("second"));
    expect(await subject(changing.servers.metricsAddress)).toBe("CN=second");
  });

  test("H13 serves further paths under the same protection, and nothing else", async () => {
    const world = await cluster();
    await world.allow();
    const extraHandlers = {
      "/extra": async () => ({ status: 200, body: "more" }),
      "/closed": async () => ({ status: 200, body: "not for scrapers" }),
    };
    const { servers } = await serve(world, { metrics: { address: "127.0.0.1:0", auth: true, extraHandlers } });
    const token = await world.token();
    const at = (path: string, given?: string) => get(servers.metricsAddress, path, given ? { token: given } : {});
    expect((await at("/extra")).status).toBe(401);
    expect(await at("/extra", token)).toMatchObject({ status: 200, body: "more" });
    expect((await at("/closed", token)).status).toBe(403);
    expect((await at("/other", token)).status).toBe(404);
    expect((await at("/", token)).status).toBe(404);
    expect((await at("/extra/deeper", token)).status).toBe(404);
  });

  test.each(["/metrics", "/healthz", "/readyz/database", "extra", "/a?b"])(
    "H13 refuses %s as a further path",
    async (path) => {
      const extraHandlers = { [path]: async () => ({ status: 200, body: "" }) };
      await expect(serve(undefined, { metrics: { extraHandlers } })).rejects.toThrow(`extra metrics path "${path}"`);
    },
  );

  test("H12 H13 are options of a manager, as are probes and profiles", async () => {
    const { transport, clock, token, allow } = await cluster();
    await allow();
    const manager = createManager({
      transport,
      clock,
      random: () => 0.5,
      log: silentLogger,
      healthAddress: "127.0.0.1:0",
      profilingAddress: "127.0.0.1:0",
      metrics: {
        address: "127.0.0.1:0",
        secure: true,
        auth: true,
        extraHandlers: { "/extra": async () => ({ status: 200, body: "more" }) },
      },
    });
    stops.push(() => manager.stop());
    await manager.start();
    expect((await get(manager.metricsAddress, "/metrics", { tls: true })).status).toBe(401);
    const options = { tls: true, token: await token() };
    const scraped = await get(manager.metricsAddress, "/metrics", options);
    expect(scraped.body).toContain('rest_client_requests_total{code="201",method="POST"');
    expect((await get(manager.metricsAddress, "/extra", options)).body).toBe("more");
    expect((await get(manager.healthAddress, "/healthz")).status).toBe(200);
    expect((await get(manager.profilingAddress, "/debug/ledger")).body).toBe('{"entries":[]}\n');
    expect(() => createManager({ transport, log: silentLogger, profilingAddress: "0.0.0.0:6060" })).toThrow(
      "set profilingRemote",
    );
  });

  test("H12 lets a replica that does not lead be scraped, too", async () => {
    const { server, transport, clock, token, allow } = await cluster();
    await allow();
    const replica = async (identity: string) => {
      const manager = createManager({
        transport,
        clock,
        random: () => 0.5,
        log: silentLogger,
        leaderElection: { id: "operator", namespace: "demo", identity, transport: server.transport() },
        metrics: { address: "127.0.0.1:0", auth: true },
      });
      stops.push(() => manager.stop());
      await manager.start();
      return manager;
    };
    const first = await replica("first");
    await clock.advance(1_000);
    const second = await replica("second");
    await clock.advance(1_000);
    expect([first.isLeader, second.isLeader]).toEqual([true, false]);
    const options = { token: await token() };
    for (const { metricsAddress } of [first, second])
      expect((await get(metricsAddress, "/metrics", options)).status).toBe(200);
  });

  test("protects metrics, not probes, where both share an address, which cannot be half TLS", async () => {
    const world = await cluster();
    const spare = await listen("127.0.0.1:0", async () => undefined);
    await spare.stop();
    const healthAddress = spare.address;
    const { servers } = await serve(world, { healthAddress, metrics: { address: healthAddress, auth: true } });
    expect([servers.metricsAddress, servers.healthAddress]).toEqual([healthAddress, healthAddress]);
    expect((await get(healthAddress, "/metrics")).status).toBe(401);
    expect((await get(healthAddress, "/readyz")).status).toBe(200);
    await expect(serve(world, { healthAddress, metrics: { address: healthAddress, secure: true } })).rejects.toThrow(
      "give them two addresses",
    );
  });
});

describe("profiles", () => {
  test("are served on loopback, and elsewhere only where that is wanted", async () => {
    const { servers } = await serve(undefined, { profilingAddress: "localhost:0" });
    expect(await get(servers.profilingAddress, "/debug/queues")).toMatchObject({
      status: 200,
      body: '{"queues":[]}\n',
    });
    const host = { host: "rebound.example.com" };
    expect((await get(servers.profilingAddress, "/debug/queues", { headers: host })).status).toBe(403);
    for (const profilingAddress of ["0.0.0.0:0", "[::]:0", "10.0.0.1:6060"])
      await expect(serve(undefined, { profilingAddress })).rejects.toThrow("set profilingRemote");
  });
});

describe("listener", () => {
  test("lets an open request end when it stops, for as long as it may", async () => {
    const clock = createVirtualClock();
    const begun: (() => void)[] = [];
    const handler = async () => {
      await new Promise<void>((resolve) => begun.push(resolve));
      return { status: 200, body: "done" };
    };
    const server = await listen("127.0.0.1:0", handler, { clock, stopMs: 1_000 });
    const first = get(server.address, "/");
    const second = get(server.address, "/").catch((error: Error) => error.message);
    await expect.poll(() => begun.length).toBe(2);
    const stopped = server.stop();
    begun[0]!();
    expect(await first).toMatchObject({ status: 200, body: "done", headers: { connection: "close" } });
    await clock.advance(1_000);
    await stopped;
    expect(await second).toBe("socket hang up");
    await expect(get(server.address, "/")).rejects.toThrow("ECONNREFUSED");
  });

  test("survives handlers that throw, break off, or answer what cannot be sent", async () => {
    const answers: Readonly<Record<string, HttpHandler>> = {
      "/throws": () => Promise.reject(new Error("no")),
      "/breaks": async () => ({ status: 200, body: broken() }),
      "/header": async () => ({ status: 200, body: "", headers: { "x-bad": "a\nb" } }),
    };
    async function* broken() {
      yield "first";
      throw new Error("source is gone");
    }
    const server = await listen("127.0.0.1:0", async (request) => answers[request.path]?.(request));
    stops.push(() => server.stop());
    expect(await get(server.address, "/throws")).toMatchObject({ status: 500, body: "no\n" });
    await expect(get(server.address, "/breaks")).rejects.toThrow("aborted");
    await expect(get(server.address, "/header")).rejects.toThrow("socket hang up");
    expect((await get(server.address, "/none")).status).toBe(404);
  });

  test("names the address that is taken, and what is no address", async () => {
    const server = await listen("127.0.0.1:0", async () => undefined);
    stops.push(() => server.stop());
    await expect(listen(server.address, async () => undefined)).rejects.toThrow(
      `listen on ${server.address}: listen EADDRINUSE`,
    );
    await expect(listen("nowhere", async () => undefined)).rejects.toThrow("must be host:port");
  });
});
