import { once } from "node:events";
import { createServer } from "node:http";
import type { Duplex } from "node:stream";
import { finished } from "node:stream/promises";
import { createVirtualClock } from "@homeostat/api";
import { afterEach, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { createApiServer } from "../../api-server.ts";
import { admin, type UserInfo } from "../../auth/user-info.ts";
import type { ApiServerOptions } from "../../options.ts";
import type { PodConnections } from "./pod-connections.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const core = "/api/v1/namespaces/default";

/** A program for each command that the tests execute. */
const connections: PodConnections = {
  exec:
    (_target, [name]) =>
    async (io) => {
      if (name === "broken") throw new Error("the disk is gone");
      if (name === "forever") await new Promise((resolve) => io.signal.addEventListener("abort", resolve));
      if (name === "size") for await (const _ of io.stdin) await io.stdout(JSON.stringify(io.size()));
      if (name === "cat") for await (const chunk of io.stdin) await io.stdout(chunk);
      await io.stderr("bye");
      return name === "fail" ? 7 : 0;
    },
};

async function serve(options: ApiServerOptions = {}) {
  const server = await createApiServer({ podConnections: connections, ...options });
  stops.push(() => server.stop());
  const serving = await server.listen();
  const send = async (method: string, path: string, body?: object, user: UserInfo = admin) => {
    const headers = { "content-type": "application/json" };
    const sent = body ? { body: JSON.stringify(body), headers } : {};
    const response = await server.transport(user)({ method, path, ...sent });
    return { status: response.status, body: JSON.parse(Buffer.from(await response.bytes()).toString()) };
  };
  const pod = { metadata: { name: "p" }, spec: { containers: [{ name: "main", image: "main" }] } };
  expect((await send("POST", `${core}/pods`, pod)).status).toBe(201);
  const open = (path: string, protocol?: string, user?: UserInfo) => {
    const config = serving.kubeconfig(user);
    const decoded = (name: string) => Buffer.from(new RegExp(`${name}: "?([^"\n]+)`).exec(config)![1]!, "base64");
    return client(
      new WebSocket(`${serving.url.replace("https", "wss")}${core}${path}`, protocol ? [protocol] : [], {
        ca: serving.certificateAuthority,
        cert: decoded("client-certificate-data"),
        key: decoded("client-key-data"),
      }),
    );
  };
  return { server, send, open };
}

/** Keeps what comes, by channel. */
function client(socket: WebSocket) {
  const channels = new Map<number, string>();
  const messages: string[] = [];
  let changed = Promise.withResolvers<void>();
  socket.on("message", (data: Buffer, binary) => {
    if (binary) channels.set(data[0]!, (channels.get(data[0]!) ?? "") + data.subarray(1).toString());
    else messages.push(data.toString());
    changed.resolve();
    changed = Promise.withResolvers();
  });
  const closed = new Promise<number>((resolve) => socket.on("close", resolve));
  socket.on("error", () => undefined);
  const refused = once(socket, "unexpected-response").then(async ([, response]) => {
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    return JSON.parse(Buffer.concat(chunks).toString());
  });
  refused.catch(() => undefined);
  return {
    ...{ socket, channels, messages, closed, refused, opened: once(socket, "open") },
    send: (channel: number, data: string | Uint8Array) =>
      socket.send(Buffer.concat([Buffer.of(channel), Buffer.from(data)])),
    async until(holds: () => boolean) {
      while (!holds()) await changed.promise;
    },
  };
}

describe("a command over WebSocket", () => {
  it.for([
    ["ok", { metadata: {}, status: "Success" }],
    [
      "fail",
      {
        metadata: {},
        status: "Failure",
        message: "command terminated with non-zero exit code: command terminated with exit code 7",
        reason: "NonZeroExitCode",
        details: { causes: [{ reason: "ExitCode", message: "7" }] },
      },
    ],
    [
      "broken",
      {
        metadata: {},
        status: "Failure",
        message: "error executing command in container: the disk is gone",
        reason: "InternalError",
        code: 500,
      },
    ],
  ] as const)("that is %s tells so on the error channel, then closes", async ([command, status]) => {
    const { open } = await serve();
    const { channels, closed, socket } = open(`/pods/p/exec?command=${command}&stderr=true`, "v5.channel.k8s.io");
    expect(await closed).toBe(1000);
    expect(socket.protocol).toBe("v5.channel.k8s.io");
    expect(JSON.parse(channels.get(3)!)).toEqual(status);
    expect(channels.get(2)).toBe(command === "broken" ? "" : "bye");
  });

  it("reads input until v5 closes it, and drops output nobody asked for", async () => {
    const { open } = await serve();
    const cat = open("/pods/p/exec?command=cat&stdin=true&stdout=true", "v5.channel.k8s.io");
    await cat.opened;
    for (const piece of ["one ", "two"]) cat.send(0, piece);
    cat.send(255, Buffer.of(0));
    await cat.closed;
    expect(cat.channels.get(1)).toBe("one two");
    expect(cat.channels.has(2)).toBe(false);
  });

  it("knows the size of the client's terminal", async () => {
    const { open } = await serve();
    const terminal = open("/pods/p/exec?command=size&stdin=true&stdout=true&tty=true", "v4.channel.k8s.io");
    await terminal.opened;
    terminal.send(4, '{"Width":80,"Height":24}');
    terminal.send(0, "?");
    await terminal.until(() => (terminal.channels.get(1) ?? "") !== "");
    expect(JSON.parse(terminal.channels.get(1)!)).toEqual({ width: 80, height: 24 });
    terminal.socket.close();
  });

  it("ends when the server stops", async () => {
    const { open, server } = await serve();
    const forever = open("/pods/p/exec?command=forever&stdout=true", "v5.channel.k8s.io");
    await forever.opened;
    await server.stop();
    expect([1001, 1006]).toContain(await forever.closed);
  });

  it.for([
    ["/pods/gone/exec?command=ok&stdout=true", "v5.channel.k8s.io", 404, 'pods "gone" not found'],
    ["/pods/p/exec?stdout=true", "v5.channel.k8s.io", 400, "you must specify a command"],
    ["/pods/p/exec?command=ok", "v5.channel.k8s.io", 400, "at least 1 of stdin, stdout, stderr"],
    ["/pods/p/exec?command=ok&stdout=true", "v9.channel.k8s.io", 400, "offer v5.channel.k8s.io or v4.channel.k8s.io"],
    ["/pods/p/exec?command=ok&stdout=true&container=x", "v5.channel.k8s.io", 400, "container x is not valid"],
    ["/pods/p/attach?stdout=true", "v5.channel.k8s.io", 501, "runs no process"],
  ] as const)("is refused for %s with %s by %i", async ([path, protocol, code, message]) => {
    const { open } = await serve();
    const status = await open(path, protocol).refused;
    expect(status).toMatchObject({ kind: "Status", code });
    expect(status.message).toContain(message);
  });

  it("forwards each port in two channels that begin with its number", async () => {
    const ports: PodConnections = {
      ports: () => async (port, stream) => {
        if (port === 81) throw new Error("connection refused");
        for await (const chunk of stream) stream.write(chunk.toString().toUpperCase());
      },
    };
    const { open } = await serve({ podConnections: ports });
    const forwarded = open("/pods/p/portforward?ports=80,81", "v4.channel.k8s.io");
    await forwarded.opened;
    forwarded.send(0, "ab");
    await forwarded.until(() => forwarded.channels.get(0) === "P\0AB" && (forwarded.channels.get(3) ?? "").length > 2);
    expect(forwarded.channels.get(1)).toBe("P\0");
    expect(forwarded.channels.get(2)).toBe("Q\0");
    expect(forwarded.channels.get(3)).toBe("Q\0error forwarding port 81 to pod default/p: connection refused");
    forwarded.socket.close();
    await forwarded.closed;
  });

  it("closes channels of ports when the last connection has ended", async () => {
    // One that says all it has to say, and would go on reading.
    const ports: PodConnections = { ports: () => (_port, stream) => finished(stream.end("bye")) };
    const { open } = await serve({ podConnections: ports });
    const forwarded = open("/pods/p/portforward?ports=80&ports=256", "v4.channel.k8s.io");
    expect(await forwarded.closed).toBe(1000);
    expect([forwarded.channels.get(0), forwarded.channels.get(2)]).toEqual(["P\0bye", "\0\x01bye"]);
  });

  it.for(["", "?ports=http", "?ports=0"])("demands ports for channels: %s", async (query) => {
    const { open } = await serve({ podConnections: { ports: () => async () => undefined } });
    const { refused } = open(`/pods/p/portforward${query}`, "v4.channel.k8s.io");
    expect(await refused).toMatchObject({ code: 400, message: expect.stringContaining("ports") });
  });

  it("demands a request that asks for an upgrade", async () => {
    const { send } = await serve();
    const { status, body } = await send("GET", `${core}/pods/p/exec?command=ok&stdout=true`);
    expect([status, body.message]).toEqual([400, "Upgrade request required"]);
  });

  it("demands the right to create, though WebSockets begin with GET", async () => {
    const { open, send } = await serve();
    const reader: UserInfo = { username: "reader", groups: [] };
    const may = async (verbs: string[]) => {
      const rules = [{ apiGroups: [""], resources: ["pods/exec"], verbs }];
      const name = verbs.join("-");
      const rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
      await send("POST", `${rbac}/roles`, { metadata: { name }, rules });
      const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name };
      const subjects = [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "reader" }];
      const made = await send("POST", `${rbac}/rolebindings`, { metadata: { name }, roleRef, subjects });
      expect(made.status).toBe(201);
    };
    await may(["get"]);
    const path = "/pods/p/exec?command=ok&stdout=true";
    const refused = await open(path, "v5.channel.k8s.io", reader).refused;
    expect(refused.message).toContain('User "reader" cannot create resource "pods/exec"');
    await may(["get", "create"]);
    expect(await open(path, "v5.channel.k8s.io", reader).closed).toBe(1000);
  });
});

