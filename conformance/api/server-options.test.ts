import { createVirtualClock } from "@homeostat/api";
import { createApiServer } from "@homeostat/apiserver";
import { expect, it } from "vitest";
import { apiOf } from "./client.ts";
import { configMap, pod } from "./objects.ts";

const core = "/api/v1/namespaces/default";

it("B133 ends the watch of a reader that does not read, and holds no writer up", async () => {
  await using server = await createApiServer({ clock: createVirtualClock(), watchBufferBytes: 64 * 1024 });
  const api = apiOf(server.transport());
  const response = await server.transport()({ method: "GET", path: `${core}/configmaps?watch=true` });
  for (let n = 0; n < 40; n++) await api.make(`${core}/configmaps`, configMap(`c${n}`, { large: "x".repeat(8192) }));
  // Only now someone reads: what was written before the end, and the end.
  const text = new TextDecoder().decode(await response.bytes());
  const lines = text.trim().split("\n");
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.length).toBeLessThan(40);
  expect(JSON.parse(lines.at(-1)!).type).toBe("ADDED");
});

it("B136 ends watches cleanly when the server stops", async () => {
  const server = await createApiServer({ clock: createVirtualClock() });
  const watch = apiOf(server.transport()).watch("/api/v1/namespaces?fieldSelector=metadata.name%3Ddefault");
  await watch.until(1);
  await server.stop();
  await expect(watch.ended).resolves.toHaveLength(1);
});

it("B045 gives up on a generated name that is always taken, and says when to come again", async () => {
  await using server = await createApiServer({ randomBytes: (count) => new Uint8Array(count) });
  const api = apiOf(server.transport());
  const sent = { metadata: { generateName: "a-" } };
  expect((await api.post(`${core}/configmaps`, sent)).body.metadata.name).toBe("a-bbbbb");
  const { status, headers, body } = await api.post(`${core}/configmaps`, sent);
  expect([status, body.reason, headers["retry-after"]]).toEqual([409, "AlreadyExists", "1"]);
});

it("B237 demands service accounts of pods where it is told to", async () => {
  const clock = createVirtualClock();
  await using server = await createApiServer({ clock, admission: { serviceAccounts: true } });
  const api = apiOf(server.transport());
  const refused = api.post(`${core}/pods`, pod("p"));
  await clock.advance(2_000);
  expect((await refused).status).toBe(403);
  const waiting = api.make(`${core}/pods`, pod("p"));
  // The account comes while the pod waits, without any time passing.
  await api.make(`${core}/serviceaccounts`, { metadata: { name: "default" } });
  const made = await waiting;
  expect(made.spec.serviceAccountName).toBe("default");
  expect(made.spec.volumes[0].name).toMatch(/^kube-api-access-/);
});

it("shows logs from where it is told to get them", async () => {
  await using server = await createApiServer({
    podLogs: (found, container, query) =>
      Buffer.from(`${(found["metadata"] as { name: string }).name} ${container} ${query.get("tailLines")}`),
  });
  const api = apiOf(server.transport());
  await api.make(`${core}/pods`, pod("p"));
  expect((await api.get(`${core}/pods/p/log?tailLines=3`)).text).toBe("p main 3");
});

it("B256 lets everyone do everything where it is told to", async () => {
  await using server = await createApiServer({ authorization: "AlwaysAllow" });
  const nobody = apiOf(server.transport({ username: "nobody", groups: [] }));
  expect((await nobody.get("/api/v1/secrets")).status).toBe(200);
});

it("B014 takes bodies up to the size it is told", async () => {
  await using server = await createApiServer({ maxBodyBytes: 1000 });
  const api = apiOf(server.transport());
  expect((await api.post(`${core}/configmaps`, configMap("a", { a: "x".repeat(1000) }))).status).toBe(413);
  expect((await api.post(`${core}/configmaps`, configMap("a", { a: "x".repeat(100) }))).status).toBe(201);
});

it("B030 answers what nobody expected with a Status, and logs it", async () => {
  const errors: string[] = [];
  const log = {
    debug() {},
    info() {},
    warn() {},
    error: (_fields: object, message: string) => void errors.push(message),
  };
  await using server = await createApiServer({
    log,
    podLogs: () => {
      throw new Error("the disk is on fire");
    },
  });
  const api = apiOf(server.transport());
  await api.make(`${core}/pods`, pod("p"));
  const { status, body } = await api.get(`${core}/pods/p/log`);
  expect([status, body.reason, body.message]).toEqual([
    500,
    "InternalError",
    "Internal error occurred: the disk is on fire",
  ]);
  expect(errors).toHaveLength(1);
});
