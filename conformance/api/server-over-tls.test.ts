import { createApiServer, type Serving, type UserInfo } from "@homeostat/apiserver";
import { connect, type HttpTransport } from "@homeostat/runtime";
import { afterEach, expect, it } from "vitest";
import { apiOf } from "./client.ts";
import { configMap, pod } from "./objects.ts";

const core = "/api/v1/namespaces/default";

const open: HttpTransport[] = [];
afterEach(() => {
  for (const transport of open.splice(0)) transport.close();
});

/** A connection with a client certificate. @param user default an administrator */
function dial(serving: Serving, user?: UserInfo): HttpTransport {
  const text = serving.kubeconfig(user);
  const host = { env: {}, homeDir: "/", workDir: "/", windows: false, readFile: () => text };
  const { transport } = connect({ kubeconfig: "/kubeconfig", host });
  open.push(transport);
  return transport;
}

it("B256 over TLS lets everyone do everything where it is told to, and nobody where roles decide", async () => {
  const nobody = { username: "nobody", groups: [] };
  await using permissive = await createApiServer({ authorization: "AlwaysAllow" });
  expect((await apiOf(dial(await permissive.listen(), nobody)).get("/api/v1/secrets")).status).toBe(200);
  await using strict = await createApiServer();
  expect((await apiOf(dial(await strict.listen(), nobody)).get("/api/v1/secrets")).status).toBe(403);
});

it("B030 over TLS answers what nobody expected with a Status, and goes on", async () => {
  await using server = await createApiServer({
    podLogs: () => {
      throw new Error("the disk is on fire");
    },
  });
  const api = apiOf(dial(await server.listen()));
  await api.make(`${core}/pods`, pod("p"));
  const { status, body } = await api.get(`${core}/pods/p/log`);
  expect([status, body.kind, body.reason, body.message]).toEqual([
    500,
    "Status",
    "InternalError",
    "Internal error occurred: the disk is on fire",
  ]);
  expect((await api.get(`${core}/pods/p`)).status).toBe(200);
});

it("B136 over TLS ends watches cleanly when the server stops", async () => {
  const server = await createApiServer();
  const watch = apiOf(dial(await server.listen())).watch("/api/v1/namespaces?fieldSelector=metadata.name%3Ddefault");
  await watch.until(1);
  await server.stop();
  await expect(watch.ended).resolves.toHaveLength(1);
});

it("B133 over TLS ends the watch of a reader that does not read, and holds no writer up", async () => {
  await using server = await createApiServer({ watchBufferBytes: 64 * 1024 });
  const transport = dial(await server.listen());
  const response = await transport({ method: "GET", path: `${core}/configmaps?watch=true` });
  const api = apiOf(server.transport());
  // More than the sockets between them hold.
  const large = "x".repeat(900_000);
  for (let n = 0; n < 40; n++) await api.make(`${core}/configmaps`, configMap(`c${n}`, { large }));
  const lines = new TextDecoder()
    .decode(await response.bytes())
    .trim()
    .split("\n");
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.length).toBeLessThan(40);
  expect((await api.get(`${core}/configmaps/c39`)).status).toBe(200);
});