describe("the proxy of a pod", () => {
  const ports = () => async (port: number, connection: Duplex) => {
    if (port !== 80) throw new Error("connection refused");
    const http = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      response.writeHead(418, { "x-teapot": "yes" });
      response.end(JSON.stringify([request.method, request.url, body, request.headers.authorization ?? ""]));
    });
    http.emit("connection", connection);
  };

  it.for([
    ["GET", "p/proxy", undefined, "/"],
    ["GET", "p:80/proxy/a%2Fb/c/?x=1", undefined, "/a%2Fb/c/?x=1"],
    ["POST", "http:p:80/proxy/in", { a: 1 }, "/in"],
  ] as const)("relays %s %s", async ([method, path, sent, seen]) => {
    const { send } = await serve({ podConnections: { ports } });
    const { status, body } = await send(method, `${core}/pods/${path}`, sent);
    expect([status, body]).toEqual([418, [method, seen, sent ? JSON.stringify(sent) : "", ""]]);
  });

  it.for([
    ["p:81", 503, "connection refused"],
    ["https:p:80", 400, "only http is relayed"],
    ["p:web", 400, 'no container declares a port "web"'],
    ["gone", 404, 'pods "gone" not found'],
  ] as const)("refuses %s with %i", async ([name, code, message]) => {
    const { send } = await serve({ podConnections: { ports } });
    const { status, body } = await send("GET", `${core}/pods/${name}/proxy/`);
    expect(status).toBe(code);
    expect(body.message).toContain(message);
  });
});

describe("streams over WebSocket", () => {
  it("B135 sends each event of a watch as a text message", async () => {
    const { open, send } = await serve();
    const watch = open("/configmaps?watch=true");
    await watch.opened;
    for (const name of ["a", "b"]) await send("POST", `${core}/configmaps`, { metadata: { name } });
    const own = () =>
      watch.messages.map((text) => JSON.parse(text)).filter(({ object }) => object.metadata.name.length === 1);
    await watch.until(() => own().length === 2);
    expect(own().map(({ type, object }) => [type, object.metadata.name])).toEqual([
      ["ADDED", "a"],
      ["ADDED", "b"],
    ]);
    watch.socket.close();
  });

  it("B135 closes a watch at its end", async () => {
    const clock = createVirtualClock();
    const { open, send } = await serve({ clock });
    await send("POST", `${core}/configmaps`, { metadata: { name: "a" } });
    const watch = open("/configmaps?watch=true&timeoutSeconds=1");
    await watch.until(() => watch.messages.length > 0);
    await clock.advance(1_000);
    expect(await watch.closed).toBe(1000);
  });

  it("answers everything else in HTTP", async () => {
    const { open } = await serve();
    expect(await open("/pods").refused).toMatchObject({ kind: "PodList" });
  });
});
