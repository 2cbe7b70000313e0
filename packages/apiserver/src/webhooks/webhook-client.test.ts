import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { createVirtualClock, systemClock } from "@homeostat/api";
import { createCertificateAuthority } from "@homeostat/api/certificates";
import { afterEach, expect, it } from "vitest";
import { createWebhookClient, type WebhookClient } from "./webhook-client.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

interface Host {
  readonly server: Server;
  readonly sockets: readonly Socket[];
  readonly seen: { readonly host: string | undefined; readonly servername: unknown }[];
  readonly port: number;
  readonly caBundle: string;
}

async function host(name: string): Promise<Host> {
  const authority = createCertificateAuthority({ clock: systemClock });
  const { certificate, key } = authority.issue({ commonName: name, usage: "server", hosts: [name] });
  const sockets: Socket[] = [];
  const seen: Host["seen"] = [];
  const server = createServer({ cert: certificate, key }, (request, response) => {
    const { servername } = request.socket as unknown as { servername: unknown };
    seen.push({ host: request.headers.host, servername });
    request.resume().on("end", () => response.end(JSON.stringify({ calls: seen.length })));
  });
  server.on("secureConnection", (socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { server, sockets, seen, port, caBundle: Buffer.from(authority.certificate).toString("base64") };
}

function client(resolveService: Parameters<typeof createWebhookClient>[0]["resolveService"]): WebhookClient {
  const made = createWebhookClient({ clock: createVirtualClock(), resolveService });
  stops.push(() => made.stop());
  return made;
}

const call = { timeoutMs: 10_000 };

it("B221 calls a service under its own name, wherever it is", async () => {
  const { port, caBundle, seen } = await host("hooks.ns.svc");
  const { post } = client(async () => ({ host: "127.0.0.1", port }));
  const service = { namespace: "ns", name: "hooks", path: "/a" };
  expect(await post({ service, caBundle }, {}, call)).toEqual({ calls: 1 });
  expect(seen).toEqual([{ host: "hooks.ns.svc:443", servername: "hooks.ns.svc" }]);
});

it("calls again where a kept connection turns out to be closed", async () => {
  const { port, caBundle, sockets } = await host("hooks.ns.svc");
  const { post } = client(async () => ({ host: "127.0.0.1", port }));
  const config = { service: { namespace: "ns", name: "hooks" }, caBundle };
  await post(config, {}, call);
  // The other side hangs up as the next call is on its way.
  sockets[0]!.pause();
  const next = post(config, {}, call);
  sockets[0]!.destroy();
  expect(await next).toEqual({ calls: 2 });
  expect(sockets).toHaveLength(2);
});

it("trusts nobody without a bundle but the machine's own authorities", async () => {
  const { port } = await host("hooks.ns.svc");
  const { post } = client(async () => ({ host: "127.0.0.1", port }));
  const calling = post({ service: { namespace: "ns", name: "hooks" } }, {}, call);
  await expect(calling).rejects.toThrow(/x509: certificate signed by unknown authority$/);
});
