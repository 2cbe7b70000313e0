import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import {
  ConfigMap,
  createVirtualClock,
  isUnauthorized,
  ServiceAccount,
  systemClock,
  type Transport,
  type VirtualClock,
} from "@homeostat/api";
import { createCertificateAuthority } from "@homeostat/api/certificates";
import { createApiServer } from "@homeostat/apiserver";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createCache } from "../cache/informer-cache.ts";
import { reconcileClient } from "../controller/reconcile-client.ts";
import { type Logger, silentLogger } from "../log.ts";
import { createClient } from "./api-client.ts";
import { connect } from "./connect.ts";
import { ConnectionError } from "./connection.ts";
import { tokenFileCredentials } from "./credentials.ts";
import { createHttpTransport } from "./http-transport.ts";
import { overBoth } from "./targets.test-support.ts";

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** What a server does with a request: an answer, or no answer and a closed connection. */
type Deed = { readonly status: number; readonly headers?: Record<string, string> } | "hang up";

const found = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace: "n", name: "a", uid: "u", resourceVersion: "1" },
};

/** A server over TLS that does these deeds in order, then answers with the object; and a client of it, in virtual time. */
async function scripted(deeds: readonly Deed[]) {
  const authority = createCertificateAuthority({ clock: systemClock });
  const { certificate, key } = authority.issue({ commonName: "server", usage: "server", hosts: ["127.0.0.1"] });
  const methods: string[] = [];
  const server = https.createServer({ cert: certificate, key }, (request, response) => {
    request.resume().on("end", () => {
      const deed = deeds[methods.push(request.method!) - 1] ?? { status: 200 };
      if (deed === "hang up") return request.socket.destroy();
      response.writeHead(deed.status, { "content-type": "application/json", ...deed.headers });
      response.end(deed.status === 200 ? JSON.stringify(found) : "busy");
    });
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const transport = createHttpTransport({ server: `https://127.0.0.1:${port}`, ca: authority.certificate });
  cleanups.push(() => {
    transport.close();
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  });
  const clock = createVirtualClock();
  return { client: createClient({ transport, clock }), clock, methods };
}

/** Runs virtual time while real sockets work: whenever a timer is set it fires. */
async function outcome<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let settled = false;
  const watched = promise.finally(() => (settled = true));
  watched.catch(() => {});
  while (!settled) {
    await vi.waitFor(() => expect(settled || clock.next() !== undefined).toBe(true), { interval: 1, timeout: 10_000 });
    if (!settled) await clock.advance(clock.next()! - clock.now());
  }
  return watched;
}

const key = { namespace: "n", name: "a" };
const configMap: ConfigMap = { metadata: key };

describe("a client of a server that fails, over TLS", () => {
  it("K18 makes any request again after the seconds that 429 and 5xx ask for", async () => {
    const wait = (status: number, seconds: string): Deed => ({ status, headers: { "retry-after": seconds } });
    const { client, clock, methods } = await scripted([wait(429, "3"), wait(503, "2"), wait(500, "1")]);
    expect((await outcome(clock, client.create(ConfigMap, configMap))).metadata.uid).toBe("u");
    expect(methods).toEqual(["POST", "POST", "POST", "POST"]);
    expect(clock.monotonic()).toBe(6_000);
  });

  it("K18 gives up after ten repetitions", async () => {
    const { client, clock, methods } = await scripted(Array(20).fill({ status: 429, headers: { "retry-after": "1" } }));
    await expect(outcome(clock, client.get(ConfigMap, key))).rejects.toMatchObject({ code: 429, retryAfterMs: 1_000 });
    expect(methods).toHaveLength(11);
    expect(clock.monotonic()).toBe(10_000);
  });

  it("K18 tells a 5xx without Retry-After, or with a date there, at once", async () => {
    const { client, clock, methods } = await scripted([
      { status: 500 },
      { status: 503, headers: { "retry-after": "Fri, 31 Dec 2027 23:59:59 GMT" } },
    ]);
    await expect(client.get(ConfigMap, key)).rejects.toMatchObject({ code: 500 });
    await expect(client.get(ConfigMap, key)).rejects.toMatchObject({ code: 503 });
    expect([methods.length, clock.monotonic()]).toEqual([2, 0]);
  });

  it("K19 makes a GET again when the connection breaks under it", async () => {
    const { client, clock, methods } = await scripted(["hang up", "hang up"]);
    expect((await outcome(clock, client.get(ConfigMap, key))).metadata.uid).toBe("u");
    expect(methods).toEqual(["GET", "GET", "GET"]);
    expect(clock.monotonic()).toBe(2_000);
  });

  it("K19 makes no write again when the connection breaks under it", async () => {
    const { client, methods } = await scripted(["hang up", "hang up", "hang up", "hang up"]);
    await expect(client.create(ConfigMap, configMap)).rejects.toBeInstanceOf(ConnectionError);
    await expect(client.update(ConfigMap, configMap)).rejects.toBeInstanceOf(ConnectionError);
    await expect(client.patchMerge(ConfigMap, key, {})).rejects.toBeInstanceOf(ConnectionError);
    await expect(client.delete(ConfigMap, key)).rejects.toBeInstanceOf(ConnectionError);
    expect(methods).toEqual(["POST", "PUT", "PATCH", "DELETE"]);
  });
});

overBoth("warnings of the server", (world) => {
  it("K20 are told in the log of the request they came with, each once", async () => {
    const namespace = await world.namespace();
    const lines: Record<string, unknown>[] = [];
    const logTo = (context: Record<string, unknown>): Logger => ({
      ...silentLogger,
      warn: (fields) => lines.push({ ...context, ...fields }),
      child: (fields) => logTo({ ...context, ...fields }),
    });
    const log = logTo({ of: "the client" });
    const client = createClient({ transport: world.shared, fieldValidation: "Warn", log });
    const object = (field: string): ConfigMap => ({ metadata: { namespace, generateName: "a-" }, [field]: 1 });
    await client.create(ConfigMap, object("odd"), { log: logTo({ reconcileID: "r1" }) });
    await client.create(ConfigMap, object("odd"), { log: logTo({ reconcileID: "r2" }) });
    await client.create(ConfigMap, object("strange"));
    const path = expect.stringContaining(`/api/v1/namespaces/${namespace}/configmaps`);
    expect(lines).toEqual([
      { reconcileID: "r1", warning: 'unknown field "odd"', method: "POST", path },
      { of: "the client", warning: 'unknown field "strange"', method: "POST", path },
    ]);
  });
});

overBoth("warnings of the server in a reconcile", (world) => {
  it("K20 are told in the reconcile's log", async () => {
    const namespace = await world.namespace();
    const told: unknown[] = [];
    const client = createClient({ transport: world.shared, fieldValidation: "Warn" });
    const reconciling = reconcileClient({
      client,
      cache: createCache({ transport: world.shared, clock: world.clock }),
      fieldManager: "tests",
      signal: () => AbortSignal.timeout(60_000),
      log: { ...silentLogger, warn: ({ warning }) => told.push(warning) },
      onWrite: () => {},
    });
    await reconciling.create(ConfigMap, { metadata: { namespace, name: "a" }, odd: 1 } as ConfigMap);
    await reconciling.patchMerge(ConfigMap, { namespace, name: "a" }, { strange: 1 });
    expect(told).toEqual(['unknown field "odd"', 'unknown field "strange"']);
  });
});

/** Who the server takes the sender for. @throws the refusal */
async function whoAmI(transport: Transport): Promise<string> {
  const body = JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" });
  const headers = { "content-type": "application/json" };
  const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
  const response = await transport({ method: "POST", path, headers, body });
  const answer = JSON.parse(Buffer.from(await response.bytes()).toString());
  return response.status === 201 ? answer.status.userInfo.username : `${response.status}`;
}

/** A server over TLS with the service account `robot` and those named, each with a token. */
async function serverWithTokens(...names: readonly string[]) {
  const server = await createApiServer({ clock: createVirtualClock() });
  cleanups.push(() => server.stop());
  const serving = await server.listen();
  const client = createClient({ transport: server.transport() });
  const tokens: Record<string, string> = {};
  for (const name of names) {
    await client.create(ServiceAccount, { metadata: { namespace: "default", name } });
    const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { audiences: [] } };
    const made: typeof request & { status?: { token: string } } = await client
      .subresource("token")
      .create(ServiceAccount, { namespace: "default", name }, request);
    tokens[name] = made.status!.token;
  }
  return { serving, client, tokens };
}

