import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { createApiServer } from "@homeostat/apiserver";
import { afterEach, describe, expect, it } from "vitest";
import { apiOf } from "./client.ts";
import { dials } from "./dialing.ts";
import { pod } from "./objects.ts";

const core = "/api/v1/namespaces/default";
const slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** What a server is asked it says, and whom it takes for the one who asks. */
function echo(request: IncomingMessage, respond: (text: string) => void): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { method, url, headers } = request;
    respond(
      JSON.stringify({ method, url, body: Buffer.concat(chunks).toString(), who: headers.authorization ?? null }),
    );
  });
}

describe.each(dials)("the proxy of a service, %s", (_name, dial) => {
  async function world(inPod = false) {
    const backend = createServer((request, response) => echo(request, (text) => response.writeHead(202).end(text)));
    await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
    open.push(
      () => new Promise((resolve) => backend.close(resolve)),
      () => backend.closeAllConnections(),
    );
    const { port } = backend.address() as AddressInfo;
    const server = await createApiServer(
      inPod
        ? {
            podConnections: {
              ports: () => async (wanted, connection) => {
                if (wanted !== 8080) throw new Error(`nothing listens on ${wanted}`);
                backend.emit("connection", connection);
              },
            },
          }
        : {},
    );
    open.push(() => server.stop());
    const transport = await dial(server);
    const api = apiOf(transport());
    const ports = [
      { port: 80, targetPort: 8080 },
      { name: "metrics", port: 9090, targetPort: 8080 },
    ].map((each) => ({
      name: "web",
      ...each,
    }));
    await api.make(`${core}/services`, { metadata: { name: "web" }, spec: { ports } });
    const slice = (targetRef: object | undefined, real: number) =>
      api.make(slices, {
        metadata: { name: "web-1", labels: { "kubernetes.io/service-name": "web" } },
        addressType: "IPv4",
        ports: ["web", "metrics"].map((name) => ({ name, port: real })),
        endpoints: [{ addresses: [targetRef ? "10.1.2.3" : "127.0.0.1"], ...(targetRef ? { targetRef } : {}) }],
      } as never);
    return { api, port, slice };
  }

  it("relays to an address that can be real, by the number or name of the port", async () => {
    const { api, port, slice } = await world();
    await slice(undefined, port);
    for (const name of ["web:80", "web:web", "web:metrics", "http:web:9090"]) {
      const { status, body } = await api.get(`${core}/services/${name}/proxy/a%2Fb/?x=1`);
      expect([name, status, body]).toEqual([name, 202, { method: "GET", url: "/a%2Fb/?x=1", body: "", who: null }]);
    }
    const posted = await api.post(`${core}/services/web:80/proxy/in`, { a: 1 }, { authorization: "Basic abc" });
    expect(posted.body).toEqual({ method: "POST", url: "/in", body: '{"a":1}', who: null });
  });

  it("relays to a pod that the kubelet runs", async () => {
    const { api, slice } = await world(true);
    await api.make(`${core}/pods`, pod("p"));
    await slice({ kind: "Pod", name: "p", namespace: "default" }, 8080);
    expect((await api.get(`${core}/services/web:80/proxy/`)).body).toMatchObject({ url: "/" });
  });

  it.each([
    ["web", 503, 'no endpoints available for service "web"'],
    ["web:81", 503, 'no service port 81 found for service "web"'],
    ["web:80", 503, 'no endpoints available for service "web"'],
    ["other:80", 404, 'services "other" not found'],
    ["a:b:c:d", 400, 'invalid service request "a:b:c:d"'],
  ])("refuses %s with %i", async (name, wanted, message) => {
    const { api } = await world();
    const { status, body } = await api.get(`${core}/services/${name}/proxy/`);
    expect([status, body.message]).toEqual([wanted, message]);
  });
});
