import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { request } from "node:https";
import { createServer, type Server } from "node:net";
import { connect } from "node:tls";
import { createVirtualClock, systemClock } from "@homeostat/api";
import { createCertificateAuthority } from "@homeostat/api/certificates";
import { afterEach, describe, expect, test } from "vitest";
import { admissionHandler, allowed } from "./admission.ts";
import { fixedCertificate } from "./certificate-source.ts";
import { admissionReviewOf, postHttp2, type Served, serve } from "./server.test-support.ts";
import { createWebhookServer } from "./webhook-server.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
const start = async (...args: Parameters<typeof serve>): Promise<Served> => {
  const served = await serve(...args);
  stops.push(() => served.stop());
  return served;
};
const yes = (path = "/yes") => admissionHandler({ type: "validating", path }, () => allowed());

test("H08 refuses a path that is taken", async () => {
  const { server } = await start([yes()]);
  expect(() => server.add(yes())).toThrow("webhook path /yes is taken already");
  expect(() => server.handle("/yes", async () => ({ status: 200, body: "" }))).toThrow("is taken already");
  expect(server.webhooks).toHaveLength(1);
});

test("H08 serves what is added while it runs, and 404 elsewhere", async () => {
  const { server, post } = await start([yes()]);
  expect((await post("/later", {})).status).toBe(404);
  server.handle("/later", async ({ method, path }) => ({ status: 418, body: JSON.stringify({ method, path }) }));
  expect(await post("/later", {})).toEqual({ status: 418, body: { method: "POST", path: "/later" } });
});