describe("a token in a file that is rotated, over TLS", () => {
  const setup = async () => {
    const { serving, client, tokens } = await serverWithTokens("one", "two");
    const clock = createVirtualClock();
    const file = { text: tokens["one"]! };
    const credentials = tokenFileCredentials({ path: "/token", readFile: () => file.text, clock });
    const transport = createHttpTransport({ server: serving.url, ca: serving.certificateAuthority, credentials });
    cleanups.push(() => transport.close());
    return { transport, client, clock, file, tokens };
  };
  const account = (name: string): string => `system:serviceaccount:default:${name}`;

  it("K22 is read again within a minute", async () => {
    const { transport, clock, file, tokens } = await setup();
    expect(await whoAmI(transport)).toBe(account("one"));
    file.text = tokens["two"]!;
    await clock.advance(59_999);
    expect(await whoAmI(transport)).toBe(account("one"));
    await clock.advance(1);
    expect(await whoAmI(transport)).toBe(account("two"));
  });

  it("K22 is read again at once when the server refuses the old one", async () => {
    const { transport, client, file, tokens } = await setup();
    expect(await whoAmI(transport)).toBe(account("one"));
    file.text = tokens["two"]!;
    await client.delete(ServiceAccount, { namespace: "default", name: "one" });
    const refused = createClient({ transport }).get(ConfigMap, { namespace: "default", name: "a" });
    await expect(refused).rejects.toSatisfy(isUnauthorized);
    expect(await whoAmI(transport)).toBe(account("two"));
  });
});

