import http from "node:http";
import https from "node:https";
import net, { type AddressInfo, type Socket } from "node:net";
import tls from "node:tls";
import { createVirtualClock, Namespace, systemClock } from "@homeostat/api";
import { createCertificateAuthority } from "@homeostat/api/certificates";
import { createApiServer } from "@homeostat/apiserver";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createClient } from "./api-client.ts";
import { connect } from "./connect.ts";
import { createHttpTransport } from "./http-transport.ts";

const authority = createCertificateAuthority({ clock: systemClock });
const trusted = tls.getCACertificates("default");
// Proxies are believed as the machine believes servers, not as the cluster's own.
beforeAll(() => tls.setDefaultCACertificates([...trusted, authority.certificate]));
afterAll(() => tls.setDefaultCACertificates(trusted));

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A proxy that wants a name and a password. @returns its address, and what it was asked for */
async function startProxy(protocol: "http" | "https") {
  const { certificate, key } = authority.issue({ commonName: "proxy", usage: "server", hosts: ["127.0.0.1"] });
  const asked: string[] = [];
  const wanted = `Basic ${Buffer.from("me:p@ss").toString("base64")}`;
  const server = protocol === "https" ? https.createServer({ cert: certificate, key }) : http.createServer();
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  server.on("connect", (request: http.IncomingMessage, socket: Socket) => {
    if (request.headers["proxy-authorization"] !== wanted) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
      return;
    }
    asked.push(`CONNECT ${request.url}`);
    const [host, port] = request.url!.split(":");
    const upstream = net.connect(Number(port), host, () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy()).on("close", () => upstream.destroy());
    upstream.pipe(socket).pipe(upstream);
  });
  server.on("request", (request: http.IncomingMessage, response: http.ServerResponse) => {
    asked.push(`${request.method} ${request.url}`);
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** A client of an API server whose kubeconfig names a proxy. */
async function clientThrough(proxyUrl: string) {
  const server = await createApiServer({ clock: createVirtualClock() });
  cleanups.push(() => server.stop());
  const serving = await server.listen();
  const text = serving
    .kubeconfig({ username: "tests", groups: ["system:masters"] })
    .replace(
      /^(\s*)(- )?server: .*$/m,
      (line, indent: string) => `${line}\n${indent}${line.includes("- ") ? "  " : ""}proxy-url: ${proxyUrl}`,
    );
  const host = { env: {}, homeDir: "/", workDir: "/", readFile: () => text };
  const { transport } = connect({ kubeconfig: "/kubeconfig", host });
  cleanups.push(() => transport.close());
  return { client: createClient({ transport, maxRetries: 0 }), target: new URL(serving.url).host };
}

describe("a proxy of the kubeconfig", () => {
  it.each(["http", "https"] as const)(
    "leads requests and watches through it, where it is an %s one",
    async (protocol) => {
      const { address, asked } = await startProxy(protocol);
      const { client, target } = await clientThrough(`${protocol}://me:p%40ss@${address}`);
      expect((await client.get(Namespace, { name: "default" })).metadata.name).toBe("default");
      const fieldSelector = { "metadata.name": "default" };
      for await (const event of client.watch(Namespace, { fieldSelector, sendInitialEvents: true })) {
        expect(event).toMatchObject({ type: "ADDED", object: { metadata: { name: "default" } } });
        break;
      }
      // One connection for requests, one for the watch.
      expect(asked).toEqual([`CONNECT ${target}`, `CONNECT ${target}`]);
    },
  );

  it("that refuses is named, without its password", async () => {
    const { address } = await startProxy("http");
    const { client } = await clientThrough(`http://me:wrong@${address}`);
    const error = await client.get(Namespace, { name: "default" }).catch((thrown) => thrown);
    expect(String(error)).toContain(`connect through proxy ${address}: it refused with status 407`);
    expect(String(error)).not.toContain("wrong");
  });

  it("of SOCKS is refused before anything is sent, without its password", () => {
    const open = (): unknown =>
      createHttpTransport({ server: "https://127.0.0.1:6443", proxyUrl: "socks5://me:secret@127.0.0.1:1080" });
    expect(open).toThrow(
      "proxy socks5://127.0.0.1:1080: only http:// and https:// proxies are supported, SOCKS is not",
    );
  });

  it("gets requests for servers without TLS in full, over TLS where it has it", async () => {
    const { address, asked } = await startProxy("https");
    const transport = createHttpTransport({ server: "http://kubernetes.example:8080", proxyUrl: `https://${address}` });
    cleanups.push(() => transport.close());
    expect((await transport({ method: "GET", path: "/api" })).status).toBe(200);
    expect(asked).toEqual(["GET http://kubernetes.example:8080/api"]);
  });
});