test("survives requests that make no sense", async () => {
  const { server, post, authority } = await start([yes()]);
  const [host, port] = server.address!.split(":");
  for (const line of ["POST // HTTP/1.1", "POST http://[ HTTP/1.1", "nonsense"]) {
    const socket = connect({ host: host!, port: Number(port), ca: authority.certificate });
    socket.end(`${line}\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    socket.resume().on("error", () => {});
    await once(socket, "close");
  }
  expect((await post("/yes", admissionReviewOf({}))).status).toBe(200);
});

test("is found started on every interface as on one, and not before it listens", async () => {
  const { server } = await start([yes()], { address: "0.0.0.0:0" });
  await server.started();
  const certificates = { start: async () => Promise.reject(new Error("none")) };
  await expect(createWebhookServer({ certificates }).started()).rejects.toThrow("does not listen yet");
});

describe("H09 with a client authority", () => {
  const clients = createCertificateAuthority({ clock: systemClock }, "clients");
  const client = clients.issue({ commonName: "kube-apiserver", usage: "client" });
  const strangers = createCertificateAuthority({ clock: systemClock }, "strangers");

  test("H09 answers callers with its certificates and refuses others", async () => {
    const { post } = await start([yes()], { clientCa: clients.certificate });
    expect((await post("/yes", admissionReviewOf({}), { client })).status).toBe(200);
    await expect(post("/yes", admissionReviewOf({}))).rejects.toThrow();
    const stranger = strangers.issue({ commonName: "kube-apiserver", usage: "client" });
    await expect(post("/yes", admissionReviewOf({}), { client: stranger })).rejects.toThrow();
  });

  test("H09 counts as started although the check has no certificate", async () => {
    const { server } = await start([yes()], { clientCa: clients.certificate });
    await server.started();
  });
});

test("H09 negotiates HTTP/2 unless it is switched off, and takes HTTP/1.1 beside it", async () => {
  const both = await start([yes()]);
  const origin = `https://${both.server.address}`;
  const answer = await postHttp2(origin, "/yes", admissionReviewOf({}), both.authority.certificate);
  expect(answer).toMatchObject({ status: 200, body: { response: { uid: "uid-1", allowed: true } } });
  expect((await both.post("/yes", admissionReviewOf({}))).status).toBe(200);

  const one = await start([yes()], { http2: false });
  await expect(
    postHttp2(`https://${one.server.address}`, "/yes", admissionReviewOf({}), one.authority.certificate),
  ).rejects.toThrow();
  expect((await one.post("/yes", admissionReviewOf({}))).status).toBe(200);
});

test("counts requests by path and code, with their time, and knows both codes from the start", async () => {
  const { server, post, metric, registry } = await start([yes()]);
  server.handle("/fails", async () => {
    throw new Error("no");
  });
  const total = "controller_runtime_webhook_requests_total";
  expect(await metric(total, { webhook: "/yes", code: "200" })).toBe(0);
  expect(await metric(total, { webhook: "/yes", code: "500" })).toBe(0);
  await post("/yes", admissionReviewOf({}));
  expect((await post("/fails", {})).status).toBe(500);
  expect(await metric(total, { webhook: "/yes", code: "200" })).toBe(1);
  expect(await metric(total, { webhook: "/fails", code: "500" })).toBe(1);
  expect(await metric("controller_runtime_webhook_requests_in_flight", { webhook: "/yes" })).toBe(0);
  const text = await registry.metrics();
  expect(text).toContain('controller_runtime_webhook_latency_seconds_bucket{le="1e-8",webhook="/yes"}');
  expect(text).toContain('controller_runtime_webhook_latency_seconds_count{webhook="/yes"} 1');
});

test("tells handlers when nobody waits for the answer any more", async () => {
  const aborted = Promise.withResolvers<Error>();
  const patient = admissionHandler({ type: "validating", path: "/slow" }, async (_, { signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    aborted.resolve(signal.reason);
    return allowed();
  });
  const { post } = await start([patient]);
  await post("/slow?timeout=10ms", admissionReviewOf({}));
  expect((await aborted.promise).message).toContain("waits 10ms only");
});

test("cuts off a body that does not arrive, over HTTP/1.1 and HTTP/2", async () => {
  const clock = createVirtualClock();
  const { server, authority, metric } = await start([yes()], { clock });
  const inFlight = () => metric("controller_runtime_webhook_requests_in_flight", { webhook: "/yes" });
  const begun = async (): Promise<void> => {
    while ((await inFlight()) !== 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const headers = { "content-type": "application/json", "content-length": "10" };

  const url = `https://${server.address}/yes`;
  const call = request(url, { method: "POST", agent: false, ca: authority.certificate, headers });
  const failed = once(call, "error");
  call.on("response", () => call.destroy(new Error("answered")));
  call.write("{");
  await begun();
  await clock.advance(30_000);
  await failed;
  expect(await inFlight()).toBe(0);

  const session = connectHttp2(`https://${server.address}`, { ca: authority.certificate });
  stops.push(() => session.destroy());
  const stream = session.request({ ":method": "POST", ":path": "/yes", ...headers });
  const closed = new Promise((resolve) => stream.on("error", () => {}).on("close", resolve));
  stream.resume().write("{");
  await begun();
  await clock.advance(30_000);
  expect(await inFlight()).toBe(0);
  stream.end("}");
  session.close();
  await closed;
});

describe("a webhook server's life", () => {
  test("answers what is under way before it ends, and takes nothing new", async () => {
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const slow = admissionHandler({ type: "validating", path: "/slow" }, async () => {
      entered.resolve();
      await leave.promise;
      return allowed();
    });
    const { server, post, stop } = await serve([slow]);
    const { address } = server;
    const answer = post("/slow", admissionReviewOf({}));
    await entered.promise;
    const stopped = stop();
    leave.resolve();
    expect((await answer).status).toBe(200);
    await stopped;
    expect(server.address).toBeUndefined();
    await expect(server.started()).rejects.toThrow("does not listen yet");
    await expect(post("/slow", admissionReviewOf({})), `${address} is closed`).rejects.toThrow();
  });

  test("fails to start on a port in use, saying which", async () => {
    const taken: Server = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    stops.push(() => taken.close());
    const { port } = taken.address() as { port: number };
    const address = `127.0.0.1:${port}`;
    const certificates = fixedCertificate(
      createCertificateAuthority({ clock: systemClock }).issue({ commonName: "a", usage: "server" }),
    );
    const server = createWebhookServer({ address, certificates });
    await expect(server.run(new AbortController().signal)).rejects.toThrow(`${address}: listen EADDRINUSE`);
    await expect(server.ready()).rejects.toThrow("choose another address");
  });

  test("does not start without a certificate, and refuses an address that is none at once", async () => {
    const certificates = { start: async () => Promise.reject(new Error("no such file")) };
    const server = createWebhookServer({ address: "127.0.0.1:0", certificates });
    await expect(server.run(new AbortController().signal)).rejects.toThrow("no such file");
    await expect(server.ready()).rejects.toThrow("no such file");
    expect(() => createWebhookServer({ address: "9443", certificates })).toThrow("must be host:port");
  });

  test("ends quietly when it is stopped while it waits for a certificate", async () => {
    const certificates = {
      start: (_: unknown, signal: AbortSignal) =>
        new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    };
    const stopping = new AbortController();
    const running = createWebhookServer({ address: "127.0.0.1:0", certificates }).run(stopping.signal);
    stopping.abort();
    await running;
  });
});