describe("where a server is found, over TLS", () => {
  it("K23 is said by the flag, then by KUBECONFIG, then by the pod, then in the home directory", async () => {
    const { serving, tokens } = await serverWithTokens("robot");
    const user = (username: string): string => serving.kubeconfig({ username, groups: ["system:masters"] });
    const { hostname, port } = new URL(serving.url);
    const mount = "/var/run/secrets/kubernetes.io/serviceaccount";
    const files: Record<string, string> = {
      "/flag.yaml": user("flag"),
      "/first.yaml": user("first"),
      "/second.yaml": user("second"),
      "/home/.kube/config": user("home"),
      [`${mount}/token`]: tokens["robot"]!,
      [`${mount}/ca.crt`]: serving.certificateAuthority,
      [`${mount}/namespace`]: "team",
    };
    const env: Record<string, string> = {
      KUBECONFIG: "/missing.yaml:/first.yaml:/second.yaml",
      KUBERNETES_SERVICE_HOST: hostname,
      KUBERNETES_SERVICE_PORT: port,
    };
    const readFile = (path: string): string => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: "ENOENT" });
      return text;
    };
    const asked = async (kubeconfig?: string): Promise<string> => {
      const host = { env, homeDir: "/home", workDir: "/", readFile };
      const { transport } = connect({ host, ...(kubeconfig === undefined ? {} : { kubeconfig }) });
      cleanups.push(() => transport.close());
      return whoAmI(transport);
    };
    expect(await asked("/flag.yaml")).toBe("flag");
    expect(await asked()).toBe("first");
    delete env["KUBECONFIG"];
    expect(await asked()).toBe("system:serviceaccount:default:robot");
    delete env["KUBERNETES_SERVICE_HOST"];
    expect(await asked()).toBe("home");
  });
});
